//! What is going on right now: the running step, what it waits for, for how long already and for how long at most.
//!
//! In: events, glimpses, and the time. Out: one line of words, as of that time. How it gets onto a terminal is the command
//! line's business.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Doing, Event, EventKind, Glimpse, TaskCounts};
use crate::record::RunRecord;
use crate::reporter::short::short;
use crate::reporter::summary;

/// What is shown.
#[derive(Debug, Default)]
pub struct Progress {
    now: Option<Now>,
    /// Whether characters beyond ASCII are shown.
    is_unicode: bool,
    /// Whether ids are shown whole.
    whole_ids: bool,
}

/// The step that runs.
#[derive(Debug)]
struct Now {
    step: usize,
    /// Its number and its name.
    head: String,
    began: Timestamp,
    does: Does,
}

#[derive(Debug)]
enum Does {
    /// It is at work.
    Works,
    /// A DAG run is waited for.
    Follows { dag_run_id: String, state: String, since: Option<Timestamp>, tasks: Option<TaskCounts> },
    /// Time passes for this reason.
    Waits { why: String, until: Option<Timestamp> },
}

impl Progress {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(is_unicode: bool, whole_ids: bool) -> Self {
        Self { now: None, is_unicode, whole_ids }
    }

    /// Takes an event in.
    pub fn take(&mut self, event: &Event, record: &RunRecord) {
        match &event.kind {
            EventKind::StepStarted { step, name } => {
                let head = format!("{} {}", record.number(*step), one_line(name));
                self.now = Some(Now { step: *step, head, began: event.at, does: Does::Works });
            }
            EventKind::Waiting { step, dag_run_id, state, since, tasks } => {
                let (dag_run_id, state) = (one_line(dag_run_id), one_line(state));
                self.does(*step, Does::Follows { dag_run_id, state, since: *since, tasks: *tasks });
            }
            EventKind::TryFailed(tried) => match tried.retry_in_ms {
                _ if tried.is_unknown => self.does(tried.step, looks_for_a_write(None)),
                Some(pause) => {
                    let why = format!("try {} of {}", tried.try_number.saturating_add(1), tried.attempts);
                    let until = later(event.at, Duration::from_millis(pause));
                    self.does(tried.step, Does::Waits { why, until });
                }
                None => {}
            },
            EventKind::StepFinished(_) | EventKind::RunFinished { .. } => self.now = None,
            EventKind::RunStarted(_)
            | EventKind::RunResumed(_)
            | EventKind::WriteAnnounced(_)
            | EventKind::WriteSettled { .. }
            | EventKind::WriteShown(_)
            | EventKind::LeftOpen { .. }
            | EventKind::Warned { .. }
            | EventKind::Printed { .. }
            | EventKind::FailureRescued { .. }
            | EventKind::OutputsMade(_)
            | EventKind::Interrupted { .. }
            | EventKind::DeadlinePassed { .. } => {}
        }
    }

    /// Takes a glimpse in.
    pub fn glimpse(&mut self, glimpse: &Glimpse) {
        let Glimpse { step, doing, until } = glimpse;
        let until = *until;
        let waits = |why: &str| Does::Waits { why: why.to_owned(), until };
        self.does(
            *step,
            match doing {
                Doing::Pausing => waits("pausing"),
                Doing::Until { looks } => waits(&format!("waiting for `until`, looked {}", times(*looks))),
                Doing::Within { why } => waits(&format!("waiting: {}", one_line(why))),
                Doing::LookingForWrite => looks_for_a_write(until),
                Doing::LookingForRuns => waits("waiting for the runs of the consumers"),
            },
        );
    }

    fn does(&mut self, step: usize, does: Does) {
        if let Some(now) = self.now.as_mut().filter(|now| now.step == step) {
            now.does = does;
        }
    }

    /// The line as of this time: what runs, and what it does. None between two steps.
    #[must_use]
    pub fn line(&self, at: Timestamp) -> Option<(String, String)> {
        let now = self.now.as_ref()?;
        let does = match &now.does {
            Does::Works => age(Some(now.began), at).unwrap_or_default(),
            Does::Follows { dag_run_id, state, since, tasks } => {
                let id = if self.whole_ids { dag_run_id.clone() } else { short(dag_run_id, self.is_unicode) };
                format!("{}, {id}", following(state, age(*since, at), tasks.as_ref()))
            }
            Does::Waits { why, until } => match left(*until, at) {
                Some(left) => format!("{left} left, {why}"),
                None => why.clone(),
            },
        };
        Some((now.head.clone(), does))
    }
}

fn looks_for_a_write(until: Option<Timestamp>) -> Does {
    Does::Waits { why: "looking for what became of the write".to_owned(), until }
}

