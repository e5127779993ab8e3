//! The state of one connection.

use super::response::{Frame, last_frame};
use super::streams::{State, Streams};
use super::{FRAME_CONTENT_OCTETS_MAX, PREFACE};
use crate::h1::{Scan, Scanner};
use crate::{Part, Request, Step, Timer};

/// Above this, what is in the output is sent before more is written.
const OUTPUT_BATCH_OCTETS: usize = 32 << 10;

/// `ID LENGTH` LF, at most.
const FRAME_HEAD_OCTETS_MAX: usize = 22;

/// A connection whose large bodies come from an `F`.
#[derive(Debug)]
pub struct Connection<F> {
    pub(super) streams: Streams<F>,
    /// Bytes received; those before `used` are dealt with.
    pub(super) input: Vec<u8>,
    pub(super) used: usize,
    /// Bytes to discard: a head that was refused.
    skip: usize,
    /// Bytes to send; those before `sent` are gone.
    pub(super) output: Vec<u8>,
    pub(super) sent: usize,
    /// The frame that is being written.
    pub(super) frame: Frame,
    pub(super) end_of_input: bool,
    /// What was received is no TOY/1: the connection ends.
    is_broken: bool,
}

/// What has arrived.
enum Arrived {
    /// Not enough.
    Part,
    Head {
        id: u32,
        head: std::ops::Range<usize>,
    },
    TooLong {
        id: u32,
        length: usize,
    },
    Broken,
}

/// What is next of a stream that is sending.
enum Next {
    /// It is in the output.
    Frame,
    Fill,
    End {
        octets_left: u64,
    },
}

impl<F> Connection<F> {
    /// A connection whose `input` begins with the preface.
    pub fn new(input: Vec<u8>) -> Connection<F> {
        Connection {
            streams: Streams::default(),
            input,
            used: PREFACE.len(),
            skip: 0,
            output: Vec::new(),
            sent: 0,
            frame: Frame::default(),
            end_of_input: false,
            is_broken: false,
        }
    }

