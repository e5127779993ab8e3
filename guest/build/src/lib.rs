//! Builds a guest of this workspace into a component, for build scripts.
//!
//! Owns how a guest is built: target, profile, crate type, and what happens when the target is
//! missing. A build script names the package and its sources, and gets the component's path.
//! A guest needs no `cdylib` in its manifest: the crate type is given here, so that on native
//! targets it can stay a plain library.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// What guests are compiled for: a component, without a further tool.
const TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace's `Cargo.toml` that guests are built with.
const PROFILE: &str = "guest";

/// What every host of components has had for years, and what a guest looks at many octets at once
/// with.
const TARGET_FEATURES: &str = "-Ctarget-feature=+simd128";

/// A stack that is large enough for the default guest and small enough for the host: stack, data
/// and heap lie in what is cleared by hand for a fresh instance (`KEEP_RESIDENT_OCTETS` of the
/// host), which saves two thirds of its time.
const SMALL_STACK: &str = "-Clink-arg=-zstack-size=65536";

/// Variables that cargo or clippy set for the crate being built, which must not reach the guest.
const NOT_INHERITED: [&str; 7] = [
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Builds `package` and returns the path of its component, below `OUT_DIR`. All that a build script
/// builds is there together, so that what its components have in common is compiled once.
///
/// `sources` are the files and folders, relative to the workspace, whose change rebuilds it. On
/// failure the build script ends with a message for cargo to show.
#[must_use]
pub fn component(package: &str, sources: &[&str]) -> PathBuf {
    component_with(package, &[], sources)
}

/// As [`component`], with a stack of 64 KiB instead of 1 MiB.
#[must_use]
pub fn component_with_small_stack(package: &str, sources: &[&str]) -> PathBuf {
    build(package, &[], &[SMALL_STACK], sources)
}

/// As [`component`], with these features of the package.
///
/// All components of a build script are built below one folder, so that what they have in common is
/// compiled once.
#[must_use]
pub fn component_with(package: &str, features: &[&str], sources: &[&str]) -> PathBuf {
    build(package, features, &[], sources)
}

/// Builds `package`, its last crate with these flags of the compiler.
fn build(package: &str, features: &[&str], flags: &[&str], sources: &[&str]) -> PathBuf {
    let workspace = workspace();
    for source in sources.iter().chain(&["Cargo.toml", "Cargo.lock"]) {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    require_target();

    let target_dir = required("OUT_DIR").join("guests");
    let mut cargo = Command::new(required("CARGO"));
    cargo
        .current_dir(&workspace)
        .args(["rustc", "--locked", "--lib", "--crate-type", "cdylib"])
        .args(["--package", package, "--target", TARGET, "--profile", PROFILE])
        .args(["--features", &features.join(",")])
        .arg("--target-dir")
        .arg(&target_dir)
        .arg("--")
        .args(flags);
    for variable in NOT_INHERITED {
        cargo.env_remove(variable);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", compiler_flags().join("\u{1f}"));
    // Standard output is cargo's channel to this script: the inner build speaks on the other one.
    cargo.stdout(process::Stdio::null());
    match cargo.status() {
        Ok(status) if status.success() => {}
        Ok(status) => {
            fail(&format!("building the guest {package} for {TARGET} failed ({status}): see above"))
        }
        Err(error) => fail(&format!("cannot run cargo to build the guest {package}: {error}")),
    }
    let built = target_dir.join(TARGET).join(PROFILE).join(package.replace('-', "_"));
    kept(&built.with_extension("wasm"), &[&[package], features].concat().join("-"))
}

/// What every crate of a guest is compiled with. Where cargo keeps the sources of packages is not
/// said in a component, so that it has the same octets wherever it is built.
fn compiler_flags() -> Vec<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let sources = home.map(|home| home.join("registry/src"));
    let registries = sources.and_then(|sources| fs::read_dir(sources).ok()).into_iter().flatten();
    let mut flags = vec![TARGET_FEATURES.to_owned()];
    flags.extend(
        registries
            .flatten()
            .map(|registry| format!("--remap-path-prefix={}=/packages", registry.path().display())),
    );
    flags.sort();
    flags
}

/// Copies a component to where the next one, of the same package with other features, does not
/// replace it.
fn kept(built: &Path, name: &str) -> PathBuf {
    let component = required("OUT_DIR").join(name).with_extension("wasm");
    match fs::copy(built, &component) {
        Ok(_) => component,
        Err(error) => fail(&format!("cannot copy {}: {error}", built.display())),
    }
}

/// The folder of the workspace: the nearest one upwards with a `Cargo.lock`.
fn workspace() -> PathBuf {
    let package = required("CARGO_MANIFEST_DIR");
    match package.ancestors().find(|folder| folder.join("Cargo.lock").exists()) {
        Some(folder) => folder.to_path_buf(),
        None => fail(&format!("no Cargo.lock in or above {}", package.display())),
    }
}

/// Adds the target where rustup can; otherwise says what to do.
fn require_target() {
    let installed = || {
        let printed = Command::new(required("RUSTC"))
            .args(["--print", "target-libdir", "--target", TARGET])
            .output();
        printed.is_ok_and(|output| {
            output.status.success()
                && Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists()
        })
    };
    if installed() {
        return;
    }
    // Inside cargo, RUSTUP_TOOLCHAIN names the toolchain in use.
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .stdout(process::Stdio::null())
        .status();
    if !added.is_ok_and(|status| status.success()) || !installed() {
        fail(&format!("the target {TARGET} is missing: run `rustup target add {TARGET}`"));
    }
}

fn required(variable: &str) -> PathBuf {
    match env::var_os(variable) {
        Some(value) => value.into(),
        None => fail(&format!("{variable} is not set: this runs in a build script")),
    }
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    process::exit(1)
}
