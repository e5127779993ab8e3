//! Sending what a protocol wants sent, and telling it what was.

use wasmhttpd_http::FileRange;

use super::{Did, Session, Shell};
use crate::files::OpenFile;
use crate::transport::{Sent, Transport};

/// Bytes more, if the file ends with them: what is left of it would have a turn of its own else.
const TURN_REST_OCTETS_MAX: u64 = 32 << 10;

impl Session {
    /// Bytes were sent: of `length` in the output, and of the body behind them.
    pub(super) fn sent(&mut self, sent: Sent, length: usize, shell: &mut Shell) -> Did {
        match sent {
            Sent::Octets(octets) => {
                self.protocol.sent(octets.min(length));
                if octets > length {
                    self.protocol.streamed((octets - length) as u64);
                    self.end_if_streamed(shell);
                }
                Did::Progress
            }
            Sent::WouldBlock => Did::Waits,
            Sent::PeerGone | Sent::FileFailed => Did::Over,
        }
    }

    /// Bytes of the body were sent; none are where the turn is used up.
    pub(super) fn streamed(&mut self, sent: Option<Sent>, shell: &mut Shell) -> Did {
        match sent {
            Some(Sent::Octets(octets)) => {
                self.protocol.streamed(octets as u64);
                self.end_if_streamed(shell);
                Did::Progress
            }
            Some(Sent::WouldBlock) => Did::Waits,
            Some(Sent::PeerGone) => Did::Over,
            Some(Sent::FileFailed) => {
                tracing::debug!("a file could not be sent to its end: connection closed");
                Did::Over
            }
            None => Did::UsedUp,
        }
    }

    /// If the response that was being streamed has come to its end, what is held back of it goes
    /// out, and it is told of.
    pub(super) fn end_if_streamed(&mut self, shell: &mut Shell) {
        if !self.protocol.is_streaming() {
            self.transport.end_content();
            self.end_stream(shell);
        }
    }

    /// Tells of the response that was being streamed, whole or not; to be called before a session
    /// is dropped.
    pub fn end_stream(&mut self, shell: &mut Shell) {
        if let Some(entry) = self.stream.entry.take() {
            let ended = entry.ended(self.protocol.body_octets_left().unwrap_or(0));
            shell.journal.ended(self.peer, shell.handler.common(), ended);
        }
    }
}

/// Sends what is in the output, and what is to be sent `then` as far as that goes out with it.
pub(super) fn send(
    transport: &mut Transport,
    octets: &[u8],
    then: Option<FileRange<'_, OpenFile>>,
    is_last: bool,
) -> Sent {
    match then {
        Some(range) => transport.send_with(octets, range, is_last),
        None => transport.send(octets, is_last),
    }
}

/// Sends what is next of a body, as much as there is `left` of this turn; none: nothing is. A file
/// that was not `looked_at` in this turn is looked at before.
pub(super) fn stream(
    transport: &mut Transport,
    range: FileRange<'_, OpenFile>,
    looked_at: bool,
    left: &mut u64,
) -> Option<Sent> {
    if !transport.is_writable() {
        return Some(Sent::WouldBlock);
    }
    if *left == 0 {
        return None;
    }
    let octets = if range.length <= *left + TURN_REST_OCTETS_MAX {
        range.length
    } else {
        *left = transport.whole_segments(*left);
        *left
    };
    if !looked_at && !range.file.is_unchanged() {
        // One that was rewritten in place is not what the head promised.
        tracing::debug!("a file changed while it was sent: connection closed");
        return Some(Sent::PeerGone);
    }
    let sent = transport.send_range(range, octets);
    if let Sent::Octets(sent) = sent {
        *left = left.saturating_sub(sent as u64);
    }
    Some(sent)
}
