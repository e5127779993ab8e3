//! What a worker keeps of what the file system said, so that it need not be asked again at once.
//!
//! Of a path it keeps what that led to: a file, with its content in memory or open, or nothing.
//! This is fresh for so many seconds, counted from the second in which the file system said so
//! last; then it waits to be confirmed. The cache asks nobody: the [`Opener`] does.
//!
//! Contents, files that are open and paths that lead nowhere have stores of their own, so that a
//! flood of one pushes out none of the others: clients choose paths. All document roots of a worker
//! share them.
//!
//! [`Opener`]: super::opener::Opener

use std::collections::HashMap;
use std::sync::Arc;

use rustix::process::{Resource, getrlimit};

use super::clock_cache::ClockCache;
use super::open::{OpenFile, Trouble};
use super::version::Version;

/// Files that a worker keeps open.
const WORKER_DESCRIPTORS_MAX: u64 = 64;

/// All workers together keep at most one in so many of the descriptors that the process may have.
const DESCRIPTORS_SHARE: u64 = 16;

/// One in so many octets is for paths that lead nowhere.
const NOTHING_SHARE: usize = 4;

/// What anything kept costs in memory besides its path and its content, in octets: its places in
/// the tables, which may be half empty, and what the allocator adds.
const ENTRY_OCTETS: usize = 384;

/// How much is kept, and for how long it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// In whole seconds; 0: the file system is asked each time.
    freshness_seconds: u64,
    /// Memory for contents and paths.
    octets_max: usize,
    /// Files that are kept open.
    descriptors_max: usize,
}

/// What a path led to.
pub type Known = Result<OpenFile, Trouble>;

/// See the module.
#[derive(Debug)]
pub struct Cache {
    freshness_seconds: u64,
    /// For each document root, by its number, what is kept of its paths.
    places: Vec<HashMap<Arc<str>, Place>>,
    /// By [`Kind`]: room for contents in octets, for open files in number, for nothings in octets.
    stores: [ClockCache<Kept>; 3],
}

/// Where something is kept.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: Kind,
    index: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Content,
    Open,
    Nothing,
}

#[derive(Debug)]
struct Kept {
    root: usize,
    path: Arc<str>,
    known: Known,
    /// The second in which the file system said so last.
    confirmed: u64,
}

impl Keep {
    /// Nothing is kept.
    pub const NOTHING: Keep = Keep { freshness_seconds: 0, octets_max: 0, descriptors_max: 0 };

    /// The share of one of so many `workers`. Where there is no memory to keep anything in, no
    /// file is kept open either.
    pub fn of_worker(freshness_seconds: u64, octets_max: usize, workers: usize) -> Keep {
        if octets_max == 0 {
            return Keep::NOTHING;
        }
        Keep {
            freshness_seconds,
            octets_max: octets_max.div_ceil(workers),
            descriptors_max: descriptors_max(getrlimit(Resource::Nofile).current, workers),
        }
    }
}

/// Files that each of so many workers keeps open, in a process that may have so many descriptors.
fn descriptors_max(limit: Option<u64>, workers: usize) -> usize {
    let share = limit.map_or(u64::MAX, |limit| limit / DESCRIPTORS_SHARE / workers as u64);
    share.min(WORKER_DESCRIPTORS_MAX) as usize
}

impl Cache {
    /// An empty cache for so many document roots.
    pub fn new(keep: Keep, roots: usize) -> Cache {
        let Keep { freshness_seconds, octets_max, descriptors_max } = keep;
        let nothing_octets_max = octets_max / NOTHING_SHARE;
        let contents = ClockCache::new(octets_max - nothing_octets_max);
        let (open, nothings) = match freshness_seconds {
            // A content is cheaper to compare than to read; opening is all that there is to these.
            0 => (ClockCache::new(0), ClockCache::new(0)),
            _ => (ClockCache::new(descriptors_max), ClockCache::new(nothing_octets_max)),
        };
        Cache {
            freshness_seconds,
            places: (0..roots).map(|_| HashMap::new()).collect(),
            stores: [contents, open, nothings],
        }
    }

    /// Whether even what is fresh has to be compared with what the file system says.
    pub fn believes_nothing(&self) -> bool {
        self.freshness_seconds == 0
    }

    /// What `path` beneath a root led to, if that is fresh; without a freshness, if it was
    /// confirmed in this second.
    pub fn get(&mut self, root: usize, path: &str, now_seconds: u64) -> Option<Known> {
        let Place { kind, index } = *self.places[root].get(path)?;
        let store = &mut self.stores[kind as usize];
        let kept = store.peek(index);
        // After a clock has jumped back, nothing is fresh that was confirmed before.
        let age = now_seconds.checked_sub(kept.confirmed)?;
        if age >= self.freshness_seconds.max(1) {
            return None;
        }
        let known = kept.known.clone();
        store.mark(index);
        Some(known)
    }

