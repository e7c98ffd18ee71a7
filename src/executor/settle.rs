//! Finding out what became of a write whose answer was lost.
//!
//! A 404 right after a lost answer proves nothing: the server may still be at work. For a DAG run a repeat is safe, because
//! its id is unique in Airflow's database; for a dataset event only looking again and again helps: see `marked`.

use std::time::Duration;

use crate::airflow::answer::{Dag, DagRun, NewDagRun};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::event::Doing;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};

/// The first pause between two looks; it doubles up to [`LOOK_MAX`].
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(250);
/// The longest pause between two looks.
const LOOK_MAX: Duration = Duration::from_secs(4);
/// How much longer a look may take that began in time: one that is cut off by the end says nothing.
pub(super) const LAST_LOOK: Duration = Duration::from_secs(5);

/// How long to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until Airflow answers once that it is there or not.
    OneAnswer,
    /// For as long as settling may take.
    ToTheEnd,
}

/// What looking came to.
pub(super) enum Settled<T> {
    /// It is there.
    Found(T),
    /// Airflow says that it is not there.
    Absent,
    /// Airflow could not be asked.
    Unknown,
}

impl StepRun<'_, '_> {
    /// Looks for a run by its id.
    pub(super) async fn look_for_run(&mut self, new: &NewDagRun, patience: Patience) -> Settled<DagRun> {
        self.look_for_change((&new.dag_id, &new.dag_run_id), patience, |_| true).await
    }

    /// Looks for a run that is as it must be; one that is not counts as absent.
    pub(super) async fn look_for_change(
        &mut self,
        (dag_id, dag_run_id): (&str, &str),
        patience: Patience,
        is_so: impl Fn(&DagRun) -> bool,
    ) -> Settled<DagRun> {
        let end = self.settle_end();
        let mut pause = LOOK_FIRST;
        loop {
            let answer_by = end.saturating_add(LAST_LOOK);
            let found =
                self.look(answer_by, async |client, limit| client.dag_run(dag_id, dag_run_id, limit).await).await;
            let is_absent = match found {
                Some(Ok(run)) if is_so(&run) => return Settled::Found(run),
                Some(Ok(_)) => true,
                Some(Err(error)) => error.kind == ErrorKind::NotFound,
                None => false,
            };
            if is_absent && patience == Patience::OneAnswer {
                return Settled::Absent;
            }
            if !self.look_again(end, &mut pause).await {
                return if is_absent { Settled::Absent } else { Settled::Unknown };
            }
        }
    }

    /// Looks whether a DAG is not paused any more.
    pub(super) async fn look_for_unpaused(&mut self, dag_id: &str, patience: Patience) -> Settled<Dag> {
        let end = self.settle_end();
        let mut pause = LOOK_FIRST;
        loop {
            let answer_by = end.saturating_add(LAST_LOOK);
            let seen = self.look(answer_by, async |client, limit| client.dag(dag_id, limit).await).await;
            let is_paused = match seen {
                Some(Ok(dag)) if !dag.is_paused => return Settled::Found(dag),
                Some(Ok(_)) => true,
                Some(Err(_)) | None => false,
            };
            if is_paused && patience == Patience::OneAnswer {
                return Settled::Absent;
            }
            if !self.look_again(end, &mut pause).await {
                return if is_paused { Settled::Absent } else { Settled::Unknown };
            }
        }
    }

    /// One look, bounded by the time that settling has left. A signal or the deadline does not end it: the grace does.
    pub(super) async fn look<T>(
        &mut self,
        end: Duration,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Option<Result<T, ApiError>> {
        let left = end.saturating_sub(self.run.tools.clock.elapsed()).min(self.run.halt.grace_left());
        if left.is_zero() {
            return None;
        }
        self.requests += 1;
        let tools = self.run.tools;
        let client = self.client();
        tokio::select! {
            biased;
            answer = ask(&client, left.min(tools.limits.max_time)) => Some(answer),
            () = self.run.halt.over() => None,
        }
    }

    /// Pauses before the next look; false when there is no time for one.
    pub(super) async fn look_again(&mut self, end: Duration, pause: &mut Duration) -> bool {
        let left = end.saturating_sub(self.run.tools.clock.elapsed()).min(self.run.halt.grace_left());
        if left <= *pause {
            return false;
        }
        self.glimpse(|| Doing::LookingForWrite, left);
        self.run.tools.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(LOOK_MAX);
        true
    }

    pub(super) fn settle_end(&self) -> Duration {
        self.run.tools.clock.elapsed().saturating_add(self.run.tools.limits.settle)
    }
}

/// The failure of a write that may or may not have happened.
pub(super) fn unknown(what: &str, url: &str, error: Option<&ApiError>) -> Failure {
    let failure = Failure::new(FailureKind::OutcomeUnknown, format!("it is not known whether {what} was made"));
    let failure = match error {
        Some(error) => failure.with_note(format!("the last answer: {}", error.message)),
        None => failure.with_note("the answer did not come in time"),
    };
    failure.with_help(format!("look at {url} before you run this again"))
}
