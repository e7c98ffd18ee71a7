//! What a wait asks beside the run itself, rarely: whether the DAG was paused, how far the tasks are, how the scheduler does.
//!
//! One question at a time takes its turn. The time between two grows from 10 seconds to 3 minutes, so that with the looks at
//! the run a wait of two hours stays below 300 requests.

use std::time::Duration;

use crate::airflow::answer::{Component, Dag, Page, TaskInstance};
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::event::TaskCounts;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::following::Following;

/// The time before the first question.
const FIRST: Duration = Duration::from_secs(10);
/// The same, and between the first two, for somebody who looks on: the tasks are counted from the third second on.
const FIRST_WATCHED: Duration = Duration::from_secs(2);
const EVERY_WATCHED: Duration = Duration::from_secs(4);
/// The longest time between two questions.
const LONGEST: Duration = Duration::from_secs(180);
/// How long an answer may take: a server that hangs is to be found out by the next look.
const ANSWER: Duration = Duration::from_secs(15);
/// How long a run stays in its state before the scheduler is asked after.
const UNCHANGED_FOR: Duration = Duration::from_secs(120);
/// How many pages of tasks are counted; a run with more shows no counts.
const PAGES_MAX: u32 = 5;

/// Whose turn it is, and when.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) next_at: Duration,
    every: Duration,
    turn: usize,
    /// Whether the next question is after the pause, whoever's turn it is.
    is_pause_next: bool,
    /// The scheduler's last heartbeat, when it was found dead.
    pub(super) scheduler_gone_since: Option<String>,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Was the DAG paused?
    Paused,
    /// How far are the tasks?
    Tasks,
    /// Does the scheduler work?
    Scheduler,
}

impl Beside {
    /// Before the first question of a wait that begins now.
    pub(super) const fn beginning(now: Duration, is_watched: bool) -> Self {
        let (first, every, turn) = if is_watched { (FIRST_WATCHED, EVERY_WATCHED, 1) } else { (FIRST, FIRST, 0) };
        let next_at = now.saturating_add(first);
        Self { next_at, every, turn, is_pause_next: false, scheduler_gone_since: None }
    }

    /// Has it asked at this time whether the DAG is paused.
    pub(super) const fn look_again_at(&mut self, at: Duration) {
        (self.next_at, self.is_pause_next) = (at, true);
    }

    /// The question whose turn it is, if it is time for one.
    fn due(&mut self, now: Duration, is_asked: impl Fn(Question) -> bool) -> Option<Question> {
        if now < self.next_at {
            return None;
        }
        if std::mem::take(&mut self.is_pause_next) {
            self.next_at = now.saturating_add(self.every);
            return Some(Question::Paused);
        }
        let all = [Question::Paused, Question::Tasks, Question::Scheduler];
        let asked: Vec<Question> = all.into_iter().filter(|question| is_asked(*question)).collect();
        let question = asked.get(self.turn % asked.len().max(1)).copied();
        self.turn += 1;
        self.every = self.every.mul_f64(1.5).min(LONGEST);
        self.next_at = now.saturating_add(self.every);
        question
    }
}

impl StepRun<'_, '_> {
    /// Asks the question whose turn it is; whether the answer is that the DAG is paused. What can't be asked is left out.
    pub(super) async fn ask_beside(&mut self, following: &mut Following) -> Result<bool, Stop> {
        if following.away.is_now() {
            return Ok(false);
        }
        let now = self.run.tools.clock.elapsed();
        let is_unchanged = now.saturating_sub(following.changed_at) >= UNCHANGED_FOR;
        let is_watched = self.run.tools.is_watched;
        let is_asked = |question| match question {
            Question::Paused => true,
            Question::Tasks => is_watched,
            Question::Scheduler => is_unchanged,
        };
        match following.beside.due(now, is_asked) {
            None => Ok(false),
            Some(Question::Paused) => self.is_paused_meanwhile(following).await,
            Some(Question::Tasks) => self.count_tasks(following).await.map(|()| false),
            Some(Question::Scheduler) => {
                self.make_ready(&mut following.asked_at).await?;
                self.ask_scheduler(following).await.map(|()| false)
            }
        }
    }

