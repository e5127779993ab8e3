//! A bash that does what a document says, in a folder of its own.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::document::{Block, Step, is_among, is_as_shown, last_words};
use super::{age, find_wasmtime, holds_within};

/// Seconds after the Unix epoch when the files of the site were last modified.
const MODIFIED: u64 = 1_700_000_000;

/// Where documents are run.
pub struct Scratch {
    folder: TempDir,
    /// What bash is started under, to have a loopback of its own.
    under: &'static [&'static str],
}

/// Has bash in a network of its own, where every port is free.
const UNSHARED: &[&str] =
    &["unshare", "--map-root-user", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];

/// Whether processes can have a network of their own here.
pub fn can_be_alone() -> bool {
    let status = Command::new(UNSHARED[0]).args(&UNSHARED[1..]).arg("true").output();
    status.is_ok_and(|output| output.status.success())
}

impl Scratch {
    /// A folder with a fresh copy of the sample site.
    pub fn new(alone: bool) -> Scratch {
        let folder = TempDir::with_prefix("wasmhttpd-document-").expect("a temporary folder");
        let scratch = Scratch { folder, under: if alone { UNSHARED } else { &[] } };
        for name in ["out", "bin"] {
            fs::create_dir(scratch.path(name)).expect("a folder");
        }
        let programs = [("wasmhttpd", Path::new(env!("CARGO_BIN_EXE_wasmhttpd")))];
        let cli = find_wasmtime().filter(|path| path.is_absolute()).map(|path| ("wasmtime", path));
        for (name, path) in programs.into_iter().chain(cli) {
            let link = scratch.path("bin").join(name);
            std::os::unix::fs::symlink(path, link).expect("a symbolic link");
        }
        let site = scratch.path("site");
        fs::create_dir(&site).expect("a folder");
        copy(&root().join("www"), &site.join("www"));
        copy(&root().join("web.conf"), &site.join("web.conf"));
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs blocks, one after the other, in one bash.
    ///
    /// # Errors
    /// The line of the document at which it went wrong, and what did.
    pub fn run(&self, blocks: &[&Block], time: Duration) -> Result<(), (usize, String)> {
        if blocks.iter().any(|block| block.in_checkout) {
            copy_checkout(&self.path("checkout"));
        }
        let steps: Vec<&Step> = blocks.iter().flat_map(|block| &block.steps).collect();
        fs::write(self.path("script"), self.script(blocks)).expect("a script");
        let mut bash = self.bash();
        let status = wait(&mut bash, time);
        let group = Pid::from_child(&bash);
        // Servers that the document started, too; it is an error if there are none.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = bash.wait();
        let output = |index: usize| fs::read(self.path("out").join(index.to_string()));
        for (index, step) in steps.iter().enumerate() {
            let Ok(octets) = output(index) else { break };
            let text = String::from_utf8_lossy(&octets);
            let got: Vec<_> = text.lines().map(str::to_owned).collect();
            // The steps after it would have made their files.
            let is_last = output(index + 1).is_err();
            let failed = status.filter(|status| is_last && !status.success());
            let late = is_last && status.is_none();
            if let Some(complaint) = complaint(step, &got, failed, late.then_some(time)) {
                return Err((step.line, complaint));
            }
        }
        let made = fs::read_dir(self.path("out")).expect("a folder").count();
        match (made == steps.len(), blocks.first()) {
            (false, Some(block)) => {
                Err((block.line, format!("only {made} of {} steps were run", steps.len())))
            }
            _ => Ok(()),
        }
    }

    /// Each step has its output in a file of its own.
    fn script(&self, blocks: &[&Block]) -> String {
        let out = self.path("out").display().to_string();
        let mut script = String::from("set -eu\n");
        let mut index = 0;
        for block in blocks {
            if block.in_checkout {
                let checkout = self.path("checkout");
                let _ = writeln!(script, "document_place=$PWD; cd '{}'", checkout.display());
            }
            for step in &block.steps {
                let file = format!("'{out}/{index}'");
                let _ = writeln!(script, "exec >{file} 2>&1\n{}", step.command);
                if let Some(words) = last_words(step).filter(|_| step.is_background()) {
                    let words = words.replace('\'', "'\\''");
                    let _ = writeln!(
                        script,
                        "while kill -0 $! && ! grep -qF -e '{words}' {file}; do sleep 0.02; done 2>/dev/null"
                    );
                }
                index += 1;
            }
            if block.in_checkout {
                script.push_str("cd \"$document_place\"\n");
            }
        }
        script
    }

    fn bash(&self) -> Child {
        let words = [self.under, &["bash"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(self.path("script"));
        command.current_dir(self.path("site")).process_group(0);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).expect("folders without colons"));
        command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).env_remove("CACHE_DIRECTORY");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}

/// What is wrong with a step, if anything.
fn complaint(
    step: &Step,
    got: &[String],
    failed: Option<ExitStatus>,
    late: Option<Duration>,
) -> Option<String> {
    let Step { command, expected, .. } = step;
    let shown =
        |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
    let mut complaint = match (failed, late) {
        (Some(status), _) => format!("`{command}` ended with {status}\n"),
        (None, Some(time)) => format!("`{command}` did not end within {time:?}\n"),
        (None, None) => {
            let expected = expected.as_ref()?;
            let is_right = match step.is_background() {
                true => is_among(expected, got),
                false => is_as_shown(expected, got),
            };
            if is_right {
                return None;
            }
            format!("`{command}` printed something else\n")
        }
    };
    if let Some(expected) = expected {
        complaint += &format!("  expected:\n{}", shown(expected));
    }
    Some(complaint + &format!("  got:\n{}", shown(got)))
}

/// How it ended; none if it did not in time.
fn wait(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let mut status = None;
    holds_within(time, || {
        status = child.try_wait().expect("a child to wait for");
        status.is_some()
    });
    status
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder of the checkout") {
            let name = entry.expect("an entry").file_name();
            copy(&from.join(&name), &to.join(&name));
        }
        return;
    }
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    age(to, SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED));
}

/// Copies what git knows or would take, which is what a clean checkout has.
fn copy_checkout(to: &Path) {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let output = git.output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in String::from_utf8_lossy(&output.stdout).split('\0').filter(|name| !name.is_empty())
    {
        let (from, to) = (root().join(name), to.join(name));
        // Deleted, and not yet told to git.
        if from.is_file() {
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
    }
}
