//! TLS over TCP: what is received is decrypted, what is sent is encrypted, by rustls.
//!
//! A spike. Records pass through the worker's [`Scratch`]; a connection keeps an incomplete record,
//! what of a record had no room in the protocol's input, and ciphertext that the socket did not
//! take.
//!
//! Bytes count as sent once the record that carries them has left for the socket. Until then the
//! protocol has them still to send, so that time limits, the journal and the end of the connection
//! need not know of ciphertext: what a call is given begins with the bytes that are in `unsent`.

use std::sync::{Arc, OnceLock};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Registry, Token};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};

use super::Range;
use super::io::{Received, Sent, ShutDown};
use super::tcp::Tcp;

/// Ciphertext received at once: a message of a handshake is no longer.
const RECEIVED_OCTETS_MAX: usize = 32 << 10;

/// Plaintext encrypted and sent at once.
const SENT_OCTETS_MAX: usize = 64 << 10;

/// Plaintext in a record, at most (RFC 8446, section 5.1).
const RECORD_OCTETS_MAX: usize = 16 << 10;

/// What a record has around its plaintext, at most.
const RECORD_OVERHEAD_MAX: usize = 64;

/// See [`super::Scratch`].
#[derive(Default)]
pub struct Scratch {
    received: Vec<u8>,
    plaintext: Vec<u8>,
    sealed: Sealed,
}

/// Records to be sent.
#[derive(Default)]
struct Sealed {
    octets: Vec<u8>,
    /// Of each that carries plaintext: where it ends, and how much that is.
    records: Vec<(usize, usize)>,
}

/// See the module.
pub struct Tls {
    tcp: Tcp,
    connection: UnbufferedServerConnection,
    /// Ciphertext that is no whole record, or no whole message of a handshake.
    partial: Vec<u8>,
    /// Plaintext that there was no room for.
    plaintext: Vec<u8>,
    unsent: Sealed,
    input_ends: bool,
    /// A close_notify or an alert was written: nothing may be behind it.
    output_ends: bool,
}

/// The peer does not keep to the protocol; it has been told, if it can be.
struct Misbehaved;

/// What certificate and key, for every listener, come from: for the spike, the environment.
pub fn config() -> Option<Arc<ServerConfig>> {
    static CONFIG: OnceLock<Option<Arc<ServerConfig>>> = OnceLock::new();
    CONFIG.get_or_init(|| is_configured().then(|| Arc::new(read_config()))).clone()
}

fn is_configured() -> bool {
    std::env::var_os("WASMHTTPD_SPIKE_CERT").is_some()
}

