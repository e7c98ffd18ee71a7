//! `post_dataset_event`: one event on a dataset (Airflow 3: asset).
//!
//! Airflow keeps every event it is sent, so each carries a mark of ours; after a lost answer the mark is looked for.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::airflow::answer::{Dataset, DatasetEvent};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::event::WriteFate;
use crate::executor::Stop;
use crate::executor::marked::Marked;
use crate::executor::retry::exhausted;
use crate::executor::settle::{Patience, Settled, unknown};
use crate::executor::step::StepRun;
use crate::executor::wait::Posted;
use crate::executor::write::{Write, Written};
use crate::outcome::{ActionResult, DatasetEventResult, Failure, FailureKind, StepOutcome, WriteKind};
use crate::plan::WriteRecord;
use crate::playbook::action::{Consumers, OnUnknown, PostDatasetEvent, Wait, WaitSettings};
use crate::secret::MASK;
use crate::source::Location;

/// An event to be posted.
#[derive(Clone)]
pub(super) struct NewEvent {
    pub(super) dataset: Dataset,
    pub(super) extra: Map<String, Value>,
    pub(super) mark: String,
    pub(super) announced: Timestamp,
    pub(super) on_unknown: OnUnknown,
    /// Whether others may post an event with the same mark: it is that of a key, or of a run whose id was given.
    pub(super) is_shared: bool,
}

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn post_dataset_event(&mut self) -> Result<ActionResult, Stop> {
        let keys: PostDatasetEvent = self.arguments()?;
        self.check_no_secret(self.uri_key(), &keys.dataset_uri.0)?;
        let earlier = self.earlier(WriteKind::DatasetEvent);
        // What an earlier attempt has announced is looked for where it was announced.
        let announced = earlier.map(|earlier| earlier.subject.as_str()).filter(|uri| !uri.contains(MASK));
        let dataset = self.dataset(announced.unwrap_or(&keys.dataset_uri.0)).await?;
        let wait = keys.wait_for_consumers.and_then(Wait::settings);
        let rule = keys.consumers.unwrap_or(Consumers::Warn);
        let idle = match (earlier.is_none(), wait.is_some()) {
            (true, _) => self.consumers(&dataset, rule, wait.is_some()).await?,
            // What could be said was said before the event was posted.
            (false, true) => self.consumers(&dataset, Consumers::Ignore, true).await?,
            (false, false) => Vec::new(),
        };
        let wait = wait.map(|settings| (settings, idle));
        let once_per = keys.once_per.as_ref().map(|key| key.0.as_str());
        let mark = self.mark_of(once_per, self.planned.generation)?;
        let mut extra = keys.extra.map(|extra| extra.0).unwrap_or_default();
        self.warn_of_secret("extra", &json!(extra))?;
        if extra.insert("myaf_run".to_owned(), Value::String(mark.clone())).is_some() {
            let message = "`extra` holds `myaf_run`, which is our mark of the event";
            return Err(Failure::new(FailureKind::Template, message).with_help("choose another key").into());
        }
        let announced = self.server_now().unwrap_or(Timestamp::MIN);
        let on_unknown = keys.on_unknown.unwrap_or(OnUnknown::Repeat);
        let is_shared = once_per.is_some() || self.run.plan.is_id_given;
        let mut new = NewEvent { dataset, extra, mark, announced, on_unknown, is_shared };
        if let Some(earlier) = earlier {
            new.take_from(earlier);
            if matches!(earlier.fate, Some(WriteFate::Accepted | WriteFate::Found)) {
                let event = self.event_of_earlier(&new).await?;
                return self.posted(new, event, wait).await;
            }
        }
        if is_shared
            && earlier.is_none()
            && let Some(event) = self.event_there(&mut new, once_per).await?
        {
            self.outcome = StepOutcome::Already;
            return self.posted(new, Some(event), wait).await;
        }
        self.announce_event(&new)?;
        let event = match self.write(&new).await? {
            Written::Made(event) => Some(event),
            Written::Taken => None,
            Written::Shown => return Err(self.event_left_open(new)),
        };
        let event = self.only_event(&new, event).await?;
        self.posted(new, event, wait).await
    }

    /// What an event that was posted gives, when its runs have ended if they are waited for.
    async fn posted(
        &mut self,
        new: NewEvent,
        event: Option<DatasetEvent>,
        wait: Option<(WaitSettings, Vec<String>)>,
    ) -> Result<ActionResult, Stop> {
        let (dataset_id, announced) = (new.dataset.id, new.announced);
        let timestamp = event.as_ref().map_or(announced, |event| event.timestamp);
        let result = event_result(new, event);
        let Some((settings, idle)) = wait else { return Ok(ActionResult::PostDatasetEvent(Box::new(result))) };
        if self.is_check() {
            self.leave_open("the runs that the event has caused are not waited for")?;
            return Err(self.known_of(&result));
        }
        let all = self.run.datasets.as_deref().unwrap_or_default();
        let is_sure = |dag_id: &String| all.iter().filter(|dataset| dataset.consumers.contains(dag_id)).count() == 1;
        let able = result.consumers.iter().filter(|dag_id| !idle.contains(dag_id));
        let consumers = able.map(|dag_id| (dag_id.clone(), is_sure(dag_id))).collect();
        self.known = Some(ActionResult::PostDatasetEvent(Box::new(result.clone())));
        Box::pin(self.follow_consumers(result, Posted { dataset_id, timestamp, consumers }, &settings)).await
    }

    /// The end of a step whose event is not posted: its mark is known, and who would run.
    fn event_left_open(&self, new: NewEvent) -> Stop {
        self.known_of(&event_result(new, None))
    }

    fn known_of(&self, event: &DatasetEventResult) -> Stop {
        let (uri, mark, consumers) = (&event.dataset_uri, &event.mark, &event.consumers);
        let known = [("dataset_uri", json!(uri)), ("mark", json!(mark)), ("consumers", json!(consumers))];
        self.left_open(known.map(|(field, value)| (field.to_owned(), value)).into_iter().collect())
    }

    /// Now, by the server's clock; none where the server does not tell its time.
    fn server_now(&self) -> Option<Timestamp> {
        let ahead = self.run.server_ahead?;
        self.run.tools.clock.now().saturating_add(ahead).ok()
    }

    /// An event that no DAG would run for is told before it is posted. Gives the consumers that would not run; they are not
    /// looked at where nobody wants to know.
    async fn consumers(
        &mut self,
        dataset: &Dataset,
        consumers: Consumers,
        is_waited_for: bool,
    ) -> Result<Vec<String>, Stop> {
        if consumers == Consumers::Ignore && !is_waited_for {
            return Ok(Vec::new());
        }
        let mut idle: Vec<(String, &str)> = Vec::new();
        for dag_id in &dataset.consumers {
            match self.try_read(async |client, limit| client.dag(dag_id, limit).await).await? {
                Ok(dag) if dag.is_paused && !self.run.shown_unpaused.contains(dag_id) => {
                    idle.push((dag_id.clone(), "paused"));
                }
                Ok(dag) if dag.is_stale => idle.push((dag_id.clone(), "stale")),
                Ok(_) => {}
                Err((error, _)) if error.kind == ErrorKind::NotFound => idle.push((dag_id.clone(), "gone")),
                Err((error, reason)) if consumers == Consumers::Require => return Err(exhausted(&error, reason).into()),
                Err((error, _)) => {
                    self.warn(format!("the consumer `{dag_id}` can't be looked at: {}", error.message))?;
                }
            }
        }
        let said: Vec<String> = idle.iter().map(|(dag_id, how)| format!("`{dag_id}` is {how}")).collect();
        let said = said.join(", ");
        let would_run = dataset.consumers.len() - idle.len();
        let words = match (would_run, idle.is_empty()) {
            (0, true) => format!("no DAG is scheduled on the dataset `{}`", dataset.uri),
            (0, false) => format!("no DAG would run for the dataset `{}`: {said}", dataset.uri),
            (_, true) => return Ok(Vec::new()),
            (_, false) => format!("not every consumer of the dataset `{}` would run: {}", dataset.uri, said),
        };
        if consumers == Consumers::Require {
            let failure = Failure::new(FailureKind::NoConsumer, format!("{words}; the event was not posted"));
            return Err(failure.into());
        }
        if consumers == Consumers::Warn {
            self.warn(words)?;
        }
        Ok(idle.into_iter().map(|(dag_id, _)| dag_id).collect())
    }

    fn announce_event(&mut self, new: &NewEvent) -> Result<(), Stop> {
        let announced = new.announced.to_string();
        let arguments = json!({ "dataset_id": new.dataset.id, "extra": new.extra, "announced": announced });
        self.announce(new, &new.dataset.uri, arguments)
    }
}

