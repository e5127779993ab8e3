//! The thread that reads directories: what it does for clients that leave, how much it takes on,
//! and what happens without it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, geteuid, getrlimit};
use socket2::SockRef;

use crate::harness::{Client, DEADLINE, Site, skip, wait_until, write};
use crate::waiting::{ENDLESS, FOLDER_SUMMARY, request, serve, site, waiting};

/// Makes the connection end with a reset.
fn reset(client: Client) {
    let socket = SockRef::from(&client.stream);
    socket.set_linger(Some(Duration::ZERO)).expect("a close that resets");
}

/// Fault 23: a client that resets is forgotten at once, and what it wanted is not read any further.
#[test]
fn a_client_that_leaves_ends_the_reading() {
    let server = serve(site(ENDLESS), "parameter access-log access.log");
    server.get("/count/folder/").expect(200);
    let before = server.process().descriptors();
    let crowd: Vec<Client> = std::iter::once(waiting(&server))
        .chain((0..20).map(|_| {
            let mut client = server.client();
            client.send(request("/count/slow/"));
            client
        }))
        .collect();
    server.get("/file").expect(200);
    crowd.into_iter().for_each(reset);
    server.frees_descriptors(before);
    let start = Instant::now();
    assert_eq!(server.get("/count/folder/").expect(200).text(), FOLDER_SUMMARY);
    assert!(start.elapsed() < DEADLINE / 3, "took {:?}", start.elapsed());
    // Nobody was answered, so that there is no line.
    let log = server.site.path("access.log");
    wait_until("the last request is logged", || {
        fs::read_to_string(&log).is_ok_and(|text| text.matches("/count/folder/").count() == 2)
    });
    let log = fs::read_to_string(log).expect("a log");
    assert!(!log.contains("/count/slow/"), "{log}");
}

/// The next connection takes the place of one that left, but never its result, which may come
/// while the next one waits for its own.
#[test]
fn a_late_result_reaches_nobody() {
    let server = serve(site(ENDLESS), "");
    let mut bystander = server.client();
    for _ in 0..300 {
        let mut client = server.client();
        client.send(request("/count/slow/"));
        // What was asked for earlier has been taken up, and who has left has been forgotten.
        bystander.get("/file").expect(200);
        reset(client);
        bystander.get("/file").expect(200);
        let mut next = server.client();
        assert_eq!(next.get("/count/folder/").expect(200).text(), FOLDER_SUMMARY);
        assert_eq!(next.get("/file").expect(200).text(), "front\n");
        assert!(next.is_open(), "something nobody asked for");
    }
}

/// So many may wait behind the one that is being read, and not one more.
#[test]
fn a_full_queue_is_busy() {
    const QUEUE_MAX: usize = 64;
    let server = serve(site(ENDLESS), "parameter file-freshness 0");
    let slow = waiting(&server);
    let mut next = server.client();
    let mut queue: Vec<Client> = (0..QUEUE_MAX).map(|_| server.client()).collect();
    for client in &mut queue {
        client.get("/file").expect(200);
    }
    for client in &mut queue {
        client.send(request("/count/folder/"));
    }
    // What was asked for earlier has been taken up once later requests are answered.
    for _ in 0..2 {
        next.get("/file").expect(200);
    }
    assert_eq!(next.get("/count/folder/").expect(404).text(), "busy\n");
    for client in &mut queue {
        assert!(client.is_open(), "an answer already");
    }
    assert_eq!(next.get("/list/folder/,index.html").expect(404).text(), "busy\n");
    write(&server.site.path("www/busy.txt"), "instead\n");
    assert_eq!(next.get("/list/folder/").expect(200).text(), "instead\n");
    assert_eq!(next.get("/file").expect(200).text(), "front\n");
    reset(slow);
    for client in &mut queue {
        assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
    }
    assert_eq!(next.get("/count/folder/").expect(200).text(), FOLDER_SUMMARY);
}

/// What to start programs under so that the system's limit of threads counts for them; none if
/// there is no such thing here. Root has no such limit.
fn as_an_ordinary_user(site: &Site) -> Option<Vec<String>> {
    let mut under = Vec::new();
    if geteuid().is_root() {
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(site.path(""), open).expect("a folder that all may read");
        under.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    let succeeds = |program: &[&str]| {
        let words: Vec<&str> = under.iter().chain(program).copied().collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let can = succeeds(&[env!("CARGO_BIN_EXE_wasmhttpd"), "--version"])
        && succeeds(&["prlimit", "--nproc=1:", "true"]);
    can.then(|| under.into_iter().map(String::from).collect())
}

/// Fault 38: where the system has no thread to give, directories are busy and all else goes on;
/// once it has one again, so do directories.
#[test]
fn without_a_thread_directories_are_busy() {
    let site = site(Duration::ZERO);
    let Some(under) = as_an_ordinary_user(&site) else {
        return skip("no limit of threads can be set here");
    };
    let server = serve(site.under(under.clone()), "");
    let limit_threads = |limit: &str| {
        let process = server.process().id.to_string();
        let limit = format!("--nproc={limit}:");
        let program = ["prlimit", &limit, "--pid", &process].map(String::from);
        let words: Vec<String> = under.iter().cloned().chain(program).collect();
        let status = Command::new(&words[0]).args(&words[1..]).status();
        assert!(status.is_ok_and(|status| status.success()), "{words:?}");
    };
    let mut client = server.client();
    client.get("/file").expect(200);
    limit_threads("1");
    for _ in 0..3 {
        assert_eq!(client.get("/count/folder/").expect(404).text(), "busy\n");
        assert_eq!(client.get("/file").expect(200).text(), "front\n");
    }
    server.logs(&["a directory is not read", "unavailable"]);
    let before = getrlimit(Resource::Nproc).current;
    limit_threads(&before.map_or("unlimited".into(), |threads| threads.to_string()));
    assert_eq!(client.get("/count/folder/").expect(200).text(), FOLDER_SUMMARY);
}
