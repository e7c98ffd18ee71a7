//! Following a DAG run to its end, and saying truly how it ended.
//!
//! ```text
//! look ─ success → the run      ─ failed → its failed tasks and their logs
//!   ├ 404 twice → vanished      ├ DAG paused meanwhile
//!   ├ still queued after queued_for                        ├ still going after timeout
//!   └ no answer: ridden out for unreachable_for, then unreachable
//! ```

use std::time::Duration;

use crate::airflow::answer::{DagRun, TaskInstance, TaskLogRequest};
use crate::airflow::error::{ApiError, ErrorKind, RetryKind};
use crate::airflow::model::RunState;
use crate::event::EventKind;
use crate::executor::Stop;
use crate::executor::retry::failure_of;
use crate::executor::step::StepRun;
use crate::outcome::{FailedTask, Failure, FailureKind};
use crate::plan::{POLL_EVERY, POLL_MAX_EVERY};
use crate::playbook::action::WaitSettings;
use crate::playbook::field::{RenderedPeriod, format_duration};

/// How often it is looked whether the DAG was paused meanwhile.
const PAUSED_EVERY: Duration = Duration::from_secs(10);
/// How often to look once the time is up and the last answer was from before.
const LATE_EVERY: Duration = Duration::from_secs(2);
/// How many failed tasks are shown with their logs.
const FAILED_TASKS_MAX: usize = 5;
/// The time for a last answer, and again for asking why a run failed, over and above the wait.
const WHY_TIME: Duration = Duration::from_secs(60);

/// A run that is being followed. Times are the clock's elapsed time.
struct Following {
    run: DagRun,
    end: Duration,
    allowed: Duration,
    queued_end: Option<Duration>,
    queued_for: Duration,
    unreachable_for: Duration,
    every: Duration,
    max_every: Duration,
    last_answer: Duration,
    /// When the run was last read.
    read_at: Duration,
    last_paused_look: Duration,
    was_absent: bool,
}

impl StepRun<'_, '_> {
    /// Follows a run to its end.
    pub(super) async fn follow(&mut self, run: DagRun, settings: &WaitSettings) -> Result<DagRun, Stop> {
        if self.is_check() && !run.state.is_final() {
            return Err(self.not_followed(&run)?);
        }
        let log_lines = settings.log_lines.map_or(20, |count| usize::try_from(count.0).unwrap_or(usize::MAX));
        let mut following = self.following(run, settings);
        // A wait has its own bound, and is judged by a read made after it.
        self.deadline = following.end.saturating_add(WHY_TIME * 2);
        loop {
            self.say_state(&following.run)?;
            self.known = Some(self.run_result(following.run.clone()));
            match following.run.state {
                RunState::Success => return Ok(following.run),
                RunState::Failed => return Err(self.why_failed(&following.run, log_lines).await?),
                RunState::Queued | RunState::Running => {}
            }
            let now = self.run.tools.clock.elapsed();
            if let Some(failure) = following.ran_out(now) {
                return Err(failure.into());
            }
            if self.is_paused_meanwhile(&mut following).await? {
                self.look_at(&mut following).await.map_err(|stop| goes_on(stop, &following.run))?;
                if following.run.state.is_final() {
                    continue;
                }
                return Err(paused(&following.run).into());
            }
            let pause = following.next_pause(now);
            self.pause(pause).await.map_err(|stop| goes_on(stop, &following.run))?;
            self.look_at(&mut following).await.map_err(|stop| goes_on(stop, &following.run))?;
        }
    }

    fn following(&self, run: DagRun, settings: &WaitSettings) -> Following {
        let now = self.run.tools.clock.elapsed();
        let period = |period: Option<RenderedPeriod>, default: u64| {
            period.map_or(Duration::from_secs(default), |period| period.0.0)
        };
        let (default_every, default_max) = self.planned.poll;
        let asked = period(settings.timeout, 3600);
        let allowed = match self.planned.timeout {
            Some(_) => asked.min(self.time_left()),
            None => asked,
        };
        let poll = settings.poll.clone().unwrap_or_default();
        let every = poll.every.map(|period| period.0.0).or(default_every).unwrap_or(POLL_EVERY);
        let every = every.max(Duration::from_millis(100));
        let max_every = poll.max_every.map(|period| period.0.0).or(default_max).unwrap_or(POLL_MAX_EVERY);
        Following {
            run,
            end: now.saturating_add(allowed),
            allowed,
            queued_end: settings.queued_for.map(|period| now.saturating_add(period.0.0)),
            queued_for: period(settings.queued_for, 0),
            unreachable_for: period(settings.unreachable_for, 600),
            every,
            max_every: max_every.max(every),
            last_answer: now,
            read_at: now,
            last_paused_look: now,
            was_absent: false,
        }
    }

    /// Says in which state a run that is waited for was seen.
    pub(super) fn say_state(&mut self, run: &DagRun) -> Result<(), Stop> {
        let state = run.state.as_str().to_owned();
        Ok(self.run.emitter.emit(EventKind::Waiting { step: self.index, dag_run_id: run.dag_run_id.clone(), state })?)
    }

