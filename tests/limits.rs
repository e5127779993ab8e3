//! More connections than there is room for.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{
    Client, DEADLINE, KIB, Lost, Server, Site, cpu_while, shell_limit, skip, wait_until,
};

/// Octets of host memory that a connection without a request may hold.
const IDLE_OCTETS: usize = 2 * KIB;

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// Raises this process's own limit; false where that is not allowed.
fn descriptors_for(connections: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let needed = connections + 500;
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        skip("too few descriptors allowed here");
        return false;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).is_ok()
}

/// Fault 26: out of descriptors, the server neither spins nor forgets those it has, and recovers.
#[test]
fn without_descriptors_the_server_waits_and_recovers() {
    let site = site().under(shell_limit(64));
    let lines = "parameter workers 1\nparameter timeout 600\nparameter head-timeout 600";
    let server = site.serve(lines);
    let mut known = server.client();
    known.get("/").expect(200);
    // Nobody of the crowd is idle: each has begun a request.
    let mut crowd: Vec<Client> = (0..150).map(|_| server.client()).collect();
    for client in &mut crowd {
        client.send("GET / HTT");
    }
    let spent = cpu_while(server.process(), Duration::from_secs(2));
    assert!(spent < Duration::from_millis(300), "{spent:?} of two seconds with nothing to do");
    // There may be no descriptor left for a file, but there is an answer.
    match known.try_answer_to("/", DEADLINE) {
        Ok(answer) => assert!(matches!(answer.status, 200 | 503), "{answer:?}"),
        Err(Lost::Ended(_)) => {} // Closed as the one that was idle for longest.
        Err(lost) => panic!("a connection that was there before: {lost:?}"),
    }
    crowd.drain(..).for_each(drop);
    wait_until("the server takes new connections again", || {
        let answer = server.client().try_answer_to("/", DEADLINE);
        answer.is_ok_and(|answer| answer.status == 200)
    });
    for _ in 0..20 {
        server.get("/").expect(200);
    }
}

/// Fault 26: those who wait meanwhile are served when there is room again.
#[test]
fn who_waits_for_a_descriptor_is_served_in_the_end() {
    let site = site().under(shell_limit(64));
    let server = site.serve("parameter workers 1\nparameter head-timeout 600");
    // Nobody of the crowd is idle, and has to make room: each has begun a request.
    let mut crowd: Vec<Client> = (0..120).map(|_| server.client()).collect();
    for client in &mut crowd {
        client.send("GET / HTT");
    }
    wait_until("no descriptor is left", || server.process().descriptors() >= 64);
    let mut last = server.client();
    last.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    drop(crowd);
    last.answer().expect(200);
}

/// Faults 21 and 27: at the limit, the connection that was idle for longest makes room.
#[test]
fn at_the_limit_the_oldest_idle_connection_makes_room() {
    let server =
        site().serve("parameter connections 8\nparameter workers 1\nparameter timeout 600");
    let mut clients: Vec<Client> = (0..8)
        .map(|_| {
            let mut client = server.client();
            client.get("/").expect(200);
            client
        })
        .collect();
    // The first becomes the one that was used last.
    clients[0].get("/").expect(200);
    let mut ninth = server.client();
    ninth.get("/").expect(200);
    clients[1].ends();
    clients[0].get("/").expect(200);
    for client in &mut clients[2..] {
        client.get("/").expect(200);
    }
}

/// Fault 21: the limit is the process's; whichever worker a newcomer falls to, room is made.
#[test]
fn at_the_limit_room_is_made_across_workers() {
    let server =
        site().serve("parameter connections 1\nparameter workers 2\nparameter timeout 600");
    let mut held = Vec::new();
    for number in 0..16 {
        let mut client = server.client();
        let answer = client.try_answer_to("/", DEADLINE / 3);
        assert!(answer.is_ok_and(|answer| answer.status == 200), "client {number} is not served");
        held.push(client);
    }
}

/// Fault 27: nobody is idle; the one too many waits or is told so.
#[test]
fn at_the_limit_busy_connections_are_not_disturbed() {
    let site = site().hole("www/large.bin", 64 << 20);
    let lines = "parameter connections 4\nparameter workers 1\nparameter send-timeout 600";
    let server = site.serve(lines);
    let mut busy: Vec<Client> = (0..4)
        .map(|_| {
            let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
            client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
            client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
            client
        })
        .collect();
    let mut waiting = server.client();
    waiting.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let spent = cpu_while(server.process(), Duration::from_secs(1));
    assert!(spent < Duration::from_millis(300), "{spent:?} of a second with nothing to do");
    for client in &mut busy {
        assert_eq!(client.stream_content(64 << 20, |_, _| {}), 64 << 20);
    }
    busy.clear();
    match waiting.try_answer(DEADLINE) {
        Ok(answer) => assert!(matches!(answer.status, 200 | 503), "{answer:?}"),
        Err(lost) => assert!(matches!(lost, Lost::Ended(_)), "{lost:?}"),
    }
    server.serves();
}

/// Holds so many idle connections: what one costs, and that the others notice nothing.
fn holds_idle_connections(count: usize) {
    if !descriptors_for(count as u64) {
        return;
    }
    let lines = "parameter connections 20000\nparameter timeout 600\nparameter head-timeout 600";
    let server: Server = site().serve(lines);
    for _ in 0..100 {
        server.get("/").expect(200);
    }
    let before = server.process().resident_octets();
    let mut clients: Vec<Client> = (0..count).map(|_| server.client()).collect();
    for client in clients.iter_mut().step_by(2) {
        client.get("/").expect(200);
    }
    wait_until("all are accepted", || server.process().descriptors() >= count);
    let grown = server.process().resident_octets().saturating_sub(before);
    assert!(grown <= count * IDLE_OCTETS, "{} octets for each", grown / count);
    let start = Instant::now();
    for _ in 0..100 {
        server.get("/").expect(200);
    }
    assert!(start.elapsed() < DEADLINE / 3, "a hundred requests took {:?}", start.elapsed());
    let spent = cpu_while(server.process(), Duration::from_secs(1));
    assert!(spent < Duration::from_millis(200), "{spent:?} of a second with nothing to do");
    clients.last_mut().map(|client| client.get("/").expect(200));
}

/// Fault 21: silence costs next to nothing.
#[test]
fn two_thousand_idle_connections_cost_little() {
    holds_idle_connections(2_000);
}

/// Fault 25, for who has the descriptors.
#[test]
#[ignore = "holds ten thousand connections"]
fn ten_thousand_idle_connections_cost_little() {
    holds_idle_connections(10_000);
}
