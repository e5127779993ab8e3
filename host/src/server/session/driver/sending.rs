//! Sending what a protocol wants sent, or reading it to be sent.

use wasmhttpd_http::FileRange;

use crate::files::OpenFile;
use crate::transport::{Sent, Transport};

/// Bytes more, if the file ends with them: what is left of it would have a turn of its own else.
const TURN_REST_OCTETS_MAX: u64 = 32 << 10;

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

/// Appends the whole range to `output`, unless its file has changed or cannot be read. A file that
/// was not `looked_at` in this turn is looked at behind it. What is read is taken from what there
/// is `left` of this turn.
pub(super) fn fill(
    range: FileRange<'_, OpenFile>,
    output: &mut Vec<u8>,
    looked_at: &mut bool,
    left: &mut u64,
) -> bool {
    let FileRange { file, offset, length } = range;
    *left = left.saturating_sub(length);
    let is_read = file.read(offset, length as usize, output).is_ok();
    let is_whole = is_read && (std::mem::replace(looked_at, true) || file.is_unchanged());
    if !is_whole {
        tracing::debug!("a file could not be sent to its end: response given up");
    }
    is_whole
}
