//! Jobs: commands that take long, one after the other.
//!
//! Owns their order. One job runs at a time; the others wait in the order in which they came. A job
//! whose guest is in a registry waits from when the guest has been pulled. The result of a stage
//! carries the job's number: it is dropped unless that job still runs.

use std::collections::VecDeque;

use super::command::Reply;
use super::stage::Stage;
use crate::config::Reference;
use crate::startup::{Found, Loader, Refusal, Source};

/// A command that takes long, or the swap for a watched file or a tag.
pub struct Job {
    /// Counts the jobs of a process, from 1.
    pub number: u64,
    /// What it does, in words, for the log and the status.
    pub what: String,
    /// What it does.
    pub task: Task,
    /// Where its outcome is sent.
    pub reply: Reply,
}

/// What a job does.
#[derive(Clone)]
pub enum Task {
    /// Replaces the serving guest.
    Swap(Wanted),
    /// Loads a guest and runs it beside the serving one.
    Shadow {
        /// The guest.
        wanted: Wanted,
        /// It gets one in this many requests.
        every: u64,
    },
    /// Reads web.conf again.
    Reload {
        /// What web.conf names in a registry, once that has been pulled.
        pulled: Option<(Reference, Found)>,
    },
    /// Publishes the candidate that runs beside the serving guest. Its first stage is Rehearse.
    Promote,
}

/// A guest that is asked for.
#[derive(Clone)]
pub enum Wanted {
    /// It has not been read or pulled yet.
    At(Source),
    /// It has been pulled.
    Pulled(Found),
}

impl Wanted {
    /// Reads it, unless it has been pulled.
    ///
    /// # Errors
    /// See [`Loader::read`].
    pub fn read(self, loader: &Loader) -> Result<Found, Refusal> {
        match self {
            Wanted::At(source) => loader.read(source),
            Wanted::Pulled(found) => Ok(found),
        }
    }
}

impl Task {
    /// What has to be pulled before it begins.
    pub fn needs(&self) -> Option<&Reference> {
        match self {
            Task::Swap(Wanted::At(Source::Registry(reference)))
            | Task::Shadow { wanted: Wanted::At(Source::Registry(reference)), .. } => {
                Some(reference)
            }
            _ => None,
        }
    }

    /// The same, with what was pulled from `reference` for it.
    pub fn pulled(self, reference: Reference, found: Found) -> Task {
        match self {
            Task::Swap(_) => Task::Swap(Wanted::Pulled(found)),
            Task::Shadow { every, .. } => Task::Shadow { wanted: Wanted::Pulled(found), every },
            Task::Reload { .. } => Task::Reload { pulled: Some((reference, found)) },
            Task::Promote => Task::Promote,
        }
    }
}

impl Job {
    /// How the status describes it while it runs.
    fn doing(&self) -> Option<String> {
        match self.task {
            Task::Swap(_) | Task::Reload { .. } => Some(self.what.clone()),
            Task::Shadow { .. } => Some(format!("loading {}", self.what)),
            Task::Promote => None,
        }
    }

    /// How the status describes it while its guest is pulled.
    pub fn pulling(&self, reference: &Reference) -> String {
        match self.task {
            Task::Reload { .. } => {
                let guest = Source::Registry(reference.clone());
                format!("{guest}, since web.conf is read again")
            }
            Task::Swap(_) | Task::Shadow { .. } | Task::Promote => self.what.clone(),
        }
    }
}

/// See the module. For `C` and `R` see [`Stage`].
pub struct Jobs<C, R> {
    /// Number of jobs so far.
    numbers: u64,
    waiting: VecDeque<Job>,
    running: Option<(Job, Stage<C, R>)>,
}

impl<C, R> Default for Jobs<C, R> {
    fn default() -> Jobs<C, R> {
        Jobs { numbers: 0, waiting: VecDeque::new(), running: None }
    }
}

impl<C, R> Jobs<C, R> {
    /// Makes a job. It does not wait or run yet.
    pub fn make(&mut self, what: String, task: Task, reply: Reply) -> Job {
        self.numbers += 1;
        Job { number: self.numbers, what, task, reply }
    }

