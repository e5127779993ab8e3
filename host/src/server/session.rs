//! One connection of a worker.
//!
//! Owns the transport and the protocol that is spoken over it. `session/driver.rs` does what the
//! protocol's state machine says. What a session may do in one turn is bounded, so that no
//! connection keeps the others waiting.

mod driver;

use std::net::IpAddr;

use mio::event::Event;
use mio::{Registry, Token};
use wasmhttpd_http::{Buffers, Request, RequestContent, Timer, h1, toy};

use self::driver::Driver;
use super::handler::Handler;
use super::journal::Journal;
use super::reader::{Read, Reader};
use super::stream::Stream;
use crate::files::OpenFile;
use crate::transport::Transport;

/// See the module.
pub struct Session {
    link: Link,
    protocol: Protocol,
}

/// What a connection has whichever protocol it speaks.
struct Link {
    /// Names the connection to the worker.
    key: usize,
    transport: Transport,
    peer: IpAddr,
}

/// What a connection speaks. There is one choice in each call of a session, and none within it.
enum Protocol {
    /// HTTP/1.1 and HTTP/1.0.
    Http1(Driver<h1::Connection<OpenFile>, Stream>),
    /// TOY/1.
    Toy(Box<Driver<toy::Connection<OpenFile>, Vec<Stream>>>),
}

/// What a session needs to take a turn.
pub struct Shell {
    pub handler: Handler,
    pub reader: Reader,
    pub buffers: Buffers,
    pub journal: Journal,
    pub head_octets_max: usize,
    pub now: std::time::Instant,
    pub stopping: bool,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// An event, or the reader, will tell when there is more to do.
    Waits {
        /// The time limit starts anew: a request was answered, or bytes were sent.
        progress: bool,
    },
    /// There is more to do, after the others.
    UsedUp {
        /// See [`Turn::Waits`].
        progress: bool,
    },
    /// The connection is over.
    Over,
}

impl Link {
    /// Whether the client sends nothing behind `request`, by what it says, and nothing is there to
    /// be read.
    fn ends_with(&self, request: &Request) -> bool {
        request.is_last
            && request.content == RequestContent::Length(0)
            && !self.transport.is_readable()
    }
}

impl Session {
    /// A connection just accepted.
    pub fn new(key: usize, transport: Transport, peer: IpAddr) -> Session {
        let link = Link { key, transport, peer };
        Session { link, protocol: Protocol::Http1(Driver::new(h1::Connection::default())) }
    }

    /// Has events with `token` tell what the connection becomes ready for.
    ///
    /// # Errors
    /// As the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        self.link.transport.register(registry, token)
    }

    /// Takes note of an event.
    #[inline]
    pub fn became(&mut self, event: &Event) {
        self.link.transport.became(event);
    }

    /// The time limit that applies now.
    pub fn timer(&self) -> Timer {
        match &self.protocol {
            Protocol::Http1(http1) => http1.timer(),
            Protocol::Toy(toy) => toy.timer(),
        }
    }

    /// Whether nothing of a request has arrived that is not answered in full.
    pub fn is_idle(&self) -> bool {
        self.timer() == Timer::Idle
    }

    /// Goes on until there is nothing to do or the turn is used up.
    pub fn run(&mut self, shell: &mut Shell) -> Turn {
        loop {
            let turn = match &mut self.protocol {
                Protocol::Http1(http1) => http1.run(&mut self.link, shell),
                Protocol::Toy(toy) => toy.run(&mut self.link, shell),
            };
            match turn {
                Some(turn) => return turn,
                None => self.switch(),
            }
        }
    }

    /// The first bytes were not those of HTTP/1.1: speaks the other protocol, from its first byte.
    fn switch(&mut self) {
        let Protocol::Http1(http1) = &mut self.protocol else { return };
        let input = http1.take_machine().into_input();
        let toy = Driver::new(toy::Connection::new(input));
        self.protocol = Protocol::Toy(Box::new(toy));
    }

    /// A directory has been read. False: not for this connection, or not any more.
    pub fn resume(&mut self, read: Read, shell: &mut Shell) -> bool {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.resume(read, &mut self.link, shell),
            Protocol::Toy(toy) => toy.resume(read, &mut self.link, shell),
        }
    }

    /// A request has waited for too long: it is answered 503.
    pub fn give_up(&mut self, stream: u32, shell: &mut Shell) {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.give_up(stream, &mut self.link, shell),
            Protocol::Toy(toy) => toy.give_up(stream, &mut self.link, shell),
        }
    }

    /// The time limit has passed. A head that came in part is answered 408; then, or else, the
    /// connection is over. False: it is over.
    pub fn expire(&mut self, shell: &mut Shell) -> bool {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.expire(&mut self.link, shell),
            Protocol::Toy(toy) => toy.expire(&mut self.link, shell),
        }
    }

    /// Tells of the responses that were being sent; to be called before a session is dropped.
    pub fn end(&mut self, shell: &mut Shell) {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.end(&self.link, shell),
            Protocol::Toy(toy) => toy.end(&self.link, shell),
        }
    }
}
