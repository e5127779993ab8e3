//! Reports: sections of tables and bars, on the terminal at once, and in files at the end.

mod bar;
mod svg;
mod table;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::Options;

pub use self::bar::{Bar, Verdict};
pub use self::svg::{Chart, ChartBar};
pub use self::table::Table;

/// What one measurement came to.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Sentences below it.
    pub notes: Vec<String>,
    /// What was measured.
    pub tables: Vec<Table>,
    /// What of it is drawn.
    pub charts: Vec<Chart>,
    /// What it is judged by.
    pub bars: Vec<Bar>,
}

impl Section {
    /// An empty one.
    pub fn new(title: &'static str) -> Section {
        let (notes, tables, charts, bars) = Default::default();
        Section { title, notes, tables, charts, bars }
    }
}

/// All sections so far.
#[derive(Debug)]
pub struct Report {
    /// What they were measured on.
    machine: String,
    sections: Vec<Section>,
}

impl Report {
    /// An empty one, for this machine.
    pub fn new(machine: String) -> Report {
        println!("{machine}");
        Report { machine, sections: Vec::new() }
    }

    /// Adds a section and prints it.
    pub fn add(&mut self, section: Section) {
        println!("\n== {} ==", section.title);
        for note in &section.notes {
            println!("{note}");
        }
        for table in &section.tables {
            println!("\n{}", table.text());
        }
        if !section.bars.is_empty() {
            println!("\n{}", bar::table(&section.bars).text());
        }
        self.sections.push(section);
    }

    /// Writes the files that the options name.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write_files(&self, options: &Options) -> anyhow::Result<()> {
        if let Some(path) = &options.markdown {
            write(path, &self.markdown())?;
        }
        if let Some(path) = &options.svg {
            let charts = self.sections.iter().flat_map(|section| &section.charts);
            write(path, &svg::draw(&charts.collect::<Vec<_>>(), &self.machine))?;
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.machine);
        for section in &self.sections {
            text += &format!("\n## {}\n", section.title);
            for note in &section.notes {
                text += &format!("\n{note}\n");
            }
            for table in &section.tables {
                text += &format!("\n{}", table.markdown());
            }
            if !section.bars.is_empty() {
                text += &format!("\n{}", bar::table(&section.bars).markdown());
            }
        }
        text
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
