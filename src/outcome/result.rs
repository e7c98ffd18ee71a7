//! What each action gives: the same fields on Airflow 2 and Airflow 3.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::airflow::model::RunState;
use crate::outcome::Unsent;

/// The actions of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Lists DAGs, every page.
    ListDags,
    /// Fails unless a DAG is there and ready.
    AssertDag,
    /// Makes a DAG run.
    TriggerDag,
    /// Tells Airflow that a dataset has changed.
    PostDatasetEvent,
    /// Follows a DAG run to its end.
    WaitForDagRun,
    /// Writes text to stdout.
    Print,
    /// Fails unless expressions hold.
    Assert,
    /// Gives names their values.
    SetVars,
    /// Lets time pass.
    Pause,
    /// Writes a text to webhooks.
    Notify,
}

impl ActionKind {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::ListDags,
        Self::AssertDag,
        Self::TriggerDag,
        Self::PostDatasetEvent,
        Self::WaitForDagRun,
        Self::Print,
        Self::Assert,
        Self::SetVars,
        Self::Pause,
        Self::Notify,
    ];

    /// The action's key in a step.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ListDags => "list_dags",
            Self::AssertDag => "assert_dag",
            Self::TriggerDag => "trigger_dag",
            Self::PostDatasetEvent => "post_dataset_event",
            Self::WaitForDagRun => "wait_for_dag_run",
            Self::Print => "print",
            Self::Assert => "assert",
            Self::SetVars => "set_vars",
            Self::Pause => "pause",
            Self::Notify => "notify",
        }
    }

    /// The action with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The names of the fields in its result.
    #[must_use]
    pub const fn result_fields(self) -> &'static [&'static str] {
        match self {
            Self::ListDags => &["dags", "dag_ids", "total"],
            Self::AssertDag => {
                &["dag_id", "description", "is_paused", "is_stale", "has_import_errors", "tags", "owners"]
            }
            Self::TriggerDag | Self::WaitForDagRun => &[
                "dag_id",
                "dag_run_id",
                "state",
                "run_type",
                "logical_date",
                "start_date",
                "end_date",
                "duration_seconds",
                "conf",
                "note",
                "url",
            ],
            Self::PostDatasetEvent => {
                &["dataset_uri", "event_id", "timestamp", "mark", "extra", "consumers", "consumer_runs"]
            }
            Self::Print => &["text"],
            Self::Assert => &["assertions"],
            Self::SetVars => &["vars"],
            Self::Pause => &["seconds"],
            Self::Notify => &["sent", "failed", "webhooks"],
        }
    }

    /// Whether it changes something in Airflow.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::TriggerDag | Self::PostDatasetEvent => true,
            Self::ListDags
            | Self::AssertDag
            | Self::WaitForDagRun
            | Self::Print
            | Self::Assert
            | Self::SetVars
            | Self::Pause
            | Self::Notify => false,
        }
    }

    /// Whether it reads from Airflow and changes nothing, so that it can be done again as a whole.
    #[must_use]
    pub const fn is_reading(self) -> bool {
        match self {
            Self::ListDags | Self::AssertDag | Self::WaitForDagRun => true,
            Self::TriggerDag
            | Self::PostDatasetEvent
            | Self::Print
            | Self::Assert
            | Self::SetVars
            | Self::Pause
            | Self::Notify => false,
        }
    }
}

/// What a write changes in Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// It makes a DAG run.
    DagRun,
    /// It records an event of a dataset.
    DatasetEvent,
    /// It unpauses a DAG.
    Unpause,
    /// It clears the failed tasks of a DAG run.
    Clear,
}

/// What an action gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ActionResult {
    /// In a check: of an action that was not carried out to its end.
    Unsent(Unsent),
    /// Of `list_dags`.
    ListDags(DagList),
    /// Of `trigger_dag` and `wait_for_dag_run`.
    TriggerDag(Box<DagRunResult>),
    /// Of `post_dataset_event`.
    PostDatasetEvent(Box<DatasetEventResult>),
    /// Of `assert_dag`.
    AssertDag(DagSummary),
    /// Of `print`.
    Print(Printed),
    /// Of `assert`.
    Assert(Assertions),
    /// Of `set_vars`.
    SetVars(VarsSet),
    /// Of `pause`.
    Pause(Paused),
    /// Of `notify`.
    Notify(Notified),
}

impl ActionResult {
    /// The result as templates and reports see it: a map of its fields.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

/// One DAG, as `list_dags` and `assert_dag` give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DagSummary {
    /// The DAG's id.
    pub dag_id: String,
    /// The DAG's description.
    pub description: Option<String>,
    /// Whether its runs wait until somebody unpauses it.
    pub is_paused: bool,
    /// Whether its file is gone (`is_active: false` on Airflow 2).
    pub is_stale: bool,
    /// Whether its file can't be imported any more.
    pub has_import_errors: bool,
    /// The names of its tags, sorted.
    pub tags: Vec<String>,
    /// The names of its owners.
    pub owners: Vec<String>,
}