    /// A DAG that somebody pauses leaves its runs where they are, for ever.
    async fn is_paused_meanwhile(&mut self, following: &mut Following) -> Result<bool, Stop> {
        self.make_ready(&mut following.asked_at).await?;
        let dag_id = &following.run.dag_id;
        let answer = self.read_once(&async |client: &_, limit| read_dag(client, dag_id, limit).await).await?;
        match answer {
            Ok(dag) if dag.is_paused => Ok(true),
            Ok(_) => self.not_paused(following).map(|()| false),
            Err(_) => Ok(false),
        }
    }

    /// Counts the tasks.
    async fn count_tasks(&mut self, following: &mut Following) -> Result<(), Stop> {
        if let Some(tasks) = self.all_tasks(following).await? {
            let mut counts = TaskCounts::default();
            for task in &tasks {
                count(&mut counts, task);
            }
            following.tasks = Some(counts).filter(|counts| counts.total > 0);
        }
        Ok(())
    }

    /// The tasks of the run; none where they can't be read or are too many. Each page beyond the first costs the turn of
    /// another question.
    pub(super) async fn all_tasks(&mut self, following: &mut Following) -> Result<Option<Vec<TaskInstance>>, Stop> {
        let mut all = Vec::new();
        let mut offset = 0;
        for page in 0..PAGES_MAX {
            self.make_ready(&mut following.asked_at).await?;
            let (dag_id, id) = (&following.run.dag_id, &following.run.dag_run_id);
            let ask = async |client: &_, limit| read_tasks(client, (dag_id, id), offset, limit).await;
            let Ok(tasks) = self.read_once(&ask).await? else { return Ok(None) };
            if page > 0 {
                following.beside.next_at = following.beside.next_at.saturating_add(following.beside.every);
            }
            offset += tasks.received as u64;
            let is_last = tasks.received == 0 || tasks.total_entries.is_none_or(|total| offset >= total);
            all.extend(tasks.items);
            if is_last {
                return Ok(Some(all));
            }
        }
        following.tasks = None;
        Ok(None)
    }

    /// Asks after the scheduler, and warns once when it does not work: the run can't go on without it.
    pub(super) async fn ask_scheduler(&mut self, following: &mut Following) -> Result<(), Stop> {
        let answer = self.read_once(&async |client: &_, limit| read_scheduler(client, limit).await).await?;
        let Ok(scheduler) = answer else { return Ok(()) };
        let since = scheduler.latest_heartbeat.map_or_else(|| "its start".to_owned(), |time| time.to_string());
        let was_gone = following.beside.scheduler_gone_since.is_some();
        following.beside.scheduler_gone_since = Some(since.clone()).filter(|_| !scheduler.is_healthy());
        if !scheduler.is_healthy() && !was_gone {
            let (id, dag_id, state) = (&following.run.dag_run_id, &following.run.dag_id, following.run.state.as_str());
            self.warn(format!(
                "Airflow's scheduler is unhealthy since {since}: the DAG run `{id}` of `{dag_id}` stays {state} until it is \
                 back"
            ))?;
        }
        Ok(())
    }
}

/// Adds a task to the counts.
fn count(counts: &mut TaskCounts, task: &TaskInstance) {
    counts.total += 1;
    match task.state.as_deref() {
        Some("failed" | "upstream_failed") => {
            counts.done += 1;
            counts.failed += 1;
        }
        Some("success" | "skipped" | "removed") => counts.done += 1,
        Some(_) | None => {}
    }
}

async fn read_dag(client: &Client, dag_id: &str, limit: Duration) -> Result<Dag, ApiError> {
    client.dag(dag_id, limit.min(ANSWER)).await
}

async fn read_scheduler(client: &Client, limit: Duration) -> Result<Component, ApiError> {
    client.health(limit.min(ANSWER)).await.map(|health| health.scheduler)
}

async fn read_tasks(
    client: &Client,
    (dag_id, id): (&str, &str),
    offset: u64,
    limit: Duration,
) -> Result<Page<TaskInstance>, ApiError> {
    client.task_instances(dag_id, id, offset, limit.min(ANSWER)).await
}
