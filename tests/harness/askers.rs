//! Clients that ask all the time, and notice whatever goes wrong meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Client, DEADLINE};

/// Between two requests of a client: the machine is to have time for something else.
const PACE: Duration = Duration::from_millis(2);

/// Waits of this length are shown.
const SHOWN: Duration = Duration::from_millis(500);

/// Clients that ask for `/` and expect always the same.
pub struct Askers {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Tally>>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    /// Odd while an answer may be any.
    phase: AtomicU64,
    answers: AtomicU64,
}

/// What the clients met.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub answers: u64,
    /// Other answers than expected, while any was allowed.
    pub others: u64,
    /// Longest time from a request to its answer.
    pub longest: Duration,
    /// Longest time by which the machine itself was late to wake a client.
    pub machine: Duration,
}

impl Askers {
    /// Starts so many clients. Each connection serves so many requests.
    pub fn start(address: SocketAddr, clients: usize, requests: usize, expected: &str) -> Askers {
        let shared = Arc::<Shared>::default();
        let client = |_| {
            let (shared, expected) = (Arc::clone(&shared), expected.to_owned());
            thread::spawn(move || ask_on(&shared, address, requests, &expected))
        };
        let clients = (0..clients).map(client).collect();
        Askers { shared, clients }
    }

    /// From now on every answer will do, as long as there is one; or no more than that.
    pub fn allow_any_answer(&self, allowed: bool) {
        let phase = self.shared.phase.fetch_add(1, Ordering::SeqCst);
        assert_eq!(phase.is_multiple_of(2), allowed, "that is so already");
    }

    /// How many answers there were so far.
    pub fn answers(&self) -> u64 {
        self.shared.answers.load(Ordering::SeqCst)
    }

    /// Ends all clients. Fails if one of them met what should not have been.
    pub fn end(mut self) -> Tally {
        self.shared.ended.store(true, Ordering::SeqCst);
        let mut sum = Tally::default();
        for client in self.clients.drain(..) {
            let tally = client.join().expect("a client met what should not have been: see above");
            sum.answers += tally.answers;
            sum.others += tally.others;
            sum.longest = sum.longest.max(tally.longest);
            sum.machine = sum.machine.max(tally.machine);
        }
        sum
    }
}

impl Drop for Askers {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
    }
}

fn ask_on(shared: &Shared, address: SocketAddr, requests: usize, expected: &str) -> Tally {
    let mut tally = Tally::default();
    while !shared.ended.load(Ordering::SeqCst) {
        let mut client = Client::connect(address);
        for _ in 0..requests {
            let phase = shared.phase.load(Ordering::SeqCst);
            let start = Instant::now();
            let answer = client.try_answer_to("/", DEADLINE).expect("an answer");
            let took = start.elapsed();
            tally.longest = tally.longest.max(took);
            if took >= SHOWN {
                eprintln!("an answer took {took:?}, in phase {phase}: {}", answer.status);
            }
            tally.answers += 1;
            shared.answers.fetch_add(1, Ordering::SeqCst);
            let is_right = answer.status == 200 && answer.text() == expected;
            let any = phase % 2 == 1 || shared.phase.load(Ordering::SeqCst) != phase;
            assert!(is_right || any, "{answer:?}");
            tally.others += u64::from(!is_right);
            let pause = Instant::now();
            thread::sleep(PACE);
            tally.machine = tally.machine.max(pause.elapsed().saturating_sub(PACE));
            if answer.closes() || shared.ended.load(Ordering::SeqCst) {
                break;
            }
        }
    }
    tally
}
