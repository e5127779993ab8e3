//! Frames, and responses in them.

use std::io::Write as _;

use super::FRAME_CONTENT_OCTETS_MAX;
use crate::{After, CommonFields, Request, Response, Writer, h1};

/// Digits of a length that is known when the frame is complete.
const LENGTH_DIGITS: usize = 10;

/// A frame that is being written: where it starts in the output, and where its content does.
#[derive(Debug, Default)]
pub(super) struct Frame {
    start: usize,
    content: usize,
}

impl Frame {
    /// Begins a frame at the end of `output`.
    pub fn begin(output: &mut Vec<u8>, id: u32) -> Frame {
        let start = output.len();
        let _ = writeln!(output, "{id} {:0LENGTH_DIGITS$}", 0);
        Frame { start, content: output.len() }
    }

    /// Bytes of content so far.
    pub fn content_octets(&self, output: &[u8]) -> usize {
        output.len() - self.content
    }

    /// All that is behind its head is its content.
    pub fn end(&self, output: &mut [u8]) {
        let length = format!("{:0LENGTH_DIGITS$}", self.content_octets(output));
        output[self.content - 1 - LENGTH_DIGITS..self.content - 1]
            .copy_from_slice(length.as_bytes());
    }

    /// Takes it back.
    pub fn take_back(&self, output: &mut Vec<u8>) {
        output.truncate(self.start);
    }
}

/// The response ends: whole, or given up.
pub(super) fn last_frame(output: &mut Vec<u8>, id: u32, whole: bool) {
    let _ = writeln!(output, "{id} {}", if whole { "0" } else { "-1" });
}

/// Appends the first frame of a response, which is completed when that is answered.
#[derive(Debug)]
pub struct ResponseWriter<'a> {
    pub(super) output: &'a mut Vec<u8>,
    pub(super) frame: &'a Frame,
}

impl Writer for ResponseWriter<'_> {
    fn head<F>(
        &mut self,
        request: &Request,
        response: &Response<F>,
        _: After,
        common: &CommonFields,
    ) -> u64 {
        let after = After::KeepAlive { skip: 0 };
        h1::ResponseWriter::new(self.output).head(request, response, after, common)
    }

    fn content_octets_max(&self) -> u64 {
        FRAME_CONTENT_OCTETS_MAX as u64
    }

    fn content(&mut self) -> &mut Vec<u8> {
        self.output
    }

    fn take_back(self) {
        self.frame.take_back(self.output);
    }
}