/// The result of `list_dags`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DagList {
    /// The DAGs, sorted by id.
    pub dags: Vec<DagSummary>,
    /// Their ids, sorted.
    pub dag_ids: Vec<String>,
    /// How many there are.
    pub total: usize,
}

/// The result of `trigger_dag` and of `wait_for_dag_run`; times are RFC 3339 in UTC as Airflow gives them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DagRunResult {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// The run's state when it was last read.
    pub state: RunState,
    /// `manual` for a triggered run.
    pub run_type: Option<String>,
    /// The logical date; none on Airflow 3 unless one was given.
    pub logical_date: Option<String>,
    /// When its first task started.
    pub start_date: Option<String>,
    /// When it ended.
    pub end_date: Option<String>,
    /// From `start_date` to `end_date`, in seconds.
    pub duration_seconds: Option<f64>,
    /// The conf it was given.
    pub conf: Value,
    /// The note it was given.
    pub note: Option<String>,
    /// The run's page in Airflow's UI, when the UI's URL is configured.
    pub url: Option<String>,
}

/// The result of `post_dataset_event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetEventResult {
    /// The dataset's URI.
    pub dataset_uri: String,
    /// Airflow's id of the event; none when the answer was cut off and the event could not be looked up.
    pub event_id: Option<i64>,
    /// When Airflow recorded it.
    pub timestamp: Option<String>,
    /// Our mark, which stands in the event's `extra.myaf_run`.
    pub mark: String,
    /// The event's `extra` as Airflow keeps it.
    pub extra: Value,
    /// The DAGs that are scheduled on the dataset, sorted.
    pub consumers: Vec<String>,
    /// The runs that the event caused, when they were waited for.
    #[serde(default)]
    pub consumer_runs: Vec<ConsumerRun>,
}

/// A run that a dataset event caused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerRun {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// Its state when it was last read.
    pub state: RunState,
    /// Whether another event started it and this one was merged into it.
    pub is_shared: bool,
}

/// The result of `print`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The text that was printed.
    pub text: String,
}

/// The result of `assert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertions {
    /// How many expressions held.
    pub assertions: usize,
}

/// The result of `set_vars`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VarsSet {
    /// The names with their values.
    pub vars: Map<String, Value>,
}

/// The result of `pause`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// How long it was, in seconds.
    pub seconds: f64,
}

/// The result of `notify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// How many webhooks took the text.
    pub sent: usize,
    /// How many did not.
    pub failed: usize,
    /// What became of each, in the order of the step.
    pub webhooks: Vec<WebhookTold>,
}

/// What became of one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTold {
    /// The host; the rest of its URL is secret.
    pub host: String,
    /// Whether it took the text.
    pub ok: bool,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Why it did not take the text.
    pub message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<(ActionKind, ActionResult)> {
        let dag = DagSummary {
            dag_id: "a".to_owned(),
            description: None,
            is_paused: false,
            is_stale: false,
            has_import_errors: false,
            tags: vec![],
            owners: vec![],
        };
        let run = DagRunResult {
            dag_id: "a".to_owned(),
            dag_run_id: "r".to_owned(),
            state: RunState::Queued,
            run_type: None,
            logical_date: None,
            start_date: None,
            end_date: None,
            duration_seconds: None,
            conf: Value::Null,
            note: None,
            url: None,
        };
        let event = DatasetEventResult {
            dataset_uri: "u".to_owned(),
            event_id: None,
            timestamp: None,
            mark: "m".to_owned(),
            extra: Value::Null,
            consumers: vec![],
            consumer_runs: vec![],
        };
        let list = DagList { dags: vec![dag.clone()], dag_ids: vec![], total: 1 };
        vec![
            (ActionKind::ListDags, ActionResult::ListDags(list)),
            (ActionKind::AssertDag, ActionResult::AssertDag(dag)),
            (ActionKind::TriggerDag, ActionResult::TriggerDag(Box::new(run.clone()))),
            (ActionKind::WaitForDagRun, ActionResult::TriggerDag(Box::new(run))),
            (ActionKind::PostDatasetEvent, ActionResult::PostDatasetEvent(Box::new(event))),
            (ActionKind::Print, ActionResult::Print(Printed { text: String::new() })),
            (ActionKind::Assert, ActionResult::Assert(Assertions { assertions: 1 })),
            (ActionKind::SetVars, ActionResult::SetVars(VarsSet { vars: Map::new() })),
            (ActionKind::Pause, ActionResult::Pause(Paused { seconds: 1.0 })),
            (ActionKind::Notify, ActionResult::Notify(Notified { sent: 0, failed: 0, webhooks: vec![] })),
        ]
    }

    #[test]
    fn the_field_names_that_checks_know_are_the_ones_that_results_have() {
        let all = one_of_each();
        assert_eq!(all.len(), ActionKind::ALL.len());
        for (kind, result) in all {
            let fields: Vec<String> = result.fields().keys().cloned().collect();
            assert_eq!(fields, kind.result_fields(), "{}", kind.key());
            assert_eq!(ActionKind::from_key(kind.key()), Some(kind));
        }
    }
}
