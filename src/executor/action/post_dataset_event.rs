//! `post_dataset_event`: one event on a dataset (Airflow 3: asset).
//!
//! Airflow keeps every event it is sent, so each carries a mark of ours; after a lost answer the mark is looked for.

use std::cell::Cell;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::airflow::answer::{Dataset, DatasetEvent};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, Delivery, ErrorKind};
use crate::event::{EventKind, WriteAnnounced, WriteFate};
use crate::executor::Stop;
use crate::executor::request::Sent;
use crate::executor::retry::{Next, exhausted};
use crate::executor::settle::{Marked, Settled, unknown};
use crate::executor::step::StepRun;
use crate::outcome::{ActionKind, ActionResult, DatasetEventResult, Failure, FailureKind};
use crate::playbook::action::{Consumers, OnUnknown, PostDatasetEvent};
use crate::playbook::near;

/// An event to be posted.
struct NewEvent {
    dataset: Dataset,
    extra: Map<String, Value>,
    mark: String,
    announced: Timestamp,
    on_unknown: OnUnknown,
}

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn post_dataset_event(&mut self) -> Result<ActionResult, Stop> {
        let keys: PostDatasetEvent = self.arguments()?;
        self.check_no_secret("dataset_uri", &keys.dataset_uri.0)?;
        let dataset = self.dataset(&keys.dataset_uri.0).await?;
        self.consumers(&dataset, keys.consumers.unwrap_or(Consumers::Warn)).await?;
        let mark = self.identity().mark();
        let mut extra = keys.extra.map(|extra| extra.0).unwrap_or_default();
        self.warn_of_secret("extra", &json!(extra))?;
        if extra.insert("myaf_run".to_owned(), Value::String(mark.clone())).is_some() {
            let message = "`extra` holds `myaf_run`, which is our mark of the event";
            return Err(Failure::new(FailureKind::Template, message).with_help("choose another key").into());
        }
        let announced = self.server_now().unwrap_or(Timestamp::MIN);
        let on_unknown = keys.on_unknown.unwrap_or(OnUnknown::Repeat);
        let new = NewEvent { dataset, extra, mark, announced, on_unknown };
        self.announce_event(&new)?;
        let event = self.post(&new).await?;
        Ok(ActionResult::PostDatasetEvent(Box::new(event_result(new, event))))
    }

    /// The dataset with this URI, else with this name.
    async fn dataset(&mut self, uri: &str) -> Result<Dataset, Stop> {
        if self.run.datasets.is_none() {
            let server_time = Cell::new(None);
            let all = self.pages(async |client, offset, limit| {
                let page = client.datasets(None, offset, limit).await;
                server_time.set(page.as_ref().ok().and_then(|page| page.server_time));
                page
            });
            self.run.datasets = Some(all.await?);
            let now = self.run.tools.clock.now();
            self.run.server_ahead = server_time.get().map(|server| server.duration_since(now));
        }
        let all = self.run.datasets.as_deref().unwrap_or_default();
        let by_uri = all.iter().find(|dataset| dataset.uri == uri);
        match by_uri.or_else(|| all.iter().find(|dataset| dataset.name == uri)) {
            Some(dataset) => Ok(dataset.clone()),
            None => Err(self.no_such_dataset(uri, all).into()),
        }
    }

    /// Now, by the server's clock; none where the server does not tell its time.
    fn server_now(&self) -> Option<Timestamp> {
        let ahead = self.run.server_ahead?;
        self.run.tools.clock.now().saturating_add(ahead).ok()
    }

    fn no_such_dataset(&self, uri: &str, all: &[Dataset]) -> Failure {
        let failure = Failure::new(FailureKind::NotFound, format!("there is no dataset `{uri}`"))
            .with_location(self.location_of("dataset_uri").unwrap_or_else(|| self.location()));
        let names: Vec<String> =
            near(uri, all.iter().map(|dataset| dataset.uri.as_str())).iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => failure
                .with_note(format!("{} datasets are there, none with a name near it", all.len()))
                .with_help("a dataset is there as soon as a DAG names it as its schedule or as an outlet"),
            [one] => failure.with_help(format!("did you mean {one}?")),
            _ => failure.with_help(format!("did you mean one of {}?", names.join(", "))),
        }
    }

    /// An event that no DAG would run for is told before it is posted.
    async fn consumers(&mut self, dataset: &Dataset, consumers: Consumers) -> Result<(), Stop> {
        if consumers == Consumers::Ignore {
            return Ok(());
        }
        let mut idle = Vec::new();
        for dag_id in &dataset.consumers {
            match self.try_read(async |client, limit| client.dag(dag_id, limit).await).await? {
                Ok(dag) if dag.is_paused => idle.push(format!("`{dag_id}` is paused")),
                Ok(dag) if dag.is_stale => idle.push(format!("`{dag_id}` is stale")),
                Ok(_) => {}
                Err((error, _)) if error.kind == ErrorKind::NotFound => idle.push(format!("`{dag_id}` is gone")),
                Err((error, reason)) if consumers == Consumers::Require => return Err(exhausted(&error, reason).into()),
                Err((error, _)) => {
                    self.warn(format!("the consumer `{dag_id}` can't be looked at: {}", error.message))?;
                }
            }
        }
        let would_run = dataset.consumers.len() - idle.len();
        let words = match (would_run, idle.is_empty()) {
            (0, true) => format!("no DAG is scheduled on the dataset `{}`", dataset.uri),
            (0, false) => format!("no DAG would run for the dataset `{}`: {}", dataset.uri, idle.join(", ")),
            (_, true) => return Ok(()),
            (_, false) => format!("not every consumer of the dataset `{}` would run: {}", dataset.uri, idle.join(", ")),
        };
        if consumers == Consumers::Require {
            let failure = Failure::new(FailureKind::NoConsumer, format!("{words}; the event was not posted"));
            return Err(failure.into());
        }
        self.warn(words)
    }

    fn announce_event(&mut self, new: &NewEvent) -> Result<(), Stop> {
        Ok(self.run.emitter.emit(EventKind::WriteAnnounced(Box::new(WriteAnnounced {
            step: self.index,
            action: ActionKind::PostDatasetEvent,
            identity: new.mark.clone(),
            subject: new.dataset.uri.clone(),
            arguments: json!({ "dataset_id": new.dataset.id, "extra": new.extra, "announced": new.announced.to_string() }),
        })))?)
    }

    /// Sends the POST until it is known that the event is there, or that it can't be.
    async fn post(&mut self, new: &NewEvent) -> Result<Option<DatasetEvent>, Stop> {
        for number in 1.. {
            let ask = async |client: &Client, limit| client.create_dataset_event(&new.dataset, &new.extra, limit).await;
            let error = match self.write_once(ask).await? {
                Sent::Answer(Ok(event)) => return self.recorded(Some(event), WriteFate::Accepted),
                Sent::Answer(Err(error)) if error.delivery() == Delivery::Accepted => {
                    return self.recorded(None, WriteFate::Accepted);
                }
                Sent::Answer(Err(error)) => Some(error),
                Sent::CutShort => None,
            };
            let next = match &error {
                Some(error) => self.after_failed_write(error, number)?,
                None => Next::GiveUp(None),
            };
            if error.as_ref().is_none_or(|error| error.delivery() == Delivery::Unknown)
                && let Some(event) = self.found_or_absent(new, error.as_ref(), &next).await?
            {
                return self.recorded(Some(event), WriteFate::Found);
            }
            match next {
                Next::GiveUp(reason) => return Err(self.refused(error.as_ref(), reason)?),
                Next::Retry(pause) => {
                    if let Err(stop) = self.pause(pause).await {
                        return Err(self.no_next_try(new, error.as_ref(), stop)?);
                    }
                }
            }
        }
        unreachable!("tries are counted until one of them ends the loop")
    }

    /// Looks for an event whose answer was lost. None means that it is not there and may be sent again; where it may not,
    /// or where Airflow could not be asked to the end, that is a failure.
    async fn found_or_absent(
        &mut self,
        new: &NewEvent,
        error: Option<&ApiError>,
        next: &Next,
    ) -> Result<Option<DatasetEvent>, Stop> {
        let marked = Marked { dataset_id: new.dataset.id, mark: &new.mark, announced: new.announced };
        let settled = self.look_for_event(marked).await;
        let may_repeat = matches!(next, Next::Retry(pause) if *pause < self.time_left())
            && new.on_unknown == OnUnknown::Repeat
            && self.run.tools.interrupt.signal().is_none();
        match settled {
            Settled::Found(event) => Ok(Some(event)),
            Settled::Absent if may_repeat => Ok(None),
            Settled::Absent | Settled::Unknown => Err(self.lost_event(new, error)?),
        }
    }

    /// A signal came before the next try: what was refused is not there, and what was not found may still come.
    fn no_next_try(&mut self, new: &NewEvent, error: Option<&ApiError>, stop: Stop) -> Result<Stop, Stop> {
        if error.is_none_or(|error| error.delivery() == Delivery::Unknown) {
            return self.lost_event(new, error);
        }
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Refused })?;
        Ok(stop)
    }

    fn recorded(&mut self, event: Option<DatasetEvent>, fate: WriteFate) -> Result<Option<DatasetEvent>, Stop> {
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate })?;
        Ok(event)
    }

    fn lost_event(&mut self, new: &NewEvent, error: Option<&ApiError>) -> Result<Stop, Stop> {
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Unknown })?;
        let what = format!("the event `{}` on the dataset `{}`", new.mark, new.dataset.uri);
        let url = self.run.tools.client.events_url(new.dataset.id);
        Ok(unknown(&what, &url, error).into())
    }
}

fn event_result(new: NewEvent, event: Option<DatasetEvent>) -> DatasetEventResult {
    let mut consumers = new.dataset.consumers;
    consumers.sort();
    DatasetEventResult {
        dataset_uri: new.dataset.uri,
        event_id: event.as_ref().map(|event| event.id),
        timestamp: event.as_ref().map(|event| event.timestamp.to_string()),
        mark: new.mark,
        extra: Value::Object(event.map_or(new.extra, |event| event.extra)),
        consumers,
    }
}
