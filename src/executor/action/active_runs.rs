//! What to do when the DAG has an active run before ours is made: `if_active`.
//!
//! It is a look before the act and no lock: somebody else can make a run between the two.
//!
//! ```text
//! skip, fail: look ─ active → ended      wait: (unpause) → look ─ active → pause, look again
//!               └ none → (unpause)                           └ none → is the DAG still ready?
//! ```

use std::time::Duration;

use crate::airflow::answer::{Dag, DagRun, NewDagRun, RunFilter};
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::request::is_last;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};
use crate::playbook::action::IfActive;
use crate::playbook::field::format_duration;

/// The states of a run that has not ended.
const ACTIVE: [RunState; 2] = [RunState::Queued, RunState::Running];
/// The first pause between two looks; it grows up to [`LOOK_MAX`].
const LOOK_FIRST: Duration = Duration::from_secs(2);
/// The longest pause between two looks.
const LOOK_MAX: Duration = Duration::from_secs(30);

/// What the playbook asks for before a run may be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Whether a paused DAG is unpaused.
    pub(super) unpause: bool,
    /// What an active run means.
    pub(super) if_active: IfActive,
}

impl StepRun<'_, '_> {
    /// Makes way for a run of a DAG that was found ready but for what is `paused`. A DAG is not unpaused for a run that is
    /// not made; but runs of a paused DAG don't end, so that waiting for them comes after.
    pub(super) async fn make_way(&mut self, new: &NewDagRun, paused: Option<Dag>, way: Way) -> Result<(), Stop> {
        if matches!(way.if_active, IfActive::Skip | IfActive::Fail)
            && let Some(run) = self.active_run(new).await?
        {
            return Err(self.not_beside(&run, way.if_active)?);
        }
        if let Some(dag) = paused {
            self.unpause(dag).await?;
        }
        if way.if_active == IfActive::Wait {
            self.wait_for_others(new).await?;
            // The wait may have been long.
            if let Some(dag) = self.ready(&new.dag_id, way.unpause).await? {
                self.unpause(dag).await?;
            }
        }
        Ok(())
    }

    /// The end of a step whose DAG has this active run.
    fn not_beside(&mut self, run: &DagRun, if_active: IfActive) -> Result<Stop, Stop> {
        let message = format!("{}; no run was made", active(run));
        if if_active == IfActive::Skip {
            self.warn(message.clone())?;
            return Ok(Stop::Skipped(message));
        }
        Ok(Failure::new(FailureKind::NotReady, message).at(self.location_of("if_active")).into())
    }

    /// Waits until no other run is active, for as long as the step may take.
    async fn wait_for_others(&mut self, new: &NewDagRun) -> Result<(), Stop> {
        let mut pause = LOOK_FIRST;
        let mut seen: Option<DagRun> = None;
        loop {
            if let Some(run) = seen.as_ref().filter(|_| self.time_left().is_zero()) {
                let failure = self.still_active(run);
                return Err(self.with_unfinished(run, failure).await.into());
            }
            let Some(run) = self.active_run(new).await? else { return Ok(()) };
            if self.is_check() {
                return Ok(self.leave_open(format!("{}; it would be waited for", active(&run)))?);
            }
            self.say_state(&run, run.start_date, None)?;
            seen = Some(run);
            let left = self.time_left();
            self.pause(pause.min(left)).await?;
            pause = pause.mul_f64(1.5).min(LOOK_MAX);
        }
    }

    fn still_active(&self, run: &DagRun) -> Failure {
        let allowed = format_duration(self.deadline.saturating_sub(self.started));
        let message = format!("{}, still so after {allowed}; no run was made", active(run));
        let failure = Failure::new(FailureKind::TimedOut, message).at(self.location_of("if_active"));
        failure.with_help("give the step more time with `timeout`")
    }

    /// An active run of the DAG that is not the one to be made; the pages after it are not read.
    async fn active_run(&mut self, new: &NewDagRun) -> Result<Option<DagRun>, Stop> {
        let dag_id = &new.dag_id;
        let filter = RunFilter::in_states(&ACTIVE);
        let mut offset = 0;
        loop {
            let ask = async |client: &crate::airflow::client::Client, limit| {
                client.dag_runs(dag_id, &filter, offset, limit).await
            };
            let page = self.read(ask).await?;
            self.pages += 1;
            let is_last = is_last(&page, &mut offset)?;
            let other = page.items.into_iter().find(|run| run.dag_run_id != new.dag_run_id);
            if other.is_some() || is_last {
                return Ok(other);
            }
        }
    }
}

fn active(run: &DagRun) -> String {
    format!("the DAG `{}` has the active run `{}`, it is {}", run.dag_id, run.dag_run_id, run.state.as_str())
}
