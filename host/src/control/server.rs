//! The server's side: a socket, and a thread for each of a few connections.

use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::Mode;
use socket2::{Domain, SockAddr, Socket, Type};

use super::{MESSAGE_OCTETS_MAX, Reply, Request, Setting};
use crate::config::Line;
use crate::exchange::{Recorded, Seen};
use crate::sandbox::{invocation, mask};
use crate::server::{CALLED_FILE, Order, Tap};
use crate::swap::{Command, Handle};

/// Connections served at once; a further one is closed.
const CONNECTIONS_MAX: usize = 20;

/// Those of them that may wait for something; a further one is refused. Who asks how things stand,
/// or for the end, waits for nothing, and finds a place.
const WAITING_MAX: usize = 16;

/// Longest time for a request to arrive, and for a reply to be taken.
const TIME: Duration = Duration::from_secs(5);

/// Requests that wait to be shown.
const QUEUE_MAX: usize = 64;

/// Whoever waits hears at least this often that the server is there.
const WAIT: Duration = Duration::from_secs(1);

/// Longest call that is shown, in octets: the longest argument that a program can be given.
const CALL_OCTETS_MAX: usize = 128 << 10;

/// A pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The control socket. Dropping it removes the file; the threads end with the process.
pub struct Server {
    path: PathBuf,
    /// Device and inode of the file that is ours.
    identity: Option<(u64, u64)>,
}

impl Server {
    /// Listens at `path`, for this user only, in place of what a server that has ended left there.
    ///
    /// # Errors
    /// When another server listens there, or something else is in the way.
    pub fn start(path: &Path, handle: Handle) -> io::Result<Server> {
        let listener = bind(path)?;
        let server = Server { path: path.to_path_buf(), identity: identity(path) };
        thread::Builder::new().name("control".into()).spawn(move || accept(&listener, &handle))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be another server's by now.
        if self.identity.is_some() && self.identity == identity(&self.path) {
            // What is left there is cleared away by the next one.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let is_socket = |path: &Path| {
        std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
    };
    if is_socket(path) {
        match UnixStream::connect(path) {
            Ok(_) => return Err(io::Error::other("another server listens there")),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Err(error) => return Err(error),
        }
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file gets the mode that its socket has: nobody can connect before it is narrowed.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(CONNECTIONS_MAX as i32)?;
    Ok(UnixListener::from(std::os::fd::OwnedFd::from(socket)))
}

fn accept(listener: &UnixListener, handle: &Handle) {
    let (open, waiting) = (Arc::default(), Arc::default());
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            thread::sleep(ACCEPT_PAUSE);
            continue;
        };
        let Some(place) = Place::take(&open, CONNECTIONS_MAX) else { continue };
        let (handle, waiting) = (handle.clone(), Arc::clone(&waiting));
        // Where the system has no thread to give, the connection ends.
        let _ = thread::Builder::new().name("control".into()).spawn(move || {
            let _place = place;
            // Whoever went away misses nothing.
            let _ = serve(&stream, &handle, &waiting);
        });
    }
}

