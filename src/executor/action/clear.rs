//! Clearing the failed tasks of a run, so that they run again: a write that is known by what it changes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::airflow::answer::{DagRun, TaskInstance};
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::airflow::model::RunState;
use crate::event::{EventKind, WriteFate};
use crate::executor::Stop;
use crate::executor::settle::{Patience, Settled, unknown};
use crate::executor::step::StepRun;
use crate::executor::write::{Write, Written};
use crate::outcome::{Failure, WriteKind};
use crate::source::Location;

/// A run whose failed tasks are to be cleared, as it was before.
struct Clearing {
    dag_id: String,
    dag_run_id: String,
    /// When the run ended, as it was before it was cleared.
    end_date: Option<Timestamp>,
    /// Its state then.
    state: RunState,
}

impl StepRun<'_, '_> {
    /// Whether this attempt clears a run that is there: it was asked to, or an earlier one has begun to and does not know the end
    /// of it. A run without a failed task stays as it is, and that is said.
    pub(super) async fn is_to_be_cleared(&mut self, run: &DagRun) -> Result<bool, Stop> {
        let begun = self.earlier(WriteKind::Clear).filter(|clearing| clearing.is_in_doubt());
        match (run.state, begun) {
            (RunState::Failed, _) => return Ok(self.planned.clears || begun.is_some()),
            (RunState::Queued | RunState::Running | RunState::Success, Some(clearing)) => {
                // It is no longer as it was when that began.
                let (step, identity) = (self.index, clearing.identity.clone());
                self.run.emitter.emit(EventKind::WriteSettled { step, identity, fate: WriteFate::Found })?;
                return Ok(false);
            }
            (RunState::Queued | RunState::Running | RunState::Success, None) => {}
        }
        if !self.planned.clears || (run.state == RunState::Success && self.has_failed_task(run).await?) {
            return Ok(self.planned.clears);
        }
        let (dag_id, id, state) = (&run.dag_id, &run.dag_run_id, run.state.as_str());
        self.warn(format!("nothing was cleared: the DAG run `{id}` of `{dag_id}` is {state}"))?;
        Ok(false)
    }

    /// Whether a run that is success has a failed task all the same, as one before a task that runs in any case.
    async fn has_failed_task(&mut self, run: &DagRun) -> Result<bool, Stop> {
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let tasks = self.pages(async |client, offset, limit| client.task_instances(dag_id, id, offset, limit).await);
        let is_failed = |task: &TaskInstance| task.state.as_deref().is_some_and(|state| state.ends_with("failed"));
        Ok(tasks.await?.iter().any(is_failed))
    }

    /// Clears the failed tasks of a failed run, whose DAG must not be paused; gives the run as it is then.
    pub(super) async fn clear(&mut self, run: DagRun, may_unpause: bool) -> Result<DagRun, Stop> {
        self.ready_to_clear(&run, may_unpause).await?;
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let tasks = self.pages(async |client, offset, limit| client.task_instances(dag_id, id, offset, limit).await);
        let before = tasks.await?;
        let (dag_id, dag_run_id) = (run.dag_id.clone(), run.dag_run_id.clone());
        let clearing = Clearing { dag_id, dag_run_id, end_date: run.end_date, state: run.state };
        self.announce_clearing(&clearing, &before)?;
        let written = self.write(&clearing).await?;
        let (dag_id, id) = (&clearing.dag_id, &clearing.dag_run_id);
        match written {
            Written::Shown => return Err(self.run_left_open(dag_id, id)),
            Written::Made(_) | Written::Taken => {
                self.warn(format!("the failed tasks of the DAG run `{id}` of `{dag_id}` were cleared and run again"))?;
            }
        }
        match written {
            Written::Made(Some(run)) => Ok(run),
            Written::Made(None) | Written::Taken | Written::Shown => {
                self.read(async |client, limit| client.dag_run(dag_id, id, limit).await).await
            }
        }
    }

    fn announce_clearing(&mut self, clearing: &Clearing, before: &[TaskInstance]) -> Result<(), Stop> {
        let tasks = before.iter().map(|task| {
            json!({ "task_id": task.task_id, "map_index": task.map_index, "try_number": task.try_number, "state": task.state })
        });
        let arguments = json!({ "only_failed": true, "end_date": clearing.end_date.map(|end| end.to_string()),
            "tasks": tasks.collect::<Vec<_>>() });
        self.announce(clearing, &clearing.dag_id, arguments)
    }
}

impl Write for Clearing {
    /// The run after it was cleared, where it was read.
    type Made = Option<DagRun>;

    const KIND: WriteKind = WriteKind::Clear;

    /// A run may be cleared more than once: each time it has ended at another moment.
    fn identity(&self) -> String {
        let ended = self.end_date.map(|end| format!(" after {end}")).unwrap_or_default();
        format!("clear {}{ended}", self.dag_run_id)
    }

    async fn send(&self, client: &Client, limit: Duration) -> Result<Self::Made, ApiError> {
        client.clear_failed_tasks(&self.dag_id, &self.dag_run_id, limit).await.map(|()| None)
    }

    /// A run that is in another state, or has ended later, was cleared.
    async fn look(&self, step: &mut StepRun<'_, '_>, patience: Patience) -> Settled<Self::Made> {
        let is_cleared = |run: &DagRun| run.state != self.state || run.end_date != self.end_date;
        match step.look_for_change((&self.dag_id, &self.dag_run_id), patience, is_cleared).await {
            Settled::Found(run) => Settled::Found(Some(run)),
            Settled::Absent => Settled::Absent,
            Settled::Unknown => Settled::Unknown,
        }
    }

    /// A clearing that comes late would run the tasks once more, so it is waited for.
    fn patience(&self, _: Option<&ApiError>, _: bool, _: bool) -> Patience {
        Patience::ToTheEnd
    }

    fn may_repeat(&self, settled: &Settled<Self::Made>) -> bool {
        matches!(settled, Settled::Absent)
    }

    fn refusal(&self, _: &StepRun<'_, '_>, _: &ApiError, _: Option<&Self::Made>) -> Option<Failure> {
        None
    }

    fn unknown(&self, step: &StepRun<'_, '_>, error: Option<&ApiError>) -> Failure {
        let what = format!("the clearing of the DAG run `{}` of `{}`", self.dag_run_id, self.dag_id);
        unknown(&what, &step.run.tools.client.run_url(&self.dag_id, &self.dag_run_id), error)
    }

    fn place(&self, step: &StepRun<'_, '_>, _: &ApiError) -> Option<Location> {
        step.location_of("if_failed")
    }
}
