//! What Airflow keeps beside its DAGs, and how it is: variables, connections, pools, health.

use jiff::Timestamp;
use serde::Serialize;

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its key.
    pub key: String,
    /// Its value, always text; none where Airflow shows `***` for it or for a part of it (v2).
    pub value: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// A connection, without host, login, password and extra: those are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Its id.
    pub connection_id: String,
    /// Its type, such as `postgres`.
    pub conn_type: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A pool of slots for tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How many slots it has; -1 for any number (v1 can't show such a pool and answers 500).
    pub slots: i64,
    /// How many are free; -1 for any number.
    pub open_slots: i64,
    /// How many tasks hold one, those that are queued and, where they count, deferred ones among them.
    pub occupied_slots: i64,
    /// How many running tasks hold one.
    pub running_slots: i64,
    /// How many queued tasks hold one.
    pub queued_slots: i64,
    /// How many scheduled tasks wait for one.
    pub scheduled_slots: i64,
    /// How many deferred tasks there are.
    pub deferred_slots: i64,
}

/// How Airflow is. The answer is a 200 whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The database.
    pub metadatabase: Component,
    /// The scheduler.
    pub scheduler: Component,
    /// The triggerer.
    pub triggerer: Component,
    /// The DAG processor; part of the scheduler unless it is told to stand alone (v1).
    pub dag_processor: Component,
}

/// One part of Airflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Component {
    /// `healthy` or `unhealthy`; none for a part that never ran.
    pub status: Option<String>,
    /// When it was last heard of.
    pub latest_heartbeat: Option<Timestamp>,
}

impl Component {
    /// Whether it was heard of lately.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.as_deref() == Some("healthy")
    }
}
