//! Tables, as text for a terminal and as Markdown.

use crate::statistics::{Limit, Measure, Round};

/// A table: the first column is names, the others are numbers.
#[derive(Debug)]
pub struct Table {
    title: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Sentences below it.
    pub notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, header: &[&str]) -> Table {
        let header = header.iter().map(ToString::to_string).collect();
        Table { title: title.to_owned(), header, rows: Vec::new(), notes: Vec::new() }
    }

    /// A table of medians, one row for each server.
    pub fn of_rounds(title: &str) -> Table {
        let measures = Measure::ALL.map(Measure::title);
        Table::new(title, &[&["server"], &measures[..], &[""]].concat())
    }

    /// Adds the medians of a server to a table of them, and what has to be said of them.
    pub fn add_rounds(&mut self, name: &str, rounds: &[Round]) {
        let medians = Measure::ALL.map(|measure| measure.format(measure.median(rounds)));
        let remark = match rounds.iter().any(|round| round.threads_lost > 0) {
            true => "threads ended: CPU time is too low",
            false => Limit::of(rounds).remark().unwrap_or_default(),
        };
        self.row([&[name.to_owned()], &medians[..], &[remark.to_owned()]].concat());
    }

    /// Adds a row, with a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(cells);
    }

    /// With columns as wide as they have to be.
    pub fn text(&self) -> String {
        let lines: Vec<&Vec<String>> = std::iter::once(&self.header).chain(&self.rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let widths: Vec<_> =
            (0..self.header.len()).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = format!("{}\n", self.title);
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate();
            let padded = cells.map(|(column, (cell, width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            text += &format!("  {}", padded.collect::<Vec<_>>().join("  "));
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        for note in &self.notes {
            text += &format!("  {note}\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// With a heading above it.
    pub fn markdown(&self) -> String {
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("### {}\n\n", self.title);
        text += &row(&self.header);
        text += &format!("|---|{}\n", "---:|".repeat(self.header.len() - 1));
        for cells in &self.rows {
            text += &row(cells);
        }
        for note in &self.notes {
            text += &format!("\n{note}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("1 KiB", &["server", "requests/s", ""]);
        table.row(vec!["nginx".to_owned(), "90,000".to_owned(), String::new()]);
        table.notes.push("A note.".to_owned());
        table
    }

    #[test]
    fn columns_are_aligned_on_a_terminal() {
        let text = "1 KiB\n  server  requests/s\n  nginx       90,000\n  A note.";
        assert_eq!(table().text(), text);
    }

    #[test]
    fn markdown_has_numbers_to_the_right() {
        let text = "### 1 KiB\n\n| server | requests/s |  |\n|---|---:|---:|\n\
                    | nginx | 90,000 |  |\n\nA note.\n";
        assert_eq!(table().markdown(), text);
    }
}