/// One of a few places, which is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, max: usize) -> Option<Place> {
        let place = Place(Arc::clone(taken));
        (taken.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(stream: &UnixStream, handle: &Handle, waiting: &Arc<AtomicUsize>) -> io::Result<()> {
    stream.set_write_timeout(Some(TIME))?;
    let line = read_line(stream)?;
    let ask = |command| match handle.ask(command) {
        Ok(text) => Reply::Done(text),
        Err(lines) => Reply::Refused(lines),
    };
    let request = serde_json::from_slice(&line);
    let waits = !matches!(request, Ok(Request::Status | Request::Guest | Request::Stop) | Err(_));
    let _place = match waits.then(|| Place::take(waiting, WAITING_MAX)) {
        Some(None) => {
            let reason = format!("{WAITING_MAX} controllers wait already (try again later)");
            return say(stream, &Reply::Refused(vec![reason]));
        }
        place => place,
    };
    let reply = match request {
        Ok(Request::Status) => Reply::Status(Box::new(handle.status())),
        Ok(Request::Swap(guest)) => ask(Command::Swap { guest }),
        Ok(Request::Reload) => ask(Command::Reload),
        Ok(Request::Rollback) => ask(Command::Rollback),
        Ok(Request::Shadow { guest, every }) => ask(Command::Shadow { guest, every }),
        Ok(Request::EndShadow) => ask(Command::EndShadow),
        Ok(Request::Promote) => ask(Command::Promote),
        Ok(Request::Stop) => {
            // First the answer: the process may end before there is another.
            say(stream, &Reply::Done("stopping: what is in flight may finish".into()))?;
            handle.stop();
            return Ok(());
        }
        Ok(Request::Capture { count, whole }) => capture(stream, handle, count, whole)?,
        Ok(Request::Guest) => return guest(stream, handle),
        Err(error) => Reply::Refused(vec![format!(
            "the server does not understand this ctl (try the one of its own version): {error}"
        )]),
    };
    say(stream, &reply)
}

/// The first line, which has to arrive whole in time.
fn read_line(mut stream: &UnixStream) -> io::Result<Vec<u8>> {
    let end = Instant::now() + TIME;
    let mut line = Vec::new();
    let mut piece = [0; 4096];
    while !line.contains(&b'\n') && line.len() < MESSAGE_OCTETS_MAX as usize {
        let left = end.saturating_duration_since(Instant::now());
        // A timeout of nothing would be none.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut piece)? {
            0 => break,
            length => line.extend_from_slice(&piece[..length]),
        }
        if Instant::now() >= end {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(line)
}

fn say(mut stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    let mut message = serde_json::to_vec(reply)?;
    message.push(b'\n');
    stream.write_all(&message)
}

/// Shows the next `count` requests as calls.
fn capture(stream: &UnixStream, handle: &Handle, count: u64, whole: bool) -> io::Result<Reply> {
    let (listener, requests) = sync_channel(QUEUE_MAX);
    let skipped = Arc::new(AtomicU64::new(0));
    handle.crew().tell(|| Order::Tap(Tap::new(1, listener.clone(), Arc::clone(&skipped))));
    drop(listener);
    let mut shown = 0;
    while shown < count {
        match requests.recv_timeout(WAIT) {
            Ok(request) => {
                for call in calls(&request, whole) {
                    say(stream, &Reply::Line(call))?;
                }
                shown += 1;
            }
            Err(RecvTimeoutError::Timeout) => say(stream, &Reply::Wait)?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let skipped = match skipped.load(Ordering::Relaxed) {
        0 => String::new(),
        skipped => format!(", and {skipped} that came too fast left out"),
    };
    Ok(Reply::Done(format!("# requests shown: {shown}{skipped}")))
}

/// A request as it would be made by hand.
fn calls(request: &Recorded, whole: bool) -> Vec<String> {
    let masked = mask(&request.head);
    let head = if whole { &request.head } else { &*masked };
    let context = request.context();
    let shown = |name: &str, call: String| match call.len() <= CALL_OCTETS_MAX {
        true => call,
        false => format!("# {name}: of {} octets, which no shell can make", call.len()),
    };
    let parse = shown("parse", invocation::parse(head, Some(&context), CALLED_FILE));
    match &request.seen {
        Seen::Unasked => vec![parse],
        Seen::Found(found) => {
            let respond = invocation::respond(head, found, Some(&context), CALLED_FILE);
            vec![parse, shown("respond", respond)]
        }
        Seen::Entries => {
            vec![parse, "# respond: of a directory, whose entries are not kept".into()]
        }
    }
}

fn guest(mut stream: &UnixStream, handle: &Handle) -> io::Result<()> {
    let guest = handle.guest();
    let settings = |lines: &[Line]| -> Vec<Setting> {
        let lines = lines.iter().cloned();
        lines.map(|Line { line, name, value }| Setting { line, name, value }).collect()
    };
    let reply = Reply::Guest {
        octets: guest.octets().len() as u64,
        media: settings(&guest.media),
        parameters: settings(&guest.parameters),
        limits: guest.limits,
    };
    say(stream, &reply)?;
    stream.write_all(guest.octets())
}
