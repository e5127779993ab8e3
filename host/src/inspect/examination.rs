//! A guest that is asked the battery: what it answers, how long it takes, what is wrong with it.
//!
//! Each call is made on an instance that was called before, several times for its time, and once on
//! a fresh one: a guest is a pure function, so that the answers are the same.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::rehearsal::battery::{BATTERY, CONTEXT, FINDINGS};
use crate::rehearsal::{CallFailed, Finding, call, request_line};
use crate::sandbox::contract::{Action, Content, Lookup, Part, Response};
use crate::sandbox::{Generation, GuestError, Instance, Sandbox, invocation};
use crate::server::words::octets_as_text;
use crate::text;

/// Longest time for all of it. A guest so slow that this is not enough is asked a part.
const TIME: Duration = Duration::from_secs(20);

/// How often each call is made for its time.
const ROUNDS: u32 = 8;

/// Octets of a header field that are shown of a request.
const SHOWN_OCTETS_MAX: usize = 60;

/// See the module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Examination {
    /// Whether there was time for all requests.
    pub complete: bool,
    pub requests: Vec<Asked>,
    pub parse: Times,
    pub respond: Times,
    pub breaches: Vec<BreachMet>,
}

/// A request, and what was answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// The request line, and the fields but for Host, escaped.
    pub request: String,
    /// What was looked for; none if it was answered at once, or not at all.
    pub looks_for: Option<Vec<String>>,
    /// One for each finding, or a single one.
    pub answers: Vec<Answer>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// What was found, by its name in the table; none if nothing was looked for.
    pub found: Option<&'static str>,
    /// None: the call failed, or such a thing was not looked for.
    pub status: Option<u16>,
    pub fields: Option<String>,
    /// Its kind and length.
    pub content: Option<String>,
    /// Why there is no answer, in a word.
    pub failed: Option<&'static str>,
}

/// How long the calls of a function took, in nanoseconds, without what it takes to make an
/// instance.
#[derive(Debug, Default, Serialize)]
pub struct Times {
    pub count: usize,
    pub median: u64,
    pub worst: u64,
}

/// A kind of breach of the contract.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BreachMet {
    /// Which promise: a name of [`crate::sandbox::Breach`], what else ends a call, or `impure`.
    pub name: &'static str,
    /// The function.
    pub call: &'static str,
    pub count: usize,
    /// Of the first.
    pub reason: String,
    /// The line that makes the first call again.
    pub line: String,
}

/// The findings, as the table calls them. What is on the disk is not looked at.
const NAMED: [(&str, Finding<'static>); 7] = [
    ("empty", FINDINGS[1]),
    ("file", FINDINGS[2]),
    ("folder", FINDINGS[3]),
    ("missing", FINDINGS[4]),
    ("forbidden", FINDINGS[5]),
    ("failed", FINDINGS[6]),
    ("busy", FINDINGS[7]),
];

/// The table's heads.
pub fn findings() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(name, _)| *name)
}

/// Examines a guest, by the battery and further requests. Lines to repeat a call name the component
/// `file`.
pub fn examine(generation: &Arc<Generation>, more: &[Vec<u8>], file: &str) -> Examination {
    let mut examiner = Examiner {
        used: Sandbox::new(Arc::clone(generation), false, 0),
        fresh: Sandbox::new(Arc::clone(generation), true, 0),
        file,
        end: Instant::now() + TIME,
        parse: Vec::new(),
        respond: Vec::new(),
        breaches: Vec::new(),
    };
    let mut requests = Vec::new();
    let mut complete = true;
    for head in BATTERY.iter().copied().chain(more.iter().map(Vec::as_slice)) {
        if Instant::now() >= examiner.end {
            complete = false;
            break;
        }
        requests.push(examiner.ask(head));
    }
    let Examiner { parse, respond, breaches, .. } = examiner;
    Examination {
        complete,
        requests,
        parse: Times::of(parse),
        respond: Times::of(respond),
        breaches,
    }
}

/// Asks, and takes notes.
struct Examiner<'a> {
    used: Sandbox,
    fresh: Sandbox,
    file: &'a str,
    end: Instant,
    parse: Vec<Duration>,
    respond: Vec<Duration>,
    breaches: Vec<BreachMet>,
}

