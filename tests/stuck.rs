//! Clients that stop reading: the original computed at 97 % and served nobody else.

use std::time::{Duration, Instant};

use crate::harness::{Client, DEADLINE, KIB, Server, Site, cpu_while, wait_until};

/// For how long the server is watched while there is nothing to do.
const WATCHED: Duration = Duration::from_secs(2);

/// What a worker may compute in that time: a few timers.
const CPU_LIMIT: Duration = Duration::from_millis(150);

fn site() -> Server {
    let site = Site::new().file("www/index.html", "front\n").hole("www/large.bin", 64 << 20);
    site.serve("parameter workers 1\nparameter timeout 60\nparameter send-timeout 60")
}

/// Clients who have asked for 64 MiB, read the head, and read no more.
fn stuck_clients(server: &Server, count: usize) -> Vec<Client> {
    let stuck = || {
        let mut client = Client::with_receive_buffer(server.address(), 16 * KIB);
        client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
        client
    };
    (0..count).map(|_| stuck()).collect()
}

/// Waits until no more fits into the sockets.
fn wait_until_full(server: &Server) {
    let process = server.process();
    wait_until("the sockets are full", || {
        cpu_while(process, Duration::from_millis(200)) <= Duration::from_millis(10)
    });
}

/// The original: 97 % of a processor in a retry loop.
#[test]
fn a_stuck_client_costs_no_cpu_time() {
    let server = site();
    let clients = stuck_clients(&server, 20);
    wait_until_full(&server);
    let spent = cpu_while(server.process(), WATCHED);
    assert!(spent <= CPU_LIMIT, "{spent:?} of {WATCHED:?} with nothing to do");
    drop(clients);
    server.serves();
}

/// The original: everyone else was blocked.
#[test]
fn others_are_served_promptly_beside_stuck_clients() {
    let server = site();
    let _stuck = stuck_clients(&server, 20);
    let mut client = server.client();
    let mut longest = Duration::ZERO;
    for _ in 0..200 {
        let start = Instant::now();
        client.get("/").expect(200);
        longest = longest.max(start.elapsed());
    }
    assert!(longest < Duration::from_secs(2), "an answer took {longest:?}");
    server.serves();
}

/// A client that was stuck and reads again gets the rest.
#[test]
fn a_stuck_client_can_go_on_reading() {
    let server = site();
    let mut client = stuck_clients(&server, 1).remove(0);
    wait_until_full(&server);
    let received = client.stream_content(64 << 20, |_, _| {});
    assert_eq!(received, 64 << 20);
    client.get("/").expect(200);
}

/// Work for one connection is bounded: a fast download does not starve the others either.
#[test]
fn downloads_at_full_speed_leave_room_for_others() {
    let server = site();
    std::thread::scope(|scope| {
        let download = || {
            let mut client = server.client();
            for _ in 0..2 {
                client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
                client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
                assert_eq!(client.stream_content(64 << 20, |_, _| {}), 64 << 20);
            }
        };
        let downloads = [scope.spawn(download), scope.spawn(download)];
        let mut client = server.client();
        while !downloads.iter().all(|download| download.is_finished()) {
            let start = Instant::now();
            client.get("/").expect(200);
            assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
        }
    });
}

/// Fault 23: clients that vanish with an RST in the middle free everything, and hurt nobody.
#[test]
fn clients_that_reset_free_their_connections() {
    let server = site();
    server.get("/").expect(200);
    let before = server.process().descriptors();
    for client in stuck_clients(&server, 20) {
        let socket = socket2::SockRef::from(&client.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("a close that resets");
    }
    server.frees_descriptors(before);
    server.serves();
}
