//! `list_task_instances`, and what other actions need: one task instance that is there.

use jiff::Timestamp;

use crate::airflow::answer::{TaskInstance, TaskPlace};
use crate::airflow::client::Client;
use crate::executor::Stop;
use crate::executor::near::with_near;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, TaskInstanceList, TaskInstanceSummary};
use crate::playbook::action::ListTaskInstances;
use crate::playbook::field::Count;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn list_task_instances(&mut self) -> Result<ActionResult, Stop> {
        let keys: ListTaskInstances = self.arguments()?;
        let tasks = self.known_tasks(&keys.dag_id.0, &keys.dag_run_id.0).await?;
        if let Some(wanted) = keys.task_id.as_ref().filter(|id| tasks.iter().all(|task| task.task_id != id.0)) {
            return Err(self.no_such_task(&wanted.0, &keys.dag_run_id.0, &tasks).into());
        }
        let is_wanted = |task: &TaskInstance| {
            keys.task_id.as_ref().is_none_or(|id| id.0 == task.task_id)
                && keys.state.as_ref().is_none_or(|states| states.hold(task.state.as_deref()))
        };
        let wanted: Vec<TaskInstanceSummary> = tasks.into_iter().filter(is_wanted).map(summary).collect();
        Ok(ActionResult::ListTaskInstances(TaskInstanceList { total: wanted.len(), task_instances: wanted }))
    }

    /// Every task instance of a run that is there: an unknown one has none on Airflow 2 and is a 404 on Airflow 3.
    async fn known_tasks(&mut self, dag_id: &str, dag_run_id: &str) -> Result<Vec<TaskInstance>, Stop> {
        self.check_no_secret("dag_id", dag_id)?;
        self.check_no_secret("dag_run_id", dag_run_id)?;
        let ask = async |client: &Client, offset, limit| client.task_instances(dag_id, dag_run_id, offset, limit).await;
        let tasks = match self.pages(ask).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => Vec::new(),
            tasks => tasks?,
        };
        if tasks.is_empty() {
            self.known_run(dag_id, dag_run_id).await?;
        }
        Ok(tasks)
    }

    /// One task instance. When it is not there, what is wrong is told: the DAG, the run, the task or the index.
    pub(in crate::executor) async fn known_task(&mut self, place: &TaskPlace<'_>) -> Result<TaskInstance, Stop> {
        for (key, value) in [("dag_id", place.dag_id), ("dag_run_id", place.dag_run_id), ("task_id", place.task_id)] {
            self.check_no_secret(key, value)?;
        }
        let missing = || Failure::new(FailureKind::NotFound, format!("there is no task `{}`", place.task_id));
        match self.found(missing, async |client, limit| client.task_instance(place, limit).await).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => {
                let tasks = self.known_tasks(place.dag_id, place.dag_run_id).await?;
                Err(self.no_such_instance(place, &tasks).into())
            }
            found => found,
        }
    }

    fn no_such_instance(&self, place: &TaskPlace<'_>, tasks: &[TaskInstance]) -> Failure {
        let indexes = tasks.iter().filter(|task| task.task_id == place.task_id).map(|task| task.map_index);
        match (indexes.clone().max(), place.map_index) {
            (None, _) => self.no_such_task(place.task_id, place.dag_run_id, tasks),
            (Some(..0), index) => {
                let message = format!("the task `{}` is not mapped, so it has no instance {index}", place.task_id);
                let failure = Failure::new(FailureKind::NotFound, message).at(self.location_of("map_index"));
                failure.with_help("leave `map_index` out")
            }
            (Some(last), ..0) => {
                let message = format!("the task `{}` is mapped: which of its instances is meant?", place.task_id);
                let failure = Failure::new(FailureKind::NotFound, message).at(self.location_of("task_id"));
                failure.with_help(format!("add `map_index`, a number from 0 to {last}"))
            }
            (Some(last), index) => {
                let message = format!("the mapped task `{}` has no instance {index}", place.task_id);
                let failure = Failure::new(FailureKind::NotFound, message).at(self.location_of("map_index"));
                failure.with_note(format!("its instances are 0 to {last}"))
            }
        }
    }

    fn no_such_task(&self, task_id: &str, dag_run_id: &str, tasks: &[TaskInstance]) -> Failure {
        let message = format!("the run `{dag_run_id}` has no task `{task_id}`");
        let failure = Failure::new(FailureKind::NotFound, message).at(self.location_of("task_id"));
        let mut ids: Vec<&str> = tasks.iter().map(|task| task.task_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        with_near(failure, task_id, ids.into_iter(), ("task of it", "tasks of it"))
    }
}

/// The index as the API has it: -1 for a task that is not mapped.
pub(super) fn map_index(index: Option<Count>) -> i64 {
    index.map_or(-1, |index| i64::try_from(index.0).unwrap_or(i64::MAX))
}

fn summary(task: TaskInstance) -> TaskInstanceSummary {
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    TaskInstanceSummary {
        task_id: task.task_id,
        map_index: task.map_index,
        try_number: task.try_number,
        state: task.state,
        start_date: text(task.start_date),
        end_date: text(task.end_date),
        duration_seconds: task.duration,
    }
}
