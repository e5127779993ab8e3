//! Why a request is answered without a look at the files, by cause.

/// The reason for which a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It does not match the grammar, or two recipients could read it differently (RFC 9112,
    /// sections 2.2, 3, 5 and 6.3).
    Malformed,
    /// Its method is known, but not for these resources (RFC 9110, section 15.5.6).
    MethodNotAllowed,
    /// It expects what no server knows (RFC 9110, section 10.1.1).
    Expectation,
    /// It asks for a secure origin over a connection that is not secure (RFC 9110, section 7.4).
    Misdirected,
    /// Its method is unknown (RFC 9110, section 15.6.2).
    MethodUnknown,
    /// Its content has a transfer coding other than chunked (RFC 9112, section 6.1).
    CodingUnknown,
    /// It is of another major version of HTTP (RFC 9110, section 15.6.6).
    Version,
}

impl Refusal {
    /// The status code that says so.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::MethodNotAllowed => 405,
            Self::Expectation => 417,
            Self::Misdirected => 421,
            Self::MethodUnknown | Self::CodingUnknown => 501,
            Self::Version => 505,
        }
    }
}
