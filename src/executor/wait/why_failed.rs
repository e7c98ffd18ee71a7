//! Why a DAG run failed: its failed tasks, each with the exception that ended it and the last lines of its log.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::airflow::answer::{DagRun, Reason, TaskInstance, TaskLog, TaskLogRequest};
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::by_hand;
use crate::executor::wait::following::Following;
use crate::executor::wait::verdict::WHY_TIME;
use crate::outcome::{FailedTask, Failure, FailureKind};
use crate::playbook::action::WaitTasks;

/// How many failed tasks are looked at: their logs are read.
const LOGS_MAX: usize = 5;
/// How many failed tasks are kept by name.
const TASKS_MAX: usize = 1000;
/// The most characters of an exception.
const EXCEPTION_MAX: usize = 4000;
/// Why a task that no worker has begun has no log.
const NEVER_STARTED: &str = "it never started, so it has no log";

/// The tasks of a run by how they ended.
struct Ended {
    failed: Vec<TaskInstance>,
    /// How many were not run because one before them had failed.
    upstream_failed: usize,
    total: usize,
}

impl StepRun<'_, '_> {
    /// The failure of a failed run: its failed tasks, with the last lines of their logs.
    ///
    /// The wait is over here, so these requests follow one another without a pause; there are few.
    pub(super) async fn why_failed(&mut self, run: &DagRun, log_lines: usize) -> Result<Stop, Stop> {
        self.take_time_for_why();
        let message = format!("the DAG run `{}` of `{}` failed", run.dag_run_id, run.dag_id);
        let mut failure = Failure::new(FailureKind::DagRunFailed, message);
        match self.ended_tasks(run).await {
            Ok(ended) => {
                failure.message.push_str(&ended.counted());
                failure.notes.extend(self.hands(run, &ended).await?);
                failure = self.with_failed_tasks(failure, run, &ended.failed, log_lines).await?;
            }
            Err(Stop::Failed(why)) => {
                failure = failure.with_note(format!("its tasks could not be read: {}", why.message));
            }
            // That it failed is known; a signal only ends the search for the reason.
            Err(Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => {}
            Err(Stop::Broken(error)) => return Err(error.into()),
        }
        Ok(self.with_link(failure, run).into())
    }

    /// Who set the run or its tasks to failed: by the audit log, or where that can't be read by what dates show.
    async fn hands(&mut self, run: &DagRun, ended: &Ended) -> Result<Vec<String>, Stop> {
        match self.set_by_hand(run, RunState::Failed).await? {
            Some(set) if !set.is_empty() => Ok(by_hand::notes(&set).collect()),
            Some(_) => Ok(ended.without_failed_task().into_iter().collect()),
            None => Ok(ended.without_failed_task().or_else(|| ended.hand_by_dates(run)).into_iter().collect()),
        }
    }

    /// A run may be a success though tasks of it failed: with `tasks: all_success` that is a failure.
    pub(super) async fn tasks_as_asked(&mut self, following: &Following) -> Result<(), Stop> {
        match following.tasks_rule {
            WaitTasks::Run => return Ok(()),
            WaitTasks::AllSuccess => self.take_time_for_why(),
        }
        let run = &following.run;
        let ended = self.ended_tasks(run).await.map_err(|stop| unread(stop, run))?;
        if ended.failed.is_empty() && ended.upstream_failed == 0 {
            return Ok(());
        }
        let message =
            format!("the DAG run `{}` of `{}` is a success, but not all its tasks are", run.dag_run_id, run.dag_id);
        let failure = Failure::new(FailureKind::DagRunFailed, format!("{message}{}", ended.counted()));
        let failure = self.with_failed_tasks(failure, run, &ended.failed, following.log_lines).await?;
        Err(self.with_link(failure, run).into())
    }

    /// The end of the wait is no end for asking why it came.
    pub(super) fn take_time_for_why(&mut self) {
        self.deadline = self.run.tools.clock.elapsed().saturating_add(WHY_TIME);
    }

    async fn ended_tasks(&mut self, run: &DagRun) -> Result<Ended, Stop> {
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let all =
            self.pages(async |client, offset, limit| client.task_instances(dag_id, id, offset, limit).await).await?;
        let is = |task: &TaskInstance, state| task.state.as_deref() == Some(state);
        let (total, upstream_failed) = (all.len(), all.iter().filter(|task| is(task, "upstream_failed")).count());
        Ok(Ended { failed: all.into_iter().filter(|task| is(task, "failed")).collect(), upstream_failed, total })
    }

    async fn with_failed_tasks(
        &mut self,
        mut failure: Failure,
        run: &DagRun,
        failed: &[TaskInstance],
        log_lines: usize,
    ) -> Result<Failure, Stop> {
        if failed.len() > TASKS_MAX {
            failure = failure.with_note(format!("{} more tasks failed", failed.len() - TASKS_MAX));
        }
        let mut failed: Vec<&TaskInstance> = failed.iter().take(TASKS_MAX).collect();
        failed.sort_by_key(|task| (&task.task_id, task.map_index));
        let looked_at = looked_at(&failed);
        for (at, task) in failed.into_iter().enumerate() {
            let known = FailedTask {
                task_id: task.task_id.clone(),
                map_index: task.map_index,
                try_number: i64::from(task.try_number),
                ..FailedTask::default()
            };
            failure.failed_tasks.push(if looked_at.contains(&at) {
                self.with_reason(known, run, task, log_lines).await?
            } else {
                known
            });
        }
        Ok(failure)
    }

    fn with_link(&self, failure: Failure, run: &DagRun) -> Failure {
        let Some(ui) = self.run.tools.ui_url.as_deref() else { return failure };
        failure.with_help(format!("see {}", self.run.tools.client.run_link(ui, &run.dag_id, &run.dag_run_id)))
    }

    /// A failed task with what its log says.
    async fn with_reason(
        &mut self,
        failed: FailedTask,
        run: &DagRun,
        task: &TaskInstance,
        log_lines: usize,
    ) -> Result<FailedTask, Stop> {
        if task.try_number == 0 {
            return Ok(FailedTask { no_log: Some(NEVER_STARTED.to_owned()), ..failed });
        }
        let request = TaskLogRequest {
            dag_id: run.dag_id.clone(),
            dag_run_id: run.dag_run_id.clone(),
            task_id: task.task_id.clone(),
            try_number: task.try_number,
            map_index: task.map_index,
        };
        let has_started = task.start_date.is_some();
        match self.read(async |client, limit| client.task_log(&request, limit).await).await {
            Ok(log) => Ok(told(failed, log, has_started, log_lines)),
            Err(Stop::Failed(why)) if !has_started && why.kind == FailureKind::NotFound => {
                Ok(FailedTask { no_log: Some(NEVER_STARTED.to_owned()), ..failed })
            }
            Err(Stop::Failed(why)) => {
                Ok(FailedTask { no_log: Some(format!("its log could not be read: {}", why.message)), ..failed })
            }
            Err(Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => Ok(failed),
            Err(Stop::Broken(error)) => Err(error.into()),
        }
    }
}

/// Which of these are looked at: one of each task first, and then more instances of mapped ones.
fn looked_at(failed: &[&TaskInstance]) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let (first, others): (Vec<usize>, Vec<usize>) =
        (0..failed.len()).partition(|at| failed.get(*at).is_some_and(|task| seen.insert(&task.task_id)));
    first.into_iter().chain(others).take(LOGS_MAX).collect()
}

/// A failed task with what its log says: the exception, and the last lines beside it.
fn told(failed: FailedTask, log: TaskLog, has_started: bool, log_lines: usize) -> FailedTask {
    let TaskLog { mut beside, reason, .. } = log;
    // All that Airflow 2 has for a task that never started is why it found no file.
    let has_none = !has_started && reason.is_none() && beside.iter().all(|line| line.starts_with("*** "));
    let no_log = match (has_none, beside.is_empty() && reason.is_none()) {
        (true, _) => Some(NEVER_STARTED.to_owned()),
        (false, true) => Some("its log is empty".to_owned()),
        (false, false) => None,
    };
    if has_none {
        beside.clear();
    }
    let log = beside.split_off(beside.len().saturating_sub(log_lines));
    let Reason { exception, frames, causes } = reason.unwrap_or_default();
    let exception = Some(cut(exception)).filter(|exception| !exception.is_empty());
    FailedTask { exception, frames, causes: causes.into_iter().map(cause).collect(), log, no_log, ..failed }
}

/// A cause in one piece, with the line of the author's that it comes from.
fn cause(cause: Reason) -> String {
    let at = cause.frames.last().map(|frame| format!(", at {frame}")).unwrap_or_default();
    format!("{}{at}", cut(cause.exception))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(EXCEPTION_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Ended {
    /// `: 1 of 3 tasks failed, 1 upstream_failed`.
    fn counted(&self) -> String {
        let tasks = if self.total == 1 { "task" } else { "tasks" };
        let upstream = match self.upstream_failed {
            0 => String::new(),
            count => format!(", {count} upstream_failed"),
        };
        match (self.failed.len(), self.total) {
            (_, 0) => String::new(),
            (0, _) if upstream.is_empty() => ", but no task of it".to_owned(),
            (failed, total) => format!(": {failed} of {total} {tasks} failed{upstream}"),
        }
    }

    /// What a failed run without a failed task speaks for.
    fn without_failed_task(&self) -> Option<String> {
        let is_odd = self.failed.is_empty() && self.upstream_failed == 0 && self.total > 0;
        let why = "somebody may have set it to failed, or its DAG's `dagrun_timeout` ran out";
        is_odd.then(|| format!("no task of it failed: {why}"))
    }

    /// What dates speak for: each failed task was ended just after the run, and not before it. Airflow ends running tasks as
    /// `failed` when a run is set to failed, and those that did not run as `skipped`; seen on 2.11.2 and 3.3.2. Dates that
    /// say otherwise prove nothing: Airflow 2 dates the end of the run once more.
    fn hand_by_dates(&self, run: &DagRun) -> Option<String> {
        let ended_with_it = |task: &TaskInstance| is_after(task.end_date, run.end_date);
        let all = !self.failed.is_empty() && self.upstream_failed == 0 && self.failed.iter().all(ended_with_it);
        all.then(|| "its failed tasks were ended together with it: somebody may have set it to failed".to_owned())
    }
}

fn is_after(task: Option<Timestamp>, run: Option<Timestamp>) -> bool {
    task.zip(run).is_some_and(|(task, run)| task > run)
}

/// Whether all tasks are a success is not known: that the run is one, is.
fn unread(stop: Stop, run: &DagRun) -> Stop {
    match stop {
        Stop::Failed(failure) => failure
            .with_note(format!("the DAG run `{}` is a success, but its tasks could not be read", run.dag_run_id))
            .into(),
        other => other,
    }
}
