//! A folder with a document root and a web.conf.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::lines::Lines;
use super::server::Server;
use super::{DEADLINE, holds_within, wait_until};

/// Parameters of every site that does not set them itself. The deadline is long, because a test
/// of something else must not fail on a busy machine.
const PARAMETERS: [(&str, &str); 2] = [("listen", "127.0.0.1:0"), ("guest-deadline", "2000")];

/// Seconds after the Unix epoch when files were last modified unless a test says otherwise: long
/// ago, so that their validators are strong.
const MODIFIED: u64 = 1_700_000_000;

/// A folder of a site's own: `www` is its document root.
pub struct Site {
    folder: TempDir,
    under: Vec<String>,
    deaf: bool,
}

/// How a program ended that was run to its end.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Site {
    pub fn new() -> Site {
        let folder = TempDir::with_prefix("wasmhttpd-").expect("a temporary folder");
        // Servers without privileges read it too.
        let site = Site { folder, under: Vec::new(), deaf: false };
        fs::create_dir(site.root()).expect("a document root");
        site
    }

    /// Adds a file; the name is below the site's folder, so `www/…` is what gets served.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Site {
        let path = self.path(name);
        self.folder(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        age(&path, SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED));
        self
    }

    /// Adds a file that is one long hole.
    pub fn hole(self, name: &str, length: u64) -> Site {
        let site = self.file(name, "");
        let file = File::options().write(true).open(site.path(name)).expect("a file just made");
        file.set_len(length).expect("a file system with holes");
        site
    }

    pub fn folder(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub fn link(self, name: &str, target: impl AsRef<Path>) -> Site {
        std::os::unix::fs::symlink(target, self.path(name)).expect("a symbolic link");
        self
    }

    /// Has the server started under another program, which has to exec it.
    pub fn under(self, program: Vec<String>) -> Site {
        Site { under: program, ..self }
    }

    /// Closes the server's standard output as soon as it said where it listens.
    pub fn deaf(self) -> Site {
        Site { deaf: true, ..self }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> PathBuf {
        self.path("www")
    }

    /// Writes web.conf with these lines first and then what they leave out.
    pub fn configure(&self, lines: &str) -> &Site {
        let mut text = format!("{lines}\n");
        if !lines.contains("host ") {
            text += "host default www\n";
        }
        if !lines.contains("media ") {
            text += "media html text/html\nmedia txt text/plain\nmedia css text/css\n";
        }
        for (name, value) in PARAMETERS {
            if !lines.contains(&format!("parameter {name} ")) {
                let _ = writeln!(text, "parameter {name} {value}");
            }
        }
        self.configure_exactly(&text)
    }

    pub fn configure_exactly(&self, text: &str) -> &Site {
        fs::write(self.path("web.conf"), text).expect("web.conf written");
        self
    }

    /// Starts the server on this site.
    pub fn serve(self, lines: &str) -> Server {
        self.configure(lines);
        self.start(&["-c", "web.conf"], 1.max(lines.matches("parameter listen ").count()))
    }

    /// Starts the server with these arguments, which make it listen on so many addresses.
    pub fn start(self, arguments: &[&str], addresses: usize) -> Server {
        let child = self.spawn(arguments);
        let stop_after = self.deaf.then_some(addresses);
        Server::started(self, child, addresses, stop_after)
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let mut child = self.spawn(arguments);
        let stdout = Lines::collect(child.stdout.take().expect("piped"), None);
        let stderr = Lines::collect(child.stderr.take().expect("piped"), None);
        let mut status = None;
        let ended = holds_within(DEADLINE, || {
            status = child.try_wait().expect("a child to wait for");
            status.is_some()
        });
        if !ended {
            let _ = child.kill();
            let _ = child.wait();
        }
        // A line that never comes: this waits for the end of the output.
        stdout.wait_for(DEADLINE, |_| false);
        stderr.wait_for(DEADLINE, |_| false);
        let (stdout, stderr) = (stdout.text(), stderr.text());
        match status {
            Some(status) => Finished { status, stdout, stderr },
            None => panic!("{arguments:?} did not end: stdout {stdout:?}, stderr {stderr:?}"),
        }
    }

    /// A command of another program, started as the server is.
    pub fn wrapped(&self, program: &Path) -> Command {
        match self.under.split_first() {
            None => Command::new(program),
            Some((under, rest)) => {
                let mut command = Command::new(under);
                command.args(rest).arg(program);
                command
            }
        }
    }

    /// The program's command, to run in the site's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.wrapped(Path::new(env!("CARGO_BIN_EXE_wasmhttpd")));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        // All tests share what was compiled before, and none writes to somebody's home.
        command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).env_remove("CACHE_DIRECTORY");
        command
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}

impl Finished {
    /// Asserts an end with a status, and that all the words are in what was said on stderr.
    pub fn complains(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status.code(), Some(status), "exit status, stderr {:?}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in {:?}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "a panic: {:?}", self.stderr);
    }

    /// Asserts success.
    pub fn succeeds(self) -> Finished {
        assert!(self.status.success(), "{}, stderr {:?}", self.status, self.stderr);
        self
    }
}

/// Sets when a file was last modified.
pub fn age(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path);
    let done = file.and_then(|file| file.set_modified(time));
    done.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// What to start the server under so that file permissions count for it; none if it cannot be.
pub fn without_file_privileges() -> Option<Vec<String>> {
    if !geteuid().is_root() {
        return Some(Vec::new());
    }
    let under = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"].map(String::from);
    let works = Command::new(&under[0]).args(&under[1..]).arg("true").status();
    works.is_ok_and(|status| status.success()).then(|| under.to_vec())
}

/// Waits for a process to end.
pub fn wait_for_end(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until("the server has ended", || {
        status = child.try_wait().expect("a child to wait for");
        status.is_some()
    });
    status.expect("just waited for")
}

/// Writes a file, or says which could not be written.
pub fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Renames a file or folder, or says which could not be.
pub fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
}
