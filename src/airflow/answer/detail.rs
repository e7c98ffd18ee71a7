//! The details of a DAG, and what a task handed over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// What only the details of a DAG say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DagDetails {
    /// Its id.
    pub dag_id: String,
    /// Its params, by name.
    pub params: BTreeMap<String, Param>,
    /// Whether it makes up for intervals that it missed.
    pub catchup: Option<bool>,
    /// How many of its runs may be active at once.
    pub max_active_runs: Option<i64>,
    /// Its start date.
    pub start_date: Option<Timestamp>,
    /// Its end date.
    pub end_date: Option<Timestamp>,
    /// Its time zone.
    pub timezone: Option<String>,
}

/// A param of a DAG.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Param {
    /// Its default.
    pub value: Value,
    /// What a value must be, as a JSON Schema.
    pub schema: Map<String, Value>,
    /// What it means.
    pub description: Option<String>,
}

/// Which `XCom` to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XComRequest {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped instance, -1 for others.
    pub map_index: i64,
    /// Its key, `return_value` for what the task returned.
    pub key: String,
}

/// An `XCom`: what a task handed over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct XCom {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// When it was written.
    pub timestamp: Option<Timestamp>,
    /// Whether an integer in the value is text here, since it is too long for a number.
    pub has_long_integers: bool,
}
