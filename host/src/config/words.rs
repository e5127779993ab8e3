//! Splitting a line of web.conf into words.

/// The words of `line`: split on blanks; `"a b"` is one word, with `\"` and `\\` inside; `#` at the
/// start of a word begins a comment.
///
/// # Errors
/// What is wrong with the quoting, for a diagnostic.
pub fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '#' => break,
            '"' => {
                let (word, after) = quoted(&rest[1..])?;
                words.push(word);
                rest = after;
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                words.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
        }
        rest = rest.trim_start();
    }
    Ok(words)
}

/// A word up to its closing quote, and what stands behind it.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut word = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = &text[at + 1..];
                if after.chars().next().is_some_and(|next| !next.is_whitespace()) {
                    return Err(
                        "a closing quote is followed by more of the word (try a blank after it)",
                    );
                }
                return Ok((word, after));
            }
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => word.push(escaped),
                _ => {
                    return Err("a backslash inside quotes stands only before \" or \\ (try \\\\)");
                }
            },
            _ => word.push(character),
        }
    }
    Err("a quote is opened and not closed (try \" at its end)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_on_blanks_and_comments_dropped() {
        assert_eq!(split("  host\ta  www # the site").unwrap(), ["host", "a", "www"]);
        assert_eq!(split("# all of it").unwrap(), [""; 0]);
        assert_eq!(split("a#b").unwrap(), ["a#b"]);
        assert_eq!(split("a\r").unwrap(), ["a"]);
    }

    #[test]
    fn quotes_keep_blanks_and_escapes() {
        assert_eq!(split(r#"host x "/srv/my site""#).unwrap(), ["host", "x", "/srv/my site"]);
        assert_eq!(split(r#""a \"b\" \\ #""#).unwrap(), [r#"a "b" \ #"#]);
        assert_eq!(split(r#""""#).unwrap(), [""]);
    }

    #[test]
    fn bad_quoting_is_an_error() {
        for line in [r#""a"#, r#""a"b"#, r#""a\n""#, r#""a\"#] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
