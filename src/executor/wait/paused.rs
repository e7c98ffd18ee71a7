//! A DAG that somebody pauses while its run is followed.
//!
//! ```text
//! paused, run queued ────────────────────────────────────────────→ the verdict, at once
//! paused, run running ┬ a task runs, is queued or deferred ───────→ followed on; told once
//!                     ├ the others wait for the scheduler ────────→ the verdict, when a second look says so
//!                     └ only tasks that are done or not scheduled ─→ the verdict, when that stays so
//! ```
//!
//! On a paused DAG Airflow schedules and queues no task, but what a worker or the triggerer has goes on. Once a minute it
//! looks whether a run of a paused DAG is at its end: then the run ends. Seen on 2.11.2 and 3.3.2: a run whose last task ran
//! ended up to 61 seconds after it; tasks that were scheduled, `up_for_retry` or `up_for_reschedule` stayed so; a task behind one
//! that succeeded was not scheduled; one behind a failed task became `upstream_failed`, and the run failed.

use std::time::Duration;

use crate::airflow::answer::TaskInstance;
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::following::Following;
use crate::executor::wait::unended::{is_done, with_tasks_at_hand};
use crate::outcome::{Failure, FailureKind};

/// How long tasks must wait for the scheduler before that is believed.
const WAITING_FOR: Duration = Duration::from_secs(10);
/// How long Airflow may take to end a run, or to judge what comes after a task that is done.
const UNDECIDED_FOR: Duration = Duration::from_secs(120);
/// How soon a paused DAG is looked at again while a task is active, and otherwise.
const LOOK_WHILE_ACTIVE: Duration = Duration::from_secs(30);
const LOOK_WHILE_STILL: Duration = Duration::from_secs(10);

/// What is known of a pause. Times are the clock's elapsed time.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// Whether it was told that the run is followed all the same.
    is_told: bool,
    /// Since when no task is active, and how that looked.
    still: Option<(Stillness, Duration)>,
}

/// Why no task is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stillness {
    /// Some wait for the scheduler.
    Waiting,
    /// All are done or not scheduled: the run may be at its end.
    Undecided,
}

impl StepRun<'_, '_> {
    /// The DAG was found paused: the failure that this is now, if it is one.
    pub(super) async fn while_paused(&mut self, following: &mut Following) -> Result<Option<Failure>, Stop> {
        self.look_at(following).await?;
        let mut pause = following.pause.take().unwrap_or_default();
        match following.run.state {
            RunState::Success | RunState::Failed => return Ok(None),
            RunState::Queued => return Ok(Some(paused(following, Vec::new()))),
            RunState::Running => {}
        }
        let tasks = self.all_tasks(following).await?;
        let now = self.run.tools.clock.elapsed();
        let Some(tasks) = tasks else {
            following.pause = Some(pause);
            following.beside.look_again_at(now.saturating_add(LOOK_WHILE_STILL));
            return Ok(None);
        };
        if let Some(active) = tasks.iter().find(|task| is_active(task)) {
            if !std::mem::replace(&mut pause.is_told, true) {
                let (id, dag_id, task) = (&following.run.dag_run_id, &following.run.dag_id, &active.task_id);
                let state = active.state.as_deref().unwrap_or_default();
                self.warn(format!(
                    "the DAG `{dag_id}` is paused: its run `{id}` is followed for as long as a task of it is active \
                     (`{task}` is {state}); no other task starts until somebody unpauses the DAG"
                ))?;
            }
            pause.still = None;
            following.pause = Some(pause);
            following.beside.look_again_at(now.saturating_add(LOOK_WHILE_ACTIVE));
            return Ok(None);
        }
        let stillness = stillness(&tasks);
        let since = match pause.still {
            Some((known, since)) if known == stillness => since,
            Some(_) | None => now,
        };
        if now.saturating_sub(since) >= stillness.is_believed_after() {
            return Ok(Some(paused(following, tasks)));
        }
        pause.still = Some((stillness, since));
        following.pause = Some(pause);
        following.beside.look_again_at(now.saturating_add(LOOK_WHILE_STILL));
        Ok(None)
    }

    /// The DAG was found not to be paused, or not any more.
    pub(super) fn not_paused(&mut self, following: &mut Following) -> Result<(), Stop> {
        if following.pause.take().is_some_and(|pause| pause.is_told) {
            self.warn(format!("the DAG `{}` is not paused any more", following.run.dag_id))?;
        }
        Ok(())
    }
}

impl Stillness {
    const fn is_believed_after(self) -> Duration {
        match self {
            Self::Waiting => WAITING_FOR,
            Self::Undecided => UNDECIDED_FOR,
        }
    }
}

/// Whether a task goes on though its DAG is paused. A deferred one may end, or wait for the scheduler afterwards.
fn is_active(task: &TaskInstance) -> bool {
    matches!(task.state.as_deref(), Some("running" | "queued" | "restarting" | "deferred"))
}

fn stillness(tasks: &[TaskInstance]) -> Stillness {
    let waits = |task: &TaskInstance| task.state.is_some() && !is_done(task);
    if tasks.iter().any(waits) { Stillness::Waiting } else { Stillness::Undecided }
}

/// The failure of a run that nothing moves until its DAG is unpaused.
fn paused(following: &Following, tasks: Vec<TaskInstance>) -> Failure {
    let run = &following.run;
    let (id, dag_id, state) = (&run.dag_run_id, &run.dag_id, run.state.as_str());
    let message = format!("the DAG `{dag_id}` was paused while its run `{id}` was {state}");
    let failure = with_tasks_at_hand(Failure::new(FailureKind::DagPaused, message), tasks);
    failure.with_help("unpause the DAG: the run goes on then")
}
