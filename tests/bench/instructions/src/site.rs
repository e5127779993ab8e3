//! The site that every server serves: a temporary folder with the files of the cases.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::case::{FILES, SIZES};

/// Servers that keep contents in memory wait until a file has not changed for a while: wasmhttpd
/// for 2 whole seconds. They go by the time of the last change of the inode, which nobody can set:
/// there is nothing to wait for but the clock.
const SETTLES_AFTER: Duration = Duration::from_secs(3);

/// The modification time of every file is so long ago.
const AGE: Duration = Duration::from_secs(24 * 3600);

/// A folder with a document root. Dropping it removes it.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
}

impl Site {
    /// Writes the files, and waits until no server takes them for recently changed.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write() -> anyhow::Result<Site> {
        let folder = TempDir::with_prefix("wasmhttpd-instructions-")
            .context("no temporary folder (try another TMPDIR)")?;
        let site = Site { folder };
        fs::create_dir(site.root()).context("the document root cannot be made")?;
        for (prefix, octets) in SIZES {
            for number in 0..FILES {
                let path = site.root().join(format!("{prefix}-{number:05}.html"));
                fs::write(&path, vec![b'a' + (number % 26) as u8; octets])
                    .and_then(|()| File::options().write(true).open(&path))
                    .and_then(|file| file.set_modified(SystemTime::now() - AGE))
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        thread::sleep(SETTLES_AFTER);
        Ok(site)
    }

    /// The document root.
    pub fn root(&self) -> PathBuf {
        self.path().join("www")
    }

    /// Where the server keeps compiled code.
    pub fn code(&self) -> PathBuf {
        self.path().join("code")
    }

    /// The folder around it, where servers put what is theirs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
