//! Compiled code kept in a private folder, so that a start or a swap need not compile what was
//! compiled before.
//!
//! Code is run as it is. So a file counts only if nobody but this user could have written it (owner
//! and mode of the folder and of the file), and if its checksum is right (a disk that lies, a write
//! that was cut short). Whatever is wrong with the folder or a file costs a compilation and nothing
//! else.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};
use wasmtime::Engine;

use super::runtime::compiler_config;

/// Files kept; those used least recently go first.
const FILES_MAX: usize = 64;

/// Largest file, in octets.
const FILE_OCTETS_MAX: u64 = 256 << 20;

/// What the names of our files end in; others in the folder are let be.
const EXTENSIONS: [&str; 3] = ["code", "functions", "new"];

/// Octets of a checksum.
const CHECKSUM_OCTETS: usize = 32;

/// A private folder of compiled code.
#[derive(Debug)]
pub struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// The folder that a user's programs keep such things in: below `$CACHE_DIRECTORY`, which systemd
    /// sets, or `$XDG_CACHE_HOME`, or `$HOME/.cache`.
    pub fn default_folder() -> Option<PathBuf> {
        let folder = |variable: &str| {
            std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        folder("CACHE_DIRECTORY")
            .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("wasmhttpd")))
            .or_else(|| folder("HOME").map(|path| path.join(".cache/wasmhttpd")))
    }

    /// Uses `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others could write to it.
    pub fn open(folder: &Path) -> io::Result<CodeCache> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let metadata = fs::metadata(folder)?;
        check_private(&metadata)?;
        Ok(CodeCache { folder: folder.to_path_buf() })
    }

    /// The file of the code of `component`: named by the octets that the compiler looks at, this
    /// program's version and the compiler's settings.
    pub(super) fn code_name(component: &[u8]) -> String {
        let mut name = compiler_digest();
        let whole = name.clone();
        if digest_sections(component, &mut name).is_none() {
            // It will not compile either.
            name = whole.chain_update(component);
        }
        hexadecimal(name) + ".code"
    }

    /// The file of the functions that this program compiled, of whatever component.
    pub(super) fn functions_name() -> String {
        hexadecimal(compiler_digest()) + ".functions"
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The octets of that file, if it is there and as it was written.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut checksum = read_private(&self.folder.join(name)).ok()?;
        let octets = checksum.split_off(CHECKSUM_OCTETS.min(checksum.len()));
        (checksum == Sha256::digest(&octets).as_slice()).then_some(octets)
    }

    /// Keeps octets in a file. Where that fails, they are compiled again next time.
    pub(super) fn put(&self, name: &str, octets: &[u8]) {
        if let Err(error) = self.try_put(name, octets) {
            tracing::debug!("compiled code is not kept: {error}");
        }
        self.forget_oldest();
    }

    fn try_put(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let new = self.folder.join(format!("{name}.{}.new", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let written = file
            .write_all(&Sha256::digest(octets))
            .and_then(|()| file.write_all(octets))
            .and_then(|()| fs::rename(&new, self.folder.join(name)));
        if written.is_err() {
            // Half a file is of no use; if it cannot be removed either, it is forgotten in time.
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn forget_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let used = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok()?;
                EXTENSIONS.contains(&path.extension()?.to_str()?).then_some((used, path))
            })
            .collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(FILES_MAX) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Begins a name: this program's version, and the compiler's settings.
fn compiler_digest() -> Sha256 {
    let mut settings = DefaultHasher::new();
    if let Ok(engine) = Engine::new(&compiler_config()) {
        engine.precompile_compatibility_hash().hash(&mut settings);
    }
    Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update(settings.finish().to_le_bytes())
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Digests a component without its custom sections, at whatever depth: names, producers and the like
/// are for other programs. None: it is none.
fn digest_sections(component: &[u8], digest: &mut Sha256) -> Option<()> {
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::CustomSection(_) | Payload::CodeSectionEntry(_) => {}
            Payload::Version { num, range, .. } => {
                digest.update([b'(']);
                digest.update(num.to_le_bytes());
                digest.update(component.get(range)?);
            }
            // What is inside follows.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {}
            Payload::End(_) => digest.update([b')']),
            section => {
                if let Some((id, range)) = section.as_section() {
                    digest.update([id]);
                    digest.update((range.len() as u64).to_le_bytes());
                    digest.update(component.get(range)?);
                }
            }
        }
    }
    Some(())
}

/// Reads a file that nobody but this user can have written, and takes note that it was used.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let mut file = File::options().read(true).write(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    check_private(&metadata)?;
    if !metadata.is_file() || metadata.len() > FILE_OCTETS_MAX {
        return Err(io::Error::other("it is no file of code"));
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

    fn cache() -> (tempfile::TempDir, CodeCache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CodeCache::open(&folder.path().join("a/b")).expect("a cache");
        (folder, cache)
    }

    #[test]
    fn code_is_found_as_it_was_kept() {
        let (_folder, cache) = cache();
        assert_eq!(cache.get("key"), None);
        cache.put("key", b"code");
        assert_eq!(cache.get("key").as_deref(), Some(&b"code"[..]));
    }

    /// Fault 18.
    #[test]
    fn what_is_damaged_or_planted_is_not_code() {
        let (_folder, cache) = cache();
        let path = cache.folder.join("key");
        cache.put("key", b"code");
        let whole = fs::read(&path).expect("a file");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("a file");
            assert_eq!(cache.get("key"), None, "{length} octets");
            let mut flipped = whole.clone();
            flipped[length] ^= 1;
            fs::write(&path, flipped).expect("a file");
            assert_eq!(cache.get("key"), None, "octet {length}");
        }
        fs::write(&path, &whole).expect("a file");
        assert!(cache.get("key").is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("a mode");
        assert_eq!(cache.get("key"), None, "others can write to it");
        fs::remove_file(&path).expect("a file");
        let elsewhere = cache.folder.join("elsewhere");
        fs::write(&elsewhere, &whole).expect("a file");
        std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
        assert_eq!(cache.get("key"), None, "a link");
    }

    #[test]
    fn only_custom_sections_do_not_count_for_the_name() {
        let key = |text: &str| CodeCache::code_name(&wat::parse_str(text).expect("a component"));
        let plain = "(component (core module (func (result i32) (i32.const 1))))";
        let custom = r#"(component (core module (@custom "a" "b") (func $name (result i32)
            (i32.const 1))) (@custom "c" "d"))"#;
        assert_eq!(key(plain), key(custom));
        for other in [
            "(component (core module (func (result i32) (i32.const 2))))",
            "(component (core module (func (result i32) (i32.const 1))) (core module))",
            "(component (component (core module (func (result i32) (i32.const 1)))))",
            "(component (core module (func (result i32) (i32.const 1)) (memory 1)))",
        ] {
            assert_ne!(key(plain), key(other), "{other}");
        }
        assert_ne!(CodeCache::code_name(b"neither"), CodeCache::code_name(b"nor"));
        let whole = wat::parse_str(custom).expect("a component");
        let keys: Vec<_> =
            (0..whole.len()).map(|end| CodeCache::code_name(&whole[..end])).collect();
        assert!(keys.windows(2).all(|keys| keys[0] != keys[1]), "each part is another");
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
        assert!(CodeCache::open(folder.path()).is_err());
    }

    #[test]
    fn so_many_files_are_kept_and_the_oldest_go() {
        let (_folder, cache) = cache();
        let key = |number: usize| format!("{number}.code");
        for number in 0..FILES_MAX + 3 {
            cache.put(&key(number), b"");
            let file =
                File::options().write(true).open(cache.folder.join(key(number))).expect("a file");
            let used = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            file.set_modified(used).expect("a time");
        }
        cache.put("last.code", b"");
        let kept = |number: usize| cache.folder.join(key(number)).exists();
        assert_eq!((kept(0), kept(3), kept(4), kept(FILES_MAX + 2)), (false, false, true, true));
    }
}
