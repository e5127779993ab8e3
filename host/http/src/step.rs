//! What a connection wants done next, and what becomes of it.

use crate::{FileRange, Request, RequestContent};

/// The stream of a connection that has one at a time.
pub const ONLY_STREAM: u32 = 0;

/// What to do next. The functions named are those of the connection that said so.
#[derive(Debug)]
pub enum Step<'a, F> {
    /// Wait for octets, append them to `input`, and call `received`.
    Read,
    /// A whole head is here: write an answer to it and call `answered`, or
    /// `wait` if that is not possible yet.
    Handle {
        /// Numbers the request among those of the connection that have not ended. A number is used
        /// again when its request has ended.
        stream: u32,
        /// What is known of it.
        request: Request,
    },
    /// Wait until an answer can be written, and call `resume`.
    Wait,
    /// The head is longer than allowed: write an answer that refuses it and call
    /// `refused`.
    RefuseHead {
        /// As for [`Step::Handle`].
        stream: u32,
        /// Not even the request-line has ended.
        in_request_line: bool,
    },
    /// Send these octets and call `sent`.
    Send {
        /// At least one.
        octets: &'a [u8],
        /// What the next step will be to send, which may go out together with the octets.
        then: Option<FileRange<'a, F>>,
        /// Behind the octets, and what is sent `then`, the next step is to shut down or to close:
        /// the end of the connection may go out together with them.
        is_last: bool,
    },
    /// Send octets of the file and call `streamed`: the content of [`ONLY_STREAM`], which is framed
    /// by its length alone.
    Stream(FileRange<'a, F>),
    /// Append the whole range to the output and call `filled`: content of a response that goes out
    /// in frames.
    Fill {
        /// The response's.
        stream: u32,
        /// At least one byte.
        range: FileRange<'a, F>,
        /// Ends with the head of a frame, which counts on the range.
        output: &'a mut Vec<u8>,
    },
    /// Forget the stream: its response is in the output, or given up. Only of responses that had a
    /// body and go out in frames.
    End {
        /// The response's. Its number may be used again.
        stream: u32,
        /// Bytes of content that do not go out.
        octets_left: u64,
    },
    /// The client speaks another protocol: go on with that, and the input. Only the first step but
    /// for reading says so.
    Switch,
    /// Shut down the sending side, then ask again.
    ShutDown,
    /// Wait for octets, forget them, and call `received`.
    Discard,
    /// Close the socket. There is nothing after this step.
    Close,
}

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The next head is read, behind this many octets of request content.
    KeepAlive {
        /// Octets of content to discard.
        skip: u64,
    },
    /// The connection is closed in stages.
    Close,
    /// The connection is closed without lingering, unless there is input that has not been used:
    /// the client has said that nothing more comes, so no reset can destroy the answer.
    CloseAtOnce,
}

impl After {
    /// What follows when a guest wants the connection to go on behind `skip` bytes of request
    /// content, or to end where that is none: it goes on only if the framing of the head, which the
    /// host has seen for itself, agrees.
    #[inline]
    pub fn agreed(skip: Option<u64>, content: RequestContent) -> After {
        match (skip, content) {
            (Some(skip), RequestContent::Length(length)) if skip == length => {
                After::KeepAlive { skip }
            }
            _ => After::Close,
        }
    }
}

/// The time limit that applies to a connection as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Nothing of the next request has arrived.
    Idle,
    /// A head, or content that is skipped, has arrived in part.
    Head,
    /// A request waits for its answer: what it waits for is limited in time, not the connection.
    Answer,
    /// Octets wait to be sent.
    Send,
    /// The peer has been told that nothing more comes.
    Linger,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9112_9_3_persistence_needs_framing_that_agrees() {
        let known = RequestContent::Length;
        assert_eq!(After::agreed(Some(0), known(0)), After::KeepAlive { skip: 0 });
        assert_eq!(After::agreed(Some(7), known(7)), After::KeepAlive { skip: 7 });
        assert_eq!(After::agreed(Some(0), known(7)), After::Close);
        assert_eq!(After::agreed(Some(7), known(0)), After::Close);
        assert_eq!(After::agreed(Some(0), RequestContent::Unclear), After::Close);
        assert_eq!(After::agreed(None, known(0)), After::Close);
    }
}
