//! A registry that answers as a test says: wrongly, slowly, without end, or well.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::DEADLINE;
use super::artifact::{Artifact, MANIFEST_TYPE};

/// Between two octets that drip.
const DRIP: Duration = Duration::from_millis(30);

/// No answer has more octets, however long the other side takes them.
const ENDLESS_OCTETS: usize = 512 << 20;

/// What was asked.
pub struct Asked {
    pub verb: String,
    pub target: String,
    pub authorization: Option<String>,
}

/// What is answered: octets, and what follows them.
pub struct Told {
    pub octets: Vec<u8>,
    pub then: Then,
}

/// How an answer ends.
pub enum Then {
    /// As it should.
    Close,
    /// The other side is told that something broke.
    Reset,
    /// Nothing more comes.
    Hang,
    /// More comes, one octet after the other.
    Drip(Vec<u8>),
    /// The same comes again and again.
    Endless(&'static [u8]),
}

/// A running registry. Dropping it lets go of all who wait.
pub struct Liar {
    /// Host and port.
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

impl Told {
    /// An answer as it should be.
    pub fn answer(status: u16, fields: &str, content: &[u8]) -> Told {
        let length = content.len();
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{fields}\r\n"
        );
        Told { octets: [head.as_bytes(), content].concat(), then: Then::Close }
    }
}

impl Liar {
    pub fn start(answer: impl Fn(&Asked, &str) -> Told + Send + Sync + 'static) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address").to_string();
        let (asked, ended) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let liar = Liar { address: address.clone(), asked: asked.clone(), ended: ended.clone() };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (answer, asked, address) = (answer.clone(), asked.clone(), address.clone());
                let ended = ended.clone();
                thread::spawn(move || {
                    let Some(question) = read(&stream) else { return };
                    let line = format!("{} {}", question.verb, question.target);
                    asked.lock().expect("a list").push(line);
                    // Whoever asked may leave at any time.
                    let _ = tell(stream, answer(&question, &address), &ended);
                });
            }
        });
        liar
    }

    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    /// How many questions began so.
    pub fn count_asked(&self, start: &str) -> usize {
        let asked = self.asked.lock().expect("a list");
        asked.iter().filter(|line| line.starts_with(start)).count()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        let _ = TcpStream::connect(&self.address);
    }
}

/// What a registry that has this says, whatever the name and the tag.
pub fn honestly(asked: &Asked, artifact: &Artifact) -> Told {
    let (digest, component) = (artifact.digest(), super::artifact::digest(&artifact.component));
    if asked.target.contains("/manifests/") {
        let fields =
            format!("Content-Type: {MANIFEST_TYPE}\r\nDocker-Content-Digest: {digest}\r\n");
        let mut told = Told::answer(200, &fields, &artifact.manifest);
        if asked.verb == "HEAD" {
            told.octets.truncate(told.octets.len() - artifact.manifest.len());
        }
        return told;
    }
    match asked.target.ends_with(&component) {
        true => Told::answer(200, "", &artifact.component),
        false => Told::answer(404, "", b"{}"),
    }
}

fn read(mut stream: &TcpStream) -> Option<Asked> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut octet).ok()? == 0 {
            return None;
        }
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let authorization = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    });
    Some(Asked { verb: words.next()?.into(), target: words.next()?.into(), authorization })
}

fn tell(mut stream: TcpStream, told: Told, ended: &AtomicBool) -> std::io::Result<()> {
    stream.set_write_timeout(Some(DEADLINE))?;
    stream.write_all(&told.octets)?;
    let end = Instant::now() + DEADLINE;
    match told.then {
        Then::Close => stream.shutdown(std::net::Shutdown::Write)?,
        Then::Reset => {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            return Ok(());
        }
        Then::Hang => {}
        Then::Drip(octets) => {
            for octet in octets {
                stream.write_all(&[octet])?;
                thread::sleep(DRIP);
            }
        }
        Then::Endless(octets) => {
            let block = octets.repeat(64 << 10);
            for _ in 0..ENDLESS_OCTETS / block.len() {
                stream.write_all(&block)?;
            }
        }
    }
    // Until the other side leaves.
    stream.set_read_timeout(Some(DRIP))?;
    while Instant::now() < end && !ended.load(Ordering::SeqCst) {
        match stream.read(&mut [0; 1024]) {
            Ok(0) => break,
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                break;
            }
            _ => {}
        }
    }
    Ok(())
}
