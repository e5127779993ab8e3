//! A folder of this user's own, for what may be lost but never be somebody else's.
//!
//! What is kept there is believed later. So a file counts only if nobody but this user could have
//! written it (owner and mode of the folder and of the file), and if its checksum is right (a disk
//! that lies, a write that was cut short).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

/// Largest file, in octets.
const FILE_OCTETS_MAX: u64 = 256 << 20;

/// Octets of a checksum.
const CHECKSUM_OCTETS: usize = 32;

/// See the module.
#[derive(Debug, Clone)]
pub struct PrivateFolder {
    path: PathBuf,
}

impl PrivateFolder {
    /// The folder that a user's programs keep such things in: below `$CACHE_DIRECTORY`, which
    /// systemd sets, or `$XDG_CACHE_HOME`, or `$HOME/.cache`.
    pub fn default_path() -> Option<PathBuf> {
        let folder = |variable: &str| {
            std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        folder("CACHE_DIRECTORY")
            .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("wasmhttpd")))
            .or_else(|| folder("HOME").map(|path| path.join(".cache/wasmhttpd")))
    }

    /// Uses the folder at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others could write to it.
    pub fn open(path: &Path) -> io::Result<PrivateFolder> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        check_private(&fs::metadata(path)?)?;
        Ok(PrivateFolder { path: path.to_path_buf() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The octets of a file, if it is there and as it was written.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut checksum = read_private(&self.path.join(name)).ok()?;
        let octets = checksum.split_off(CHECKSUM_OCTETS.min(checksum.len()));
        (checksum == Sha256::digest(&octets).as_slice()).then_some(octets)
    }

    /// Keeps octets in a file, in place of what it had.
    ///
    /// # Errors
    /// As the file system says. The file is as it was.
    pub fn put(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        // Two threads may keep the same at the same time.
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let new = self.path.join(format!("{name}.{}-{number}.new", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let written = file
            .write_all(&Sha256::digest(octets))
            .and_then(|()| file.write_all(octets))
            .and_then(|()| fs::rename(&new, self.path.join(name)));
        if written.is_err() {
            // Half a file is of no use; if it cannot be removed either, it is forgotten in time.
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// Removes files whose names end in one of `extensions` until so many are left, of so many
    /// octets in all: those that were used least recently. Others in the folder are let be.
    pub fn forget_oldest(&self, extensions: &[&str], files_max: usize, octets_max: u64) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let mut files: Vec<(SystemTime, PathBuf, u64)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let metadata = fs::metadata(&path).ok()?;
                let used = metadata.modified().ok()?;
                let is_ours = extensions.contains(&path.extension()?.to_str()?);
                is_ours.then_some((used, path, metadata.len()))
            })
            .collect();
        files.sort();
        let mut octets = 0;
        for (index, (_, path, length)) in files.iter().rev().enumerate() {
            octets += length;
            if index >= files_max || octets > octets_max {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Reads a file that nobody but this user can have written, and takes note that it was used.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let mut file = File::options().read(true).write(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    check_private(&metadata)?;
    if !metadata.is_file() || metadata.len() > FILE_OCTETS_MAX {
        return Err(io::Error::other("it is no file of ours"));
    }
    let mut octets = Vec::with_capacity(metadata.len() as usize);
    file.read_to_end(&mut octets)?;
    // Only for the order in which files are forgotten.
    let _ = file.set_modified(SystemTime::now());
    Ok(octets)
}

fn check_private(metadata: &fs::Metadata) -> io::Result<()> {
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    match is_own && metadata.permissions().mode() & 0o022 == 0 {
        true => Ok(()),
        false => Err(io::Error::other("others than this user could write to it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES_MAX: usize = 8;

    fn folder() -> (tempfile::TempDir, PrivateFolder) {
        let above = tempfile::tempdir().expect("a folder");
        let folder = PrivateFolder::open(&above.path().join("a/b")).expect("a folder");
        (above, folder)
    }

    #[test]
    fn octets_are_found_as_they_were_kept() {
        let (_above, folder) = folder();
        assert_eq!(folder.get("key"), None);
        folder.put("key", b"code").expect("a file");
        assert_eq!(folder.get("key").as_deref(), Some(&b"code"[..]));
    }

    /// Fault 18.
    #[test]
    fn what_is_damaged_or_planted_does_not_count() {
        let (_above, folder) = folder();
        let path = folder.path.join("key");
        folder.put("key", b"code").expect("a file");
        let whole = fs::read(&path).expect("a file");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("a file");
            assert_eq!(folder.get("key"), None, "{length} octets");
            let mut flipped = whole.clone();
            flipped[length] ^= 1;
            fs::write(&path, flipped).expect("a file");
            assert_eq!(folder.get("key"), None, "octet {length}");
        }
        fs::write(&path, &whole).expect("a file");
        assert!(folder.get("key").is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("a mode");
        assert_eq!(folder.get("key"), None, "others can write to it");
        fs::remove_file(&path).expect("a file");
        let elsewhere = folder.path.join("elsewhere");
        fs::write(&elsewhere, &whole).expect("a file");
        std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
        assert_eq!(folder.get("key"), None, "a link");
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
        assert!(PrivateFolder::open(folder.path()).is_err());
    }

    #[test]
    fn so_many_files_are_kept_and_the_oldest_go() {
        let (_above, folder) = folder();
        let key = |number: usize| format!("{number}.code");
        for number in 0..FILES_MAX + 3 {
            folder.put(&key(number), b"").expect("a file");
            let path = folder.path.join(key(number));
            let file = File::options().write(true).open(path).expect("a file");
            let used = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            file.set_modified(used).expect("a time");
        }
        folder.put("other", b"").expect("a file");
        folder.forget_oldest(&["code"], FILES_MAX, u64::MAX);
        let kept = |number: usize| folder.path.join(key(number)).exists();
        assert_eq!((kept(0), kept(2), kept(3), kept(FILES_MAX + 2)), (false, false, true, true));
        let octets = 2 * CHECKSUM_OCTETS as u64;
        folder.forget_oldest(&["code"], FILES_MAX, octets);
        assert_eq!((kept(FILES_MAX), kept(FILES_MAX + 1)), (false, true), "by octets");
        assert!(folder.path.join("other").exists(), "not ours");
    }
}
