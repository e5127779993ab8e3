//! A real registry on this machine: Debian's `docker-registry`, a process of the test's own.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::lines::Lines;
use super::{DEADLINE, missing};

/// The program, of the package of the same name.
const PROGRAM: &str = "docker-registry";

/// A running registry. Dropping it ends it.
pub struct Registry {
    /// Host and port.
    pub address: String,
    child: Child,
    folder: TempDir,
}

impl Registry {
    /// Starts one, if the program is installed; says so if it is not.
    pub fn start() -> Option<Registry> {
        let folder = TempDir::with_prefix("registry-").expect("a temporary folder");
        let Some((child, address)) = run(folder.path(), "127.0.0.1:0") else {
            missing(&format!("{PROGRAM} (try .ci/setup)"));
            return None;
        };
        Some(Registry { address, child, folder })
    }

    /// The reference of what was pushed.
    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, with what it had.
    pub fn start_again(&mut self) {
        let (child, _) = run(self.folder.path(), &self.address).expect("it was there before");
        self.child = child;
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// None: it is not installed.
fn run(folder: &Path, address: &str) -> Option<(Child, String)> {
    let config = format!(
        "version: 0.1\nlog: {{ level: info }}\nhttp: {{ addr: '{address}' }}\n\
         storage: {{ filesystem: {{ rootdirectory: '{}' }}, delete: {{ enabled: true }} }}\n",
        folder.join("storage").display()
    );
    let file = folder.join("config.yml");
    std::fs::write(&file, config).expect("a configuration");
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = match command.stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{PROGRAM}: {error}"),
    };
    let log = Lines::collect(child.stderr.take().expect("piped"), None);
    let line = log.wait_for(DEADLINE, |line| line.contains("listening on "));
    let address = line.as_deref().and_then(|line| {
        let (_, rest) = line.split_once("listening on ")?;
        rest.split(['"', ' ', ',']).next().map(str::to_owned)
    });
    match address {
        Some(address) => Some((child, address)),
        None => {
            let _ = child.kill();
            panic!("{PROGRAM} does not listen: {}", log.text());
        }
    }
}