    /// `path` has just been opened and led to a file of this version: that one, if it is kept.
    pub fn confirm(
        &mut self,
        root: usize,
        path: &str,
        version: &Version,
        now_seconds: u64,
    ) -> Option<OpenFile> {
        let Place { kind, index } = *self.places[root].get(path)?;
        let kept = self.stores[kind as usize].peek(index);
        match &kept.known {
            Ok(file) if file.version() == version => {
                kept.confirmed = now_seconds;
                let file = file.clone();
                self.stores[kind as usize].mark(index);
                Some(file)
            }
            _ => {
                self.forget(root, path);
                None
            }
        }
    }

    /// Whether there is room for a content of so many octets, if others make it.
    pub fn could_keep_content(&self, path: &str, octets: u64) -> bool {
        let cost = entry_octets(path).saturating_add(octets as usize);
        self.stores[Kind::Content as usize].could_hold(cost)
    }

    /// Keeps what `path` has just led to, in place of what is kept of it.
    pub fn keep(&mut self, root: usize, path: &str, known: Known, now_seconds: u64) {
        self.forget(root, path);
        let (kind, cost) = match &known {
            Ok(file) if file.is_in_memory() => {
                (Kind::Content, entry_octets(path) + file.size() as usize)
            }
            Ok(_) => (Kind::Open, 1),
            Err(_) => (Kind::Nothing, entry_octets(path)),
        };
        let store = &mut self.stores[kind as usize];
        if !store.could_hold(cost) {
            return;
        }
        while let Some(other) = store.make_room(cost) {
            self.places[other.root].remove(&other.path);
        }
        let path: Arc<str> = path.into();
        let kept = Kept { root, path: Arc::clone(&path), known, confirmed: now_seconds };
        let index = store.insert(kept, cost);
        self.places[root].insert(path, Place { kind, index });
    }

    fn forget(&mut self, root: usize, path: &str) {
        if let Some(Place { kind, index }) = self.places[root].remove(path) {
            self.stores[kind as usize].remove(index);
        }
    }

    /// Forgets all paths of a root.
    pub fn forget_root(&mut self, root: usize) {
        for Place { kind, index } in std::mem::take(&mut self.places[root]).into_values() {
            self.stores[kind as usize].remove(index);
        }
    }

    /// Whether files are kept open.
    pub fn keeps_open(&self) -> bool {
        !self.stores[Kind::Open as usize].is_empty()
    }

    /// Closes every file that is kept open. False: there was none.
    pub fn release_descriptors(&mut self) -> bool {
        let all = self.stores[Kind::Open as usize].take_all();
        self.close(&all);
        !all.is_empty()
    }

    /// Closes the files that are kept open and were not asked for since the last call.
    pub fn let_go_of_unused(&mut self) {
        let unused = self.stores[Kind::Open as usize].take_unused();
        self.close(&unused);
    }

    /// Forgets the paths of what was taken from a store.
    fn close(&mut self, taken: &[Kept]) {
        for kept in taken {
            self.places[kept.root].remove(&kept.path);
        }
    }
}