    pub(super) fn next_step(&mut self, head_octets_max: usize) -> Step<'_, F> {
        while !self.is_broken && self.output.len() - self.sent < OUTPUT_BATCH_OCTETS {
            self.compact_output();
            match self.next_request(head_octets_max) {
                Some((stream, Some(request))) => return Step::Handle { stream, request },
                Some((stream, None)) => {
                    return Step::RefuseHead { stream, in_request_line: false };
                }
                None if self.is_broken => break,
                None => {}
            }
            let Some(stream) = self.streams.sending.pop_front() else { break };
            match self.next_frame(stream) {
                Next::Frame => {}
                Next::Fill => return self.fill(stream),
                Next::End { octets_left } => return Step::End { stream, octets_left },
            }
        }
        if self.sent < self.output.len() {
            let is_last = self.is_broken;
            return Step::Send { octets: &self.output[self.sent..], then: None, is_last };
        }
        let is_waiting = self.streams.all().next().is_some();
        match (self.is_broken, self.end_of_input) {
            (true, _) => Step::Close,
            (false, true) if !is_waiting => Step::Close,
            (false, true) => Step::Wait,
            (false, false) if self.streams.is_full() => Step::Wait,
            (false, false) => {
                self.input.drain(..self.used);
                self.used = 0;
                Step::Read
            }
        }
    }

    /// A request that has arrived: its stream, and what is known of it unless it is refused.
    fn next_request(&mut self, head_octets_max: usize) -> Option<(u32, Option<Request>)> {
        let skipped = self.skip.min(self.input.len() - self.used);
        self.skip -= skipped;
        self.used += skipped;
        if self.streams.is_full() || self.skip > 0 {
            return None;
        }
        match self.arrived(head_octets_max) {
            Arrived::Part => {}
            Arrived::Head { id, head } => {
                let octets = self.input[head.clone()].to_vec();
                self.used = head.end;
                match Scanner::new(0).scan(&octets, head_octets_max) {
                    Scan::Complete(request) => {
                        return Some((self.streams.open(id, octets), Some(request)));
                    }
                    _ => self.is_broken = true,
                }
            }
            Arrived::TooLong { id, length } => {
                self.skip = length;
                return Some((self.streams.open(id, Vec::new()), None));
            }
            Arrived::Broken => self.is_broken = true,
        }
        None
    }

    fn arrived(&mut self, head_octets_max: usize) -> Arrived {
        let input = &self.input[self.used..];
        let Some(line) = input.iter().take(FRAME_HEAD_OCTETS_MAX).position(|o| *o == b'\n') else {
            return match input.len() < FRAME_HEAD_OCTETS_MAX {
                true => Arrived::Part,
                false => Arrived::Broken,
            };
        };
        let Some((id, length)) = numbers(&input[..line]) else { return Arrived::Broken };
        if self.streams.all().any(|stream| stream.id == id) {
            return Arrived::Broken;
        }
        let start = self.used + line + 1;
        if length > head_octets_max {
            self.used = start;
            return Arrived::TooLong { id, length };
        }
        match start + length <= self.input.len() {
            true => Arrived::Head { id, head: start..start + length },
            false => Arrived::Part,
        }
    }

    /// What is next of a stream that is sending, which goes to the back of the queue behind it.
    fn next_frame(&mut self, number: u32) -> Next {
        let stream = self.streams.at_mut(number);
        let (octets_left, id) = (stream.octets_left().unwrap_or(0), stream.id);
        let next = match &mut stream.state {
            State::Sending(body) => match body.part(FRAME_CONTENT_OCTETS_MAX) {
                Some(Part::File(_)) => Next::Fill,
                Some(Part::Octets(octets)) => {
                    let (frame, length) = (Frame::begin(&mut self.output, id), octets.len());
                    self.output.extend_from_slice(octets);
                    frame.end(&mut self.output);
                    body.took(length);
                    Next::Frame
                }
                None => Next::End { octets_left },
            },
            _ => Next::End { octets_left },
        };
        if matches!(next, Next::End { .. }) {
            last_frame(&mut self.output, id, octets_left == 0);
            self.streams.end(number);
        } else {
            self.streams.sending.push_back(number);
        }
        next
    }

    /// Has the next frame filled from the file.
    fn fill(&mut self, number: u32) -> Step<'_, F> {
        let stream = self.streams.at_mut(number);
        self.frame = Frame::begin(&mut self.output, stream.id);
        let State::Sending(body) = &mut stream.state else { unreachable!("by next_frame") };
        let Some(Part::File(range)) = body.part(FRAME_CONTENT_OCTETS_MAX) else {
            unreachable!("by next_frame")
        };
        Step::Fill { stream: number, range, output: &mut self.output }
    }

    /// A range is in the output behind the head of its frame, or is not to be had.
    pub(super) fn filled_frame(&mut self, number: u32, whole: bool) {
        let stream = self.streams.at_mut(number);
        let State::Sending(body) = &mut stream.state else { unreachable!("by fill") };
        if whole {
            body.took(self.frame.content_octets(&self.output));
            self.frame.end(&mut self.output);
        } else {
            stream.state = State::Failed(body.octets_left());
            self.frame.take_back(&mut self.output);
        }
    }

    /// What was sent makes room, so that an output that is never sent to its end does not grow.
    fn compact_output(&mut self) {
        if self.sent >= OUTPUT_BATCH_OCTETS {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
    }

    pub(super) fn timer_now(&self) -> Timer {
        if self.sent < self.output.len() || !self.streams.sending.is_empty() {
            return Timer::Send;
        }
        if self.streams.all().next().is_some() {
            return Timer::Answer;
        }
        match self.used == self.input.len() {
            true => Timer::Idle,
            false => Timer::Head,
        }
    }
}

/// `ID LENGTH`.
fn numbers(line: &[u8]) -> Option<(u32, usize)> {
    let (id, length) = str::from_utf8(line).ok()?.split_once(' ')?;
    Some((id.parse().ok()?, length.parse().ok()?))
}
