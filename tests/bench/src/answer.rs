//! Heads of answers, and a receiver that checks answers as their octets arrive.

use anyhow::{bail, ensure};

/// Longest head of an answer that is waited for.
const HEAD_OCTETS_MAX: usize = 16 << 10;

/// What a head says of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Octets of content that follow, if the head says so.
    pub content_length: Option<u64>,
    /// Octets of the head itself, with the empty line.
    pub octets: usize,
}

impl Head {
    /// Reads the head that `octets` begin with; `None` as long as it has not arrived whole.
    ///
    /// # Errors
    /// When it is not the head of an HTTP/1 answer.
    pub fn parse(octets: &[u8]) -> anyhow::Result<Option<Head>> {
        let mut head = Head { status: 0, content_length: None, octets: 0 };
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            let Some(text) = line.strip_suffix(b"\r\n") else { break };
            if head.octets == 0 {
                head.status = status(text)?;
            } else if let Some(value) = value_of(b"Content-Length", text) {
                head.content_length = Some(number(value)?);
            }
            head.octets += line.len();
            if text.is_empty() {
                return Ok(Some(head));
            }
        }
        ensure!(octets.len() <= HEAD_OCTETS_MAX, "the head of an answer is longer than 16 KiB");
        Ok(None)
    }
}

fn status(line: &[u8]) -> anyhow::Result<u16> {
    let digits = line.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    match digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) {
        Some(status) => Ok(status),
        None => bail!("not a status line: {}", String::from_utf8_lossy(line)),
    }
}

fn number(value: &[u8]) -> anyhow::Result<u64> {
    let text = String::from_utf8_lossy(value);
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => bail!("not a Content-Length: {text}"),
    }
}

/// The value, if the line is the field of this name.
pub fn value_of<'a>(name: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// What every answer has to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// The status code.
    pub status: u16,
    /// Octets of content, where they are known.
    pub content_octets: Option<u64>,
}

/// What has arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Answers that are whole now.
    pub answers: u64,
    /// Octets of content.
    pub content_octets: u64,
}

/// Takes the octets of one connection as they arrive, and checks every answer. It does no I/O.
#[derive(Debug)]
pub struct Receiver {
    expected: Expected,
    /// The beginning of a head that has not arrived whole.
    partial: Vec<u8>,
    /// Octets of content still to come; 0 between two answers.
    content_left: u64,
}

impl Receiver {
    /// For a connection on which nothing has arrived.
    pub fn new(expected: Expected) -> Receiver {
        Receiver { expected, partial: Vec::new(), content_left: 0 }
    }

    /// Octets of content that come next: they may be discarded unread, see [`Receiver::skip`].
    pub fn content_left(&self) -> u64 {
        self.content_left
    }

