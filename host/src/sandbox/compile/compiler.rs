//! Compiling components in a child process.
//!
//! How long a compiler takes for octets from outside, and how much memory, nobody can foretell; and
//! a bug in it should not be one in the server. So the work is done by this same program, started
//! once more: a single thread under limits of its own, with the priority of whoever starts it. It
//! gets the component as its standard input and answers on a pipe that it inherited. What comes
//! over that pipe is the only code that is ever believed (see [`super::code`]); it is kept in a
//! [`CodeCache`] for the next start.

use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use wasmtime::Engine;

use super::code::Code;
use super::code_cache::CodeCache;
use super::compiler_config::compiler_config;
use super::functions::Functions;
use super::plain;
use crate::sandbox::error::LoadError;
use crate::text::chain;

/// The hidden subcommand that makes the program a compiler.
pub const SUBCOMMAND: &str = "compile-guest";

/// Largest code that is taken from the child, in octets.
const CODE_OCTETS_MAX: usize = 1 << 30;

/// Longest message that is taken from it, in octets.
const MESSAGE_OCTETS_MAX: usize = 16 << 10;

/// What the child sends first.
const HEADER_OCTETS: usize = 9;

/// How much longer than its processor time a child may take by the clock: on a busy machine it
/// waits for a processor most of the time, and no guest is to blame for that.
const WAIT_FACTOR: u32 = 10;

/// What every component and module begins with.
const MAGIC: &[u8] = b"\0asm";

/// What a child may use.
#[derive(Debug, Clone, Copy)]
pub struct CompilerLimits {
    /// Processor time; and by the clock, ten times as long.
    pub time: Duration,
    /// Address space, in octets.
    pub memory_octets: usize,
}

/// Compiles, or finds what was compiled before.
pub struct Compiler {
    /// This program.
    program: PathBuf,
    limits: CompilerLimits,
    cache: Option<CodeCache>,
}

impl Compiler {
    /// Compiles within `limits`; keeps what was compiled in `cache`.
    pub fn new(limits: CompilerLimits, cache: Option<CodeCache>) -> Compiler {
        // Not by its name: that may lead to another version by now.
        Compiler { program: "/proc/self/exe".into(), limits, cache }
    }

    /// The code of `component`, for engines made by [`crate::sandbox::Runtime`].
    ///
    /// # Errors
    /// When it is not a component, or the child ran into a limit.
    pub fn compile(&self, component: &[u8]) -> Result<Code, LoadError> {
        if !component.starts_with(MAGIC) {
            let reason = "its first octets are not those of WebAssembly (try a file such as \
                          `wasmhttpd guest` writes)";
            return Err(LoadError::NotAComponent(reason.into()));
        }
        let (prepared, plain) = plain::prepare(component);
        let kept = self.cache.as_ref().map(|cache| (cache, CodeCache::code_name(&prepared)));
        if let Some((cache, name)) = &kept
            && let Some(octets) = cache.get(name)
        {
            return Ok(Code::vouched_for(octets, plain));
        }
        let code = Code::vouched_for(self.compile_in_child(&prepared)?, plain);
        if let Some((cache, name)) = &kept {
            cache.put(name, code.octets());
        }
        Ok(code)
    }

    fn compile_in_child(&self, component: &[u8]) -> Result<Vec<u8>, LoadError> {
        let start = Instant::now();
        let failed = |error: io::Error| LoadError::Compiler(format!("it cannot be run: {error}"));
        let mut child = self.start(component).map_err(failed)?;
        let answer = match child.stdout.take() {
            Some(mut pipe) => receive(&mut pipe, start + self.limits.time * WAIT_FACTOR),
            None => Answer::Ended,
        };
        // Whatever it said, it has nothing more to do; one that ended by itself does not notice.
        let _ = child.kill();
        let status = child.wait().map_err(failed)?;
        match answer {
            Answer::Code(octets) => Ok(octets),
            Answer::Refusal(reason) => Err(LoadError::NotAComponent(reason)),
            Answer::Late => Err(LoadError::CompileTime(self.limits.time)),
            Answer::Ended if status.signal() == Some(Signal::XCPU.as_raw()) => {
                Err(LoadError::CompileTime(self.limits.time))
            }
            Answer::Ended => Err(LoadError::Compiler(format!(
                "it came to an end by itself ({status}), which more memory may help \
                 (parameter compile-memory)"
            ))),
        }
    }

