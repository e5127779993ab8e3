//! A guest of a few kilobytes, made as a test wants it.

/// What becomes of `tests/fixtures/tiny.wat`.
#[derive(Clone)]
pub struct Tiny {
    text: String,
}

/// Each place of the text that tests may fill, and what is there otherwise.
const PLACES: [(&str, &str); 7] = [
    ("{import}", ""),
    ("{pages}", "1"),
    ("{start}", ""),
    ("{configure}", ""),
    ("{settings}", ""),
    ("{parse}", ""),
    ("{respond}", ""),
];

impl Tiny {
    pub fn new() -> Tiny {
        Tiny { text: include_str!("../fixtures/tiny.wat").into() }
    }

    /// Puts instructions, or whatever belongs there, into a place.
    pub fn with(self, place: &str, text: &str) -> Tiny {
        let place = format!("{{{place}}}");
        assert!(PLACES.iter().any(|(known, _)| *known == place), "no place {place}");
        Tiny { text: self.text.replace(&place, text) }
    }

    /// Replaces any other text.
    pub fn replacing(self, old: &str, new: &str) -> Tiny {
        assert!(self.text.contains(old), "{old} is not in tiny.wat");
        Tiny { text: self.text.replace(old, new) }
    }

    /// The component's text.
    pub fn text(self) -> String {
        PLACES.iter().fold(self.text, |text, (place, default)| text.replace(place, default))
    }

    /// The component.
    pub fn component(self) -> Vec<u8> {
        wat::parse_str(self.text()).unwrap_or_else(|error| panic!("tiny.wat: {error}"))
    }
}
