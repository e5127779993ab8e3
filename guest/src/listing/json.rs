//! A listing for programs: `{"path", "entries": [{"name", "type", "size", "modified"}],
//! "complete"}`.

use super::text::push_json;
use super::{LISTING_OCTETS_MAX, Shown};
use crate::date;
use crate::field;
use alloc::string::String;

/// Enough for an entry, nearly always.
const ENTRY_OCTETS: usize = 128;

/// Writes the listing. `complete` stands at the end, when it is known.
pub fn write(shown: &Shown<'_>) -> String {
    let mut text = String::with_capacity((shown.entries.len() + 4) * ENTRY_OCTETS);
    text.push_str("{\"path\":");
    push_json(&mut text, shown.path);
    text.push_str(",\"entries\":[");
    let mut complete = shown.complete;
    for (number, entry) in shown.entries.iter().enumerate() {
        if text.len() > LISTING_OCTETS_MAX {
            complete = false;
            break;
        }
        text.push_str(if number == 0 { "\n{\"name\":" } else { ",\n{\"name\":" });
        push_json(&mut text, &entry.name);
        if entry.directory {
            text.push_str(",\"type\":\"directory\",\"modified\":\"");
        } else {
            text.push_str(",\"type\":\"file\",\"size\":");
            field::push_decimal(&mut text, entry.size);
            text.push_str(",\"modified\":\"");
        }
        date::push_rfc3339(&mut text, entry.modified.seconds);
        text.push_str("\"}");
    }
    text.push_str("],\n\"complete\":");
    text.push_str(if complete { "true}\n" } else { "false}\n" });
    text
}