    /// Adds a job to those that wait.
    pub fn wait(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// Whether no job runs.
    pub fn is_free(&self) -> bool {
        self.running.is_none()
    }

    /// Takes the job that has waited longest.
    pub fn take_next(&mut self) -> Option<Job> {
        self.waiting.pop_front()
    }

    /// Sets the running job, and its stage.
    pub fn run(&mut self, job: Job, stage: Stage<C, R>) {
        debug_assert!(self.is_free(), "one job at a time");
        self.running = Some((job, stage));
    }

    /// Takes the running job, if it has this number.
    pub fn take(&mut self, number: u64) -> Option<(Job, Stage<C, R>)> {
        self.running.take_if(|(job, _)| job.number == number)
    }

    /// How the status describes the running job.
    pub fn doing(&self) -> Option<String> {
        self.running.as_ref().and_then(|(job, _)| job.doing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::Octets;

    type Names = Jobs<&'static str, &'static str>;

    const LOAD: Stage<&str, &str> = Stage::Load { beside: 1 };

    fn swap(jobs: &mut Names, file: &str) -> Job {
        let task = Task::Swap(Wanted::At(Source::File(file.into())));
        jobs.make(format!("a swap to {file}"), task, Reply::nowhere())
    }

    fn reference() -> Reference {
        "oci://registry.example/guest:1".parse().expect("a reference")
    }

    #[test]
    fn jobs_run_one_at_a_time_in_the_order_they_came() {
        let mut jobs = Names::default();
        for file in ["a", "b", "c"] {
            let job = swap(&mut jobs, file);
            jobs.wait(job);
        }
        for what in ["a swap to a", "a swap to b", "a swap to c"] {
            assert!(jobs.is_free() && jobs.doing().is_none());
            let job = jobs.take_next().expect("a job");
            let number = job.number;
            jobs.run(job, LOAD);
            assert!(!jobs.is_free());
            assert_eq!(jobs.doing().as_deref(), Some(what));
            assert!(jobs.take(number).is_some());
        }
        assert!(jobs.take_next().is_none());
    }

    /// That is all it takes to cancel a job: its thread ends by itself.
    #[test]
    fn the_result_of_a_job_that_does_not_run_is_dropped() {
        let mut jobs = Names::default();
        let (first, second) = (swap(&mut jobs, "a"), swap(&mut jobs, "b"));
        let numbers = (first.number, second.number);
        jobs.run(first, LOAD);
        assert!(jobs.take(numbers.1).is_none(), "it has yet to run");
        assert!(jobs.take(numbers.0).is_some());
        jobs.run(second, LOAD);
        assert!(jobs.take(numbers.0).is_none(), "it is over");
        assert!(jobs.take(numbers.1).is_some());
    }

    #[test]
    fn a_job_says_what_it_does() {
        let mut jobs = Names::default();
        let wanted = Wanted::At(Source::Registry(reference()));
        let shadow = Task::Shadow { wanted, every: 1 };
        for (task, doing, pulling) in [
            (shadow, Some("loading words"), "words"),
            (
                Task::Reload { pulled: None },
                Some("words"),
                "guest oci://registry.example/guest:1, since web.conf is read again",
            ),
            (Task::Promote, None, "words"),
        ] {
            let job = jobs.make("words".into(), task, Reply::nowhere());
            assert_eq!(job.doing().as_deref(), doing);
            assert_eq!(job.pulling(&reference()), pulling);
        }
    }

    #[test]
    fn what_is_in_a_registry_is_pulled_once() {
        let wanted = || Wanted::At(Source::Registry(reference()));
        let found: Found = (Source::Registry(reference()), Octets::BuiltIn);
        for task in [Task::Swap(wanted()), Task::Shadow { wanted: wanted(), every: 1 }] {
            assert_eq!(task.needs(), Some(&reference()));
            assert!(task.pulled(reference(), found.clone()).needs().is_none());
        }
        let reload = Task::Reload { pulled: None }.pulled(reference(), found);
        assert!(reload.needs().is_none());
        assert!(
            matches!(reload, Task::Reload { pulled: Some((named, _)) } if named == reference())
        );
        assert!(Task::Swap(Wanted::At(Source::File("a".into()))).needs().is_none());
    }
}