fn later(at: Timestamp, by: Duration) -> Option<Timestamp> {
    at.checked_add(SignedDuration::try_from(by).ok()?).ok()
}

/// How long something lasts already, in whole seconds; none below one.
fn age(since: Option<Timestamp>, at: Timestamp) -> Option<String> {
    whole_seconds(at.duration_since(since?)).filter(|seconds| *seconds > 0).map(seconds)
}

/// How long something still lasts, in whole seconds, rounded up.
fn left(until: Option<Timestamp>, at: Timestamp) -> Option<String> {
    let left = until?.duration_since(at).checked_add(SignedDuration::from_millis(999))?;
    Some(seconds(whole_seconds(left).unwrap_or_default()))
}

fn whole_seconds(duration: SignedDuration) -> Option<u64> {
    u64::try_from(duration.as_secs()).ok()
}

/// `7s`, `1m05s`, `2h10m`: without a fraction, which would not stand still.
#[must_use]
pub fn seconds(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds}s") } else { summary::elapsed(seconds.saturating_mul(1000)) }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// A run that is waited for: `running for 12m05s, 3 of 10 tasks done, 1 failed`.
fn following(state: &str, age: Option<String>, tasks: Option<&TaskCounts>) -> String {
    let age = age.map(|age| format!(" for {age}")).unwrap_or_default();
    let tasks = tasks.map(|tasks| match tasks.failed {
        0 => format!(", {} of {} tasks done", tasks.done, tasks.total),
        failed => format!(", {} of {} tasks done, {failed} failed", tasks.done, tasks.total),
    });
    format!("{state}{age}{}", tasks.unwrap_or_default())
}

/// A text that fits on the line and does nothing to the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TryFailed;

    const ID: &str = "myaf__loans__load__20261123t070326z-86bb2fa5__51f0b1cb03b07ed5";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    fn running() -> Progress {
        let mut progress = Progress::new(true, false);
        take(&mut progress, EventKind::StepStarted { step: 0, name: "load\u{1b}[2J".to_owned() });
        progress
    }

    fn take(progress: &mut Progress, kind: EventKind) {
        progress.take(&Event { v: 1, seq: 1, at: at(100), kind }, &RunRecord::default());
    }

    #[test]
    fn ages_are_those_of_now_and_not_of_the_last_look() {
        let mut progress = running();
        let tasks = Some(TaskCounts { total: 10, done: 3, failed: 1 });
        let waiting = EventKind::Waiting {
            step: 0,
            dag_run_id: ID.to_owned(),
            state: "running".to_owned(),
            since: Some(at(90)),
            tasks,
        };
        take(&mut progress, waiting);
        for (now, age) in [(80, ""), (90, ""), (100, " for 10s"), (815, " for 12m05s")] {
            let expected = format!("running{age}, 3 of 10 tasks done, 1 failed, myaf__…__51f0b1cb03b07ed5");
            assert_eq!(progress.line(at(now)), Some((" load [2J".to_owned(), expected)));
        }
    }

    #[test]
    fn a_wait_says_what_it_waits_for_and_how_long_at_most() {
        for (doing, until, expected) in [
            (Doing::Pausing, Some(at(160)), "1m00s left, pausing"),
            (Doing::Until { looks: 1 }, Some(at(105)), "5s left, waiting for `until`, looked once"),
            (Doing::Within { why: "the DAG `d` is paused".to_owned() }, None, "waiting: the DAG `d` is paused"),
            (Doing::LookingForWrite, Some(at(90)), "0s left, looking for what became of the write"),
        ] {
            let mut progress = running();
            progress.glimpse(&Glimpse { step: 0, doing, until });
            assert_eq!(progress.line(at(100)), Some((" load [2J".to_owned(), expected.to_owned())));
        }
    }

    #[test]
    fn a_failed_try_counts_down_to_the_next_one() {
        let mut progress = running();
        take(
            &mut progress,
            EventKind::TryFailed(TryFailed {
                step: 0,
                request: String::new(),
                try_number: 1,
                attempts: 4,
                status: Some(503),
                message: String::new(),
                is_unknown: false,
                retry_in_ms: Some(2500),
            }),
        );
        assert_eq!(progress.line(at(101)), Some((" load [2J".to_owned(), "2s left, try 2 of 4".to_owned())));
    }

    #[test]
    fn a_step_at_work_shows_its_time_and_nothing_is_left_of_it_afterwards() {
        let mut progress = running();
        let line = |progress: &Progress, now| progress.line(at(now)).map(|(_, does)| does);
        assert_eq!(line(&progress, 100), Some(String::new()));
        assert_eq!(line(&progress, 103), Some("3s".to_owned()));
        take(&mut progress, EventKind::RunFinished { elapsed_ms: 1 });
        assert_eq!(progress.line(at(104)), None);
    }
}
