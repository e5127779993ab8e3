//! How a request is named where it is not at hand.

/// A request of a worker: the key of its connection, and the number of its stream there. What is
/// done beside the loop comes back under this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey {
    /// Names the connection to the worker.
    pub connection: usize,
    /// Names the stream to the connection: in HTTP/1.1 always the same.
    pub stream: u32,
}
