//! What is going on right now, on a terminal: the running step and the state of the run it waits for.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, EventKind};
use crate::record::RunRecord;

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
            EventKind::Waiting { step, dag_run_id, state } => {
                let name = record.steps.get(*step).map(|step| one_line(&step.name)).unwrap_or_default();
                let number = record.number(*step);
                self.bar.set_message(format!("{number} {name}: {} is {state}", one_line(dag_run_id)));
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

/// A text that fits on the line and does nothing to the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}
