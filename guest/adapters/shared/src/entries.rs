//! The entries of a directory.

use wasip2::filesystem::types::{Descriptor, DescriptorStat, DescriptorType, ErrorCode, PathFlags};

use crate::bindings::handler::{Entry, Trouble};
use crate::folders::{Root, modified, trouble};

/// Names that are looked at in one directory, be they entries or not.
const NAMES_MAX: usize = 10_000;

/// What a directory holds.
#[derive(Default)]
pub struct Entries {
    /// In no particular order.
    pub list: Vec<Entry>,
    /// False when there are more.
    pub complete: bool,
}

/// Reads the directory at `path` beneath `root`. What is neither file nor directory is left out,
/// and so are names that are no text and links that lead to neither or out of the root.
///
/// # Errors
/// When the directory cannot be read, or something in it cannot be looked at.
pub fn read(root: Root<'_>, path: &str) -> Result<Entries, Trouble> {
    let directory = root.open_directory(path)?;
    let names = directory.read_directory().map_err(trouble)?;
    let mut entries = Entries::default();
    for _ in 0..NAMES_MAX {
        let name = match names.read_directory_entry() {
            Ok(Some(entry)) => entry.name,
            Ok(None) => return Ok(Entries { complete: true, ..entries }),
            // Removed since the directory was opened, or no text.
            Err(ErrorCode::NoEntry | ErrorCode::IllegalByteSequence) => continue,
            Err(error) => return Err(trouble(error)),
        };
        if let Some(stat) = look_at(root, path, &directory, &name)? {
            entries.list.extend(entry(name, &stat));
        }
    }
    entries.complete = matches!(names.read_directory_entry(), Ok(None));
    Ok(entries)
}

/// What is at `name`, or what a link there leads to.
fn look_at(
    root: Root<'_>,
    path: &str,
    directory: &Descriptor,
    name: &str,
) -> Result<Option<DescriptorStat>, Trouble> {
    let stat = directory.stat_at(PathFlags::empty(), name).map_err(trouble);
    let stat = match stat {
        Ok(stat) if stat.type_ == DescriptorType::SymbolicLink => {
            // From the root: a link may lead anywhere beneath it.
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            match root.stat(&path) {
                // Where it leads is out of reach, for a request as well.
                Err(Trouble::Forbidden) => return Ok(None),
                stat => stat,
            }
        }
        stat => stat,
    };
    match stat {
        Ok(stat) => Ok(Some(stat)),
        Err(Trouble::Missing) => Ok(None),
        Err(other) => Err(other),
    }
}

fn entry(name: String, stat: &DescriptorStat) -> Option<Entry> {
    let (directory, size) = match stat.type_ {
        DescriptorType::RegularFile => (false, stat.size),
        DescriptorType::Directory => (true, 0),
        _ => return None,
    };
    Some(Entry { name, directory, size, modified: modified(stat) })
}