fn read_config() -> ServerConfig {
    let path = |name| std::env::var_os(name).expect("a path");
    let chain = CertificateDer::pem_file_iter(path("WASMHTTPD_SPIKE_CERT")).expect("a file");
    let chain = chain.collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(path("WASMHTTPD_SPIKE_KEY")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("a version that the provider has")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key that is the certificate's");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

impl Tls {
    /// A socket just accepted.
    pub fn new(socket: TcpStream, config: &Arc<ServerConfig>) -> Option<Tls> {
        Some(Tls {
            tcp: Tcp::new(socket),
            connection: UnbufferedServerConnection::new(Arc::clone(config)).ok()?,
            partial: Vec::new(),
            plaintext: Vec::new(),
            unsent: Sealed::default(),
            input_ends: false,
            output_ends: false,
        })
    }

    /// See [`super::Transport::register`].
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        self.tcp.register(registry, token)
    }

    /// See [`super::Transport::became`].
    pub fn became(&mut self, event: &Event) {
        self.tcp.became(event);
    }

    /// See [`super::Transport::is_established`].
    pub fn is_established(&self) -> bool {
        !self.connection.is_handshaking()
    }

    /// See [`super::Transport::is_readable`]: no event tells of plaintext that is here.
    pub fn is_readable(&self) -> bool {
        !self.plaintext.is_empty() || self.tcp.is_readable()
    }

    /// See [`super::Transport::is_writable`].
    pub fn is_writable(&self) -> bool {
        self.tcp.is_writable()
    }

    /// See [`super::Transport::has_failed`].
    pub fn has_failed(&self) -> bool {
        self.tcp.has_failed()
    }

    /// See [`super::Transport::receive`]. Whatever it returns but bytes, nothing is left here that
    /// no event would tell of.
    pub fn receive(&mut self, input: &mut Vec<u8>, scratch: &mut Scratch) -> Received {
        let before = input.len();
        loop {
            let fits = self.plaintext.len().min(input.capacity() - input.len());
            input.extend(self.plaintext.drain(..fits));
            if input.len() > before {
                return Received::Octets(input.len() - before);
            }
            self.plaintext = Vec::new();
            if self.input_ends {
                return Received::Octets(0);
            }
            match self.send_handshake() {
                Sent::PeerGone => return Received::PeerGone,
                // It answers before it says more.
                Sent::WouldBlock if !self.is_established() => return Received::WouldBlock,
                _ => {}
            }
            let received = &mut scratch.received;
            received.clear();
            received.reserve_exact(RECEIVED_OCTETS_MAX);
            received.append(&mut self.partial);
            if received.len() >= RECEIVED_OCTETS_MAX {
                return Received::PeerGone;
            }
            let outcome = self.tcp.receive(received);
            match outcome {
                // A peer that leaves without a close_notify has no whole head left behind, or one
                // that is answered.
                Received::Octets(0) => self.input_ends = true,
                Received::Octets(_) => {
                    if self.open(input, scratch).is_err() {
                        return Received::PeerGone;
                    }
                }
                Received::WouldBlock | Received::PeerGone => {
                    self.partial = received.to_vec();
                    return outcome;
                }
            }
        }
    }

    /// Decrypts what was received. What is to be sent for that waits for an answer to go with it.
    fn open(&mut self, input: &mut Vec<u8>, scratch: &mut Scratch) -> Result<(), Misbehaved> {
        let plaintext = &mut self.plaintext;
        let sink = |octets: &[u8]| {
            let (fits, rest) = octets.split_at(octets.len().min(input.capacity() - input.len()));
            input.extend_from_slice(fits);
            plaintext.extend_from_slice(rest);
        };
        let records = &mut scratch.received;
        let done = process(&mut self.connection, records, &mut self.unsent, &[], sink);
        match done {
            Ok(Processed { used, peer_closed }) => {
                self.input_ends |= peer_closed;
                self.partial = records[used..].to_vec();
                Ok(())
            }
            Err(error) => Err(self.misbehaved(&error)),
        }
    }

    fn misbehaved(&mut self, error: &rustls::Error) -> Misbehaved {
        tracing::debug!("a peer speaks no TLS that is accepted: {error}");
        self.output_ends = true;
        let _ = self.send_handshake();
        Misbehaved
    }

    /// Sends what does not carry bytes of the protocol; behind such as do, it waits.
    fn send_handshake(&mut self) -> Sent {
        match self.unsent.records.is_empty() {
            true => self.unsent.send(&mut self.tcp, false),
            false => Sent::Octets(0),
        }
    }

    /// See [`super::Transport::send`].
    pub fn send(&mut self, octets: &[u8], more: bool, scratch: &mut Scratch) -> Sent {
        let now = &octets[..octets.len().min(SENT_OCTETS_MAX)];
        if let Some(sent) = self.send_unsent() {
            return sent;
        }
        self.seal_and_send(now, more || now.len() < octets.len(), &mut scratch.sealed)
    }

    /// See [`super::Transport::send_with`].
    pub fn send_with(
        &mut self,
        octets: &[u8],
        range: Range<'_>,
        is_last: bool,
        scratch: &mut Scratch,
    ) -> Sent {
        if let Some(sent) = self.send_unsent() {
            return sent;
        }
        let gathered = &mut scratch.plaintext;
        gathered.clear();
        gathered.extend_from_slice(&octets[..octets.len().min(SENT_OCTETS_MAX)]);
        let content = range.length.min((SENT_OCTETS_MAX - gathered.len()) as u64);
        if range.file.read(range.offset, content as usize, gathered).is_err() {
            return Sent::FileFailed;
        }
        let more = is_last || content < range.length;
        self.seal_and_send(gathered, more, &mut scratch.sealed)
    }

    /// See [`super::Transport::send_range`].
    pub fn send_range(&mut self, range: Range<'_>, octets: u64, scratch: &mut Scratch) -> Sent {
        let Range { file, offset, length } = range;
        let length_now = octets.min(SENT_OCTETS_MAX as u64);
        let range = Range { file, offset, length: length_now };
        self.send_with(&[], range, length_now < length, scratch)
    }

    /// Sends records that carry what the protocol has to send first. None: there are no such.
    fn send_unsent(&mut self) -> Option<Sent> {
        if !self.tcp.is_writable() {
            return Some(Sent::WouldBlock);
        }
        let carries = !self.unsent.records.is_empty();
        carries.then(|| self.unsent.send(&mut self.tcp, false))
    }

    fn seal_and_send(&mut self, octets: &[u8], more: bool, sealed: &mut Sealed) -> Sent {
        sealed.clear();
        sealed.octets.append(&mut self.unsent.octets);
        let plaintext = &mut self.plaintext;
        let sink = |octets: &[u8]| plaintext.extend_from_slice(octets);
        match process(&mut self.connection, &mut self.partial, sealed, octets, sink) {
            Ok(Processed { used, peer_closed }) => {
                self.input_ends |= peer_closed;
                self.partial.drain(..used);
            }
            Err(error) => {
                self.misbehaved(&error);
                return Sent::PeerGone;
            }
        }
        let sent = sealed.send(&mut self.tcp, more);
        self.unsent = Sealed { octets: sealed.octets.to_vec(), records: sealed.records.to_vec() };
        sent
    }

    /// See [`super::Transport::shut_down`].
    pub fn shut_down(&mut self) -> ShutDown {
        self.say_close();
        match self.unsent.send(&mut self.tcp, true) {
            Sent::WouldBlock => ShutDown::WouldBlock,
            Sent::PeerGone | Sent::FileFailed => ShutDown::PeerGone,
            Sent::Octets(_) => self.tcp.shut_down(),
        }
    }

    /// Puts a close_notify behind what is unsent, unless something else is the last there.
    fn say_close(&mut self) {
        if std::mem::replace(&mut self.output_ends, true) {
            return;
        }
        let UnbufferedStatus { state, .. } = self.connection.process_tls_records(&mut self.partial);
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
            let written = |room: &mut [u8]| traffic.queue_close_notify(room);
            let _ = self.unsent.append(RECORD_OVERHEAD_MAX, written);
        }
    }

    /// See [`super::Transport::abort`].
    pub fn abort(&mut self) {
        self.output_ends = true;
        self.tcp.abort();
    }
}

