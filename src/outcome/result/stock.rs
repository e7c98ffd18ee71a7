//! What the actions on variables, connections, pools and the health of Airflow give.

use serde::{Deserialize, Serialize};

/// The result of `get_variable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableResult {
    /// The variable's key.
    pub key: String,
    /// Its value, or the default. It is text: `fromjson` reads one that holds JSON.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is not there, so that the value is the default.
    pub is_default: bool,
}

/// The result of `assert_connection`; host, login, password and extra are never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionResult {
    /// The connection's id.
    pub connection_id: String,
    /// Its type, such as `postgres`.
    pub conn_type: String,
    /// What it is for.
    pub description: Option<String>,
}

/// The result of `assert_pool`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolResult {
    /// The pool's name.
    pub pool_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How many slots it has; -1 for any number.
    pub slots: i64,
    /// How many are free; -1 for any number.
    pub open_slots: i64,
    /// How many are taken.
    pub occupied_slots: i64,
    /// How many are taken by running tasks.
    pub running_slots: i64,
    /// How many are taken by queued tasks.
    pub queued_slots: i64,
    /// How many scheduled tasks wait for one.
    pub scheduled_slots: i64,
    /// How many deferred tasks there are.
    pub deferred_slots: i64,
}

/// The result of `assert_healthy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthResult {
    /// The database.
    pub metadatabase: ComponentHealth,
    /// The scheduler.
    pub scheduler: ComponentHealth,
    /// The triggerer.
    pub triggerer: ComponentHealth,
    /// The DAG processor.
    pub dag_processor: ComponentHealth,
}

/// How a part of Airflow is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentHealth {
    /// `healthy` or `unhealthy`; none for a part that never ran.
    pub status: Option<String>,
    /// When it was last heard of; none for the database.
    pub latest_heartbeat: Option<String>,
}
