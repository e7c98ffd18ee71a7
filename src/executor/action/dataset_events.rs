//! `list_dataset_events`: the events of a dataset, the newest first.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::airflow::answer::{DatasetEvent, EventsPage, Page};
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::executor::Stop;
use crate::executor::request::is_last;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, DatasetEventList, EventSummary, RunReference};
use crate::playbook::action::ListDatasetEvents;

/// How many events are listed when nothing else is said.
const USUAL: u64 = 100;
/// How many events a page has.
const PAGE_ROWS: u64 = 100;

/// What is read of a list of events.
#[derive(Default)]
struct Events {
    rows: Vec<DatasetEvent>,
    is_complete: bool,
    unreadable: u32,
}

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn list_dataset_events(&mut self) -> Result<ActionResult, Stop> {
        let keys: ListDatasetEvents = self.arguments()?;
        self.check_no_secret(self.uri_key(), &keys.dataset_uri.0)?;
        let since = keys.timestamp_gte.as_ref().map(|text| self.bound("timestamp_gte", &text.0)).transpose()?;
        // What an earlier step knew may be old: the step may be repeated until the dataset is there.
        self.read_datasets().await?;
        let dataset = self.dataset(&keys.dataset_uri.0).await?;
        let most = keys.limit.map_or(USUAL, |limit| limit.0);
        let mut read = self.newest_events(dataset.id, most, since).await?;
        // An event that comes while the list is read moves the others on.
        let mut known = BTreeSet::new();
        read.rows.retain(|event| known.insert(event.id));
        if read.unreadable > 0 {
            let count = read.unreadable;
            let events = if count == 1 { "one event".to_owned() } else { format!("{count} events") };
            self.warn(format!("Airflow can't show {events} of `{}` now: a run of it has not started", dataset.uri))?;
        }
        Ok(ActionResult::ListDatasetEvents(DatasetEventList {
            dataset_uri: dataset.uri,
            total: read.rows.len(),
            is_complete: read.is_complete && read.unreadable == 0,
            unreadable: read.unreadable,
            events: read.rows.into_iter().map(summary).collect(),
        }))
    }

    /// At most so many events that are not older than `since`. Both versions list the newest first, and neither need know a
    /// filter by time.
    async fn newest_events(&mut self, dataset_id: i64, most: u64, since: Option<Timestamp>) -> Result<Events, Stop> {
        let mut read = Events::default();
        let mut offset = 0;
        while (read.rows.len() as u64) < most {
            let limit = u32::try_from((most - read.rows.len() as u64).min(PAGE_ROWS)).unwrap_or(u32::MAX);
            let whole = EventsPage { offset, limit };
            let walked = self.walk_events(whole, async |step: &mut Self, page| {
                step.events_of(dataset_id, page, page == whole).await
            });
            let walked = walked.await?.map_err(|error| exhausted(&error, None))?;
            self.pages += 1;
            let is_end = is_last(&walked.page, &mut offset)?;
            let is_old = |event: &DatasetEvent| since.is_some_and(|since| event.timestamp < since);
            let has_old = walked.page.items.iter().any(is_old);
            read.unreadable += walked.unreadable;
            read.rows.extend(walked.page.items.into_iter().filter(|event| !is_old(event)));
            if is_end || has_old {
                read.is_complete = true;
                break;
            }
        }
        Ok(read)
    }

    /// A page is asked for as often as the step may; a single event on the way through a page that can't be shown, once.
    async fn events_of(
        &mut self,
        dataset_id: i64,
        page: EventsPage,
        is_whole: bool,
    ) -> Result<Result<Page<DatasetEvent>, ApiError>, Stop> {
        let ask = async |client: &Client, limit| client.dataset_events(dataset_id, page, limit).await;
        if is_whole { Ok(self.try_read(ask).await?.map_err(|(error, _)| error)) } else { self.read_once(&ask).await }
    }
}

fn summary(event: DatasetEvent) -> EventSummary {
    let runs = event.created_dag_runs.into_iter();
    EventSummary {
        event_id: event.id,
        timestamp: event.timestamp.to_string(),
        extra: Value::Object(event.extra),
        created_dag_runs: runs.map(|run| RunReference { dag_id: run.dag_id, dag_run_id: run.dag_run_id }).collect(),
    }
}
