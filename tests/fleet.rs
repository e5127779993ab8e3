//! Two servers behind a load balancer, with the configuration that `docs/scaling-out.md` shows.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::TempDir;

use crate::harness::{Client, Server, editions, missing, wait_until};

const DOCUMENT: &str = include_str!("../docs/scaling-out.md");

/// The addresses in the document: of the balancer, and of the machines.
const SHOWN: [&str; 3] = ["127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8082"];

/// nginx in front of some servers. Dropping it ends the process.
struct Balancer {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Balancer {
    /// None where there is no nginx.
    fn start(machines: &[Server; 2]) -> Option<Balancer> {
        // Free a moment ago: nginx does not say which port it took.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let addresses = [address, machines[0].address(), machines[1].address()];
        let mut text = shown("nginx").to_owned();
        for (shown, address) in SHOWN.iter().zip(addresses) {
            assert!(text.contains(shown), "{shown} in the document");
            text = text.replace(shown, &format!("ADDRESS {address}"));
        }
        let folder = TempDir::with_prefix("wasmhttpd-").expect("a temporary folder");
        let file = folder.path().join("nginx.conf");
        fs::write(file, text.replace("ADDRESS ", "")).expect("a file");
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-g", "daemon off;", "-c", "nginx.conf", "-p"]);
        command.arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let Ok(child) = command.spawn() else {
            missing("nginx (try .ci/setup)");
            return None;
        };
        let mut balancer = Balancer { address, child, _folder: folder };
        wait_until("nginx listens", || {
            let ended = balancer.child.try_wait().expect("a child to wait for");
            assert_eq!(ended, None, "nginx ended");
            TcpStream::connect(address).is_ok()
        });
        Some(balancer)
    }

    fn client(&self) -> Client {
        Client::of_another_server(self.address)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // With its workers, which a killed one would leave behind.
        let id = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// The block of the document in this language.
fn shown(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).expect("a block");
    rest.split_once("```").expect("its end").0
}

/// Two machines with edition 1, and editions 2, which is well, and 3, which traps.
fn machines() -> [Server; 2] {
    [(); 2].map(|()| {
        let site = editions().edition("two.wasm", 2, "").edition("bad.wasm", 3, "t7r");
        site.serve_editions("parameter probation-clients 1")
    })
}

/// Which edition answers this; all machines are asked in turn.
fn edition(balancer: &Balancer) -> u32 {
    balancer.client().get("/page").edition()
}

/// Each machine gets the new guest by itself, and no client sees anything but one of the two.
#[test]
fn a_fleet_is_swapped_one_by_one_while_it_serves() {
    let machines = machines();
    let Some(balancer) = Balancer::start(&machines) else { return };
    let ended = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let ask = || {
            let mut seen = [0_u32; 3];
            let mut client = balancer.client();
            while !ended.load(Ordering::SeqCst) {
                let answer = client.get("/page");
                seen[answer.edition() as usize] += 1;
                if answer.closes() {
                    // nginx answers so many requests on a connection, and then no more.
                    client = balancer.client();
                }
            }
            seen
        };
        let clients = [(); 3].map(|()| scope.spawn(ask));
        wait_until("the old guest answers", || edition(&balancer) == 1);
        for machine in &machines {
            assert!(machine.swap("two.wasm").starts_with("generation 2 serves"));
            wait_until("the new guest answers", || edition(&balancer) == 2);
        }
        for _ in 0..20 {
            assert_eq!(edition(&balancer), 2);
        }
        ended.store(true, Ordering::SeqCst);
        clients.map(|client| client.join().expect("a client without failures"))
    });
    assert!(seen.iter().all(|seen| seen[1] > 0 && seen[2] > 0), "{seen:?}");
}

/// All clients have the balancer's address: one failure of a new guest is enough, and the other
/// machine never had it.
#[test]
fn a_guest_that_fails_is_turned_out_of_the_machine_that_tried_it() {
    let machines = machines();
    let Some(balancer) = Balancer::start(&machines) else { return };
    assert!(machines[0].swap("bad.wasm").starts_with("generation 2 serves"));
    wait_until("it is turned out", || {
        let status = balancer.client().get("/page/1007").status;
        assert!(matches!(status, 200 | 500), "{status}");
        machines[0].status()["turned-out"] == 1
    });
    machines[0].waits_for_generation(1);
    assert_eq!(machines[1].status()["published"], 0);
    for _ in 0..10 {
        assert_eq!(balancer.client().get("/page/1007").edition(), 1);
    }
}

/// A machine that is stopped finishes what it has, and the balancer asks the other one.
#[test]
fn a_machine_that_is_stopped_is_not_missed() {
    let mut machines = machines();
    let Some(balancer) = Balancer::start(&machines) else { return };
    let mut client = balancer.client();
    for _ in 0..10 {
        client.get("/page").expect(200);
    }
    machines[0].ctl(&["stop"]).succeeds();
    for _ in 0..50 {
        client.get("/page").expect(200);
    }
    assert!(machines[0].end().success());
    for _ in 0..50 {
        balancer.client().get("/page").expect(200);
    }
}
