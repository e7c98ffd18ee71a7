//! `wait_for_dag_run`: a DAG run that somebody else made, followed to its end.

use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::ActionResult;
use crate::playbook::action::WaitForDagRun;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn wait_for_dag_run(&mut self) -> Result<ActionResult, Stop> {
        let keys: WaitForDagRun = self.arguments()?;
        let run = self.known_run(&keys.dag_id.0, &keys.dag_run_id.0).await?;
        let run = self.follow_found(run, &keys.settings()).await?;
        Ok(self.run_result(run))
    }
}