impl Write for NewEvent {
    type Made = DatasetEvent;

    const KIND: WriteKind = WriteKind::DatasetEvent;

    fn identity(&self) -> String {
        self.mark.clone()
    }

    async fn send(&self, client: &Client, limit: Duration) -> Result<DatasetEvent, ApiError> {
        client.create_dataset_event(&self.dataset, &self.extra, limit).await
    }

    async fn look(&self, step: &mut StepRun<'_, '_>, _: Patience) -> Settled<DatasetEvent> {
        step.look_for_event(self.marked()).await
    }

    /// An event can appear long after its client has gone, and Airflow keeps every one it is sent.
    fn patience(&self, _: Option<&ApiError>, _: bool, _: bool) -> Patience {
        Patience::ToTheEnd
    }

    fn may_repeat(&self, settled: &Settled<DatasetEvent>) -> bool {
        matches!(settled, Settled::Absent) && self.on_unknown == OnUnknown::Repeat
    }

    fn refusal(&self, _: &StepRun<'_, '_>, _: &ApiError, _: Option<&DatasetEvent>) -> Option<Failure> {
        None
    }

    fn unknown(&self, step: &StepRun<'_, '_>, error: Option<&ApiError>) -> Failure {
        let what = format!("the event `{}` on the dataset `{}`", self.mark, self.dataset.uri);
        unknown(&what, &step.run.tools.client.events_url(self.dataset.id), error)
    }

