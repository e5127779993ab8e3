//! `wasmhttpd compose`: a guest and an adapter as one component, for hosts that know nothing of
//! guests.
//!
//! 1. The guest is read: a file, the one that is built in, or the one of web.conf with what
//!    web.conf tells it inside.
//! 2. Its exports and imports are compared with the contract ([`plug`]).
//! 3. Its handler becomes that of the adapter, and the whole is written to a file, or nothing is.
//!
//! What the adapters do is in `guest/adapters/`; they are built from there once, and committed in
//! `host/adapters/`. Nothing of a guest is compiled or called here.

mod plug;

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::cli::Compose;
use crate::sandbox::{EMBEDDED_GUEST, Runtime};
use crate::startup::{self, Failure};

pub use plug::{PlugError, plug};

/// For hosts of wasi:http: exports `wasi:http/incoming-handler`.
pub const WASI_HTTP: &[u8] = include_bytes!("../../adapters/wasi-http.wasm");

/// For shells: exports `wasi:cli/run`.
pub const WASI_CLI: &[u8] = include_bytes!("../../adapters/wasi-cli.wasm");

/// Does what the command line asks for.
///
/// # Errors
/// When web.conf is wrong, there is no guest to compose, or no file to write.
pub fn run(arguments: &Compose) -> Result<(), Failure> {
    let output = &arguments.output;
    // Before what takes long.
    if !arguments.force && output.symlink_metadata().is_ok() {
        return Err(anyhow!("{} exists (try another file, or --force)", output.display()).into());
    }
    let (name, guest) = match (&arguments.guest, arguments.configured) {
        (Some(path), _) => {
            let name = format!("guest {}", path.display());
            let octets = Runtime::read(path).with_context(|| format!("{name} cannot be read"))?;
            (name, Cow::Owned(octets))
        }
        (None, true) => {
            let octets = startup::configured_guest(arguments.config.as_deref())?;
            ("the guest of web.conf".into(), Cow::Owned(octets))
        }
        (None, false) => ("the built-in guest".into(), Cow::Borrowed(EMBEDDED_GUEST)),
    };
    let adapter = if arguments.cli { WASI_CLI } else { WASI_HTTP };
    let composed = plug(adapter, &guest).with_context(|| format!("{name} cannot be composed"))?;
    write(output, &composed, arguments.force)
        .with_context(|| format!("cannot write {}", output.display()))?;
    Ok(())
}

/// Writes all of `octets`, or leaves no file that has only some of them.
fn write(path: &Path, octets: &[u8], replace: bool) -> io::Result<()> {
    let mut file = match replace {
        true => File::create(path)?,
        false => OpenOptions::new().write(true).create_new(true).open(path)?,
    };
    let written = file.write_all(octets).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}
