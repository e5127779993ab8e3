//! The site that every server serves: a temporary folder with a document root, and its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use tempfile::TempDir;

/// Servers cache the contents of a file once it has not changed for a while: wasmhttpd after 2
/// whole seconds.
const SETTLES_AFTER: Duration = Duration::from_secs(3);

/// How long ago every file was modified, by its time stamp.
const AGE: Duration = Duration::from_secs(24 * 3600);

/// What the files are filled with.
const PATTERN: &[u8; 16] = b"0123456789abcdef";

/// Octets that are written at once.
const PIECE_OCTETS: usize = 64 << 10;

/// Files of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// What their names start with.
    pub prefix: &'static str,
    /// How large each is, in octets.
    pub octets: u64,
    /// How many there are.
    pub count: usize,
}

impl Files {
    /// The target of a file by its number; those of one set are of one length.
    pub fn target(&self, number: usize) -> String {
        format!("/{}-{number:05}.html", self.prefix)
    }
}

/// A folder with a document root. Dropping it removes it.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    written: Instant,
}

impl Site {
    /// Writes the files, each set once.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(files: impl IntoIterator<Item = Files>) -> anyhow::Result<Site> {
        let folder = tempfile::Builder::new()
            .prefix("wasmhttpd-bench-")
            .tempdir()
            .context("no temporary folder (try another TMPDIR)")?;
        let site = Site { folder, written: Instant::now() };
        fs::create_dir(site.root()).context("the document root cannot be made")?;
        let mut written: Vec<Files> = Vec::new();
        for files in files {
            if !written.contains(&files) {
                write_files(&site.root(), files).with_context(|| {
                    format!(
                        "the files of {} octets cannot be written (try another TMPDIR)",
                        files.octets
                    )
                })?;
                written.push(files);
            }
        }
        Ok(Site { written: Instant::now(), ..site })
    }

    /// The document root.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    /// The folder around it, where servers put what is theirs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until the files no longer count as recently changed. Servers look at the time of the
    /// last change of the inode, which cannot be set: only waiting helps.
    pub fn settle(&self) {
        thread::sleep(SETTLES_AFTER.saturating_sub(self.written.elapsed()));
    }
}

fn write_files(root: &Path, files: Files) -> std::io::Result<()> {
    use std::io::Write;
    let piece = PATTERN.repeat(PIECE_OCTETS / PATTERN.len());
    let modified = SystemTime::now() - AGE;
    for number in 0..files.count {
        let path = root.join(files.target(number).trim_start_matches('/'));
        let mut file = fs::File::create(path)?;
        let mut left = files.octets;
        while left > 0 {
            let octets = left.min(PIECE_OCTETS as u64);
            file.write_all(&piece[..octets as usize])?;
            left -= octets;
        }
        file.set_modified(modified)?;
    }
    Ok(())
}
