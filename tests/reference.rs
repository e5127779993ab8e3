//! The guest's reader of heads against the reference's, which shares no code with it.

use fuzzing::differential::{self, Agreed};
use fuzzing::mutation::{self, Mutator};
use wasmhttpd_guest::site::Site;

/// Mutated heads to compare.
const HEADS: usize = 200_000;

/// Compares the readings; returns whether the head is accepted.
#[track_caller]
fn accepts(site: &mut Site, head: &[u8], secure: bool) -> bool {
    let agreed = differential::compare(site, head, secure);
    agreed.unwrap_or_else(|difference| panic!("{difference}")) == Agreed::Accepted
}

#[test]
fn the_heads_of_the_cases_are_read_alike() {
    let mut site = Site::default();
    let heads = mutation::heads();
    assert!(heads.len() > 500, "{} heads", heads.len());
    let accepted = heads.iter().filter(|head| accepts(&mut site, head, false)).count();
    assert!(accepted > heads.len() / 4, "{accepted} of {} accepted", heads.len());
}

/// The heads are the same in every run. For some an `https` target is not misdirected.
#[test]
fn mutated_heads_are_read_alike() {
    let mut site = Site::default();
    let mut mutator = Mutator::new(0x5eed_0003);
    let accepted = (0..HEADS).filter(|n| accepts(&mut site, &mutator.head(), n % 4 == 0)).count();
    assert!((HEADS / 10..HEADS * 9 / 10).contains(&accepted), "{accepted} accepted");
}

/// The guest took a quote in Connection for the beginning of a string that hid `close`.
#[test]
fn a_quote_hides_no_connection_option() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: \"x, close\r\n\r\n";
    assert!(accepts(&mut Site::default(), head.as_bytes(), false));
}

/// The reference refused what is not UTF-8 before it removed dot segments: what is removed is no
/// part of a name.
#[test]
fn a_segment_that_is_removed_need_not_be_utf_8() {
    let head = "GET //a/%ff/./..//b/ HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(accepts(&mut Site::default(), head.as_bytes(), false));
}
