//! The server as it is counted, and the calls of its guest without sockets: `wasmhttpd-counted
//! calls HEADS COUNT FOLDER`, with the folder that has the compiled guest.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmhttpd::private_folder::PrivateFolder;
use wasmhttpd::sandbox::contract::{Configuration, Found};
use wasmhttpd::sandbox::{
    CodeCache, Compiler, CompilerLimits, EMBEDDED_GUEST, GuestLimits, Runtime, RuntimeOptions,
    Sandbox,
};

#[path = "../heads.rs"]
mod heads;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    match &*words {
        [_, command, heads, count, folder] if command == "calls" => {
            let count = count.parse().expect("a number of calls");
            call(heads == "repeated", count, Path::new(folder));
            ExitCode::SUCCESS
        }
        _ => wasmhttpd::process::run(),
    }
}

/// Calls `parse` and `respond` so many times.
fn call(is_repeated: bool, count: usize, folder: &Path) {
    let limits =
        GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 16 << 20, wasi: false };
    let runtime = Runtime::new(RuntimeOptions::for_guest(1, limits)).expect("an engine");
    // Not compiled here: how many instructions that takes differs from run to run.
    let cache = CodeCache::new(PrivateFolder::open(folder).expect("a folder"));
    let compiler = CompilerLimits { time: Duration::from_secs(60), memory_octets: 2 << 30 };
    let code = Compiler::new(compiler, Some(cache)).compile(EMBEDDED_GUEST).expect("code");
    let mut generation = runtime.load_compiled(&code, limits).expect("a guest");
    let configuration = Configuration { media: Vec::new(), parameters: Vec::new() };
    generation.configure(configuration).expect("a start").expect("no problems");
    let mut sandbox = Sandbox::new(Arc::new(generation), false, 0);
    let context = Some(heads::CONTEXT);
    let file = Found::File(heads::FILE);
    let heads: Vec<String> = (0..heads::HEADS).map(heads::head).collect();
    sandbox.begin_turn();
    for number in 0..count {
        let head = if is_repeated { &heads[0] } else { &heads[number % heads::HEADS] };
        let Ok(instance) = sandbox.instance(Instant::now()) else { panic!("no instance") };
        black_box(instance.parse(head, context).expect("an answer"));
        black_box(instance.respond(head, &file, context).expect("an answer"));
    }
    sandbox.end_turn();
}
