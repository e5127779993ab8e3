//! Watching the guest's file.
//!
//! The kernel tells that something happened in the file's folder; what counts is whether the file
//! is another than the one that was last loaded, and whether it rests. A file that is still being
//! written is waited for. Since not every file system tells (a network's does not), and since a
//! link further up may be pointed elsewhere, the file is looked at now and then without being told.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::{GuestPlace, Settings};
use crate::startup::{Loader, Octets, Source};

/// For this time a file must not have changed to be loaded.
const REST: Duration = Duration::from_millis(100);

/// Looks without being told.
const INTERVAL: Duration = Duration::from_secs(2);

/// What tells a file from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    octets: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// See the module.
pub struct Watch {
    path: PathBuf,
    /// As it was when it was last loaded, whatever came of it.
    loaded: Option<Identity>,
    /// As it was when last looked at, if it is not the loaded one, and since when.
    resting: Option<(Identity, Instant)>,
    look_at: Instant,
    /// Something was told, and has not been looked at since: no need to tell more.
    is_told: Arc<AtomicBool>,
    /// Told by the kernel until this is dropped.
    _watcher: Option<RecommendedWatcher>,
}

/// The file that `settings` want watched: web.conf's guest, if it is one.
pub fn wanted(settings: &Settings) -> Option<&Path> {
    match &settings.guest.place {
        Some(GuestPlace::File(path)) => Some(path.as_path()).filter(|_| settings.guest.watch),
        _ => None,
    }
}

impl Watch {
    /// Watches `path`, from which `loaded` was read a while ago: by now the file may be another.
    /// For `told` see [`Watch::new`].
    pub fn since(
        path: &Path,
        loaded: &Octets,
        loader: &Loader,
        told: impl Fn() + Send + 'static,
    ) -> Watch {
        let mut watch = Watch::new(path, told);
        let there = loader.read(Source::File(path.to_path_buf()));
        if !there.is_ok_and(|(_, octets)| *octets == **loaded) {
            watch.expect_another();
        }
        watch
    }

    /// Watches `path`, which has just been loaded; `told` is called when something happened near
    /// it, by a thread of the watcher's.
    pub fn new(path: &Path, told: impl Fn() + Send + 'static) -> Watch {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let is_told = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&is_told);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_change = event.is_ok_and(|event| !event.kind.is_access());
            if is_change && !theirs.swap(true, Ordering::AcqRel) {
                told();
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!(
                "changes of {} are noticed within {} s only: {error}",
                path.display(),
                INTERVAL.as_secs()
            );
        });
        Watch {
            path: path.to_path_buf(),
            loaded: identity(path),
            resting: None,
            look_at: Instant::now() + INTERVAL,
            is_told,
            _watcher: watcher.ok(),
        }
    }

    /// What is watched.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When to look next.
    pub fn look_at(&self) -> Instant {
        self.look_at
    }

    /// The file is not what was loaded: it is as new.
    fn expect_another(&mut self) {
        self.loaded = None;
        self.look_now();
    }

    /// It is time to look.
    pub fn look_now(&mut self) {
        self.look_at = Instant::now();
    }

    /// Looks at the file. True: it is another, and rests, and is taken for loaded from now on.
    pub fn look(&mut self, now: Instant) -> bool {
        self.look_at = now + INTERVAL;
        // Before the look: what happens during it is told.
        self.is_told.store(false, Ordering::Release);
        let Some(seen) = identity(&self.path).filter(|seen| Some(*seen) != self.loaded) else {
            // Nothing new; or it is not there, and may come back.
            self.resting = None;
            return false;
        };
        match self.resting {
            Some((resting, since)) if resting == seen && now >= since + REST => {
                self.loaded = Some(seen);
                self.resting = None;
                // It may have changed while it was looked at.
                self.look_at = now + REST;
                true
            }
            Some((resting, since)) if resting == seen => {
                self.look_at = since + REST;
                false
            }
            _ => {
                self.resting = Some((seen, now));
                self.look_at = now + REST;
                false
            }
        }
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        octets: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_loaded_once_it_rests_and_only_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("guest.wasm");
        std::fs::write(&path, "one").expect("a file");
        let mut watch = Watch::new(&path, || {});
        let start = Instant::now();
        let at = |rests: u32| start + REST * rests;
        assert!(!watch.look(at(1)));
        std::fs::write(&path, "two").expect("a file");
        assert!(!watch.look(at(2)));
        std::fs::write(&path, "two and more").expect("a file");
        assert!(!watch.look(at(3)), "still being written");
        assert!(!watch.look(at(3) + REST / 2));
        assert!(watch.look(at(4)));
        assert!(!watch.look(at(5)));
        std::fs::remove_file(&path).expect("a file");
        assert!(!watch.look(at(6)));
        std::fs::write(&path, "three").expect("a file");
        assert!(!watch.look(at(7)));
        assert!(watch.look(at(8)));
    }
}
