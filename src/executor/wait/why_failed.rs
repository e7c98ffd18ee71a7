//! Why a DAG run failed: its failed tasks, with the last lines of their logs.

use crate::airflow::answer::{DagRun, TaskInstance, TaskLogRequest};
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::verdict::WHY_TIME;
use crate::outcome::{FailedTask, Failure, FailureKind};

/// How many failed tasks are shown with their logs.
const FAILED_TASKS_MAX: usize = 5;

impl StepRun<'_, '_> {
    /// The failure of a failed run: its failed tasks, with the last lines of their logs.
    pub(super) async fn why_failed(&mut self, run: &DagRun, log_lines: usize) -> Result<Stop, Stop> {
        self.deadline = self.deadline.max(self.run.tools.clock.elapsed().saturating_add(WHY_TIME));
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let message = format!("the DAG run `{id}` of `{dag_id}` failed");
        let mut failure = Failure::new(FailureKind::DagRunFailed, message);
        let tasks =
            self.pages(async |client, offset, limit| client.task_instances(dag_id, id, offset, limit).await).await;
        match tasks {
            Ok(tasks) => {
                let failed: Vec<TaskInstance> =
                    tasks.into_iter().filter(|task| task.state.as_deref() == Some("failed")).collect();
                if failed.len() > FAILED_TASKS_MAX {
                    failure = failure.with_note(format!("{} more tasks failed", failed.len() - FAILED_TASKS_MAX));
                }
                for task in failed.iter().take(FAILED_TASKS_MAX) {
                    let log = self.last_lines(run, task, log_lines).await?;
                    failure.failed_tasks.push(failed_task(task, log));
                }
            }
            Err(Stop::Failed(why)) => {
                failure = failure.with_note(format!("its tasks could not be read: {}", why.message));
            }
            // That it failed is known; a signal only ends the search for the reason.
            Err(Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => {}
            Err(Stop::Broken(error)) => return Err(error.into()),
        }
        if let Some(ui) = self.run.tools.ui_url.as_deref() {
            failure = failure.with_help(format!("see {}", self.run.tools.client.run_link(ui, dag_id, id)));
        }
        Ok(failure.into())
    }

    async fn last_lines(&mut self, run: &DagRun, task: &TaskInstance, count: usize) -> Result<Vec<String>, Stop> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if task.try_number == 0 {
            return Ok(vec!["(it was never tried, so it has no log)".to_owned()]);
        }
        let request = TaskLogRequest {
            dag_id: run.dag_id.clone(),
            dag_run_id: run.dag_run_id.clone(),
            task_id: task.task_id.clone(),
            try_number: task.try_number,
            map_index: task.map_index,
        };
        match self.read(async |client, limit| client.task_log(&request, limit).await).await {
            Ok(mut lines) => Ok(lines.split_off(lines.len().saturating_sub(count))),
            Err(Stop::Failed(why)) => Ok(vec![format!("(its log could not be read: {})", why.message)]),
            Err(Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => Ok(Vec::new()),
            Err(Stop::Broken(error)) => Err(error.into()),
        }
    }
}

fn failed_task(task: &TaskInstance, log: Vec<String>) -> FailedTask {
    FailedTask { task_id: task.task_id.clone(), map_index: task.map_index, try_number: i64::from(task.try_number), log }
}
