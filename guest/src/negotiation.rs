//! What a client would rather have (RFC 9110, section 12): a content coding, a media type.
//!
//! The fields are read only where the site has something to choose from.

use crate::field;

/// A content coding that a file may be kept in, beside the file itself (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstandard,
    /// gzip (RFC 1952).
    Gzip,
    /// The file as it is.
    Identity,
}

impl Coding {
    /// What the file's name has behind it.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// Its name in Content-Encoding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// The longest suffix of a coding.
pub const SUFFIX_OCTETS_MAX: usize = 4;

/// How many codings there are.
pub const CODINGS: usize = 4;

/// The codings to try for a client, in its order and then in ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codings {
    order: [Coding; CODINGS],
    count: u8,
    /// Whether the client takes the file as it is.
    pub identity: bool,
}

impl Codings {
    /// Nothing but the file as it is.
    pub const IDENTITY: Self =
        Self { order: [Coding::Identity; CODINGS], count: 1, identity: true };

    /// What is to be tried. The file as it is always is among it: that it exists decides between
    /// 404 and 406.
    pub fn order(&self) -> &[Coding] {
        &self.order[..usize::from(self.count)]
    }

    /// Reads the lines of Accept-Encoding (section 12.5.3).
    pub fn read<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut identity, mut any) = (None, None);
        let mut codings = [(Coding::Brotli, None), (Coding::Zstandard, None), (Coding::Gzip, None)];
        for member in lines.flat_map(field::members) {
            let Some((name, weight)) = weighted(member) else { continue };
            let known = match name {
                b"*" => &mut any,
                name if name.eq_ignore_ascii_case(b"br") => &mut codings[0].1,
                name if name.eq_ignore_ascii_case(b"zstd") => &mut codings[1].1,
                // 8.4.1.3: x-gzip is the same.
                name if name.eq_ignore_ascii_case(b"gzip")
                    || name.eq_ignore_ascii_case(b"x-gzip") =>
                {
                    &mut codings[2].1
                }
                name if name.eq_ignore_ascii_case(b"identity") => &mut identity,
                _ => continue,
            };
            *known = Some(weight);
        }
        // Behind all others, where nothing is said of it; forbidden only where that is said.
        let allowed = identity.or(any) != Some(0);
        let ranked = codings.map(|(coding, weight)| (coding, weight.or(any).unwrap_or(0)));
        Self::ranked(ranked, identity.unwrap_or(0), allowed)
    }

    fn ranked(mut codings: [(Coding, u16); CODINGS - 1], weight: u16, identity: bool) -> Self {
        // The heaviest first, the others in the order given: three, for which a sort would be too
        // much code.
        for (left, right) in [(0, 1), (1, 2), (0, 1)] {
            if codings[left].1 < codings[right].1 {
                codings.swap(left, right);
            }
        }
        let mut ranked = Self { order: [Coding::Identity; CODINGS], count: 0, identity };
        let better = |other: u16| other > 0 && (other >= weight || !identity);
        let worse = |other: u16| other > 0 && !better(other);
        let mut push = |coding| {
            ranked.order[usize::from(ranked.count)] = coding;
            ranked.count += 1;
        };
        codings.iter().filter(|coding| better(coding.1)).for_each(|coding| push(coding.0));
        push(Coding::Identity);
        codings.iter().filter(|coding| worse(coding.1)).for_each(|coding| push(coding.0));
        ranked
    }
}

/// Whether a client would rather have JSON than HTML, by the lines of its Accept (section 12.5.1).
/// When it has no wish, or the same for both, it is HTML.
pub fn prefers_json<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    // For each type the weight of the range that names it most closely: itself, its group, or all.
    let (mut html, mut json) = ((0, 0), (0, 0));
    for member in lines.flat_map(field::members) {
        let Some((range, weight)) = weighted(member) else { continue };
        let is = |text: &[u8]| range.eq_ignore_ascii_case(text);
        let take = |wish: &mut (u8, u16), closeness| {
            if closeness >= wish.0 {
                *wish = (closeness, weight);
            }
        };
        if is(b"*/*") {
            take(&mut html, 1);
            take(&mut json, 1);
        } else if is(b"text/*") {
            take(&mut html, 2);
        } else if is(b"application/*") {
            take(&mut json, 2);
        } else if is(b"text/html") {
            take(&mut html, 3);
        } else if is(b"application/json") {
            take(&mut json, 3);
        }
    }
    json.1 > html.1
}

/// A member of a list and its weight in thousandths (section 12.4.2): `name OWS ";" OWS "q=" 0.5`,
/// with other parameters between them passed over. None when it is malformed.
fn weighted(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut pieces = member.split(|&o| o == b';').map(field::trim);
    let name = pieces.next().filter(|name| !name.is_empty())?;
    let mut weight = 1_000;
    for piece in pieces {
        if let [b'q' | b'Q', b'=', value @ ..] = piece {
            weight = qvalue(value)?;
        }
    }
    Some((name, weight))
}

