//! What the actions on DAGs give.

use serde::{Deserialize, Serialize};

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
