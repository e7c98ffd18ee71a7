//! Following a DAG run to its end, and saying truly how it ended.
//!
//! ```text
//! look ─ success → its tasks, if they must all be → the run
//!   ├ failed → its failed tasks and their logs
//!   ├ 404 twice → vanished      ├ DAG paused meanwhile (`paused`)
//!   ├ still queued after queued_for                        ├ still going after timeout
//!   └ no answer: ridden out for unreachable_for, then unreachable
//! ```
//!
//! Between two looks time passes, or Airflow 3 tells the state as it changes (`hold`); what else is asked is in `beside`.
//! What a run waits for that has not ended is in `unended`, who set its state in `by_hand`.

mod away;
mod beside;
mod by_hand;
mod consumers;
mod following;
mod hold;
mod paused;
mod unended;
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
use crate::executor::wait::away::Miss;
use crate::executor::wait::following::{Following, REQUEST_EVERY};
use crate::executor::wait::verdict::passes;
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
        following.beside.look_again_at(following.read_at);
        let ended = Box::pin(self.follow_on(&mut following)).await;
        self.end_wait();
        ended
    }

    /// Follows it from the state in which it was seen. A signal or the deadline ends the wait, not the run.
    async fn follow_on(&mut self, following: &mut Following) -> Result<DagRun, Stop> {
        match self.follow_to_end(following).await {
            Err(Stop::Interrupted(_)) => Err(self.stopped_waiting(following).await),
            ended => ended,
        }
    }

    async fn follow_to_end(&mut self, following: &mut Following) -> Result<DagRun, Stop> {
        let mut said = None;
        loop {
            self.say_state(&following.run, Some(following.since), following.tasks)?;
            if following.is_result && said.as_ref().is_none_or(|said| *said != following.run) {
                self.known = Some(self.run_result(following.run.clone()));
            }
            said = Some(following.run.clone());
            match following.run.state {
                RunState::Success => {
                    if following.was_active {
                        self.tell_success_by_hand(&following.run).await?;
                    }
                    self.tasks_as_asked(following).await?;
                    return Ok(following.run.clone());
                }
                RunState::Failed => return Err(self.why_failed(&following.run, following.log_lines).await?),
                RunState::Queued | RunState::Running => following.was_active = true,
            }
            let now = self.run.tools.clock.elapsed();
            if let Some(failure) = following.ran_out(now) {
                return Err(self.with_what_it_waits_for(following, failure).await?.into());
            }
            let counted = following.tasks;
            let is_paused = !following.is_late(now) && self.ask_beside(following).await?;
            if following.tasks != counted {
                self.say_state(&following.run, Some(following.since), following.tasks)?;
            }
            if is_paused {
                match self.while_paused(following).await? {
                    Some(failure) => return Err(failure.into()),
                    None if following.run.state.is_final() => continue,
                    None => {}
                }
            }
            if !self.rest(following, now).await? {
                self.look_at(following).await?;
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
        let most = following.away.look_limit(following.asked_at);
        let ask = async |client: &Client, limit: Duration| read_run(client, dag_id, id, limit.min(most)).await;
        let answer = self.read_once(&ask).await?;
        let now = (self.run.tools.clock.elapsed(), self.run.tools.clock.now());
        match answer {
            Ok(run) => {
                following.seen(run, now.0, now);
                self.answers_again(following, now.0)
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                self.answers_again(following, now.0)?;
                if !std::mem::replace(&mut following.was_absent, true) {
                    return Ok(());
                }
                let (dag_id, id) = (&following.run.dag_id, &following.run.dag_run_id);
                let message = format!("the DAG run `{id}` of `{dag_id}` was there and is gone");
                Err(Failure::new(FailureKind::Vanished, message).with_note("somebody deleted it").into())
            }
            Err(error) if passes(&error) => self.ride_out(following, &error, now.0),
            Err(error) => {
                let note = following.how_it_stands_without_us();
                Err(failure_of(&error).with_note(note).into())
            }
        }
    }

    /// No good answer came; that is borne for a while, and told once. A credential that is not taken any more is told at
    /// once: somebody may be able to do something about it.
    fn ride_out(&mut self, following: &mut Following, error: &ApiError, now: Duration) -> Result<(), Stop> {
        let is_refused = error.kind == ErrorKind::Unauthorized;
        let patience = format_duration(following.away.patience());
        match following.missed(now, is_refused) {
            Miss::Borne => Ok(()),
            Miss::Told => {
                let what = if is_refused { "authentication started failing" } else { "Airflow stopped answering" };
                let (id, dag_id) = (&following.run.dag_run_id, &following.run.dag_id);
                self.warn(format!(
                    "{what} while the DAG run `{id}` of `{dag_id}` is followed; it is asked again for up to {patience}: {}",
                    error.message
                ))
            }
            Miss::TooLong => {
                let note = format!("there was no good answer for {patience}; {}", following.how_it_stands_without_us());
                Err(failure_of(error).with_note(note).into())
            }
        }
    }

    /// A good answer came; after a silence that was told, this is, too.
    fn answers_again(&mut self, following: &mut Following, now: Duration) -> Result<(), Stop> {
        let Some(after) = following.away.answered(now) else { return Ok(()) };
        let (id, dag_id, state) = (&following.run.dag_run_id, &following.run.dag_id, following.run.state.as_str());
        self.warn(format!(
            "Airflow answers again after {}; the DAG run `{id}` of `{dag_id}` is {state}",
            format_duration(after)
        ))
    }
}

async fn read_run(client: &Client, dag_id: &str, id: &str, limit: Duration) -> Result<DagRun, ApiError> {
    client.dag_run(dag_id, id, limit).await
}
