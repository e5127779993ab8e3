//! How far apart the cores of the server and of the load are, in time.
//!
//! A good part of what a small request costs is memory that goes from one core to the other:
//! sockets, and what is on its way. The cores of a virtual machine may be next to one another or at
//! two ends of a processor, and are moved while it runs; the same request costs a quarter more
//! then. So a round counts if they stayed where they were.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::machine::Machine;

/// A measurement: the least of so many times, each of so many trips there and back.
const TIMES: u32 = 5;
const TRIPS: u32 = 1000;

/// Who waits for the other core makes sure, after so many looks, that it is there.
const CHECK_EVERY: u32 = 1 << 20;

/// Cores whose distance changed by more than this factor have been moved.
const MOVED_FACTOR: f64 = 1.5;

/// So long they may stay further apart than is asked for.
const PATIENCE: Duration = Duration::from_secs(120);

/// They are looked at so often meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A trip from one core to the other and back, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Distance(pub f64);

impl Distance {
    /// Measures it, from the core of the load. The server should have nothing to do.
    ///
    /// # Errors
    /// When there can be no thread on the core of the server.
    pub fn measure(machine: &Machine) -> anyhow::Result<Distance> {
        let ball = Ball::default();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                machine.pin_to_server_core()?;
                (0..TIMES * TRIPS).try_for_each(|trip| ball.wait_and_pass(2 * trip + 1, || Ok(())))
            });
            let ended = || match other.is_finished() {
                true => bail!("the other core has no thread"),
                false => Ok(()),
            };
            // The first trip waits for the thread to be there.
            let mut least = f64::INFINITY;
            let mut ball_is_at = 0;
            for _ in 0..TIMES {
                let start = Instant::now();
                for _ in 0..TRIPS {
                    ball.wait_and_pass(ball_is_at, ended)?;
                    ball_is_at += 2;
                }
                least = least.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(TRIPS));
            }
            other.join().ok().context("the other core failed")??;
            Ok(Distance(least))
        })
    }

    /// Measures it, and waits until it is at most `max`, if that is asked for.
    ///
    /// # Errors
    /// When it stays more.
    pub fn at_most(machine: &Machine, max: Option<f64>) -> anyhow::Result<Distance> {
        let start = Instant::now();
        loop {
            machine.check_interrupted()?;
            let distance = Distance::measure(machine)?;
            match max {
                Some(max) if distance.0 > max => {}
                _ => return Ok(distance),
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "the cores stay {:.0} ns apart (try again later, or a larger --apart-max)",
                    distance.0
                );
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether the cores have been moved since they were as far apart as `earlier`.
    pub fn has_changed_since(self, earlier: Distance) -> bool {
        self.0 > earlier.0 * MOVED_FACTOR || earlier.0 > self.0 * MOVED_FACTOR
    }
}

/// A number that two threads take turns to count on, alone in its cache line.
#[derive(Default)]
#[repr(align(128))]
struct Ball(AtomicU32);

impl Ball {
    /// Waits until it is at `number`, and passes it on; `check` is asked now and then whether there
    /// is any point.
    fn wait_and_pass(
        &self,
        number: u32,
        check: impl Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut spins = 0_u32;
        while self.0.load(Ordering::Acquire) != number {
            spins = spins.wrapping_add(1);
            if spins.is_multiple_of(CHECK_EVERY) {
                check()?;
            }
            std::hint::spin_loop();
        }
        self.0.store(number + 1, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_have_been_moved_if_their_distance_is_another() {
        let moved = |from, to| Distance(to).has_changed_since(Distance(from));
        for (from, to, expected) in
            [(70.0, 70.0, false), (70.0, 100.0, false), (70.0, 340.0, true), (340.0, 70.0, true)]
        {
            assert_eq!(moved(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_trip_takes_some_time_and_not_much() {
        let machine = Machine::prepare().expect("two cores");
        let Distance(nanos) = Distance::measure(&machine).expect("a distance");
        assert!((1.0..1e6).contains(&nanos), "{nanos}");
        assert!(Distance::at_most(&machine, Some(1e9)).is_ok());
    }
}
