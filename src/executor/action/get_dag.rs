//! `get_dag`: one DAG with its params. It may be stale or have an import error: the result says so.

use jiff::Timestamp;

use crate::airflow::answer;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, DagDetails, Failure, FailureKind, ParamSummary};
use crate::playbook::action::GetDag;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn get_dag(&mut self) -> Result<ActionResult, Stop> {
        let keys: GetDag = self.arguments()?;
        let dag_id = &keys.dag_id.0;
        let dag = self.known_dag(dag_id).await?;
        let missing = || Failure::new(FailureKind::NotFound, format!("the DAG `{dag_id}` has no details"));
        let details = self.found(missing, async |client, limit| client.dag_details(dag_id, limit).await).await?;
        Ok(ActionResult::GetDag(Box::new(result(dag, details))))
    }
}

/// Both answers in one: what is in either comes from the DAG, whose owners Airflow 2 leaves out of the details.
fn result(dag: answer::Dag, details: answer::DagDetails) -> DagDetails {
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let mut tags = dag.tags;
    tags.sort();
    let params = details.params.into_iter();
    DagDetails {
        dag_id: dag.dag_id,
        dag_display_name: dag.dag_display_name,
        description: dag.description,
        is_paused: dag.is_paused,
        is_stale: dag.is_stale,
        has_import_errors: dag.has_import_errors,
        tags,
        owners: dag.owners,
        fileloc: dag.fileloc,
        schedule: dag.schedule,
        next_run_at: text(dag.next_run_at),
        timezone: details.timezone,
        start_date: text(details.start_date),
        end_date: text(details.end_date),
        catchup: details.catchup,
        max_active_runs: details.max_active_runs,
        params: params.map(|(name, param)| (name, summary(param))).collect(),
    }
}

fn summary(param: answer::Param) -> ParamSummary {
    ParamSummary { value: param.value, schema: param.schema, description: param.description }
}
