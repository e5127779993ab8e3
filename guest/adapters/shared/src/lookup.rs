//! Trying the candidates of a lookup, in order.

use crate::bindings::handler::{Directories, File, Found, Listing, Lookup, Trouble};
use crate::entries::{self, Entries};
use crate::folders::{OpenFile, Root};

/// Looks beneath `root` for the first candidate that there is, else for the first fallback. One
/// that is missing leads to the next one, and so does one that is forbidden, though it is
/// remembered. When the disk or the system fails, nothing further is tried.
pub fn look_up(root: Option<Root<'_>>, wanted: &Lookup) -> (Found, Option<OpenFile>) {
    let Some(root) = root else { return (Found::Nothing(Trouble::Missing), None) };
    let mut trouble = Trouble::Missing;
    for (candidate, path) in (0..).zip(&wanted.candidates) {
        match try_candidate(root, path, candidate, wanted.directories) {
            Ok(found) => return found,
            Err(Trouble::Missing) => {}
            Err(Trouble::Forbidden) => trouble = Trouble::Forbidden,
            Err(worse) => {
                trouble = worse;
                break;
            }
        }
    }
    for (candidate, fallback) in (0..).zip(&wanted.fallbacks) {
        if fallback.after == trouble
            && let Ok(file) = root.open_file(beneath(&fallback.path))
        {
            return found(file, candidate, Some(trouble));
        }
    }
    (Found::Nothing(trouble), None)
}

fn try_candidate(
    root: Root<'_>,
    path: &str,
    candidate: u32,
    directories: Directories,
) -> Result<(Found, Option<OpenFile>), Trouble> {
    let path = beneath(path);
    let Some(path) = path.strip_suffix('/').or(path.is_empty().then_some("")) else {
        return Ok(found(root.open_file(path)?, candidate, None));
    };
    let Entries { list, complete } = match directories {
        Directories::Read => entries::read(root, path)?,
        Directories::Find => {
            root.find_directory(path)?;
            Entries { list: Vec::new(), complete: true }
        }
        Directories::Forbid => {
            root.find_directory(path)?;
            return Err(Trouble::Forbidden);
        }
    };
    Ok((Found::Directory(Listing { candidate, entries: list, complete }), None))
}

fn found(file: OpenFile, candidate: u32, after: Option<Trouble>) -> (Found, Option<OpenFile>) {
    let OpenFile { size, modified, .. } = file;
    (Found::File(File { candidate, size, modified, after }), Some(file))
}

/// The path relative to the root. A second slash would make it absolute again, which the host
/// refuses.
fn beneath(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}
