//! The processors that code of a release is made for.
#![allow(unsafe_code, reason = "what a processor has is promised to the compiler by name")]

use wasmtime::Config;

/// What processors of the last ten years have (x86-64-v3), in the words of the compiler. On others
/// the server compiles the guest when it first starts.
const X86_64_V3: [&str; 12] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_bmi1",
    "has_bmi2",
    "has_fma",
    "has_lzcnt",
];

/// Has code made for processors like the target's rather than for the one at hand.
///
/// # Errors
/// When the compiler knows no such target.
pub fn set_target(config: &mut Config) -> wasmtime::Result<()> {
    config.target(env!("WASMHTTPD_TARGET"))?;
    if cfg!(target_arch = "x86_64") {
        for flag in X86_64_V3 {
            // SAFETY: a flag lets the compiler use instructions; whether a processor has them is
            // asked when the code is loaded.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    Ok(())
}
