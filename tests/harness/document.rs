//! What a document tells its readers to run, and what they are told to see.
//!
//! A fenced block `sh` holds commands that are run as they are. A block `console` holds commands
//! after `$ ` (continued by lines after `> `), each followed by what it prints, in which `[..]`
//! stands for anything within a line and a line `...` for any lines. Comments on the lines before a
//! block say more: `<!-- needs: npm -->`, `<!-- in: checkout -->`, `<!-- not run: REASON -->`.

/// Blocks of other languages that look as if they were to be run: they would never be.
const NEARLY: [&str; 4] = ["bash", "shell", "shell-session", "zsh"];

/// A block of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it begins in the document, from 1.
    pub line: usize,
    /// What has to be reachable or installed, by name.
    pub needs: Vec<String>,
    /// It is run in a copy of the checkout instead of the folder of the document.
    pub in_checkout: bool,
    pub steps: Vec<Step>,
}

/// Commands that are run at once, and what they print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub command: String,
    /// None: whatever it is.
    pub expected: Option<Vec<String>>,
}

impl Step {
    /// It goes on while the next one runs. What is shown of it comes first, maybe between other
    /// lines: a server logs.
    pub fn is_background(&self) -> bool {
        let command = self.command.trim_end();
        command.ends_with('&') && !command.ends_with("&&")
    }
}

/// Words by which the last line that is shown of a command is known when it comes.
pub fn last_words(step: &Step) -> Option<&str> {
    let last = step.expected.as_ref()?.iter().rev().find(|line| !line.is_empty())?;
    last.split(ANYTHING).max_by_key(|words| words.len())
}

/// Whether lines that a document shows are among those of a command that goes on, in their order.
pub fn is_among(expected: &[String], got: &[String]) -> bool {
    let mut got = got.iter();
    let mut shown = expected.iter().filter(|line| !line.is_empty());
    shown.all(|line| got.any(|got| match_line(line.trim_end(), got.trim_end())))
}

/// The blocks of a document that are to be run.
///
/// # Errors
/// What is wrong with the document, behind the number of a line.
pub fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut notes = Notes::default();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let Some(fence) = line.trim_start().strip_prefix("```") else {
            notes.read(number, line)?;
            continue;
        };
        let language = fence.trim_start_matches('`').trim();
        let indent = line.len() - line.trim_start().len();
        let ticks = 3 + fence.len() - fence.trim_start_matches('`').len();
        let mut content = Vec::new();
        loop {
            let Some((number, line)) = lines.next() else {
                return Err(format!("{number}: the block does not end"));
            };
            if line.trim_start().starts_with(&"`".repeat(ticks)) {
                break;
            }
            content.push((number, line.get(indent..).unwrap_or(line.trim_start())));
        }
        let Notes { needs, in_checkout, not_run } = std::mem::take(&mut notes);
        let steps = match language {
            _ if not_run => continue,
            "sh" => script(&content),
            "console" => session(&content)?,
            _ if NEARLY.contains(&language) => {
                return Err(format!(
                    "{number}: a block `{language}` is not run (try sh or console)"
                ));
            }
            _ => continue,
        };
        blocks.push(Block { line: number, needs, in_checkout, steps });
    }
    Ok(blocks)
}

/// What comments say of the next block.
#[derive(Default)]
struct Notes {
    needs: Vec<String>,
    in_checkout: bool,
    not_run: bool,
}

impl Notes {
    /// Takes a line outside of blocks. Whatever is no comment ends what comments said.
    fn read(&mut self, number: usize, line: &str) -> Result<(), String> {
        let comment = line.trim().strip_prefix("<!--").and_then(|line| line.strip_suffix("-->"));
        let Some(comment) = comment else {
            *self = Notes::default();
            return Ok(());
        };
        match comment.trim().split_once(": ") {
            Some(("needs", names)) => {
                self.needs.extend(names.split(',').map(|name| name.trim().to_owned()));
            }
            Some(("in", "checkout")) => self.in_checkout = true,
            Some(("not run", reason)) if !reason.is_empty() => self.not_run = true,
            Some((word @ ("in" | "not run"), _)) => {
                return Err(format!(
                    "{number}: `{word}` in a comment is followed by something else"
                ));
            }
            Some((word, _)) if !word.contains(' ') => {
                return Err(format!("{number}: `{word}` is unknown (try needs, in or not run)"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn script(content: &[(usize, &str)]) -> Vec<Step> {
    let lines: Vec<_> = content.iter().map(|(_, line)| *line).collect();
    let line = content.first().map_or(0, |(number, _)| *number);
    vec![Step { line, command: lines.join("\n"), expected: None }]
}

fn session(content: &[(usize, &str)]) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut in_command = false;
    for &(line, text) in content {
        if let Some(command) = text.strip_prefix("$ ") {
            steps.push(Step { line, command: command.into(), expected: Some(Vec::new()) });
            in_command = true;
            continue;
        }
        let Some(step) = steps.last_mut() else {
            return Err(format!("{line}: output before the first command (`$ ` in front of it)"));
        };
        match text.strip_prefix('>').filter(|_| in_command) {
            Some(more) => step.command += &format!("\n{}", more.strip_prefix(' ').unwrap_or(more)),
            None => {
                in_command = false;
                step.expected.as_mut().expect("made above").push(text.to_owned());
            }
        }
    }
    match steps.iter().find(|step| step.is_background() && any_lines(step)) {
        Some(step) => Err(format!("{}: `...` after a command that goes on", step.line)),
        None => Ok(steps),
    }
}

fn any_lines(step: &Step) -> bool {
    step.expected.iter().flatten().any(|line| line == ANY_LINES)
}

/// Stands for any lines.
const ANY_LINES: &str = "...";

/// Stands for anything within a line.
const ANYTHING: &str = "[..]";

/// Whether `got` is what a document shows. White space at the ends of lines and of the whole does
/// not count.
pub fn is_as_shown(expected: &[String], got: &[String]) -> bool {
    let lines = |lines: &[String]| -> Vec<String> {
        let mut lines: Vec<_> = lines.iter().map(|line| line.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    };
    match_lines(&lines(expected), &lines(got))
}

fn match_lines(expected: &[String], got: &[String]) -> bool {
    match expected.split_first() {
        None => got.is_empty(),
        Some((first, rest)) if first == ANY_LINES => {
            (0..=got.len()).any(|skipped| match_lines(rest, &got[skipped..]))
        }
        Some((first, rest)) => got
            .split_first()
            .is_some_and(|(line, got)| match_line(first, line) && match_lines(rest, got)),
    }
}

fn match_line(expected: &str, got: &str) -> bool {
    let Some((start, rest)) = expected.split_once(ANYTHING) else { return expected == got };
    let Some(mut got) = got.strip_prefix(start) else { return false };
    let mut pieces: Vec<_> = rest.split(ANYTHING).collect();
    let end = pieces.pop().unwrap_or_default();
    // The first place of each piece leaves most to the others.
    for piece in pieces {
        let Some(place) = got.find(piece) else { return false };
        got = &got[place + piece.len()..];
    }
    got.ends_with(end)
}
