//! The picture: the CPU time of a request, a group of bars for each case. It is written by hand,
//! brings its own style, and follows the reader's choice of light or dark.

use std::fmt::Write;

use crate::statistics::number;

/// A group of bars.
#[derive(Debug)]
pub struct Chart {
    /// The case.
    pub title: &'static str,
    /// From top to bottom; the first is what the others are compared with.
    pub bars: Vec<ChartBar>,
}

/// The bar of a server.
#[derive(Debug)]
pub struct ChartBar {
    /// The server.
    pub name: &'static str,
    /// CPU time of a request.
    pub micros: f64,
    /// The same, as a ratio to the first bar.
    pub ratio: f64,
}

// Lengths in pixels, of a picture as wide as the text of a README.
const WIDTH: usize = 830;
const MARGIN: usize = 20;
const TOP: usize = 76;
const COLUMNS: usize = 2;
const COLUMN_WIDTH: usize = 405;
const TITLE_HEIGHT: usize = 22;
const BAR_STEP: usize = 18;
const BAR_HEIGHT: usize = 12;
const GAP: usize = 20;
const NAME_WIDTH: usize = 112;
const BAR_WIDTH_MAX: usize = 152;

/// A bar that is longer than so many times the first one is cut, and shown to be.
const RATIO_MAX: f64 = 2.5;

const STYLE: &str = "
  .paper { fill: #ffffff; stroke: #d0d7de }
  text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #57606a }
  .heading { font-size: 16px; font-weight: 600; fill: #1f2328 }
  .title { font-weight: 600; fill: #1f2328 }
  .number { font-variant-numeric: tabular-nums }
  .bar { fill: #afb8c1 }
  .floor { fill: none; stroke: #8c959f; stroke-dasharray: 3 2 }
  .ours { fill: #654ff0 }
  text.ours { font-weight: 600 }
  .cut { stroke: #ffffff; stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #30363d }
    text { fill: #9198a1 }
    .heading, .title { fill: #f0f6fc }
    .bar { fill: #484f58 }
    .floor { fill: none; stroke: #6e7681 }
    .ours { fill: #9a8cff }
    .cut { stroke: #0d1117 }
  }
";

/// Draws the charts, in two columns.
pub fn draw(charts: &[&Chart], machine: &str) -> String {
    let mut body = String::new();
    let mut top = TOP;
    for row in charts.chunks(COLUMNS) {
        for (column, chart) in row.iter().enumerate() {
            draw_chart(&mut body, chart, MARGIN + column * COLUMN_WIDTH, top);
        }
        let bars = row.iter().map(|chart| chart.bars.len()).max().unwrap_or(0);
        top += TITLE_HEIGHT + bars * BAR_STEP + GAP;
    }
    let (paper_width, paper_height) = (WIDTH - 1, top - 1);
    let machine = escaped(machine);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" \
         height=\"{top}\" role=\"img\" aria-labelledby=\"heading\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"{paper_width}\" \
         height=\"{paper_height}\" rx=\"6\"/>\n\
         <text class=\"heading\" id=\"heading\" x=\"{MARGIN}\" y=\"32\">\
         CPU time per request, in microseconds: less is better</text>\n\
         <text x=\"{MARGIN}\" y=\"52\">{machine}</text>\n\
         {body}</svg>\n"
    )
}

fn draw_chart(body: &mut String, chart: &Chart, left: usize, top: usize) {
    let longest = chart.bars.iter().map(|bar| bar.ratio).fold(1.0, f64::max).min(RATIO_MAX);
    // Writing to a string does not fail.
    let _ = writeln!(
        body,
        "<text class=\"title\" x=\"{left}\" y=\"{}\">{}</text>",
        top + BAR_HEIGHT,
        escaped(chart.title)
    );
    for (number, bar) in chart.bars.iter().enumerate() {
        let class = match (number, bar.name) {
            (0, _) => "ours",
            (_, "floor") => "floor",
            _ => "bar",
        };
        let top = top + TITLE_HEIGHT + number * BAR_STEP;
        draw_bar(body, bar, class, (left, top), BAR_WIDTH_MAX as f64 / longest);
    }
}

/// `scale`: pixels of a bar that is as long as the first.
fn draw_bar(
    body: &mut String,
    bar: &ChartBar,
    class: &str,
    (left, top): (usize, usize),
    scale: f64,
) {
    let text_class = if class == "ours" { "ours" } else { "number" };
    let (start, baseline) = (left + NAME_WIDTH, top + BAR_HEIGHT - 2);
    let width = (bar.ratio.min(RATIO_MAX) * scale).max(1.0);
    let end = start as f64 + width;
    let name = escaped(bar.name);
    let micros = number(bar.micros);
    let ratio = number(bar.ratio);
    let number_start = end + 8.0;
    let _ = write!(
        body,
        "<text class=\"{text_class}\" x=\"{left}\" y=\"{baseline}\">{name}</text>\
         <rect class=\"{class}\" x=\"{start}\" y=\"{top}\" width=\"{width:.1}\" \
         height=\"{BAR_HEIGHT}\" rx=\"2\"/>\
         <text class=\"{text_class}\" x=\"{number_start:.1}\" y=\"{baseline}\">{micros} \
         (\u{d7}{ratio})</text>"
    );
    if bar.ratio > RATIO_MAX {
        let (cut, bottom) = (end - 14.0, top + BAR_HEIGHT + 1);
        let _ = write!(
            body,
            "<line class=\"cut\" x1=\"{cut:.1}\" y1=\"{bottom}\" x2=\"{:.1}\" y2=\"{}\"/>",
            cut + 6.0,
            top - 1
        );
    }
    body.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_is_too_long_is_cut() {
        let bar = |name, ratio| ChartBar { name, micros: 8.0 * ratio, ratio };
        let bars = vec![bar("wasmhttpd", 1.0), bar("caddy", 9.0), bar("floor", 0.5)];
        let chart = Chart { title: "1 < 2", bars };
        let text = draw(&[&chart], "a & b");
        assert_eq!(text.matches("<line class=\"cut\"").count(), 1);
        assert_eq!(text.matches(&format!("width=\"{BAR_WIDTH_MAX}.0\"")).count(), 1);
        assert!(text.contains("1 &lt; 2") && text.contains("a &amp; b"), "{text}");
        assert!(text.contains("72.0 (\u{d7}9.00)"), "{text}");
    }
}
