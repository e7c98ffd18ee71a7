//! Following a DAG run to its end, and saying truly how it ended.
//!
//! ```text
//! look ─ success → its tasks, if they must all be → the run
//!   ├ failed → its failed tasks and their logs
//!   ├ 404 twice → vanished      ├ DAG paused meanwhile
//!   ├ still queued after queued_for                        ├ still going after timeout
//!   └ no answer: ridden out for unreachable_for, then unreachable
//! ```
//!
//! Between two looks time passes, or Airflow 3 tells the state as it changes (`hold`); what else is asked is in `beside`.

mod beside;
mod consumers;
mod following;
mod hold;
mod verdict;
mod why_failed;

use std::time::Duration;

use crate::airflow::answer::DagRun;
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::airflow::model::RunState;
use crate::event::{EventKind, TaskCounts};
use crate::executor::Stop;
use crate::executor::retry::failure_of;
use crate::executor::step::StepRun;
use crate::executor::wait::following::{Following, REQUEST_EVERY};
use crate::executor::wait::verdict::{passes, paused};
use crate::outcome::{Failure, FailureKind};
use crate::playbook::action::WaitSettings;
use crate::playbook::field::format_duration;

pub(super) use consumers::Posted;

impl StepRun<'_, '_> {
    /// Follows a run to its end.
    pub(in crate::executor) async fn follow(&mut self, run: DagRun, settings: &WaitSettings) -> Result<DagRun, Stop> {
        if self.is_check() && !run.state.is_final() {
            return Err(self.not_followed(&run)?);
        }
        let bound = self.wait_bound(settings);
        let mut following = self.following(run, settings, bound);
        let ended = Box::pin(self.follow_on(&mut following)).await;
        self.end_wait();
        ended
    }

    /// Follows a run that was there already. Its DAG may be paused for long, so that is asked first.
    pub(in crate::executor) async fn follow_found(
        &mut self,
        run: DagRun,
        settings: &WaitSettings,
    ) -> Result<DagRun, Stop> {
        if self.is_check() && !run.state.is_final() {
            return Err(self.not_followed(&run)?);
        }
        let bound = self.wait_bound(settings);
        let mut following = self.following(run, settings, bound);
        following.beside.at_once(following.read_at);
        let ended = Box::pin(self.follow_on(&mut following)).await;
        self.end_wait();
        ended
    }

    /// Follows it from the state in which it was seen.
    async fn follow_on(&mut self, following: &mut Following) -> Result<DagRun, Stop> {
        let mut said = None;
        loop {
            self.say_state(&following.run, Some(following.since), following.tasks)?;
            if following.is_result && said.as_ref().is_none_or(|said| *said != following.run) {
                self.known = Some(self.run_result(following.run.clone()));
            }
            said = Some(following.run.clone());
            match following.run.state {
                RunState::Success => {
                    self.tasks_as_asked(following).await?;
                    return Ok(following.run.clone());
                }
                RunState::Failed => return Err(self.why_failed(&following.run, following.log_lines).await?),
                RunState::Queued | RunState::Running => {}
            }
            let now = self.run.tools.clock.elapsed();
            if let Some(failure) = following.ran_out(now) {
                return Err(self.with_scheduler(following, failure).await?.into());
            }
            if !following.is_late(now)
                && self.ask_beside(following).await.map_err(|stop| goes_on(stop, &following.run))?
            {
                self.look_at(following).await.map_err(|stop| goes_on(stop, &following.run))?;
                if following.run.state.is_final() {
                    continue;
                }
                return Err(paused(&following.run).into());
            }
            if !self.rest(following, now).await.map_err(|stop| goes_on(stop, &following.run))? {
                self.look_at(following).await.map_err(|stop| goes_on(stop, &following.run))?;
            }
        }
    }

    /// Says in which state a run that is waited for was seen.
    pub(in crate::executor) fn say_state(
        &mut self,
        run: &DagRun,
        since: Option<jiff::Timestamp>,
        tasks: Option<TaskCounts>,
    ) -> Result<(), Stop> {
        let state = run.state.as_str().to_owned();
        let waiting = EventKind::Waiting { step: self.index, dag_run_id: run.dag_run_id.clone(), state, since, tasks };
        Ok(self.run.emitter.emit(waiting)?)
    }

    /// A step without a `timeout` of its own has its usual time again for what comes after the wait.
    pub(super) fn end_wait(&mut self) {
        let usual = self.run.tools.clock.elapsed().saturating_add(self.planned.default_timeout);
        self.deadline = match self.planned.timeout {
            Some(timeout) => self.started.saturating_add(timeout),
            None => usual,
        };
    }

    /// Waits until the next request may be sent, and sees to it that the step has the time for it: a wait is bounded by its
    /// own end, and judged by a read made after it, also where the machine sleeps while a request is on its way.
    async fn make_ready(&mut self, asked_at: &mut Duration) -> Result<(), Stop> {
        let next = asked_at.saturating_add(REQUEST_EVERY);
        let early = next.saturating_sub(self.run.tools.clock.elapsed());
        if !early.is_zero() {
            self.pause(early).await?;
        }
        *asked_at = self.run.tools.clock.elapsed();
        self.deadline = Duration::MAX;
        Ok(())
    }

    /// Reads the run once. What may pass is ridden out; that Airflow does not know the run any more is believed the second
    /// time.
    async fn look_at(&mut self, following: &mut Following) -> Result<(), Stop> {
        self.make_ready(&mut following.asked_at).await?;
        let (dag_id, id) = (&following.run.dag_id, &following.run.dag_run_id);
        let answer = self.read_once(&async |client: &_, limit| read_run(client, dag_id, id, limit).await).await?;
        let now = (self.run.tools.clock.elapsed(), self.run.tools.clock.now());
        match answer {
            Ok(run) => {
                following.seen(run, now.0, now);
                Ok(())
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                following.away_since = None;
                if !std::mem::replace(&mut following.was_absent, true) {
                    return Ok(());
                }
                let message = format!("the DAG run `{id}` of `{dag_id}` was there and is gone");
                Err(Failure::new(FailureKind::Vanished, message).with_note("somebody deleted it").into())
            }
            Err(error) if passes(&error) => self.ride_out(following, &error, now.0),
            Err(error) => Err(failure_of(&error).with_note(format!("the DAG run `{id}` goes on without us")).into()),
        }
    }

    /// No good answer came; that is borne for a while. A credential that is not taken any more is said at once: somebody may
    /// be able to do something about it.
    fn ride_out(&mut self, following: &mut Following, error: &ApiError, now: Duration) -> Result<(), Stop> {
        let (id, dag_id) = (&following.run.dag_run_id, &following.run.dag_id);
        let patience = format_duration(following.unreachable_for);
        if error.kind == ErrorKind::Unauthorized && !std::mem::replace(&mut following.is_refusal_said, true) {
            self.warn(format!(
                "the credential is not taken any more while the DAG run `{id}` of `{dag_id}` goes on; it is tried again \
                 for {patience}: {}",
                error.message
            ))?;
        }
        let away_since = *following.away_since.get_or_insert(now);
        if now.saturating_sub(away_since) < following.unreachable_for {
            return Ok(());
        }
        let note = format!("there was no good answer for {patience}; the DAG run `{id}` goes on without us");
        Err(failure_of(error).with_note(note).into())
    }
}

async fn read_run(client: &Client, dag_id: &str, id: &str, limit: Duration) -> Result<DagRun, ApiError> {
    client.dag_run(dag_id, id, limit).await
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
