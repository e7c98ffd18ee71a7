//! What is done to runs that are there: state, note, clearing, deleting.
//!
//! In: the world and what is asked. Out: the changed world. A cleared run is the same run once more: queued, with higher try
//! numbers.

use jiff::{SignedDuration, Timestamp};

use super::timeline::{Progress, TaskProgress};
use super::world::{Logged, Run, World};
use crate::airflow::model::RunState;

/// A state that somebody set by hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    /// The state.
    pub(crate) state: RunState,
    /// When it was set.
    pub(crate) at: Timestamp,
    /// Whether the scheduler dates the end of the run once more, as that of Airflow 2 does with a failed one.
    pub(crate) is_dated_again: bool,
}

/// How long Airflow 2's scheduler takes to do so.
const DATED_AGAIN: SignedDuration = SignedDuration::from_millis(1500);

impl Settled {
    /// What the run is since then, given how far it had come.
    pub(crate) fn over(self, before: Progress, now: Timestamp) -> Progress {
        let again = self.at.saturating_add(DATED_AGAIN).unwrap_or(self.at);
        let is_dated_again = self.is_dated_again && self.state == RunState::Failed && before.start.is_some();
        let end = if is_dated_again && now >= again { again } else { self.at };
        Progress { state: self.state, start: before.start.or(Some(self.at)), end: Some(end) }
    }

    /// What becomes of a task that had not ended.
    pub(crate) fn end_task(self, task: &mut TaskProgress<'_>) {
        if task.end.is_some() {
            return;
        }
        task.state = Some(match (self.state, task.start) {
            (RunState::Success, _) => "success",
            (_, Some(_)) => "failed",
            (_, None) => "skipped",
        });
        // Airflow ends the run first, then what still runs in it.
        let end = self.at.saturating_add(SignedDuration::from_millis(10)).unwrap_or(self.at);
        task.start = task.start.or(Some(self.at));
        task.end = Some(end);
    }
}

impl World {
    /// The run of this DAG and id, to be changed.
    pub(crate) fn run_mut(&mut self, dag_id: &str, run_id: &str) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.dag.dag_id == dag_id && run.asked.run_id == run_id)
    }

    /// Ends a run, or queues it again.
    pub(crate) fn set_state(&mut self, dag_id: &str, run_id: &str, state: RunState, now: Timestamp) {
        self.put(dag_id, run_id, state, now);
        let (dag_id, run_id) = (dag_id.to_owned(), run_id.to_owned());
        self.log.push(Logged { at: now, dag_id, run_id, state });
    }

    fn put(&mut self, dag_id: &str, run_id: &str, state: RunState, now: Timestamp) {
        let is_paused = self.dag(dag_id).is_some_and(|dag| dag.is_paused);
        let Some(run) = self.run_mut(dag_id, run_id) else { return };
        if state.is_final() {
            run.settled = Some(Settled { state, at: now, is_dated_again: false });
        } else {
            run.settled = None;
            run.forget_holds();
            run.queued_at = now;
            run.released = (!is_paused).then_some(now);
        }
    }

    /// Clears a run: it runs once more.
    pub(crate) fn clear(&mut self, dag_id: &str, run_id: &str, now: Timestamp) {
        let dag = self.dag(dag_id).map(|dag| dag.script.after_starts(self.starts(dag_id)));
        if let Some((run, dag)) = self.run_mut(dag_id, run_id).zip(dag) {
            run.cleared += 1;
            run.dag = dag;
        }
        self.put(dag_id, run_id, RunState::Queued, now);
    }

    /// Deletes a run; its id is free again.
    pub(crate) fn delete(&mut self, dag_id: &str, run_id: &str) -> bool {
        let before = self.runs.len();
        self.runs.retain(|run| run.dag.dag_id != dag_id || run.asked.run_id != run_id);
        self.runs.len() < before
    }
}