    fn place(&self, _: &StepRun<'_, '_>, _: &ApiError) -> Option<Location> {
        None
    }
}

impl NewEvent {
    /// Becomes the event that an earlier attempt announced; what was not kept stays as it was rendered now.
    fn take_from(&mut self, earlier: &WriteRecord) {
        self.mark.clone_from(&earlier.identity);
        if let Some(extra) = earlier.arguments.get("extra").and_then(Value::as_object) {
            self.extra.clone_from(extra);
        }
        let announced = earlier.arguments.get("announced").and_then(Value::as_str);
        self.announced = announced.and_then(|time| time.parse().ok()).unwrap_or(Timestamp::MIN);
    }

    pub(super) fn marked(&self) -> Marked<'_> {
        let (dataset_id, announced, is_shared) = (self.dataset.id, self.announced, self.is_shared);
        Marked { dataset_id, mark: &self.mark, announced, is_shared }
    }
}

pub(super) fn event_result(new: NewEvent, event: Option<DatasetEvent>) -> DatasetEventResult {
    let mut consumers = new.dataset.consumers;
    consumers.sort();
    DatasetEventResult {
        dataset_uri: new.dataset.uri,
        event_id: event.as_ref().map(|event| event.id),
        timestamp: event.as_ref().map(|event| event.timestamp.to_string()),
        mark: new.mark,
        extra: Value::Object(event.map_or(new.extra, |event| event.extra)),
        consumers,
        consumer_runs: Vec::new(),
    }
}
