//! What is going on right now, on a terminal: the running step and the state of the run it waits for.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::SignedDuration;

use crate::event::{Event, EventKind, TaskCounts};
use crate::record::RunRecord;
use crate::reporter::summary;

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(120);

/// The line at the bottom of the terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A line on this terminal.
    #[must_use]
    pub fn new(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} [{elapsed}]") {
            bar.set_style(style.tick_chars("|/-\\ "));
        }
        Self { bar }
    }

    /// Shows what an event changes.
    pub fn show(&self, event: &Event, record: &RunRecord) {
        match &event.kind {
            EventKind::StepStarted { step, name } => {
                self.bar.reset_elapsed();
                self.bar.set_message(format!("{} {}", record.number(*step), one_line(name)));
                self.bar.enable_steady_tick(TICK);
            }
            EventKind::Waiting { step, dag_run_id, state, since, tasks } => {
                let name = record.steps.get(*step).map(|step| one_line(&step.name)).unwrap_or_default();
                let waiting = waiting(state, since.map(|since| event.at.duration_since(since)), tasks.as_ref());
                let number = record.number(*step);
                self.bar.set_message(format!("{number} {name}: {waiting}, {}", one_line(dag_run_id)));
            }
            EventKind::RunFinished { .. } => self.bar.finish_and_clear(),
            EventKind::RunStarted(_)
            | EventKind::RunResumed(_)
            | EventKind::TryFailed(_)
            | EventKind::WriteAnnounced(_)
            | EventKind::WriteSettled { .. }
            | EventKind::WriteShown(_)
            | EventKind::LeftOpen { .. }
            | EventKind::Warned { .. }
            | EventKind::Printed { .. }
            | EventKind::StepFinished(_)
            | EventKind::FailureRescued { .. }
            | EventKind::OutputsMade(_)
            | EventKind::Interrupted { .. }
            | EventKind::DeadlinePassed { .. } => {}
        }
    }

    /// Takes the line away while `write` writes.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

/// A run that is waited for: `running for 12m05s, 3 of 10 tasks done, 1 failed`.
fn waiting(state: &str, age: Option<SignedDuration>, tasks: Option<&TaskCounts>) -> String {
    let age = age.and_then(|age| u64::try_from(age.as_millis()).ok()).filter(|millis| *millis >= 1000);
    let age = age.map(|millis| format!(" for {}", summary::elapsed(millis))).unwrap_or_default();
    let tasks = tasks.map(|tasks| match tasks.failed {
        0 => format!(", {} of {} tasks done", tasks.done, tasks.total),
        failed => format!(", {} of {} tasks done, {failed} failed", tasks.done, tasks.total),
    });
    format!("{}{age}{}", one_line(state), tasks.unwrap_or_default())
}

/// A text that fits on the line and does nothing to the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_shows_state_age_and_tasks() {
        let some = TaskCounts { total: 10, done: 3, failed: 0 };
        let age = |seconds| Some(SignedDuration::from_secs(seconds));
        for (state, age, tasks, shown) in [
            ("queued", age(0), None, "queued"),
            ("queued", age(-3), None, "queued"),
            ("running", age(725), None, "running for 12m05s"),
            ("running", age(5), Some(some), "running for 5.0s, 3 of 10 tasks done"),
            ("running", None, Some(TaskCounts { failed: 1, ..some }), "running, 3 of 10 tasks done, 1 failed"),
        ] {
            assert_eq!(waiting(state, age, tasks.as_ref()), shown);
        }
    }
}
