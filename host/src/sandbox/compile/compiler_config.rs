//! How a component is compiled: the same in the server, in its child process that compiles, and for
//! what is embedded in a release.

use wasmtime::Config;

/// What decides how code is compiled.
pub fn compiler_config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Nobody asks where in a guest it trapped: less to compile, to load and to keep.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    // What is counted is the code of a release, on whatever processor.
    #[cfg(feature = "counting")]
    super::target::set_target(&mut config).expect("the target of this build");
    config
}
