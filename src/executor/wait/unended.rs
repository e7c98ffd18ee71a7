//! What a run that is not at its end waits for: its tasks that are not done, or why it is still queued.
//!
//! Asked once, when the wait ends before the run does: the time is up, a signal came. The verdict stands whatever comes of
//! it, so an error only leaves the reason out.

use std::time::Duration;

use jiff::Timestamp;

use crate::airflow::answer::{DagRun, Page, RunFilter, TaskInstance};
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::following::Following;
use crate::outcome::{Failure, UnfinishedTask};

/// How long one question may take.
const GLANCE: Duration = Duration::from_secs(5);
/// How many tasks are named.
const NAMED_MAX: usize = 5;
/// The pool of a task that names none.
const USUAL_POOL: &str = "default_pool";

impl StepRun<'_, '_> {
    /// The failure of a run that did not end in time, with what it waits for.
    pub(super) async fn with_what_it_waits_for(
        &mut self,
        following: &mut Following,
        failure: Failure,
    ) -> Result<Failure, Stop> {
        if following.away.is_now() {
            return Ok(failure.with_note(following.how_it_stands()));
        }
        match self.ask_scheduler(following).await {
            // The verdict stands, whatever else came.
            Ok(()) | Err(Stop::Failed(_) | Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => {}
            Err(Stop::Broken(error)) => return Err(error.into()),
        }
        let failure = failure.with_note(following.how_it_stands());
        Ok(self.with_unfinished(&following.run, failure).await)
    }

    /// The end of a wait that a signal or the deadline stopped: the run goes on.
    pub(super) async fn stopped_waiting(&mut self, following: &Following) -> Stop {
        let (id, dag_id, state) = (&following.run.dag_run_id, &following.run.dag_id, following.run.state.as_str());
        let goes_on = following.nothing_moves().map_or_else(|| "goes on".to_owned(), |_| format!("is still {state}"));
        let message = format!("stopped waiting; the DAG run `{id}` of `{dag_id}` {goes_on}");
        let mut failure = Failure::new(self.run.halt.kind(), message);
        failure.notes.extend(following.nothing_moves());
        if !following.away.is_now() {
            failure = self.with_unfinished(&following.run, failure).await;
        }
        Stop::Interrupted(Some(Box::new(failure)))
    }

    /// Adds the tasks that are not done, or why the run is still queued.
    pub(in crate::executor) async fn with_unfinished(&mut self, run: &DagRun, failure: Failure) -> Failure {
        if run.state == RunState::Queued {
            return self.with_why_queued(run, failure).await;
        }
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let ask = async |client: &Client, limit| client.task_instances(dag_id, id, 0, limit).await;
        match self.glance(ask).await {
            Some(page) => with_tasks(failure, &page),
            None => failure,
        }
    }

    async fn with_why_queued(&mut self, run: &DagRun, failure: Failure) -> Failure {
        let now = self.run.tools.clock.now();
        if let Some(date) = run.run_after.or(run.logical_date).filter(|date| *date > now) {
            return failure.with_note(format!("it does not start before {date}"));
        }
        let dag_id = &run.dag_id;
        let dag = self.glance(async |client: &Client, limit| client.dag(dag_id, limit).await).await;
        if dag.is_some_and(|dag| dag.is_paused) {
            return failure.with_note("its DAG is paused: the run does not start until somebody unpauses it");
        }
        let filter = RunFilter::in_states(&[RunState::Running]);
        let running =
            self.glance(async |client: &Client, limit| client.dag_runs(dag_id, &filter, 0, limit).await).await;
        match running.map(|page| page.total_entries.unwrap_or(page.received as u64)) {
            None | Some(0) => failure,
            Some(1) => failure.with_note("1 other run of the DAG is running: `max_active_runs` may let no more start"),
            Some(n) => failure
                .with_note(format!("{n} other runs of the DAG are running: `max_active_runs` may let no more start")),
        }
    }

    /// One question, within a part of the grace where the run is to stop.
    async fn glance<T>(&mut self, ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>) -> Option<T> {
        let halt = &self.run.halt;
        let limit = if halt.is_due() { GLANCE.min(halt.grace_left() / 4) } else { GLANCE };
        if limit.is_zero() {
            return None;
        }
        self.requests += 1;
        let (client, halt) = (self.client(), &self.run.halt);
        tokio::select! {
            biased;
            answer = ask(&client, limit) => answer.ok(),
            () = halt.over() => None,
        }
    }
}

/// Whether a task has come to its end.
pub(super) fn is_done(task: &TaskInstance) -> bool {
    matches!(task.state.as_deref(), Some("success" | "failed" | "skipped" | "upstream_failed" | "removed"))
}

/// Adds the tasks of a page that are not done: those that something holds first, then those that are not scheduled.
fn with_tasks(mut failure: Failure, page: &Page<TaskInstance>) -> Failure {
    let total = page.total_entries.unwrap_or(0).max(page.received as u64);
    let unread = total - page.received as u64;
    let undone: Vec<&TaskInstance> = page.items.iter().filter(|task| !is_done(task)).collect();
    if undone.is_empty() && unread == 0 && total > 0 {
        return failure.with_note("all its tasks are done, but Airflow has not ended the run yet");
    }
    let (begun, unscheduled): (Vec<&TaskInstance>, Vec<&TaskInstance>) =
        undone.iter().copied().partition(|task| task.state.is_some());
    failure.notes.extend(begun.iter().take(NAMED_MAX).map(|task| line(task)));
    if begun.len() > NAMED_MAX {
        failure.notes.push(format!("{} more tasks have begun and are not done", begun.len() - NAMED_MAX));
    }
    failure.notes.extend(not_scheduled(&unscheduled));
    if unread > 0 {
        failure.notes.push(format!("{unread} of its {total} tasks were not looked at"));
    }
    failure.unfinished_tasks = undone.into_iter().map(unfinished).collect();
    failure
}

/// ``task `flaky` is up_for_retry since 02:31, try 1 of 4, pool `tiny` ``.
fn line(task: &TaskInstance) -> String {
    let state = task.state.as_deref().unwrap_or("not scheduled");
    let since = task.since().map(|since| format!(" since {}", to_the_second(since))).unwrap_or_default();
    let tries = if task.max_tries == 0 {
        String::new()
    } else {
        format!(", try {} of {}", task.try_number.max(1), u64::from(task.max_tries) + 1)
    };
    let waits_for_a_slot = matches!(state, "scheduled" | "queued");
    let pool = task.pool.as_deref().filter(|pool| waits_for_a_slot || *pool != USUAL_POOL);
    let pool = pool.map(|pool| format!(", pool `{pool}`")).unwrap_or_default();
    format!("task `{}` is {state}{since}{tries}{pool}", name(task))
}

fn not_scheduled(tasks: &[&TaskInstance]) -> Option<String> {
    let names: Vec<String> = tasks.iter().take(NAMED_MAX).map(|task| format!("`{}`", name(task))).collect();
    let more = tasks.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    match tasks.len() {
        0 => None,
        1 => Some(format!("task {} is not scheduled yet", names.join(""))),
        _ => Some(format!("tasks {}{more} are not scheduled yet", names.join(", "))),
    }
}

fn name(task: &TaskInstance) -> String {
    match task.map_index {
        index if index >= 0 => format!("{}[{index}]", task.task_id),
        _ => task.task_id.clone(),
    }
}

fn unfinished(task: &TaskInstance) -> UnfinishedTask {
    UnfinishedTask {
        task_id: task.task_id.clone(),
        map_index: task.map_index,
        state: task.state.clone(),
        since: task.since().map(|since| since.to_string()),
        try_number: i64::from(task.try_number),
        max_tries: i64::from(task.max_tries),
        pool: task.pool.clone(),
    }
}

/// A moment without its fraction.
fn to_the_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The tasks that are not done as notes, for a verdict that has them at hand.
pub(super) fn with_tasks_at_hand(failure: Failure, tasks: Vec<TaskInstance>) -> Failure {
    let received = tasks.len();
    with_tasks(failure, &Page { items: tasks, received, total_entries: None, server_time: None })
}