/// `( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`, in thousandths.
fn qvalue(text: &[u8]) -> Option<u16> {
    const DECIMALS_MAX: usize = 3;
    let [whole @ (b'0' | b'1'), rest @ ..] = text else { return None };
    let decimals = match rest {
        [] => rest,
        [b'.', decimals @ ..] if decimals.len() <= DECIMALS_MAX => decimals,
        _ => return None,
    };
    let mut weight = u16::from(whole - b'0');
    for at in 0..DECIMALS_MAX {
        let digit = decimals.get(at).copied().unwrap_or(b'0');
        weight = weight * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (weight <= 1_000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::Coding::{Brotli, Gzip, Identity, Zstandard};
    use super::*;

    #[track_caller]
    fn tries(lines: &[&str], order: &[Coding], identity: bool) {
        let codings = Codings::read(lines.iter().map(|line| line.as_bytes()));
        assert_eq!((codings.order(), codings.identity), (order, identity), "{lines:?}");
    }

    #[test]
    fn rfc9110_12_5_3_codings_that_are_named() {
        tries(&["gzip, deflate, br, zstd"], &[Brotli, Zstandard, Gzip, Identity], true);
        tries(&["gzip"], &[Gzip, Identity], true);
        tries(&["X-GZIP", "Br"], &[Brotli, Gzip, Identity], true);
        tries(&["deflate, compress"], &[Identity], true);
        tries(&[""], &[Identity], true);
        tries(&[], &[Identity], true);
    }

    #[test]
    fn rfc9110_12_4_2_weights() {
        tries(&["br;q=0.5, gzip;q=0.8, zstd;q=0.8"], &[Zstandard, Gzip, Brotli, Identity], true);
        tries(&["br;q=0, gzip"], &[Gzip, Identity], true);
        tries(&["br ; Q=0.001"], &[Brotli, Identity], true);
        tries(&["gzip;q=0.5, identity"], &[Identity, Gzip], true);
        tries(&["gzip;q=0.5, identity;q=0.5"], &[Gzip, Identity], true);
        tries(&["br, gzip;q=0.5, identity;q=0.7"], &[Brotli, Identity, Gzip], true);
    }

    #[test]
    fn rfc9110_12_5_3_asterisk_and_identity() {
        tries(&["*"], &[Brotli, Zstandard, Gzip, Identity], true);
        tries(&["*;q=0"], &[Identity], false);
        tries(&["*;q=0, identity"], &[Identity], true);
        tries(&["gzip, *;q=0"], &[Gzip, Identity], false);
        tries(&["identity;q=0"], &[Identity], false);
        tries(&["identity;q=0, gzip;q=0.1"], &[Gzip, Identity], false);
        tries(&["*;q=0.5, br;q=0"], &[Zstandard, Gzip, Identity], true);
        tries(&["identity;q=0, *;q=0.5, gzip"], &[Gzip, Brotli, Zstandard, Identity], false);
    }

    #[test]
    fn rfc9110_12_4_2_malformed_weights_are_passed_over() {
        for weight in ["1.1", "2", "0.1234", ".5", "", "-1", "0,5", "0.x", "1.001", "1 "] {
            let line = std::format!("gzip;q={weight}");
            if weight == "1 " {
                tries(&[&line], &[Gzip, Identity], true);
            } else if weight == "0,5" {
                tries(&[&line], &[Identity], true);
            } else {
                tries(&[&line, "br"], &[Brotli, Identity], true);
            }
        }
        for (weight, value) in [("0", 0), ("0.", 0), ("0.05", 50), ("1.", 1_000), ("1.000", 1_000)]
        {
            assert_eq!(qvalue(weight.as_bytes()), Some(value));
        }
        tries(&[";q=1, br"], &[Brotli, Identity], true);
    }

    #[test]
    fn rfc9110_12_5_1_media_types() {
        let json = |line: &str| prefers_json([line.as_bytes()].into_iter());
        for line in [
            "application/json",
            "application/json, */*;q=0.5",
            "application/*, text/html;q=0.9",
            "*/*;q=0.1, Application/JSON;v=1;q=0.2",
            "text/html;q=0, */*",
        ] {
            assert!(json(line), "{line}");
        }
        for line in [
            "",
            "*/*",
            "text/html, application/json",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=0, */*",
            "application/json;q=0.5, text/*",
            "image/png",
            "application/json;q=2",
        ] {
            assert!(!json(line), "{line}");
        }
        assert!(!prefers_json([].into_iter()));
    }
}