    /// Takes what arrived next.
    ///
    /// # Errors
    /// When an answer is not what was expected.
    pub fn take(&mut self, octets: &[u8]) -> anyhow::Result<Arrived> {
        if self.partial.is_empty() {
            return self.read(octets);
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(octets);
        self.read(&joined)
    }

    /// Takes note that so many octets of content arrived and were discarded.
    pub fn skip(&mut self, octets: u64) -> Arrived {
        debug_assert!(0 < octets && octets <= self.content_left);
        self.content_left -= octets;
        Arrived { answers: u64::from(self.content_left == 0), content_octets: octets }
    }

    fn read(&mut self, mut octets: &[u8]) -> anyhow::Result<Arrived> {
        let mut arrived = Arrived::default();
        while !octets.is_empty() {
            if self.content_left > 0 {
                let content = self.content_left.min(octets.len() as u64);
                let skipped = self.skip(content);
                arrived.answers += skipped.answers;
                arrived.content_octets += skipped.content_octets;
                octets = &octets[content as usize..];
            } else if let Some(head) = Head::parse(octets)? {
                self.content_left = self.check(&head)?;
                arrived.answers += u64::from(self.content_left == 0);
                octets = &octets[head.octets..];
            } else {
                self.partial = octets.to_vec();
                break;
            }
        }
        Ok(arrived)
    }

    /// How many octets of content follow a head.
    fn check(&self, head: &Head) -> anyhow::Result<u64> {
        let Expected { status, content_octets } = self.expected;
        ensure!(head.status == status, "an answer has status {}, not {status}", head.status);
        let follow = match (head.status, head.content_length) {
            (304, _) => 0,
            (_, Some(octets)) => octets,
            (_, None) => bail!("an answer has no Content-Length"),
        };
        if let Some(octets) = content_octets {
            ensure!(follow == octets, "an answer has {follow} octets of content, not {octets}");
        }
        Ok(follow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length:  5 \r\nContent-Lengthy: 9\r\n\r\nhello";

    fn receiver(status: u16, content_octets: Option<u64>) -> Receiver {
        Receiver::new(Expected { status, content_octets })
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let octets = ANSWER.len() - 5;
        for end in 0..octets {
            assert_eq!(Head::parse(&ANSWER[..end]).expect("no error"), None, "{end}");
        }
        let head = Head { status: 200, content_length: Some(5), octets };
        assert_eq!(Head::parse(&ANSWER[..octets]).expect("a head"), Some(head));
        assert_eq!(Head::parse(ANSWER).expect("a head"), Some(head));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for wrong in [
            &b"\r\n"[..],
            b"HTTP/1.1 2x0 OK\r\n",
            b"HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n",
        ] {
            assert!(Head::parse(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn a_head_without_end_is_an_error_beyond_the_limit() {
        let mut octets = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
        octets.resize(HEAD_OCTETS_MAX, b'a');
        assert_eq!(Head::parse(&octets).expect("not yet"), None);
        octets.push(b'a');
        assert!(Head::parse(&octets).is_err());
    }

    #[test]
    fn answers_are_counted_wherever_they_are_split() {
        let two = [ANSWER, ANSWER].concat();
        for first in 0..=two.len() {
            for second in first..=two.len() {
                let mut receiver = receiver(200, Some(5));
                let mut sum = Arrived::default();
                for piece in [&two[..first], &two[first..second], &two[second..]] {
                    let arrived = receiver.take(piece).expect("two good answers");
                    sum.answers += arrived.answers;
                    sum.content_octets += arrived.content_octets;
                }
                assert_eq!(sum, Arrived { answers: 2, content_octets: 10 }, "{first} {second}");
                assert!(receiver.partial.is_empty() && receiver.content_left() == 0);
            }
        }
    }

    #[test]
    fn content_may_be_skipped() {
        let mut receiver = receiver(200, None);
        let head_and_one = &ANSWER[..ANSWER.len() - 4];
        let arrived = receiver.take(head_and_one).expect("a good answer");
        assert_eq!(arrived, Arrived { answers: 0, content_octets: 1 });
        assert_eq!(receiver.content_left(), 4);
        assert_eq!(receiver.skip(3), Arrived { answers: 0, content_octets: 3 });
        assert_eq!(receiver.skip(1), Arrived { answers: 1, content_octets: 1 });
    }

    #[test]
    fn what_was_not_expected_is_an_error() {
        let error = |mut receiver: Receiver, octets: &[u8]| {
            receiver.take(octets).expect_err("not what was expected").to_string()
        };
        assert_eq!(error(receiver(404, None), ANSWER), "an answer has status 200, not 404");
        assert_eq!(
            error(receiver(200, Some(6)), ANSWER),
            "an answer has 5 octets of content, not 6"
        );
        assert_eq!(
            error(receiver(200, None), b"HTTP/1.1 200 OK\r\n\r\n"),
            "an answer has no Content-Length"
        );
        assert!(error(receiver(200, Some(5)), &[ANSWER, b"more\r\n"].concat()).contains("more"));
    }

    #[test]
    fn a_304_has_no_content_whatever_its_length_says() {
        let mut receiver = receiver(304, Some(0));
        let answer = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1024\r\n\r\n";
        assert_eq!(receiver.take(answer).expect("no content").answers, 1);
        assert_eq!(receiver.take(b"HTTP/1.1 304 x\r\n\r\n").expect("no content").answers, 1);
    }
}
