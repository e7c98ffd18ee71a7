//! Following the DAG runs that a dataset event caused.
//!
//! ```text
//! the event, found by its mark ─ names its runs ─────────────────────→ each is followed to its end
//!   └ can't be read, or names none ─ the newest runs of a consumer
//!        ├ one was made for our event ──────────────────────────────→ so is that
//!        └ one started after it and was made for an earlier event ──→ ours was merged into it: so is that
//! ```
//!
//! Airflow makes one run for events that come close together, and links it to the first of them only. A DAG that waits for
//! other datasets, too, need not run for this one.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::airflow::answer::{CreatedRun, DagRun, DatasetEvent, EventsPage, Page};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::event::Doing;
use crate::executor::Stop;
use crate::executor::poll::Pace;
use crate::executor::retry::failure_of;
use crate::executor::step::StepRun;
use crate::executor::wait::away::{Away, Miss};
use crate::executor::wait::following::{Bound, unreachable_for};
use crate::executor::wait::verdict::passes;
use crate::outcome::{ActionResult, ConsumerRun, DatasetEventResult, Failure, FailureKind};
use crate::plan::POLL_EVERY;
use crate::playbook::action::WaitSettings;
use crate::playbook::field::format_duration;

/// How many of the newest events, and of a consumer's newest runs, are looked at.
const EVENTS: u32 = 100;
const RUNS: u32 = 5;
/// How long an event may name no run before its consumers' runs are looked at.
const NAMED_WITHIN: Duration = Duration::from_secs(10);
/// How long a run of its own is waited for: where another event's run has taken it in, or its DAG need not run at all.
const OWN_WITHIN: Duration = Duration::from_secs(30);
/// The longest interval between two looks.
const LOOK_MAX: Duration = Duration::from_secs(15);

/// An event that was posted, and whose runs are to be followed.
pub(in crate::executor) struct Posted {
    /// The dataset.
    pub(in crate::executor) dataset_id: i64,
    /// When the event was recorded, or announced, by the server's clock.
    pub(in crate::executor) timestamp: Timestamp,
    /// The consumers that can run, each with whether it waits for nothing else.
    pub(in crate::executor) consumers: Vec<(String, bool)>,
}

/// A consumer whose run is looked for.
struct Consumer {
    dag_id: String,
    /// Whether a run of it must come.
    is_sure: bool,
    run: Option<DagRun>,
    is_shared: bool,
}

/// The search for the runs. Times are the clock's elapsed time.
struct Search {
    posted: Posted,
    consumers: Vec<Consumer>,
    began: Duration,
    asked_at: Duration,
    away: Away,
}

impl StepRun<'_, '_> {
    /// Follows the runs that the event caused to their ends; the result lists them.
    pub(in crate::executor) async fn follow_consumers(
        &mut self,
        mut result: DatasetEventResult,
        posted: Posted,
        settings: &WaitSettings,
    ) -> Result<ActionResult, Stop> {
        let bound = self.wait_bound(settings);
        let followed = self.find_and_follow(&mut result, posted, (settings, bound)).await;
        self.end_wait();
        followed.map(|()| told(&result))
    }

