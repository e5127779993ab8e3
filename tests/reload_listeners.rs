//! Listeners when web.conf is read again: those that stay are kept, new ones serve at once, old
//! ones let go; and nobody who asks meanwhile goes without an answer (faults 15 and 37).

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

use rustix::process::Signal;

use crate::control::{self, SOCKET};
use crate::harness::{Askers, Client, DEADLINE, KIB, MIB, Server, Site, wait_until};

const LENGTH: u64 = 64 << 20;

/// An address whose port is the kernel's choice.
const ANY: &str = "parameter listen 127.0.0.1:0";

fn serve(lines: &str) -> Server {
    let site = Site::new().file("www/index.html", "front\n").hole("www/large.bin", LENGTH);
    site.serve(&format!("parameter control {SOCKET}\n{lines}"))
}

fn configure(server: &Server, lines: &str) {
    server.site.configure(&format!("parameter control {SOCKET}\n{lines}"));
}

fn addresses(server: &Server) -> Vec<SocketAddr> {
    let status = control::status(server);
    let addresses = status["addresses"].as_array().expect("addresses").iter();
    addresses.map(|it| it.as_str().and_then(|it| it.parse().ok()).expect("an address")).collect()
}

/// A new address is served from the moment that the reload is done, and the old one goes on.
#[test]
fn a_new_listener_serves_at_once() {
    let server = serve(ANY);
    let mut before = server.client();
    before.get("/").expect(200);
    configure(&server, &format!("{ANY}\n{ANY}"));
    let text = control::reload(&server);
    let both = addresses(&server);
    assert_eq!((both.len(), both[0]), (2, server.address()));
    assert!(text.contains(&format!("; listening on http://{}/", both[1])), "{text}");
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(both[1])).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").expect(200).text(), "front\n");
    }
    before.get("/").expect(200);
    server.serves();
}

/// A port moves from one address to all of them, though the old socket is open until the new one
/// is.
#[test]
fn a_port_moves_to_another_address() {
    let server = serve(ANY);
    let port = server.address().port();
    let lines = [
        format!("parameter listen 127.0.0.1:{port}"),
        format!("parameter listen 0.0.0.0:{port}"),
        format!("parameter listen 127.0.0.2:{port}"),
    ];
    for lines in &lines {
        configure(&server, lines);
        control::reload(&server);
        let [address] = addresses(&server)[..] else { panic!("one address") };
        assert!(lines.contains(&address.to_string()), "{address} of {lines}");
        let address = if address.ip().is_unspecified() { server.address() } else { address };
        for _ in 0..8 {
            Client::connect(address).get("/").expect(200);
        }
    }
    assert!(TcpStream::connect(server.address()).is_err(), "the first address is let go");
}

