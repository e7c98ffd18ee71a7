//! What the actions on DAG runs give.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::airflow::model::RunState;

/// The result of `trigger_dag`, `wait_for_dag_run` and `get_dag_run`; times are RFC 3339 in UTC as Airflow gives them.
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

/// The result of `list_dag_runs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DagRunList {
    /// The runs, the one that was made last first.
    pub dag_runs: Vec<DagRunResult>,
    /// Their ids, in the same order.
    pub dag_run_ids: Vec<String>,
    /// How many there are in the list.
    pub total: usize,
    /// Whether these are all; false when `limit` may have left older ones out.
    pub is_complete: bool,
}
