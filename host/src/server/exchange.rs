//! A request on its way to an answer, and how that is written.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::content;
use super::orders::Publication;
use super::record::Seen;
use super::words::octets_as_text;
use crate::files::{OpenFile, Trouble};
use crate::http::{After, Answer, Body, Content, Framing, Request, ends_with_fields};
use crate::sandbox::contract;

/// Content of an open file up to this size is read into the output and goes out with its head in
/// one call; larger content is streamed from the file, in octets.
const SMALL_CONTENT_OCTETS_MAX: u64 = 32 << 10;

/// Content in memory is copied into the output up to this size, and else sent from where it is, in
/// octets.
const COPIED_CONTENT_OCTETS_MAX: u64 = 4 << 10;

/// A request, and what is known of it besides its octets.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    pub head: &'a [u8],
    pub request: &'a Request,
    pub peer: IpAddr,
    pub now: Instant,
    /// The server is stopping: every answer ends its connection.
    pub stopping: bool,
}

/// The guest that handles a request, from its first call to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Serving,
    Other,
}

/// A request on its way to an answer.
pub struct Exchange<'a> {
    pub incoming: Incoming<'a>,
    /// What it began with, if that was in an earlier turn.
    pub began: Option<Arc<Publication>>,
    pub by: By,
    /// What was found for it, once something was.
    pub seen: Seen,
    /// As the guest gets it.
    pub head: Cow<'a, str>,
    pub output: &'a mut Vec<u8>,
    /// Where the answer starts in the output.
    pub start: usize,
    /// What was found first had been rewritten.
    pub looked_again: bool,
}

impl<'a> Exchange<'a> {
    /// `incoming`, to be handled `by` a guest, its answer appended to `output`.
    pub fn new(
        incoming: Incoming<'a>,
        began: Option<Arc<Publication>>,
        by: By,
        output: &'a mut Vec<u8>,
    ) -> Exchange<'a> {
        let head = octets_as_text(incoming.head);
        let start = output.len();
        Exchange {
            incoming,
            began,
            by,
            seen: Seen::Unasked,
            head,
            start,
            output,
            looked_again: false,
        }
    }

    /// Writes the head of an answer, and its content if that is small.
    ///
    /// # Errors
    /// When the file is not what the head says. There may be a part of an answer in the output.
    pub fn write(
        &mut self,
        response: contract::Response,
        file: Option<OpenFile>,
        after: After,
        common: &Framing,
    ) -> Result<Answered, Trouble> {
        let request = self.incoming.request;
        let after = if self.incoming.stopping { After::Close } else { after };
        let status = response.status;
        let length = content::length(&response.content);
        let ends = ends_with_fields(status);
        let answer = Answer {
            status,
            fields: &response.fields,
            content_length: (!ends).then_some(length),
            persistent: matches!(after, After::KeepAlive { .. }),
            is_http_1_0: request.is_http_1_0,
        };
        answer.write_head(common, self.output);
        let mut answered =
            Answered { after, body: None, status, content_octets: 0, looked_at: false };
        if request.is_head || ends || length == 0 {
            return Ok(answered);
        }
        answered.content_octets = length;
        let copied = |file: &OpenFile| match file.is_in_memory() {
            true => COPIED_CONTENT_OCTETS_MAX,
            false => SMALL_CONTENT_OCTETS_MAX,
        };
        match file {
            Some(file) if length > copied(&file) => {
                answered.looked_at = self.look_at(&file)?;
                answered.body = content::body(file, response.content, self.output);
            }
            Some(file) => {
                content::write(response.content, Some(&file), self.output)?;
                self.look_at(&file)?;
            }
            None => content::write(response.content, None, self.output)?,
        }
        Ok(answered)
    }

    /// Looks whether a file is what it was when it was opened, perhaps a while ago. Not if that was
    /// for this request alone: then it had been rewritten, perhaps as all the time, and there is an
    /// answer all the same.
    fn look_at(&self, file: &OpenFile) -> Result<bool, Trouble> {
        if self.looked_again {
            return Ok(false);
        }
        if file.is_unchanged() { Ok(true) } else { Err(Trouble::Failed) }
    }
}

/// An answer that is in the output, but for its body.
pub struct Answered {
    pub after: After,
    pub body: Option<Body<OpenFile>>,
    pub status: u16,
    /// Octets of content, those of the body included.
    pub content_octets: u64,
    /// The file that the body comes from has just been looked at.
    pub looked_at: bool,
}

/// What becomes of the connection: what the guest says, if the head's framing allows it.
pub fn after(persistence: &contract::Persistence, content: Content) -> After {
    match (persistence, content) {
        (contract::Persistence::KeepAlive(skip), Content::Length(length)) if *skip == length => {
            After::KeepAlive { skip: length }
        }
        _ => After::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Persistence;

    #[test]
    fn rfc9112_9_3_persistence_needs_framing_that_agrees() {
        let keep = |octets| Persistence::KeepAlive(octets);
        assert_eq!(after(&keep(0), Content::Length(0)), After::KeepAlive { skip: 0 });
        assert_eq!(after(&keep(7), Content::Length(7)), After::KeepAlive { skip: 7 });
        assert_eq!(after(&keep(0), Content::Length(7)), After::Close);
        assert_eq!(after(&keep(7), Content::Length(0)), After::Close);
        assert_eq!(after(&keep(0), Content::Unclear), After::Close);
        assert_eq!(after(&Persistence::Close, Content::Length(0)), After::Close);
    }
}
