//! What a guest answers when nobody waits for it.
//!
//! A guest is a pure function, so that a request can be asked again, of any guest and at any time:
//! by a player ([`call`], [`answers`]), of one guest; by a [`Comparison`], of two, as shadows do;
//! and by a rehearsal ([`rehearse`]), before a candidate serves. Nothing here is seen by a client,
//! or changes a server.
//!
//! In a rehearsal, first a [`battery`] of requests that are built in, each with several things
//! found for it; then those that the workers remember. A candidate that fails at one which the
//! serving guest answers is refused; answers that differ are counted.

pub mod battery;
mod comparison;
mod player;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::battery::{BATTERY, CONTEXT, FINDINGS};
use self::player::Player;
use crate::exchange::Recorded;
use crate::files::Roots;
use crate::sandbox::{Generation, Sandbox, octets_as_text};

pub use self::comparison::{Comparison, Report};
pub use self::player::{Finding, call, request_line};

/// Longest time for all of it, but for the request that is being asked then. A guest so slow that
/// this is not enough has answered a part.
const TIME: Duration = Duration::from_secs(10);

/// The part of it that the battery may take: what clients ask for matters as much.
const BATTERY_TIME: Duration = Duration::from_secs(5);

/// Has the candidate of `comparison` answer the battery and the requests `recorded` while
/// generation `number` serves.
///
/// # Errors
/// The request that it failed at, and how.
pub fn rehearse(
    mut comparison: Comparison,
    recorded: &[Recorded],
    number: u64,
) -> Result<Report, String> {
    let start = Instant::now();
    let (battery_end, end) = (start + BATTERY_TIME, start + TIME);
    let battery = BATTERY.iter().flat_map(|head| FINDINGS.map(|finding| (head, finding)));
    for (head, finding) in battery.take_while(|_| Instant::now() < battery_end) {
        let asked = comparison.ask(head, CONTEXT, finding);
        asked.map_err(|failed| format!("`{}`: {failed}", request_line(head)))?;
    }
    // The last ones first: should the time not be enough, they matter most.
    for request in recorded.iter().rev().take_while(|_| Instant::now() < end) {
        let asked = comparison.ask_recorded(request, number);
        asked.map_err(|failed| format!("`{}`: {failed}", request_line(&request.head)))?;
    }
    Ok(comparison.report().clone())
}

/// Whether a guest of `generation` answers `request`, with what is beneath `roots` now.
pub fn answers(generation: &Arc<Generation>, mut roots: Roots, request: &Recorded) -> bool {
    let mut sandbox = Sandbox::new(Arc::clone(generation), false, 0);
    let (head, context) = (octets_as_text(&request.head), request.context());
    let (sandbox, roots, finding) = (&mut sandbox, &mut roots, Finding::Real);
    Player { sandbox, roots, head: &head, context, finding }.play(None).is_ok()
}
