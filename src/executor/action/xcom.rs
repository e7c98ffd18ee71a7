//! `get_xcom`: what a task handed over, as JSON.

use crate::airflow::answer::{TaskPlace, XComRequest};
use crate::executor::Stop;
use crate::executor::action::task_instances::map_index;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, XComResult};
use crate::playbook::action::GetXcom;

/// The key of what a task returned.
const RETURNED: &str = "return_value";

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn get_xcom(&mut self) -> Result<ActionResult, Stop> {
        let keys: GetXcom = self.arguments()?;
        let request = XComRequest {
            dag_id: keys.dag_id.0,
            dag_run_id: keys.dag_run_id.0,
            task_id: keys.task_id.0,
            map_index: map_index(keys.map_index),
            key: keys.key.map_or_else(|| RETURNED.to_owned(), |key| key.0),
        };
        for (key, value) in [
            ("dag_id", &request.dag_id),
            ("dag_run_id", &request.dag_run_id),
            ("task_id", &request.task_id),
            ("key", &request.key),
        ] {
            self.check_no_secret(key, value)?;
        }
        let missing = || Failure::new(FailureKind::NotFound, "there is no such XCom");
        let xcom = match self.found(missing, async |client, limit| client.xcom(&request, limit).await).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => {
                return Err(self.no_such_xcom(&request).await?.into());
            }
            found => found?,
        };
        if xcom.has_long_integers {
            let message =
                format!("the XCom `{}` holds an integer that is too long for a number; it is kept as text", xcom.key);
            self.warn(message)?;
        }
        Ok(ActionResult::GetXcom(Box::new(XComResult {
            dag_id: request.dag_id,
            dag_run_id: request.dag_run_id,
            task_id: request.task_id,
            map_index: request.map_index,
            key: xcom.key,
            value: xcom.value,
            timestamp: xcom.timestamp.map(|time| time.to_string()),
        })))
    }

    /// The answer is the same whatever is missing: the DAG, the run, the task, its index or the key.
    async fn no_such_xcom(&mut self, request: &XComRequest) -> Result<Failure, Stop> {
        let XComRequest { dag_id, dag_run_id, task_id, map_index, key } = request;
        let task = self.known_task(&TaskPlace { dag_id, dag_run_id, task_id, map_index: *map_index }).await?;
        let state = task.state.as_deref().unwrap_or("not scheduled yet");
        let message = format!("the task `{task_id}` of the run `{dag_run_id}` has no XCom `{key}`");
        let failure = Failure::new(FailureKind::NotFound, message).with_note(format!("the task is {state}"));
        Ok(failure.at(self.location_of("key").or_else(|| self.location_of("task_id"))))
    }
}