impl Examiner<'_> {
    fn ask(&mut self, head: &[u8]) -> Asked {
        let text = octets_as_text(head);
        let (text, context) = (&*text, Some(CONTEXT));
        let mut asked = Asked { request: shown(head), looks_for: None, answers: Vec::new() };
        let line = |file: &str| invocation::parse(head, context.as_ref(), file);
        let mut times = std::mem::take(&mut self.parse);
        let parsed = self.call("parse", &mut times, |guest| guest.parse(text, context), line);
        self.parse = times;
        let lookup = match parsed.map(|parsed| parsed.action) {
            Ok(Action::LookUp(lookup)) => lookup,
            Ok(Action::Answer(response)) => {
                asked.answers.push(Answer::of(None, &response));
                return asked;
            }
            Err(failed) => {
                asked.answers.push(Answer { failed: Some(failed), ..Answer::none(None) });
                return asked;
            }
        };
        asked.looks_for = Some(looked_for(&lookup));
        for (name, finding) in NAMED {
            let Some(found) = finding.made_up(&lookup) else {
                asked.answers.push(Answer::none(Some(name)));
                continue;
            };
            let line = |file: &str| invocation::respond(head, &found, context.as_ref(), file);
            let mut times = std::mem::take(&mut self.respond);
            let call = |guest: &mut Instance| guest.respond(text, &found, context);
            let response = self.call("respond", &mut times, call, line);
            self.respond = times;
            asked.answers.push(match response {
                Ok(response) => Answer::of(Some(name), &response),
                Err(failed) => Answer { failed: Some(failed), ..Answer::none(Some(name)) },
            });
        }
        asked
    }

    /// Makes a call. If it fails, that is noted, and its name returned.
    fn call<T: Debug>(
        &mut self,
        name: &'static str,
        times: &mut Vec<Duration>,
        make: impl Fn(&mut Instance) -> Result<T, GuestError>,
        line: impl Fn(&str) -> String,
    ) -> Result<T, &'static str> {
        let timed = |guest: &mut Instance| {
            let start = Instant::now();
            make(guest).map(|answer| (answer, start.elapsed()))
        };
        let line = || line(self.file);
        let mut answer = None;
        for _ in 0..ROUNDS {
            match call(&mut self.used, name, timed) {
                Ok((result, time)) => {
                    times.push(time);
                    answer = Some(result);
                }
                Err(failed) => return Err(failure(&mut self.breaches, failed, line())),
            }
            if Instant::now() >= self.end {
                break;
            }
        }
        let answer = answer.expect("there is more than no round");
        match call(&mut self.fresh, name, &make) {
            Ok(fresh) if format!("{fresh:?}") == format!("{answer:?}") => {}
            Ok(_) => {
                let reason =
                    "an instance that was called before answers otherwise than a fresh one";
                note(&mut self.breaches, "impure", name, reason.into(), line());
            }
            Err(failed) => return Err(failure(&mut self.breaches, failed, line())),
        }
        Ok(answer)
    }
}

/// Notes a call that failed. Returns the cause in a word.
fn failure(breaches: &mut Vec<BreachMet>, failed: CallFailed, line: String) -> &'static str {
    let CallFailed { call, error } = failed;
    let name = match &error {
        GuestError::Breach(breach) => breach.name(),
        other => other.name(),
    };
    // Which starts with the word that is the name, or with `breach`.
    let reason = error.to_string();
    let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, reason)| reason).to_owned();
    note(breaches, name, call, reason, line);
    error.name()
}

fn note(
    breaches: &mut Vec<BreachMet>,
    name: &'static str,
    call: &'static str,
    reason: String,
    line: String,
) {
    match breaches.iter_mut().find(|breach| (breach.name, breach.call) == (name, call)) {
        Some(breach) => breach.count += 1,
        None => breaches.push(BreachMet { name, call, count: 1, reason, line }),
    }
}

impl Answer {
    fn none(found: Option<&'static str>) -> Answer {
        Answer { found, status: None, fields: None, content: None, failed: None }
    }

    fn of(found: Option<&'static str>, response: &Response) -> Answer {
        Answer {
            status: Some(response.status),
            fields: Some(response.fields.clone()),
            content: Some(content(&response.content)),
            ..Answer::none(found)
        }
    }
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Times {
        times.sort();
        let nanoseconds = |at: usize| times.get(at).map_or(0, |time| time.as_nanos() as u64);
        let count = times.len();
        Times { count, median: nanoseconds(count / 2), worst: nanoseconds(count.saturating_sub(1)) }
    }
}

fn content(content: &Content) -> String {
    match content {
        Content::Empty => "empty".into(),
        Content::Text(text) => format!("text of {} octets", text.len()),
        Content::Octets(octets) => format!("{} octets", octets.len()),
        Content::Slice(slice) => format!("slice of {} octets from {}", slice.length, slice.start),
        Content::Parts(parts) => {
            let octets = parts.iter().map(|part| match part {
                Part::Text(text) => text.len() as u64,
                Part::Slice(slice) => slice.length,
            });
            format!("{} parts of {} octets", parts.len(), octets.sum::<u64>())
        }
    }
}

fn looked_for(lookup: &Lookup) -> Vec<String> {
    let fallbacks = lookup.fallbacks.iter().map(|fallback| {
        let after = invocation::trouble(fallback.after);
        format!("{} after {after}", fallback.path)
    });
    lookup.candidates.iter().cloned().chain(fallbacks).collect()
}

/// What tells a request of the battery from others, in printable ASCII.
fn shown(head: &[u8]) -> String {
    let mut shown = request_line(head);
    let lines = head.split(|octet| *octet == b'\n').skip(1).map(<[u8]>::trim_ascii_end);
    for line in lines.filter(|line| !line.is_empty() && *line != b"Host: localhost") {
        let line = &line[..line.len().min(SHOWN_OCTETS_MAX)];
        shown += &format!("; {}", text::octets(line));
    }
    if shown.contains(" HTTP/1.") && !head.windows(6).any(|octets| octets == b"\nHost:") {
        shown += "; no Host";
    }
    shown.replace("\\\"", "\"")
}