/// Fault 15: nobody new is let in at an old address; whoever is in stays, and so do downloads.
#[test]
fn an_old_listener_lets_go_of_its_port_and_not_of_its_connections() {
    let server = serve(&format!("{ANY}\n{ANY}\nparameter timeout 60"));
    let (kept, old) = (server.addresses[0], server.addresses[1]);
    let mut open = Client::connect(old);
    open.get("/").expect(200);
    let mut download = Client::with_receive_buffer(old, 64 * KIB);
    download.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    download.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    let mut last = server.silent_client(old);
    // Not accepted yet, perhaps: that too is let in.
    let mut asking: Vec<Client> = (0..20).map(|_| Client::connect(old)).collect();
    for client in &mut asking {
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    configure(&server, &format!("{ANY}\nparameter timeout 60"));
    let text = control::reload(&server);
    assert!(text.contains(&format!("not listening on http://{old}/ any more")), "{text}");
    wait_until("new connections are refused", || TcpStream::connect(old).is_err());
    assert_eq!(addresses(&server), [kept]);
    open.get("/").expect(200);
    last.get("/").expect(200);
    for client in &mut asking {
        client.answer().expect(200);
    }
    assert_eq!(download.stream_content(LENGTH, |_, _| {}), LENGTH);
    download.get("/").expect(200);
    server.serves();
    // It is anyone's now.
    TcpListener::bind(old).expect("a free port");
}

/// A server can move from one address to another and back again.
#[test]
fn listeners_come_and_go_without_a_trace() {
    let server = serve(&format!("{ANY}\nparameter workers 2"));
    let home = server.address();
    let descriptors = server.process().descriptors();
    let place = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    for _ in 0..10 {
        configure(&server, &format!("{ANY}\nparameter listen {place}\nparameter workers 2"));
        control::reload(&server);
        assert_eq!(addresses(&server), [home, place]);
        Client::connect(place).get("/").expect(200);
        configure(&server, &format!("{ANY}\nparameter workers 2"));
        control::reload(&server);
        wait_until("the port is free", || TcpStream::connect(place).is_err());
    }
    server.frees_descriptors(descriptors);
}

/// Fault 37: a port that somebody else has is named with its line, and nothing has changed.
#[test]
fn a_port_in_use_changes_nothing() {
    let server = serve(&format!("{ANY}\nparameter server-name first"));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let lines = format!("{ANY}\n{ANY}\nparameter listen {address}\nparameter server-name second");
    configure(&server, &lines);
    let reasons = control::refused_reload(&server);
    for words in ["web.conf:4:", &address.to_string(), "use"] {
        assert!(reasons.contains(words), "{words:?} is not in {reasons:?}");
    }
    server.logs(&["web.conf:4:", &address.to_string()]);
    assert_eq!(addresses(&server), [server.address()]);
    assert_eq!(server.get("/").expect(200).needs("Server"), "first");
    drop(taken);
    control::reload(&server);
    Client::connect(address).get("/").expect(200);
    assert_eq!(addresses(&server).len(), 3);
}

/// Other lines stand before and after those of a listener that stays.
#[test]
fn listeners_stay_whatever_their_order() {
    let place = || TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    let (one, two) = (place(), place());
    let server = serve(&format!("parameter listen {one}\nparameter listen {two}"));
    let mut first = Client::connect(one);
    first.get("/").expect(200);
    configure(&server, &format!("{ANY}\nparameter listen {two}\nparameter listen {one}"));
    let text = control::reload(&server);
    assert!(!text.contains("any more"), "{text}");
    assert_eq!(addresses(&server)[1..], [two, one]);
    configure(&server, &format!("parameter listen {two}"));
    control::reload(&server);
    wait_until("the first one is free", || TcpStream::connect(one).is_err());
    first.get("/").expect(200);
    assert_eq!(Client::connect(two).get("/").expect(200).text(), "front\n");
    assert_eq!(addresses(&server), [two]);
}

/// A port on the command line counts for every address, and still does when web.conf is read again.
#[test]
fn the_port_of_the_command_line_stays() {
    let site = Site::new().file("www/index.html", "front\n");
    site.configure(&format!("parameter control {SOCKET}\nparameter listen 127.0.0.1:1"));
    let server = site.start(&["-c", "web.conf", "-p", "0"], 1);
    configure(&server, "parameter listen 127.0.0.1:1\nparameter server-name second");
    let text = control::reload(&server);
    assert!(!text.contains("listening"), "{text}");
    assert_eq!(addresses(&server), [server.address()]);
    wait_until("it holds", || server.get("/").needs("Server") == "second");
}

/// A server without a web.conf has nothing to read again, and goes on.
#[test]
fn a_folder_that_is_served_goes_on_after_a_hangup() {
    let site = Site::new().file("www/index.html", "front\n");
    let server = site.start(&["www", "-p", "0"], 1);
    let mut client = server.client();
    client.get("/").expect(200);
    server.signal(Signal::HUP);
    server.logs(&["read again", "generation 1 goes on"]);
    client.get("/").expect(200);
    server.serves();
}

/// Fewer connections than there are: those that are there are not all cut off, and new ones get in.
#[test]
fn a_lower_limit_of_connections_lets_new_ones_in() {
    let lines = "parameter workers 1\nparameter timeout 60\nparameter probation 0";
    let server = serve(lines);
    let mut idle: Vec<Client> = (0..20).map(|_| server.client()).collect();
    idle.iter_mut().for_each(|client| drop(client.get("/").expect(200)));
    configure(&server, &format!("{lines}\nparameter connections 3"));
    control::reload(&server);
    for _ in 0..30 {
        server.serves();
    }
    let closed = idle.iter_mut().filter_map(|client| (!client.is_open()).then_some(())).count();
    assert!(closed > 0, "none was closed in favour of a new one");
}

/// Configurations that differ in the host, in the guest's part, in the engine, and in listeners.
fn variant(number: usize) -> String {
    let lines = match number % 5 {
        0 => format!("parameter server-name number-{number}"),
        1 => "media html text/x-other".into(),
        2 => "parameter guest-deadline 2100".into(),
        3 => ANY.into(),
        _ => "parameter head-limit 32K\nparameter timeout 20\nparameter access-log log".into(),
    };
    format!("{ANY}\nparameter workers 2\nparameter probation 0\n{lines}")
}

/// Fault 15: 100 reloads under load, on connections that last and on new ones, cost no answer, and
/// leave nothing behind.
#[test]
fn a_hundred_reloads_under_load_lose_no_request() {
    let server = serve(&variant(0));
    let process = server.process();
    for number in 1..=10 {
        configure(&server, &variant(number));
        control::reload(&server);
    }
    server.get("/").expect(200);
    let (descriptors, threads) = (process.descriptors(), process.threads());
    let resident = process.resident_octets();
    let lasting = Askers::start(server.address(), 2, usize::MAX, "front\n");
    let passing = Askers::start(server.address(), 2, 1, "front\n");
    let start = Instant::now();
    for number in 1..=100 {
        configure(&server, &variant(number));
        control::reload(&server);
        let answers = (lasting.answers(), passing.answers());
        wait_until("answers come", || {
            lasting.answers() > answers.0 && passing.answers() > answers.1
        });
    }
    let (took, lasting, passing) = (start.elapsed(), lasting.end(), passing.end());
    let grown = process.resident_octets().saturating_sub(resident);
    eprintln!("100 reloads in {took:.1?}: {lasting:?}, {passing:?}, {} KiB more", grown / KIB);
    server.frees_descriptors(descriptors + 2);
    wait_until("threads have ended", || process.threads() <= threads + 1);
    wait_until("no compiler is left", || process.children().is_empty());
    assert!(grown < 64 * MIB, "{} MiB more than before", grown / MIB);
    assert_eq!(addresses(&server), [server.address()]);
}
