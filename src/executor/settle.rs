//! Finding out what became of a write whose answer was lost.
//!
//! A 404 right after a lost answer proves nothing: the server may still be at work. For a DAG run a repeat is safe, because
//! its id is unique in Airflow's database; for a dataset event only looking again and again helps.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::airflow::answer::{Dag, DagRun, DatasetEvent, EventsPage, NewDagRun};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::executor::events::Walked;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};

/// The first pause between two looks; it doubles up to [`LOOK_MAX`].
const LOOK_FIRST: Duration = Duration::from_millis(250);
/// The longest pause between two looks.
const LOOK_MAX: Duration = Duration::from_secs(4);
/// How many events of a dataset are looked at.
const EVENTS_MAX: u64 = 1000;
/// How many events a page has.
const EVENTS_PAGE: u32 = 100;
/// How long a single look for an event may take.
const GLANCE: Duration = Duration::from_secs(5);
/// How much longer a look may take that began in time: one that is cut off by the end says nothing.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// How far the server's clock may be off between two of its answers.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

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

/// An announced event, to look for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marked<'a> {
    pub(super) dataset_id: i64,
    pub(super) mark: &'a str,
    /// When it was announced, by the server's clock; the earliest time there is where that is not known.
    pub(super) announced: Timestamp,
}

/// What one search through a dataset's events came to.
enum Search {
    /// It is there.
    Found(DatasetEvent),
    /// It is not there.
    Absent,
    /// It is not among those that can be read, and one or more can't be.
    Unreadable,
    /// It is not among the newest, and older ones are not looked at.
    TooMany,
}

/// There was no time for a look.
struct OutOfTime;

impl Search {
    fn settled(self) -> Settled<DatasetEvent> {
        match self {
            Self::Found(event) => Settled::Found(event),
            Self::Absent => Settled::Absent,
            Self::Unreadable | Self::TooMany => Settled::Unknown,
        }
    }
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

    /// Looks for an event by its mark for as long as settling may take.
    pub(super) async fn look_for_event(&mut self, marked: Marked<'_>) -> Settled<DatasetEvent> {
        let end = self.settle_end();
        let (mut pause, mut was_absent) = (LOOK_FIRST, false);
        loop {
            let answer_by = end.saturating_add(LAST_LOOK);
            let looked = self.search_events(marked, answer_by).await;
            // A last look that could not see what others saw is made once more.
            let until = match looked {
                Search::Found(event) => return Settled::Found(event),
                Search::Unreadable if was_absent => answer_by,
                Search::Absent | Search::Unreadable | Search::TooMany => end,
            };
            was_absent |= matches!(looked, Search::Absent);
            if !self.look_again(until, &mut pause).await {
                return looked.settled();
            }
        }
    }

    /// Looks once for an event that Airflow has taken.
    pub(super) async fn glance_at_event(&mut self, marked: Marked<'_>) -> Option<DatasetEvent> {
        let end = self.run.tools.clock.elapsed().saturating_add(GLANCE);
        match self.search_events(marked, end).await {
            Search::Found(event) => Some(event),
            Search::Absent | Search::Unreadable | Search::TooMany => None,
        }
    }

    /// A search for an event, before anything is sent; repeated while an event can't be read, which passes as a rule.
    pub(super) async fn search_for_event(&mut self, marked: Marked<'_>) -> Settled<DatasetEvent> {
        let end = self.settle_end();
        let mut pause = LOOK_FIRST;
        loop {
            let looked = self.search_events(marked, end.saturating_add(LAST_LOOK)).await;
            if !matches!(looked, Search::Unreadable) || !self.look_again(end, &mut pause).await {
                return looked.settled();
            }
        }
    }

    /// One search through the dataset's events, newest first. A row that can't be read may be ours: then it is not known.
    async fn search_events(&mut self, marked: Marked<'_>, end: Duration) -> Search {
        let oldest = marked.announced.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        let (mut offset, mut unreadable) = (0, 0);
        while offset < EVENTS_MAX {
            let asked = EventsPage { offset, limit: EVENTS_PAGE };
            let walked = self.walk_events(asked, async |step: &mut Self, page| {
                let ask = async |client: &Client, limit| client.dataset_events(marked.dataset_id, page, limit).await;
                step.look(end, ask).await.ok_or(OutOfTime)
            });
            let Ok(Ok(Walked { page, unreadable: passed_over })) = walked.await else { return Search::Unreadable };
            let is_old = page.items.iter().any(|event| event.timestamp < oldest);
            let ours = page
                .items
                .into_iter()
                .find(|event| event.extra.get("myaf_run").and_then(Value::as_str) == Some(marked.mark));
            if let Some(event) = ours {
                return Search::Found(event);
            }
            unreadable += passed_over;
            if page.received == 0 || is_old {
                return if unreadable == 0 { Search::Absent } else { Search::Unreadable };
            }
            offset += page.received as u64;
        }
        Search::TooMany
    }

    /// One look, bounded by the time that settling has left. A signal or the deadline does not end it: the grace does.
    async fn look<T>(
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
        tokio::select! {
            biased;
            answer = ask(tools.client, left.min(tools.limits.max_time)) => Some(answer),
            () = self.run.halt.over() => None,
        }
    }

    /// Pauses before the next look; false when there is no time for one.
    async fn look_again(&mut self, end: Duration, pause: &mut Duration) -> bool {
        let left = end.saturating_sub(self.run.tools.clock.elapsed()).min(self.run.halt.grace_left());
        if left <= *pause {
            return false;
        }
        self.run.tools.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(LOOK_MAX);
        true
    }

    fn settle_end(&self) -> Duration {
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
