//! What the actions on datasets (Airflow 3: assets) give.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
}