fn entry_octets(path: &str) -> usize {
    ENTRY_OCTETS + path.len()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    const MIB: usize = 1 << 20;
    const MISSING: Known = Err(Trouble::Missing);

    /// A file of a KiB, in memory and open.
    fn file() -> (OpenFile, OpenFile) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), [b'a'; 1024]).expect("a file");
        let root = std::fs::File::open(folder.path()).expect("a root");
        let open = OpenFile::open(root.as_fd(), "a").expect("a file to open");
        let content = open.load().expect("a file to read").expect("a file that stays the same");
        (content, open)
    }

    fn cache(freshness_seconds: u64, octets_max: usize) -> Cache {
        Cache::new(Keep { freshness_seconds, octets_max, descriptors_max: 2 }, 2)
    }

    #[test]
    fn what_is_kept_is_fresh_on_one_side_of_the_edge() {
        let (content, _) = file();
        for (freshness, fresh, stale) in [(0, 100, 101), (1, 100, 101), (3600, 3699, 3700)] {
            let mut cache = cache(freshness, MIB);
            cache.keep(0, "a", Ok(content.clone()), 100);
            assert!(cache.get(0, "a", 100).is_some());
            assert!(cache.get(0, "a", fresh).is_some(), "{freshness}: {fresh}");
            assert!(cache.get(0, "a", stale).is_none(), "{freshness}: {stale}");
            assert!(cache.get(0, "a", 99).is_none(), "{freshness}: the clock jumped back");
            assert!(cache.get(1, "a", 100).is_none(), "another root");
            let confirmed = cache.confirm(0, "a", content.version(), stale);
            assert!(confirmed.is_some_and(|file| file.is_in_memory()));
            assert!(cache.get(0, "a", stale).is_some());
        }
    }

    #[test]
    fn without_freshness_only_contents_are_kept() {
        let (content, open) = file();
        let mut cache = cache(0, MIB);
        cache.keep(0, "open", Ok(open), 100);
        cache.keep(0, "missing", MISSING, 100);
        cache.keep(0, "content", Ok(content), 100);
        assert!(cache.get(0, "open", 100).is_none());
        assert!(cache.get(0, "missing", 100).is_none());
        assert!(cache.get(0, "content", 100).is_some());
    }

    #[test]
    fn a_path_is_one_thing_at_a_time() {
        let (content, open) = file();
        let mut cache = cache(1, MIB);
        for known in [Ok(content), MISSING, Ok(open.clone()), MISSING, Ok(open)] {
            cache.keep(0, "a", known, 100);
            assert_eq!(cache.places[0].len(), 1);
        }
        let kept: usize = cache.stores.iter_mut().map(|store| store.take_all().len()).sum();
        assert_eq!(kept, 1);
    }

    #[test]
    fn another_version_is_not_confirmed_and_not_kept() {
        let ((content, _), (other, _)) = (file(), file());
        let mut cache = cache(1, MIB);
        for known in [Ok(content), MISSING] {
            cache.keep(0, "a", known, 100);
            assert!(cache.confirm(0, "a", other.version(), 101).is_none());
            assert!(cache.places[0].is_empty());
        }
    }

    #[test]
    fn so_many_files_are_kept_open_and_no_more() {
        let (_, open) = file();
        let mut cache = cache(1, MIB);
        for path in ["a", "b", "c"] {
            cache.keep(0, path, Ok(open.clone()), 100);
        }
        let kept = |cache: &mut Cache, path| cache.get(0, path, 100).is_some();
        assert!(!kept(&mut cache, "a"));
        assert!(kept(&mut cache, "b") && kept(&mut cache, "c"));
        assert!(cache.release_descriptors());
        assert!(!cache.release_descriptors() && !cache.keeps_open() && !kept(&mut cache, "c"));
    }

    #[test]
    fn files_are_kept_open_as_far_as_the_limit_of_descriptors_allows() {
        assert_eq!(descriptors_max(Some(15), 1), 0);
        assert_eq!(descriptors_max(Some(16), 1), 1);
        assert_eq!(descriptors_max(Some(1024), 2), 32);
        assert_eq!(descriptors_max(Some(64 * 16 - 1), 1), 63);
        assert_eq!(descriptors_max(Some(64 * 16 + 16), 1), 64);
        assert_eq!(descriptors_max(None, 1024), 64);
    }

    #[test]
    fn sixteen_thousand_small_files_stay_in_the_memory_of_the_default() {
        let (content, _) = file();
        let mut cache = Cache::new(Keep::of_worker(1, 64 * MIB, 1), 1);
        let path = |number| format!("folder/of/a/site/{number}.html");
        (0..16_384).for_each(|number| cache.keep(0, &path(number), Ok(content.clone()), 100));
        assert!((0..16_384).all(|number| cache.get(0, &path(number), 100).is_some()));
    }

    /// Clients choose paths: these neither fill memory nor push out files.
    #[test]
    fn a_flood_of_paths_that_lead_nowhere_pushes_out_no_file() {
        let (content, open) = file();
        let mut cache = cache(1, MIB);
        cache.keep(0, "content", Ok(content), 100);
        cache.keep(1, "open", Ok(open), 100);
        for number in 0..20_000 {
            cache.keep(number % 2, &format!("{number}"), MISSING, 100);
        }
        assert!(cache.get(0, "content", 100).is_some());
        assert!(cache.get(1, "open", 100).is_some());
        assert!(cache.get(1, "19999", 100).is_some());
        let kept: usize = cache.places.iter().map(HashMap::len).sum();
        assert!(kept <= 2 + MIB / NOTHING_SHARE / ENTRY_OCTETS, "{kept}");
    }

    #[test]
    fn nothing_is_kept_without_memory_and_nothing_of_a_root_that_was_replaced() {
        let (content, open) = file();
        let mut none = Cache::new(Keep::of_worker(1, 0, 1), 1);
        let mut cache = cache(1, MIB);
        for known in [Ok(content), Ok(open), MISSING] {
            none.keep(0, "a", known.clone(), 100);
            assert!(none.get(0, "a", 100).is_none());
            assert!(!none.could_keep_content("a", 0));
            cache.keep(0, "a", known.clone(), 100);
            cache.keep(1, "a", known, 100);
            cache.forget_root(0);
            assert!(cache.get(0, "a", 100).is_none());
            assert!(cache.get(1, "a", 100).is_some());
        }
    }
}
