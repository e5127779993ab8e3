//! Compiled functions kept, so that a guest which differs little from one that was compiled before
//! is compiled in less time.
//!
//! Cranelift names each function by a digest of all that its code depends on, and asks here before
//! it compiles one. What is kept is a file beside the compiled components, private like those and
//! of this program's version only, read and written by the child process that compiles; a damaged
//! one costs compilations and nothing else.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use wasmtime::CacheStore;

use super::code_cache::CodeCache;

/// Octets that are kept, some ten guests' worth; functions of the guest compiled last come first.
const OCTETS_MAX: usize = 8 << 20;

/// See the module.
#[derive(Debug)]
pub struct Functions {
    kept: HashMap<Vec<u8>, Function>,
    new: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

#[derive(Debug)]
struct Function {
    code: Vec<u8>,
    /// In the compilation that goes on.
    is_used: AtomicBool,
}

impl Functions {
    /// Those that `cache` keeps.
    pub fn read(cache: &CodeCache) -> Functions {
        let octets = cache.get(&CodeCache::functions_name()).unwrap_or_default();
        // The checksum was right, and still: what does not look like pairs is left out.
        let kept = Pairs(&octets).map(|(key, code)| {
            let function = Function { code: code.to_vec(), is_used: AtomicBool::new(false) };
            (key.to_vec(), function)
        });
        Functions { kept: kept.collect(), new: Mutex::default() }
    }

    /// Keeps these: what was used or is new first, then what there is room for.
    pub fn write(&self, cache: &CodeCache) {
        let new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        if new.is_empty() {
            return;
        }
        let kept = |used: bool| {
            let kept = self.kept.iter();
            kept.filter(move |(_, function)| function.is_used.load(Ordering::Relaxed) == used)
                .map(|(key, function)| (key, &function.code))
        };
        let mut octets = Vec::new();
        for (key, code) in new.iter().chain(kept(true)).chain(kept(false)) {
            if octets.len() + key.len() + code.len() + 2 * LENGTH_OCTETS <= OCTETS_MAX {
                push(&mut octets, key);
                push(&mut octets, code);
            }
        }
        cache.put(&CodeCache::functions_name(), &octets);
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let function = self.kept.get(key)?;
        function.is_used.store(true, Ordering::Relaxed);
        Some(Cow::Borrowed(&function.code))
    }

    fn insert(&self, key: &[u8], code: Vec<u8>) -> bool {
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        new.insert(key.to_vec(), code);
        true
    }
}

/// Octets of a length.
const LENGTH_OCTETS: usize = 4;

/// A length, and so many octets.
fn push(octets: &mut Vec<u8>, part: &[u8]) {
    octets.extend_from_slice(&(part.len() as u32).to_le_bytes());
    octets.extend_from_slice(part);
}

/// The pairs of parts that octets are made of.
struct Pairs<'a>(&'a [u8]);

impl<'a> Pairs<'a> {
    fn part(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<LENGTH_OCTETS>()?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = rest;
        Some(part)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.part()?, self.part()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(functions: &Functions, key: &str) -> Option<Vec<u8>> {
        functions.get(key.as_bytes()).map(Cow::into_owned)
    }

    #[test]
    fn functions_are_kept_from_one_compilation_to_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CodeCache::open(folder.path()).expect("a cache");
        let first = Functions::read(&cache);
        assert_eq!(get(&first, "a"), None);
        assert!(first.insert(b"a", b"code of a".to_vec()));
        assert!(first.insert(b"b", Vec::new()));
        first.write(&cache);
        let second = Functions::read(&cache);
        assert_eq!(get(&second, "a").as_deref(), Some(&b"code of a"[..]));
        assert!(second.insert(b"c", b"code of c".to_vec()));
        second.write(&cache);
        let third = Functions::read(&cache);
        for (key, code) in [("a", "code of a"), ("b", ""), ("c", "code of c")] {
            assert_eq!(get(&third, key).as_deref(), Some(code.as_bytes()), "{key}");
        }
    }

    #[test]
    fn what_is_cut_short_is_read_as_far_as_it_goes() {
        let mut octets = Vec::new();
        for part in ["key", "code", "other key", "other code"] {
            push(&mut octets, part.as_bytes());
        }
        for length in 0..octets.len() {
            let expected = usize::from(length >= 15);
            assert_eq!(Pairs(&octets[..length]).count(), expected, "{length}");
        }
        assert_eq!(Pairs(&octets).count(), 2);
    }
}
