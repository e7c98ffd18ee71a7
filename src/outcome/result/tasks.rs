//! What the actions on task instances give.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of `list_task_instances`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskInstanceList {
    /// The task instances.
    pub task_instances: Vec<TaskInstanceSummary>,
    /// How many there are.
    pub total: usize,
}

/// A task instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskInstanceSummary {
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped task instance; -1 for one that is not mapped.
    pub map_index: i64,
    /// Its try, counted from 1; 0 before the first.
    pub try_number: u32,
    /// Its state in Airflow's words; none before it is scheduled.
    pub state: Option<String>,
    /// When it started.
    pub start_date: Option<String>,
    /// When it ended.
    pub end_date: Option<String>,
    /// How long it ran, in seconds.
    pub duration_seconds: Option<f64>,
}

/// The result of `get_task_log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLog {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped task instance; -1 for one that is not mapped.
    pub map_index: i64,
    /// The try whose log it is.
    pub try_number: u32,
    /// The state of the task instance.
    pub state: Option<String>,
    /// The last lines of the log, oldest first.
    pub lines: Vec<String>,
    /// How many lines the log has.
    pub total_lines: usize,
}

/// The result of `get_xcom`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XComResult {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped task instance; -1 for one that is not mapped.
    pub map_index: i64,
    /// The key under which it was handed over.
    pub key: String,
    /// What was handed over.
    pub value: Value,
    /// When it was handed over.
    pub timestamp: Option<String>,
}
