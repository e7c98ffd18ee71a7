//! A run that is there already and is to go on: its DAG must not be paused, as for a new one.

use crate::airflow::answer::{Dag, DagRun};
use crate::airflow::client::Client;
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};

impl StepRun<'_, '_> {
    /// Sees to it that a run which was found queued gets on: a paused DAG is unpaused, or the step fails. A run that has
    /// begun goes on on a paused DAG as far as its tasks that run; it is only let go further where the DAG may be unpaused.
    pub(super) async fn ready_for_found(&mut self, run: &DagRun, may_unpause: bool) -> Result<(), Stop> {
        match run.state {
            RunState::Success | RunState::Failed => return Ok(()),
            RunState::Running if !may_unpause => return Ok(()),
            RunState::Queued | RunState::Running => {}
        }
        let Some(dag) = self.paused_dag(&run.dag_id).await? else { return Ok(()) };
        if may_unpause {
            return self.unpause(dag).await;
        }
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let message = format!("the DAG `{dag_id}` is paused, and its run `{id}` is queued");
        Err(self.needs_unpausing(Failure::new(FailureKind::NotReady, message).with_note("it would stay queued")).into())
    }

    /// Sees to it that a run which is to be cleared gets on then.
    pub(super) async fn ready_to_clear(&mut self, run: &DagRun, may_unpause: bool) -> Result<(), Stop> {
        let Some(dag) = self.paused_dag(&run.dag_id).await? else { return Ok(()) };
        if may_unpause {
            return self.unpause(dag).await;
        }
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let message = format!("the DAG `{dag_id}` is paused; its run `{id}` was not cleared");
        Err(self.needs_unpausing(Failure::new(FailureKind::NotReady, message).with_note("it would stay queued")).into())
    }

    /// The DAG, if it is paused.
    async fn paused_dag(&mut self, dag_id: &str) -> Result<Option<Dag>, Stop> {
        let dag = match self.try_read(async |client: &Client, limit| client.dag(dag_id, limit).await).await? {
            Ok(dag) => dag,
            Err((error, reason)) => return Err(exhausted(&error, reason).into()),
        };
        let is_shown_unpaused = self.run.shown_unpaused.contains(dag_id);
        Ok(Some(dag).filter(|dag| dag.is_paused && !is_shown_unpaused))
    }

    fn needs_unpausing(&self, failure: Failure) -> Failure {
        let help = "write `unpause: true` to unpause it before the run and leave it so";
        self.at_key("dag_id", failure.with_help(help))
    }
}
