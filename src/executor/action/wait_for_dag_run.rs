//! `wait_for_dag_run`: a DAG run that somebody else made, followed to its end.

use crate::airflow::error::ErrorKind;
use crate::executor::Stop;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind};
use crate::playbook::action::WaitForDagRun;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn wait_for_dag_run(&mut self) -> Result<ActionResult, Stop> {
        let keys: WaitForDagRun = self.arguments()?;
        let (dag_id, id) = (&keys.dag_id.0, &keys.dag_run_id.0);
        self.check_no_secret("dag_id", dag_id)?;
        self.check_no_secret("dag_run_id", id)?;
        let run = match self.try_read(async |client, limit| client.dag_run(dag_id, id, limit).await).await? {
            Ok(run) => run,
            Err((error, _)) if error.kind == ErrorKind::NotFound => {
                return Err(self.no_such_run(dag_id, id).await?.into());
            }
            Err((error, reason)) => return Err(exhausted(&error, reason).into()),
        };
        let run = self.follow_found(run, &keys.settings()).await?;
        Ok(self.run_result(run))
    }

    /// The failure of a run that is not there; a DAG that is not there either is told first.
    async fn no_such_run(&mut self, dag_id: &str, id: &str) -> Result<Failure, Stop> {
        let dag = self.try_read(async |client, limit| client.dag(dag_id, limit).await).await?;
        if dag.is_err_and(|(error, _)| error.kind == ErrorKind::NotFound) {
            return self.no_such_dag(dag_id).await;
        }
        let failure = Failure::new(FailureKind::NotFound, format!("the DAG `{dag_id}` has no run `{id}`"));
        Ok(self.at_key("dag_run_id", failure))
    }
}
