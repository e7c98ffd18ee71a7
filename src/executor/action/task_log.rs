//! `get_task_log`: the log of one try. Airflow 2 has a line of text for a try that never was, Airflow 3 a 404; here it is a
//! failure on both.

use crate::airflow::answer::{TaskInstance, TaskLogRequest, TaskPlace};
use crate::executor::Stop;
use crate::executor::action::task_instances::map_index;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, TaskLog};
use crate::playbook::action::GetTaskLog;

/// How many lines are given when nothing else is said.
const USUAL_LINES: u64 = 1000;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn get_task_log(&mut self) -> Result<ActionResult, Stop> {
        let keys: GetTaskLog = self.arguments()?;
        let map_index = map_index(keys.map_index);
        let place =
            TaskPlace { dag_id: &keys.dag_id.0, dag_run_id: &keys.dag_run_id.0, task_id: &keys.task_id.0, map_index };
        let task = self.known_task(&place).await?;
        let asked = keys.try_number.map(|number| u32::try_from(number.0).unwrap_or(u32::MAX));
        let try_number = self.made_try(&task, asked)?;
        let request = TaskLogRequest {
            dag_id: keys.dag_id.0,
            dag_run_id: keys.dag_run_id.0,
            task_id: keys.task_id.0,
            try_number,
            map_index,
        };
        let missing = || Failure::new(FailureKind::NotFound, format!("try {try_number} has no log"));
        let log = self.found(missing, async |client, limit| client.task_log(&request, limit).await).await?;
        let mut lines = log.lines;
        let total_lines = lines.len();
        let most = keys.log_lines.map_or(USUAL_LINES, |lines| lines.0);
        lines.drain(..total_lines.saturating_sub(usize::try_from(most).unwrap_or(usize::MAX)));
        Ok(ActionResult::GetTaskLog(Box::new(TaskLog {
            dag_id: request.dag_id,
            dag_run_id: request.dag_run_id,
            task_id: request.task_id,
            map_index,
            try_number,
            state: task.state,
            lines,
            total_lines,
        })))
    }

    /// The try that is asked for, if it was made; without one the last.
    fn made_try(&self, task: &TaskInstance, asked: Option<u32>) -> Result<u32, Box<Failure>> {
        let (id, last) = (&task.task_id, task.try_number);
        let message = match asked {
            _ if last == 0 => {
                let state = task.state.as_deref().unwrap_or("not scheduled yet");
                format!("the task `{id}` was not run, so it has no log; it is {state}")
            }
            None => return Ok(last),
            Some(number) if (1..=last).contains(&number) => return Ok(number),
            Some(number) => format!("the task `{id}` has no try {number}, its last is {last}"),
        };
        let key = if last == 0 { "task_id" } else { "try_number" };
        Err(Failure::new(FailureKind::NotFound, message).at(self.location_of(key)).into())
    }
}