/// Whatever ends a connection, its peer is told that nothing was cut off.
impl Drop for Tls {
    fn drop(&mut self) {
        if !self.output_ends && self.unsent.octets.is_empty() && !self.tcp.has_failed() {
            self.say_close();
            let _ = self.unsent.send(&mut self.tcp, true);
        }
    }
}

impl Sealed {
    fn clear(&mut self) {
        self.octets.clear();
        self.records.clear();
    }

    /// Appends what `write` writes into so much room.
    fn append<E>(
        &mut self,
        room: usize,
        write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        let start = self.octets.len();
        self.octets.resize(start + room, 0);
        let written = write(&mut self.octets[start..]);
        self.octets.truncate(start + *written.as_ref().unwrap_or(&0));
        written.map(drop)
    }

    /// Sends until the socket is full; what is left stays. Returns how many bytes of plaintext went
    /// out in whole records; none without an end of the octets would block.
    fn send(&mut self, tcp: &mut Tcp, more: bool) -> Sent {
        let mut sent = 0;
        while sent < self.octets.len() {
            match tcp.send(&self.octets[sent..], more) {
                Sent::Octets(octets) => sent += octets,
                Sent::WouldBlock => break,
                gone => return gone,
            }
        }
        let is_all = sent == self.octets.len();
        self.octets.drain(..sent);
        let whole = self.records.iter().take_while(|(end, _)| *end <= sent).count();
        let plaintext = self.records.drain(..whole).map(|(_, plaintext)| plaintext).sum();
        self.records.iter_mut().for_each(|(end, _)| *end -= sent);
        match is_all || plaintext > 0 {
            true => Sent::Octets(plaintext),
            false => Sent::WouldBlock,
        }
    }
}

struct Processed {
    /// Octets of the records that are dealt with.
    used: usize,
    peer_closed: bool,
}

/// Deals with all whole `records`, then encrypts `plaintext`. What is decrypted goes to `sink`,
/// what is to be sent to `sealed`: after an error, that is an alert.
fn process(
    connection: &mut UnbufferedServerConnection,
    records: &mut [u8],
    sealed: &mut Sealed,
    plaintext: &[u8],
    mut sink: impl FnMut(&[u8]),
) -> Result<Processed, rustls::Error> {
    let mut done = Processed { used: 0, peer_closed: false };
    let mut failed = None;
    loop {
        let UnbufferedStatus { mut discard, state } =
            connection.process_tls_records(&mut records[done.used..]);
        let mut is_over = false;
        match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(Ok(record)) = traffic.next_record() {
                    discard += record.discard;
                    sink(record.payload);
                }
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
                    continue;
                };
                let _ = sealed.append(size.required_size, |room| data.encode(room));
            }
            // It is `sealed`, which is sent whatever comes in between.
            Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
            Ok(ConnectionState::PeerClosed) => done.peer_closed = true,
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                for octets in plaintext.chunks(RECORD_OCTETS_MAX) {
                    let room = octets.len() + RECORD_OVERHEAD_MAX;
                    let mut encrypt = |room: &mut [u8]| traffic.encrypt(octets, room);
                    let mut sealing = sealed.append(room, &mut encrypt);
                    if let Err(EncryptError::InsufficientSize(size)) = sealing {
                        sealing = sealed.append(size.required_size, &mut encrypt);
                    }
                    sealing.map_err(|error| rustls::Error::General(error.to_string()))?;
                    sealed.records.push((sealed.octets.len(), octets.len()));
                }
                is_over = true;
            }
            Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed | _) => is_over = true,
            // The alert is behind the first one.
            Err(error) => is_over = failed.replace(error).is_some(),
        }
        done.used += discard;
        if is_over {
            return failed.map_or(Ok(done), Err);
        }
    }
}
