//! A listing for people: a table, whose headings are links that sort it.

use super::order::{Key, Order};
use super::text::{push_html, push_size};
use super::{LISTING_OCTETS_MAX, Shown};
use crate::contract::Entry;
use crate::date;
use crate::field;
use crate::path;
use alloc::string::String;

const STYLE: &str = include_str!("style.css");

/// Enough for an entry, nearly always.
const ENTRY_OCTETS: usize = 192;

/// Writes the page.
pub fn write(shown: &Shown<'_>) -> String {
    let mut text = String::with_capacity(
        STYLE.len() + 1_536 + 4 * shown.path.len() + shown.entries.len() * ENTRY_OCTETS,
    );
    text.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Index of ");
    push_html(&mut text, shown.path);
    text.push_str("</title>\n<style>\n");
    text.push_str(STYLE);
    text.push_str("</style>\n</head>\n<body>\n<main>\n");
    push_path(&mut text, shown.path);
    push_headings(&mut text, shown.order);
    if shown.path.len() > 1 {
        text.push_str(
            "<tr><td><a class=\"d\" href=\"../\">Parent folder</a></td><td></td><td></td></tr>\n",
        );
    }
    let mut written = 0;
    for entry in &shown.entries {
        if text.len() > LISTING_OCTETS_MAX {
            break;
        }
        push_entry(&mut text, entry);
        written += 1;
    }
    text.push_str("</tbody>\n</table>\n");
    push_summary(
        &mut text,
        &shown.entries[..written],
        shown.complete && written == shown.entries.len(),
    );
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

/// The path, each folder on it a link.
fn push_path(text: &mut String, path: &str) {
    text.push_str("<h1><a href=\"/\">Home</a>");
    let mut end = 1;
    for name in path[1..].split_inclusive('/') {
        end += name.len();
        text.push_str(" / <a href=\"");
        path::push_escaped(text, &path[..end]);
        text.push_str("\">");
        push_html(text, name.trim_end_matches('/'));
        text.push_str("</a>");
    }
    text.push_str("</h1>\n");
}

fn push_headings(text: &mut String, order: Order) {
    text.push_str("<table>\n<thead>\n<tr>");
    for key in Key::ALL {
        let is_current = key == order.key;
        text.push_str(match (is_current, order.descending) {
            (false, _) => "<th scope=\"col\">",
            (true, false) => "<th scope=\"col\" aria-sort=\"ascending\">",
            (true, true) => "<th scope=\"col\" aria-sort=\"descending\">",
        });
        text.push_str("<a href=\"?sort=");
        text.push_str(key.word());
        text.push_str(if is_current && !order.descending {
            "&amp;order=desc\">"
        } else {
            "&amp;order=asc\">"
        });
        text.push_str(match key {
            Key::Name => "Name",
            Key::Size => "Size",
            Key::Modified => "Modified (UTC)",
        });
        text.push_str("</a></th>");
    }
    text.push_str("</tr>\n</thead>\n<tbody>\n");
}

fn push_entry(text: &mut String, entry: &Entry) {
    // A name may have a colon in it, which must not be taken for the end of a scheme.
    text.push_str(if entry.directory {
        "<tr><td><a class=\"d\" href=\"./"
    } else {
        "<tr><td><a href=\"./"
    });
    path::push_escaped(text, &entry.name);
    text.push_str(if entry.directory { "/\">" } else { "\">" });
    push_html(text, &entry.name);
    text.push_str("</a></td><td>");
    if !entry.directory {
        push_size(text, entry.size);
    }
    text.push_str("</td><td>");
    date::push_minute(text, entry.modified.seconds);
    text.push_str("</td></tr>\n");
}

/// How much is shown, and whether there is more.
fn push_summary(text: &mut String, entries: &[&Entry], complete: bool) {
    let directories = entries.iter().filter(|entry| entry.directory).count();
    text.push_str("<p>");
    push_count(text, directories, " folder", " folders");
    text.push_str(", ");
    push_count(text, entries.len() - directories, " file", " files");
    if !complete {
        text.push_str(". <strong>There are more than are listed here.</strong>");
    }
    text.push_str("</p>\n");
}

fn push_count(text: &mut String, count: usize, one: &str, many: &str) {
    field::push_decimal(text, count as u64);
    text.push_str(if count == 1 { one } else { many });
}