    async fn find_and_follow(
        &mut self,
        result: &mut DatasetEventResult,
        posted: Posted,
        (settings, bound): (&WaitSettings, Bound),
    ) -> Result<(), Stop> {
        let mut search = self.search(posted, settings);
        self.find_runs(&mut search, result, bound).await?;
        let mut failure: Option<Failure> = None;
        for consumer in &mut search.consumers {
            let Some(run) = consumer.run.take() else { continue };
            let mut following = self.following(run, settings, bound);
            following.is_result = false;
            let ended = Box::pin(self.follow_on(&mut following)).await;
            note_state(result, &following.run);
            self.known = Some(told(result));
            match (ended, &mut failure) {
                (Ok(_), _) => {}
                (Err(Stop::Failed(failed)), None) if failed.kind == FailureKind::DagRunFailed => {
                    failure = Some(*failed);
                }
                (Err(Stop::Failed(failed)), Some(first)) if failed.kind == FailureKind::DagRunFailed => {
                    first.notes.push(format!("besides, {}", failed.message));
                }
                (Err(stop), _) => return Err(stop),
            }
        }
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    fn search(&self, posted: Posted, settings: &WaitSettings) -> Search {
        let began = self.run.tools.clock.elapsed();
        let consumers = posted.consumers.iter().map(|(dag_id, is_sure)| Consumer {
            dag_id: dag_id.clone(),
            is_sure: *is_sure,
            run: None,
            is_shared: false,
        });
        let away = Away::with_patience(unreachable_for(settings));
        Search { consumers: consumers.collect(), posted, began, asked_at: began, away }
    }

    /// Looks until there is a run of each consumer of which one must come.
    async fn find_runs(
        &mut self,
        search: &mut Search,
        result: &mut DatasetEventResult,
        bound: Bound,
    ) -> Result<(), Stop> {
        let mut pace = Pace::until(bound.end, POLL_EVERY, LOOK_MAX);
        loop {
            let began = self.run.tools.clock.elapsed();
            self.look_for_runs(search, result).await?;
            result.consumer_runs = search.runs();
            self.known = Some(told(result));
            if search.is_over(self.run.tools.clock.elapsed()) {
                return Ok(());
            }
            if !self.look_later(&mut pace, began, |_| Doing::LookingForRuns).await? {
                return Err(search.no_run(result, bound).into());
            }
        }
    }

    async fn look_for_runs(&mut self, search: &mut Search, result: &mut DatasetEventResult) -> Result<(), Stop> {
        let dataset_id = search.posted.dataset_id;
        let events = self.ask(search, async |client, limit| newest_events(client, dataset_id, limit).await).await?;
        let event = events.and_then(|page| page.items.into_iter().find(|event| is_marked(event, &result.mark)));
        if let Some(event) = &event {
            (result.event_id, result.timestamp) = (Some(event.id), Some(event.timestamp.to_string()));
            search.posted.timestamp = event.timestamp;
        }
        let created = event.map(|event| event.created_dag_runs);
        for at in 0..search.consumers.len() {
            let consumer = &search.consumers[at];
            if consumer.run.is_some() {
                continue;
            }
            let named = created.iter().flatten().find(|run| run.dag_id == consumer.dag_id).cloned();
            let found = match named {
                Some(named) => self.named_run(search, &named).await?.map(|run| (run, false)),
                None if created.is_some() && search.age(self) < NAMED_WITHIN => None,
                None => self.unnamed_run(search, at, &result.mark).await?,
            };
            if let Some((run, is_shared)) = found {
                let consumer = &mut search.consumers[at];
                (consumer.run, consumer.is_shared) = (Some(run), is_shared);
            }
        }
        Ok(())
    }

    async fn named_run(&mut self, search: &mut Search, named: &CreatedRun) -> Result<Option<DagRun>, Stop> {
        self.ask(search, async |client, limit| read_run(client, named, limit).await).await
    }

    /// A run that was made for our event, or took it in, though the event does not name it; and whether it took it in.
    async fn unnamed_run(
        &mut self,
        search: &mut Search,
        at: usize,
        mark: &str,
    ) -> Result<Option<(DagRun, bool)>, Stop> {
        let dag_id = search.consumers[at].dag_id.clone();
        let runs = self.ask(search, async |client, limit| newest_runs(client, &dag_id, limit).await).await?;
        let is_by_event = |run: &DagRun| run.run_type.as_deref().is_some_and(|kind| kind.ends_with("_triggered"));
        let runs = runs.map(|page| page.items).unwrap_or_default();
        let mut taken_in = None;
        let runs: Vec<DagRun> = runs.into_iter().filter(|run| is_by_event(run) && search.is_after(run)).collect();
        for run in runs {
            let named = CreatedRun { dag_id: run.dag_id.clone(), dag_run_id: run.dag_run_id.clone() };
            let Some(events) = self.ask(search, async |client, limit| upstream(client, &named, limit).await).await?
            else {
                continue;
            };
            if events.items.iter().any(|event| is_marked(event, mark)) {
                return Ok(Some((run, false)));
            }
            // The oldest that comes into question: later ones were made for later events.
            taken_in = if events.items.iter().any(|event| search.is_earlier(event)) { Some(run) } else { taken_in };
        }
        Ok(taken_in.filter(|_| search.age(self) >= OWN_WITHIN).map(|run| (run, true)))
    }

    /// Asks one question; no answer where it can't be answered now.
    async fn ask<T>(
        &mut self,
        search: &mut Search,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<Option<T>, Stop> {
        self.make_ready(&mut search.asked_at).await?;
        let most = search.away.look_limit(search.asked_at);
        let answer =
            self.read_once(&async |client: &Client, limit: Duration| ask(client, limit.min(most)).await).await?;
        let now = self.run.tools.clock.elapsed();
        let error = match answer {
            Ok(answer) => {
                if let Some(after) = search.away.answered(now) {
                    self.warn(format!("Airflow answers again after {}", format_duration(after)))?;
                }
                return Ok(Some(answer));
            }
            Err(error) => error,
        };
        if !passes(&error) {
            return Err(failure_of(&error).with_note("the event was posted; its runs go on without us").into());
        }
        let patience = format_duration(search.away.patience());
        match search.away.missed(search.asked_at, now, error.kind == ErrorKind::Unauthorized) {
            Miss::Borne => {}
            Miss::Told => self.warn(format!(
                "Airflow stopped answering while the runs of the event are looked for; it is asked again for up to \
                 {patience}: {}",
                error.message
            ))?,
            Miss::TooLong => {
                let note = format!(
                    "there was no good answer for {patience}; the event was posted, and its runs go on without us"
                );
                return Err(failure_of(&error).with_note(note).into());
            }
        }
        Ok(None)
    }
}

impl Search {
    fn age(&self, step: &StepRun<'_, '_>) -> Duration {
        step.run.tools.clock.elapsed().saturating_sub(self.began)
    }

    /// Whether no further run is waited for.
    fn is_over(&self, now: Duration) -> bool {
        let is_patient = now.saturating_sub(self.began) < OWN_WITHIN;
        self.consumers.iter().all(|consumer| consumer.run.is_some() || (!consumer.is_sure && !is_patient))
    }

    /// Whether a run had not started when the event came.
    fn is_after(&self, run: &DagRun) -> bool {
        run.start_date.is_none_or(|start| start >= self.posted.timestamp)
    }

    fn is_earlier(&self, event: &DatasetEvent) -> bool {
        event.dataset_id == self.posted.dataset_id && event.timestamp <= self.posted.timestamp
    }

    fn runs(&self) -> Vec<ConsumerRun> {
        let runs = self.consumers.iter().filter_map(|consumer| Some((consumer.run.as_ref()?, consumer.is_shared)));
        let shown = runs.map(|(run, is_shared)| ConsumerRun {
            dag_id: run.dag_id.clone(),
            dag_run_id: run.dag_run_id.clone(),
            state: run.state,
            is_shared,
        });
        shown.collect()
    }

    /// The failure of an event for which no run came.
    fn no_run(&self, result: &DatasetEventResult, bound: Bound) -> Failure {
        let missing = self.consumers.iter().filter(|consumer| consumer.is_sure && consumer.run.is_none());
        let missing: Vec<String> = missing.map(|consumer| format!("`{}`", consumer.dag_id)).collect();
        let (uri, missing, allowed) = (&result.dataset_uri, missing.join(", "), format_duration(bound.allowed));
        let message = format!("no run of {missing} came for the event on the dataset `{uri}` in {allowed}");
        Failure::new(FailureKind::WaitTimedOut, message).with_note("the event was posted, and is not posted again")
    }
}

fn is_marked(event: &DatasetEvent, mark: &str) -> bool {
    event.extra.get("myaf_run").and_then(Value::as_str) == Some(mark)
}

fn note_state(result: &mut DatasetEventResult, run: &DagRun) {
    let same = |shown: &&mut ConsumerRun| shown.dag_id == run.dag_id && shown.dag_run_id == run.dag_run_id;
    if let Some(shown) = result.consumer_runs.iter_mut().find(same) {
        shown.state = run.state;
    }
}

fn told(result: &DatasetEventResult) -> ActionResult {
    ActionResult::PostDatasetEvent(Box::new(result.clone()))
}

async fn newest_events(client: &Client, dataset_id: i64, limit: Duration) -> Result<Page<DatasetEvent>, ApiError> {
    client.dataset_events(dataset_id, EventsPage { offset: 0, limit: EVENTS }, limit).await
}

async fn newest_runs(client: &Client, dag_id: &str, limit: Duration) -> Result<Page<DagRun>, ApiError> {
    client.newest_runs(dag_id, RUNS, limit).await
}

async fn upstream(client: &Client, run: &CreatedRun, limit: Duration) -> Result<Page<DatasetEvent>, ApiError> {
    client.upstream_events(&run.dag_id, &run.dag_run_id, limit).await
}

async fn read_run(client: &Client, run: &CreatedRun, limit: Duration) -> Result<DagRun, ApiError> {
    client.dag_run(&run.dag_id, &run.dag_run_id, limit).await
}
