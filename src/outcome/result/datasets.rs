//! What the actions on datasets (Airflow 3: assets) give.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::airflow::model::RunState;

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

/// A dataset, as `list_datasets` and `assert_dataset` give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// Its URI.
    pub dataset_uri: String,
    /// Its name; the URI on Airflow 2.
    pub name: String,
    /// The DAGs that are scheduled on it, sorted.
    pub consumers: Vec<String>,
}

/// The result of `list_datasets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetList {
    /// The datasets, sorted by URI.
    pub datasets: Vec<DatasetSummary>,
    /// Their URIs, sorted.
    pub dataset_uris: Vec<String>,
    /// How many there are.
    pub total: usize,
}

/// The result of `list_dataset_events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetEventList {
    /// The dataset's URI.
    pub dataset_uri: String,
    /// Its events, the newest first.
    pub events: Vec<EventSummary>,
    /// How many there are in the list.
    pub total: usize,
    /// Whether these are all; false when `limit` may have left older ones out, or when some can't be read.
    pub is_complete: bool,
    /// How many Airflow can't show now: Airflow 3 fails on an event whose run has not started.
    pub unreadable: u32,
}

/// An event of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventSummary {
    /// Airflow's id of the event.
    pub event_id: i64,
    /// When Airflow recorded it.
    pub timestamp: String,
    /// What was posted with it, and what Airflow added.
    pub extra: Value,
    /// The runs that it took part in starting.
    pub created_dag_runs: Vec<RunReference>,
}

/// A DAG run by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReference {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
}
