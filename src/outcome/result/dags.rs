//! What the actions on DAGs give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

/// The result of `get_dag`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DagDetails {
    /// The DAG's id.
    pub dag_id: String,
    /// Its name for people; the id where it has none.
    pub dag_display_name: String,
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
    /// The file it comes from.
    pub fileloc: Option<String>,
    /// Its schedule as its author wrote it; `Dataset` or `Asset` when events start it.
    pub schedule: Option<String>,
    /// When Airflow starts its next scheduled run.
    pub next_run_at: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// Its start date.
    pub start_date: Option<String>,
    /// Its end date.
    pub end_date: Option<String>,
    /// Whether it makes up for intervals that it missed.
    pub catchup: Option<bool>,
    /// How many of its runs may be active at once.
    pub max_active_runs: Option<i64>,
    /// What its `conf` may hold, by name.
    pub params: BTreeMap<String, ParamSummary>,
}

/// A param of a DAG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSummary {
    /// Its default.
    pub value: Value,
    /// What a value must be, as a JSON Schema.
    pub schema: Map<String, Value>,
    /// What it means.
    pub description: Option<String>,
}

/// The result of `assert_no_import_errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportErrorList {
    /// The files that can't be imported; none when the step passes.
    pub import_errors: Vec<ImportErrorSummary>,
    /// Their names, sorted.
    pub filenames: Vec<String>,
    /// How many there are.
    pub total: usize,
}

/// A DAG file that can't be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportErrorSummary {
    /// Its name: the whole path on Airflow 2, relative to its bundle on Airflow 3.
    pub filename: String,
    /// The last line of the stack trace, which names the exception.
    pub reason: String,
    /// What Python said.
    pub stack_trace: String,
}
