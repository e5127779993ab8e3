//! What a path leads to is taken to be so still, for as long as web.conf says and no longer.
//!
//! With a freshness of an hour it shows what is taken to be so: files are changed and asked for,
//! and what is answered says whether the file system was. What is changed without any freshness is
//! in `changes` and `remembered`.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::harness::{
    Client, DEADLINE, KIB, MIB, Server, Site, pattern, rename, shell_limit, wait_until, write,
};

/// How long a file has to be left alone before its content is kept in memory.
const SETTLED: Duration = Duration::from_millis(3_200);

/// More than what is kept in memory, and more than goes out in one call.
const LARGE: usize = 100 * KIB;

const HOUR: &str = "parameter workers 1\nparameter file-freshness 3600";

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// The site, left alone for long enough.
fn settled(site: Site) -> Site {
    let start = SystemTime::now();
    wait_until("the files are settled", || start.elapsed().is_ok_and(|elapsed| elapsed > SETTLED));
    site
}

/// Many requests for what is not there, each for another path of so many octets.
fn flood(client: &mut Client, count: usize, octets: usize, name: &str) {
    const PIPELINE: usize = 50;
    for batch in 0..count / PIPELINE {
        let request = |number| {
            let folders = "x".repeat(octets);
            format!("GET /{name}/{batch}/{number}/{folders} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        };
        client.send((0..PIPELINE).map(request).collect::<String>());
        for _ in 0..PIPELINE {
            client.answer().expect(404);
        }
    }
}

/// The default: whatever is answered is whole, and a second later it is of the moment.
#[test]
fn a_change_is_seen_within_a_second() {
    let site = site().file("www/a.txt", "one\n").file("www/large.txt", pattern(LARGE));
    let server = settled(site).serve("");
    let mut client = server.client();
    for target in ["/a.txt", "/large.txt"] {
        let file = server.site.root().join(&target[1..]);
        let mut before = client.get(target).expect(200).content;
        for after in ["two, longer\n".into(), "x".repeat(LARGE + 1), "three\n".into()] {
            write(&server.site.path("new"), &after);
            rename(&server.site.path("new"), &file);
            wait_until("the new content is served", || {
                let answer = client.get(target).expect(200);
                assert!(answer.content == before || answer.content == after.as_bytes());
                answer.content == after.as_bytes()
            });
            assert_eq!(client.get(target).expect(200).text(), after);
            before = after.into_bytes();
        }
        fs::remove_file(&file).expect("a file to remove");
        wait_until("it is gone", || client.get(target).status == 404);
        client.get(target).expect(404);
        write(&file, "four\n");
        wait_until("it is back", || client.get(target).status == 200);
        assert_eq!(client.get(target).expect(200).text(), "four\n");
    }
}

/// No question is asked for what is fresh, and none is left to be asked when web.conf is read
/// again.
#[test]
fn what_is_fresh_is_served_until_web_conf_is_read_again() {
    let site = site().file("www/a.txt", "one\n").file("www/large.txt", pattern(LARGE));
    let server = settled(site).serve(HOUR);
    let root = server.site.root();
    let mut client = server.client();
    let large = client.get("/large.txt").expect(200);
    assert_eq!(client.get("/a.txt").expect(200).text(), "one\n");
    client.get("/b.txt").expect(404);
    client.get("/c/").expect(404);
    for name in ["a.txt", "large.txt"] {
        fs::remove_file(root.join(name)).expect("a file to remove");
    }
    write(&root.join("b.txt"), "here\n");
    fs::create_dir(root.join("c")).expect("a folder");
    write(&root.join("c/index.html"), "here\n");
    for _ in 0..3 {
        assert_eq!(client.get("/a.txt").expect(200).text(), "one\n");
        assert!(client.get("/large.txt").expect(200).content == large.content);
        client.get("/b.txt").expect(404);
        client.get("/c/").expect(404);
    }
    server.signal(Signal::HUP);
    wait_until("web.conf has been read", || client.get("/b.txt").status == 200);
    client.get("/a.txt").expect(404);
    client.get("/large.txt").expect(404);
    assert_eq!(client.get("/c/").expect(200).text(), "here\n");
}

/// A deployment is seen within a second, however long paths are fresh.
#[test]
fn nothing_of_a_replaced_document_root_is_served_for_longer_than_a_second() {
    let site = Site::new().file("v1/index.html", "one\n").file("v1/old.txt", "old\n");
    let site = site.file("v2/index.html", "two\n").link("current", "v1");
    let server = settled(site).serve(&format!("{HOUR}\nhost default current"));
    let mut client = server.client();
    assert_eq!(client.get("/").expect(200).text(), "one\n");
    client.get("/old.txt").expect(200);
    let site = &server.site;
    std::os::unix::fs::symlink("v2", site.path("next")).expect("a symbolic link");
    rename(&site.path("next"), &site.path("current"));
    wait_until("the new document root is served", || client.get("/").expect(200).text() == "two\n");
    client.get("/old.txt").expect(404);
}

/// Clients choose paths: what is not there takes bounded memory, and no place from what is.
#[test]
fn a_flood_of_missing_paths_takes_no_memory_and_no_place() {
    let site = settled(site().file("www/a.txt", "one\n"));
    let server = site.serve(&format!("{HOUR}\nparameter file-cache 16M"));
    let mut client = server.client();
    client.get("/a.txt").expect(200);
    fs::remove_file(server.site.root().join("a.txt")).expect("a file to remove");
    flood(&mut client, 10_000, 1_000, "first");
    let before = server.process().resident_octets();
    // 20 MiB of paths alone.
    flood(&mut client, 20_000, 1_000, "second");
    let grown = server.process().resident_octets().saturating_sub(before);
    assert!(grown <= 2 * MIB, "{grown} octets more than after the first flood");
    assert_eq!(client.get("/a.txt").expect(200).text(), "one\n", "it was in memory");
}

/// More files than memory for them: it holds to what web.conf allows.
#[test]
fn contents_take_no_more_memory_than_they_may() {
    let site = (0..500)
        .fold(site(), |site, number| site.file(&format!("www/{number}.txt"), pattern(32 * KIB)));
    let server = settled(site).serve("parameter workers 1\nparameter file-cache 4M");
    let mut client = server.client();
    let mut ask_for_all = || {
        for number in 0..500 {
            assert_eq!(client.get(&format!("/{number}.txt")).expect(200).length(), 32 * 1024);
        }
        server.process().resident_octets()
    };
    server.serves();
    let before = server.process().resident_octets();
    let once = ask_for_all();
    assert!(once <= before + 8 * MIB, "grown from {before} to {once} octets");
    let twice = ask_for_all();
    assert!(twice <= once + MIB, "grown from {once} to {twice} octets");
}

/// What fits stays: ten thousand files in any order.
#[test]
fn ten_thousand_small_files_stay_in_memory() {
    const FILES: usize = 10_000;
    let site = site();
    for number in 0..FILES {
        write(&site.root().join(format!("{number}.txt")), &format!("{number:1024}"));
    }
    let server = settled(site).serve(HOUR);
    let mut client = server.client();
    for number in 0..FILES {
        client.get(&format!("/{number}.txt")).expect(200);
    }
    for number in 0..FILES {
        let path = server.site.root().join(format!("{number}.txt"));
        fs::remove_file(path).expect("a file to remove");
    }
    // Any order: this number and that of files have no divisor in common.
    for number in (0..FILES).map(|number| number * 7_919 % FILES) {
        let answer = client.get(&format!("/{number}.txt")).expect(200);
        assert_eq!(answer.text(), format!("{number:1024}"));
    }
}

/// A head that promises what the file was would break the connection.
#[test]
fn a_large_file_rewritten_in_place_is_served_as_it_is() {
    for lines in ["", HOUR] {
        let server = site().file("www/large.txt", pattern(LARGE)).serve(lines);
        let file = server.site.root().join("large.txt");
        let mut client = server.client();
        for round in 0..30 {
            let letter = char::from(b'a' + round);
            let content = String::from(letter).repeat(LARGE + 7_000 * usize::from(round % 4));
            write(&file, &content);
            let answer = client.get("/large.txt").expect(200);
            assert!(answer.content == content.as_bytes(), "round {round}");
            // Sent from the file, or read from it; and by whoever asks first once it is another.
            let mut lengths = [50_000, 5];
            lengths.rotate_left(usize::from(round % 2));
            let longer = content.to_uppercase() + "!";
            write(&file, &longer);
            for length in lengths {
                let range = format!("Range: bytes=-{length}\r\n");
                let answer = client.get_with("/large.txt", &range).expect(206);
                let (start, end) = (longer.len() - length, longer.len() - 1);
                let expected = format!("bytes {start}-{end}/{}", longer.len());
                assert_eq!(answer.needs("Content-Range"), expected);
                assert!(answer.content == longer.as_bytes()[start..]);
            }
        }
    }
}

/// What was begun of an answer about what the file was is taken back, and no answer before it.
#[test]
fn answers_before_one_that_is_begun_anew_stay() {
    let server = site().file("www/large.txt", pattern(LARGE)).serve(HOUR);
    let file = server.site.root().join("large.txt");
    let mut client = server.client();
    client.get("/large.txt").expect(200);
    for round in 0..10 {
        let content = char::from(b'a' + round).to_string().repeat(LARGE + 1 + usize::from(round));
        write(&file, &content);
        let [one, other] = ["/large.txt", "/missing.txt"]
            .map(|target| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        client.send(format!("{other}{other}{one}{other}"));
        for status in [404, 404] {
            client.answer().expect(status);
        }
        let answer = client.answer().expect(200);
        assert!(answer.content == content.as_bytes(), "round {round}");
        client.answer().expect(404);
    }
}

/// Whoever sends from a file that is open for all says from where.
#[test]
fn clients_of_one_open_file_do_not_disturb_each_other() {
    let content = pattern(8 * MIB);
    let server = site().file("www/large.bin", &content).serve(HOUR);
    let ask = |client: &mut Client| {
        client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    };
    let mut slow = Client::with_receive_buffer(server.address(), 64 * KIB);
    ask(&mut slow);
    let mut other = server.client();
    for start in [7_000_000, 0, 3_000_000] {
        let range = format!("Range: bytes={start}-{}\r\n", start + 999_999);
        let answer = other.get_with("/large.bin", &range).expect(206);
        assert!(answer.content == content[start..start + 1_000_000], "from {start}");
        let range = format!("Range: bytes={start}-{}\r\n", start + 999);
        let answer = other.get_with("/large.bin", &range).expect(206);
        assert!(answer.content == content[start..start + 1_000], "a little from {start}");
    }
    let mut same = true;
    let received = slow.stream_content(8 * MIB as u64, |position, octets| {
        let start = position as usize;
        same &= octets == &content[start..start + octets.len()];
    });
    assert!(same && received == 8 * MIB as u64, "{received} octets, the same: {same}");
}

/// Neither a deleted file nor a file system is held by a server that has nothing to do.
#[test]
fn an_open_file_that_nobody_asks_for_is_closed() {
    for lines in ["parameter workers 1", HOUR] {
        let server = site().file("www/large.txt", pattern(LARGE)).serve(lines);
        let file = server.site.root().join("large.txt").canonicalize().expect("a file");
        let mut client = server.client();
        wait_until("it is kept open", || {
            client.get("/large.txt").expect(200);
            server.process().has_open(&file)
        });
        fs::remove_file(&file).expect("a file to remove");
        // Nothing is asked meanwhile, and the clock of the test says how long that takes.
        let start = Instant::now();
        wait_until("it is closed", || !server.process().has_open(&file));
        assert!(start.elapsed() < DEADLINE / 3, "closed after {:?}", start.elapsed());
    }
}

/// `file-cache 0` keeps no file open either.
#[test]
fn without_a_cache_nothing_is_kept() {
    let site = settled(site().file("www/a.txt", "one\n").file("www/large.txt", pattern(LARGE)));
    let server = site.serve(&format!("{HOUR}\nparameter file-cache 0"));
    let root = server.site.root();
    let mut client = server.client();
    client.get("/large.txt").expect(200);
    client.get("/b.txt").expect(404);
    let large = root.join("large.txt").canonicalize().expect("a file");
    wait_until("what was sent is closed", || !server.process().has_open(&large));
    for after in ["two\n", "three\n"] {
        for name in ["a.txt", "large.txt", "b.txt"] {
            write(&root.join(name), after);
            assert_eq!(client.get(&format!("/{name}")).expect(200).text(), after);
        }
    }
}

/// Fault 26: files that are kept open are the first to go when descriptors run out.
#[test]
fn open_files_take_no_descriptor_from_connections() {
    let with_cache = connections_beside_large_files("");
    let without = connections_beside_large_files("parameter file-cache 0");
    assert!(with_cache >= without, "{with_cache} connections, {without} without open files");
}

/// How many connections a server of few descriptors holds, that is asked for large files meanwhile.
fn connections_beside_large_files(line: &str) -> usize {
    const DESCRIPTORS: usize = 128;
    let site = (0..20)
        .fold(site(), |site, number| site.file(&format!("www/{number}.txt"), pattern(LARGE)));
    let lines = format!("{HOUR}\nparameter timeout 600\nparameter watch off\n{line}");
    let server = site.under(shell_limit(DESCRIPTORS)).serve(&lines);
    let mut asker = server.client();
    let mut held: Vec<Client> = Vec::new();
    while held.len() < DESCRIPTORS {
        let mut client = server.client();
        client.get("/").expect(200);
        held.push(client);
        for number in 0..20 {
            // There may be no descriptor left for one more file, but there is an answer.
            let status = asker.get(&format!("/{number}.txt")).status;
            assert!(matches!(status, 200 | 503), "{status}");
        }
        // The one that is idle for longest makes room for the next when there is none.
        if !held[0].is_open() {
            return held.len();
        }
    }
    panic!("{DESCRIPTORS} descriptors were enough for as many connections");
}

/// However few descriptors there are, every file is to be had.
#[test]
fn more_large_files_than_descriptors_are_served() {
    let server: Server = (0..200)
        .fold(site(), |site, number| site.file(&format!("www/{number}.txt"), pattern(LARGE)))
        .under(shell_limit(64))
        .serve(HOUR);
    let mut client = server.client();
    for number in (0..200).chain(0..200) {
        client.get(&format!("/{number}.txt")).expect(200);
    }
    let mut crowd: Vec<Client> = (0..30).map(|_| server.client()).collect();
    for (number, other) in crowd.iter_mut().enumerate() {
        other.get(&format!("/{number}.txt")).expect(200);
    }
}

/// Sizes around what goes out in one buffer with its head, what is sent from memory, and what is
/// streamed from the file; so many that the connection fills up in the middle of each.
#[test]
fn contents_of_any_size_arrive_whole_in_a_pipeline_that_nobody_reads_for_a_while() {
    const SIZES: [usize; 7] =
        [1, 4 * KIB, 4 * KIB + 1, 20 * KIB, 32 * KIB, 32 * KIB + 1, 3 * LARGE];
    const TIMES: usize = 60;
    let site = SIZES
        .iter()
        .fold(site(), |site, size| site.file(&format!("www/{size}.txt"), pattern(*size)));
    let server = settled(site).serve(HOUR);
    let mut client = server.client();
    // Kept in memory from here on, as far as they are small.
    for size in SIZES {
        client.get(&format!("/{size}.txt")).expect(200);
    }
    let request = |size: &usize| {
        format!("GET /{size}.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-\r\n\r\n")
    };
    let requests: String = SIZES.iter().map(request).collect();
    client.send(requests.repeat(TIMES));
    for _ in 0..TIMES {
        for size in SIZES {
            let response = client.answer().expect(206);
            assert!(response.content == pattern(size), "of {size} octets");
        }
    }
    // A part of one, behind another and before the end of the connection.
    client.send(
        "GET /20480.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5000-14999\r\n\r\n\
         GET /32768.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    let part = client.answer().expect(206).content;
    assert!(part == pattern(20 * KIB)[5_000..15_000], "a part");
    assert!(client.answer().expect(200).content == pattern(32 * KIB), "the last one");
    client.ends();
}