    fn start(&self, component: &[u8]) -> io::Result<Child> {
        let input = rustix::fs::memfd_create("component", MemfdFlags::CLOEXEC)?;
        let mut input = std::fs::File::from(input);
        input.write_all(component)?;
        input.rewind()?;
        Command::new(&self.program)
            .arg0("wasmhttpd")
            .arg(SUBCOMMAND)
            .arg(self.limits.time.as_secs().max(1).to_string())
            .arg(self.limits.memory_octets.to_string())
            .args(self.cache.as_ref().map(CodeCache::folder))
            .stdin(Stdio::from(OwnedFd::from(input)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// What came over the pipe.
enum Answer {
    Code(Vec<u8>),
    Refusal(String),
    Late,
    /// Less than was announced, or nothing.
    Ended,
}

fn receive(pipe: &mut ChildStdout, deadline: Instant) -> Answer {
    let mut octets = Vec::new();
    let mut piece = vec![0; 256 << 10];
    loop {
        match wait_readable(pipe, deadline) {
            Ok(true) => {}
            Ok(false) => return Answer::Late,
            Err(_) => return Answer::Ended,
        }
        match pipe.read(&mut piece) {
            Ok(0) => return understand(octets),
            Ok(length) if octets.len() + length <= CODE_OCTETS_MAX => {
                octets.extend_from_slice(&piece[..length]);
            }
            Ok(_) => return Answer::Ended,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Answer::Ended,
        }
    }
}

fn wait_readable(pipe: &ChildStdout, deadline: Instant) -> io::Result<bool> {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// A letter, the length of the rest in 8 octets, and the rest.
fn understand(mut octets: Vec<u8>) -> Answer {
    let Some((header, rest)) = octets.split_at_checked(HEADER_OCTETS) else { return Answer::Ended };
    if header[1..] != (rest.len() as u64).to_le_bytes() {
        return Answer::Ended;
    }
    match header[0] {
        b'C' => {
            octets.drain(..HEADER_OCTETS);
            Answer::Code(octets)
        }
        _ => Answer::Refusal(String::from_utf8_lossy(rest).into_owned()),
    }
}

/// What the child does: compiles its standard input to standard output, within so many seconds of
/// processor time and octets of address space. Functions are kept in the folder, if there is one.
pub fn compile_for_parent(seconds: u64, memory_octets: u64, folder: Option<&Path>) -> ExitCode {
    let cache = folder.and_then(|folder| CodeCache::open(folder).ok());
    let compiled =
        limit_self(seconds, memory_octets).and_then(|()| read_compile_answer(cache.as_ref()));
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn limit_self(seconds: u64, memory_octets: u64) -> io::Result<()> {
    // Nobody is left to compile for once the server has ended.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let limits = [
        (Resource::As, memory_octets, memory_octets),
        // What ends it at the first limit tells the parent why; the second one kills.
        (Resource::Cpu, seconds, seconds.saturating_add(1)),
        (Resource::Core, 0, 0),
    ];
    for (resource, current, maximum) in limits {
        setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })?;
    }
    Ok(())
}

fn read_compile_answer(cache: Option<&CodeCache>) -> io::Result<()> {
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component)?;
    let functions = cache.map(|cache| Arc::new(Functions::read(cache)));
    let mut config = compiler_config();
    config.parallel_compilation(false);
    let prepared = match &functions {
        None => Ok(&mut config),
        Some(functions) => config.enable_incremental_compilation(Arc::clone(functions) as _),
    };
    let compiled = prepared
        .and_then(|config| Engine::new(config))
        .and_then(|engine| engine.precompile_component(&component));
    let is_compiled = compiled.is_ok();
    let (letter, octets) = match compiled {
        Ok(code) => (b'C', code),
        Err(error) => {
            let mut reason = chain(&error).into_bytes();
            reason.truncate(MESSAGE_OCTETS_MAX);
            (b'E', reason)
        }
    };
    let mut output = io::stdout().lock();
    output.write_all(&[letter])?;
    output.write_all(&(octets.len() as u64).to_le_bytes())?;
    output.write_all(&octets)?;
    output.flush()?;
    if let (true, Some(cache), Some(functions)) = (is_compiled, cache, functions) {
        functions.write(cache);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_counts() {
        let message = |letter: u8, rest: &[u8]| {
            [&[letter][..], &(rest.len() as u64).to_le_bytes(), rest].concat()
        };
        assert!(
            matches!(understand(message(b'C', b"code")), Answer::Code(code) if code == b"code")
        );
        assert!(matches!(understand(message(b'E', b"no")), Answer::Refusal(why) if why == "no"));
        let whole = message(b'C', b"code");
        for length in 0..whole.len() {
            assert!(matches!(understand(whole[..length].to_vec()), Answer::Ended), "{length}");
        }
        assert!(matches!(understand([whole, b"x".to_vec()].concat()), Answer::Ended));
    }
}
