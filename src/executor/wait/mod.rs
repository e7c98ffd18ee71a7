//! Following a DAG run to its end, and saying truly how it ended.
//!
//! ```text
//! look ─ success → the run      ─ failed → its failed tasks and their logs
//!   ├ 404 twice → vanished      ├ DAG paused meanwhile
//!   ├ still queued after queued_for                        ├ still going after timeout
//!   └ no answer: ridden out for unreachable_for, then unreachable
//! ```

mod following;
mod verdict;
mod why_failed;

use std::time::Duration;

use crate::airflow::answer::{Dag, DagRun};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::airflow::model::RunState;
use crate::event::EventKind;
use crate::executor::Stop;
use crate::executor::retry::failure_of;
use crate::executor::step::StepRun;
use crate::executor::wait::following::Following;
use crate::executor::wait::verdict::{WHY_TIME, passes, paused};
use crate::outcome::{Failure, FailureKind};
use crate::playbook::action::WaitSettings;
use crate::playbook::field::format_duration;

/// How often it is looked whether the DAG was paused meanwhile.
const PAUSED_EVERY: Duration = Duration::from_secs(10);

impl StepRun<'_, '_> {
    /// Follows a run to its end.
    pub(in crate::executor) async fn follow(&mut self, run: DagRun, settings: &WaitSettings) -> Result<DagRun, Stop> {
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

    /// Says in which state a run that is waited for was seen.
    pub(in crate::executor) fn say_state(&mut self, run: &DagRun) -> Result<(), Stop> {
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
}

async fn read_run(client: &Client, dag_id: &str, id: &str, limit: Duration) -> Result<DagRun, ApiError> {
    client.dag_run(dag_id, id, limit).await
}

async fn read_dag(client: &Client, dag_id: &str, limit: Duration) -> Result<Dag, ApiError> {
    client.dag(dag_id, limit).await
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
