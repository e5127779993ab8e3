//! Guests to be swapped: editions of one component, which differ in a marker.

use std::fs;

use fixtures::EDITIONS;

use super::client::Response;
use super::control::SOCKET;
use super::server::Server;
use super::site::Site;

/// Where the marker begins.
const MARKER: &[u8] = b"EDITION:";

/// Its octets, and where in it the number and the behaviour are.
const MARKER_OCTETS: usize = 32;
const NUMBER: usize = 8;
const BEHAVIOUR: usize = 23;

/// Editions up to this number have a file of their own.
const NUMBER_MAX: u32 = 4;

/// A component. `behaviour` is how it behaves, at which requests and in which function, and may end
/// in letters that mean nothing: see `tests/fixtures/editions/src/marker.rs`.
pub fn edition(number: u32, behaviour: &str) -> Vec<u8> {
    let mut component = fs::read(EDITIONS).expect("the fixture that was built");
    let places: Vec<usize> = memchr::memmem::find_iter(&component, MARKER).collect();
    let [place] = places[..] else { panic!("the marker is at {places:?}") };
    let marker = &mut component[place..place + MARKER_OCTETS];
    marker[NUMBER..NUMBER + 4].copy_from_slice(format!("{number:04}").as_bytes());
    marker[BEHAVIOUR..BEHAVIOUR + behaviour.len()].copy_from_slice(behaviour.as_bytes());
    component
}

/// A site with a file for each edition, whose guest is `guest.wasm`: edition 1.
pub fn editions() -> Site {
    let site = Site::new().file("www/folder/a.txt", "a\n").edition("guest.wasm", 1, "");
    (1..=NUMBER_MAX)
        .fold(site, |site, number| site.file(&format!("www/edition-{number:04}.txt"), file(number)))
}

/// What is in the file of an edition.
fn file(number: u32) -> String {
    format!("edition {number:04}\n")
}

impl Site {
    /// Adds an edition of the guest.
    pub fn edition(self, name: &str, number: u32, behaviour: &str) -> Site {
        self.file(name, edition(number, behaviour))
    }

    /// Starts the server with `guest.wasm` and a control socket.
    pub fn serve_editions(self, lines: &str) -> Server {
        self.serve(&format!("parameter guest guest.wasm\nparameter control {SOCKET}\n{lines}"))
    }
}

impl Response {
    /// The edition that answered, which parsed and responded. Of an edition's own file the content
    /// is looked at, too.
    pub fn edition(&self) -> u32 {
        assert_eq!(self.status, 200, "{self:?}");
        let number: u32 = self.needs("X-Respond").parse().unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!(self.needs("X-Parse"), (number % 8).to_string(), "mixed: {self:?}");
        if self.content.starts_with(b"edition ") && !self.content.ends_with(b"at once\n") {
            assert_eq!(self.text(), file(number), "mixed: {self:?}");
        }
        number
    }
}