    /// Reads the run once. What may pass is ridden out; that Airflow does not know the run any more is believed the second
    /// time.
    async fn look_at(&mut self, following: &mut Following) -> Result<(), Stop> {
        let (dag_id, id) = (following.run.dag_id.clone(), following.run.dag_run_id.clone());
        let answer = self.read_once(&async |client: &_, limit| read_run(client, &dag_id, &id, limit).await).await?;
        let now = self.run.tools.clock.elapsed();
        match answer {
            Ok(run) => {
                following.run = run;
                following.read_at = now;
                following.last_answer = now;
                following.was_absent = false;
                Ok(())
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                following.last_answer = now;
                if !std::mem::replace(&mut following.was_absent, true) {
                    return Ok(());
                }
                let message = format!("the DAG run `{id}` of `{dag_id}` was there and is gone");
                Err(Failure::new(FailureKind::Vanished, message).with_note("somebody deleted it").into())
            }
            Err(error) if passes(&error) => {
                if now.saturating_sub(following.last_answer) < following.unreachable_for {
                    return Ok(());
                }
                let since = format_duration(following.unreachable_for);
                let note = format!("there was no good answer for {since}; the DAG run `{id}` goes on without us");
                Err(failure_of(&error).with_note(note).into())
            }
            Err(error) => Err(failure_of(&error).with_note(format!("the DAG run `{id}` goes on without us")).into()),
        }
    }

    /// A DAG that somebody pauses leaves its runs where they are, for ever.
    async fn is_paused_meanwhile(&mut self, following: &mut Following) -> Result<bool, Stop> {
        let now = self.run.tools.clock.elapsed();
        if now.saturating_sub(following.last_paused_look) < PAUSED_EVERY {
            return Ok(false);
        }
        following.last_paused_look = now;
        let dag_id = following.run.dag_id.clone();
        let answer = self.read_once(&async |client: &_, limit| read_dag(client, &dag_id, limit).await).await;
        let answer = answer.map_err(|stop| goes_on(stop, &following.run))?;
        Ok(answer.is_ok_and(|dag| dag.is_paused))
    }

    /// The failure of a failed run: its failed tasks, with the last lines of their logs.
    async fn why_failed(&mut self, run: &DagRun, log_lines: usize) -> Result<Stop, Stop> {
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

async fn read_run(
    client: &crate::airflow::client::Client,
    dag_id: &str,
    id: &str,
    limit: Duration,
) -> Result<DagRun, ApiError> {
    client.dag_run(dag_id, id, limit).await
}

async fn read_dag(
    client: &crate::airflow::client::Client,
    dag_id: &str,
    limit: Duration,
) -> Result<crate::airflow::answer::Dag, ApiError> {
    client.dag(dag_id, limit).await
}

impl Following {
    /// The verdict when the time is up; judged only after the run was read.
    fn ran_out(&self, now: Duration) -> Option<Failure> {
        let (id, dag_id, state) = (&self.run.dag_run_id, &self.run.dag_id, self.run.state.as_str());
        let queued_end = self.queued_end.filter(|end| self.run.state == RunState::Queued && now >= *end);
        let (kind, allowed, due) = match queued_end {
            _ if now >= self.end => (FailureKind::WaitTimedOut, self.allowed, self.end),
            Some(end) => (FailureKind::QueuedTooLong, self.queued_for, end),
            None => return None,
        };
        let allowed = format_duration(allowed);
        let message = format!("the DAG run `{id}` of `{dag_id}` is still {state} after {allowed}");
        let failure = Failure::new(kind, message).with_note("the run goes on in Airflow");
        if self.read_at >= due {
            return Some(failure);
        }
        // The time is up, but the run may have ended since it was read: it is asked for a little longer.
        let ago = format_duration(now.saturating_sub(self.read_at));
        let unread = failure.with_note(format!("that was seen {ago} ago; there was no good answer since"));
        Some(unread).filter(|_| now >= due.saturating_add(WHY_TIME))
    }

    /// The pause before the next look: it grows, and ends with the wait.
    fn next_pause(&mut self, now: Duration) -> Duration {
        let pause = self.every;
        self.every = self.every.mul_f64(1.5).min(self.max_every);
        let is_late = now >= self.end || self.queued_end.is_some_and(|end| now >= end && self.read_at < end);
        let pause = if is_late { pause.min(LATE_EVERY) } else { pause };
        let ends = [Some(self.end), self.queued_end].into_iter().flatten().filter(|end| *end > now);
        ends.map(|end| end.saturating_sub(now)).fold(pause, Duration::min)
    }
}

fn failed_task(task: &TaskInstance, log: Vec<String>) -> FailedTask {
    FailedTask { task_id: task.task_id.clone(), map_index: task.map_index, try_number: i64::from(task.try_number), log }
}

/// Errors that a wait rides out: the network, an API that is away, and a credential that is not taken for a moment.
fn passes(error: &ApiError) -> bool {
    matches!(
        error.retry_kind(),
        Some(RetryKind::Transport | RetryKind::RateLimited | RetryKind::ServerError | RetryKind::Timeout)
    ) || error.is_unreachable()
        || matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::NotFoundElsewhere)
}

fn paused(run: &DagRun) -> Failure {
    let (id, dag_id, state) = (&run.dag_run_id, &run.dag_id, run.state.as_str());
    let message = format!("the DAG `{dag_id}` was paused while its run `{id}` was {state}");
    let failure = Failure::new(FailureKind::DagPaused, message);
    failure.with_help("the run goes on as soon as somebody unpauses the DAG")
}

/// A signal ends the wait, not the run.
fn goes_on(stop: Stop, run: &DagRun) -> Stop {
    match stop {
        Stop::Interrupted(_) => {
            let (id, dag_id) = (&run.dag_run_id, &run.dag_id);
            Stop::Interrupted(Some(format!("stopped waiting; the DAG run `{id}` of `{dag_id}` goes on")))
        }
        other => other,
    }
}
