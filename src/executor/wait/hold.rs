//! Letting the time between two looks pass, or listening to the run meanwhile where Airflow tells its state as it changes.
//!
//! Airflow 3.1 and later answer `GET …/wait` with a line at each interval until the run has ended. One such request stands
//! for a whole interval of polling at its longest: it costs fewer requests than the growing pauses do, and the end of the run
//! is known within 10 seconds instead of 30. What is heard is never a verdict: an end is read again as any other run is, and
//! an odd answer, or none within 10 seconds, ends the listening for the rest of our run.
//!
//! By the code of 3.3.2 the server keeps no database connection while it waits, but it looks once each interval for every
//! listener. So the interval grows as the pauses do.

use std::time::Duration;

use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::airflow::model::RunState;
use crate::airflow::watch::Hold;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::executor::wait::following::{Following, REQUEST_EVERY};

/// How long the first word may take.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// The longest interval at which the server looks.
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);

impl StepRun<'_, '_> {
    /// Lets time pass until the next look, counted from the last one at `looked`; whether the run was seen meanwhile, so that
    /// no look is needed.
    pub(super) async fn rest(&mut self, following: &mut Following, looked: Duration) -> Result<bool, Stop> {
        let pause = following.next_pause(looked);
        let lasting = following.within_ends(following.max_every, looked);
        let is_plain = following.is_late(looked) || following.away.is_now() || !self.may_hold();
        if is_plain || lasting <= REQUEST_EVERY * 2 {
            let passed = self.run.tools.clock.elapsed().saturating_sub(looked);
            self.pause(pause.saturating_sub(passed)).await?;
            return Ok(false);
        }
        self.make_ready(&mut following.asked_at).await?;
        let lasting = following.within_ends(following.max_every, following.asked_at);
        let lasting = self.run.halt.time_left().map_or(lasting, |left| left.min(lasting));
        let lasting = if self.run.tools.is_watched || following.pause.is_some() {
            // Who looks on is to see how the tasks get on, and a paused DAG is looked at more often.
            lasting.min(following.beside.next_at.saturating_sub(following.asked_at)).max(REQUEST_EVERY * 2)
        } else {
            lasting
        };
        let every = pause.clamp(REQUEST_EVERY, LONGEST_INTERVAL);
        let hold = Hold { every, lasting, known: following.run.state };
        let (dag_id, id) = (&following.run.dag_id, &following.run.dag_run_id);
        let ask = async |client: &Client, limit| held_state(client, (dag_id, id), hold, limit).await;
        let heard = self.read_once(&ask).await?;
        let (asked, now) = (following.asked_at, self.run.tools.clock.elapsed());
        let took = now.saturating_sub(asked);
        match heard {
            // A change brings dates with it, which only the run itself shows.
            Ok(Some(state)) if state != following.run.state => Ok(false),
            Ok(Some(_)) if took >= pause => {
                self.still_so(following, asked);
                self.answers_again(following, now)?;
                // At the end of the wait the run itself is read.
                Ok(!following.is_late(now))
            }
            other => {
                self.run.can_hold = other.is_err_and(|error| error.kind == ErrorKind::Unauthorized);
                self.pause(looked.saturating_add(pause).saturating_sub(now)).await?;
                Ok(false)
            }
        }
    }

    fn may_hold(&self) -> bool {
        self.run.can_hold && self.run.tools.client.may_hold_states()
    }

    /// Takes it that the state is as it was. That may be as old as the question for it.
    fn still_so(&self, following: &mut Following, asked: Duration) {
        let now = (self.run.tools.clock.elapsed(), self.run.tools.clock.now());
        following.seen(following.run.clone(), asked, now);
    }
}

async fn held_state(
    client: &Client,
    run: (&str, &str),
    hold: Hold,
    limit: Duration,
) -> Result<Option<RunState>, ApiError> {
    client.held_state(run, hold, limit.min(FIRST_WORD)).await
}
