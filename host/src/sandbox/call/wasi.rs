//! WASI with nothing behind it, for guests whose toolchain brings its imports along.
//!
//! No preopened folder, no socket, no argument, no environment; clocks that stand still; random
//! numbers from a fixed seed: the guest stays a pure function. Standard error is kept for the log,
//! up to a limit. What would wait raises [`WouldWait`]: a deadline does not end a host call.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::sync::io::poll;
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::sandbox::error::WouldWait;
use crate::text::one_line;

/// Standard error kept of one request, in octets; the rest is dropped.
const STDERR_OCTETS_MAX: usize = 4 << 10;

/// Random octets that one call may ask for.
const RANDOM_OCTETS_MAX: u64 = 64 << 10;

/// Streams and the like that an instance may hold at once.
const RESOURCES_MAX: usize = 128;

/// The WASI of one instance.
pub struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    stderr: Stderr,
}

impl Wasi {
    /// One that knows nothing and does nothing.
    pub fn new() -> Wasi {
        let stderr = Stderr::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let context = WasiCtx::builder()
            .stderr(stderr.clone())
            .wall_clock(Stopped)
            .monotonic_clock(Stopped)
            .secure_random(Deterministic::new((0..=u8::MAX).collect()))
            .insecure_random(Deterministic::new((0..=u8::MAX).collect()))
            .insecure_random_seed(0)
            .max_random_size(RANDOM_OCTETS_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        Wasi { context, table, stderr }
    }

    /// What wasmtime-wasi works with.
    pub fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }

    /// Whether the guest holds streams or the like.
    pub fn is_held(&self) -> bool {
        !self.table.is_empty()
    }

    /// What was written to standard error since the last time.
    pub fn take_stderr(&mut self) -> Option<String> {
        let octets = std::mem::take(&mut *self.stderr.lock());
        (!octets.is_empty()).then(|| one_line(String::from_utf8_lossy(&octets).trim_end()))
    }
}

/// Links everything, then what waits once more.
pub fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    poll::add_to_linker::<T, Polls>(linker, |state| Poll { table: state.ctx().table })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Stands in for `wasi:io/poll`: whoever waits is stopped.
struct Poll<'a> {
    table: &'a mut ResourceTable,
}

struct Polls;

impl HasData for Polls {
    type Data<'a> = Poll<'a>;
}

impl poll::Host for Poll<'_> {
    fn poll(&mut self, _pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        Err(WouldWait.into())
    }
}

impl poll::HostPollable for Poll<'_> {
    fn ready(&mut self, _pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        Err(WouldWait.into())
    }

    fn block(&mut self, _pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        Err(WouldWait.into())
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}

/// A clock that stands at zero.
struct Stopped;

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// Keeps the first octets written and forgets the rest.
#[derive(Clone, Default)]
struct Stderr {
    octets: Arc<Mutex<Vec<u8>>>,
}

impl Stderr {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.octets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, octets: &[u8]) {
        let mut kept = self.lock();
        let room = STDERR_OCTETS_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&octets[..octets.len().min(room)]);
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only asked for by WASI 0.3, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl Pollable for Stderr {
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}

impl OutputStream for Stderr {
    fn write(&mut self, octets: Bytes) -> StreamResult<()> {
        self.keep(&octets);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(STDERR_OCTETS_MAX)
    }
}
