//! What Airflow answers, in one shape for both versions.
//!
//! In: what `v1` and `v2` read from the wire. Out: plain values for the executor. A key that only some versions send is
//! an `Option` or has a neutral default; nothing here knows which version it came from.

mod detail;
mod log;
mod run_filter;
mod stock;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::log::exception;
use super::model::RunState;

pub use detail::{DagDetails, Param, XCom, XComRequest};
pub use log::{Reason, TaskLog};
pub use run_filter::{RunFilter, Span};
pub use stock::{Component, Connection, Health, Pool, Variable};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows that were asked for; a filter the server doesn't know has been applied here.
    pub items: Vec<T>,
    /// The rows the server sent: the next page starts at `offset + received`, and a page with none is the end.
    pub received: usize,
    /// The rows on all pages, where the server says it (and says it rightly).
    pub total_entries: Option<u64>,
    /// The server's clock when it answered.
    pub server_time: Option<Timestamp>,
}

/// A DAG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dag {
    /// Its id.
    pub dag_id: String,
    /// Its name for people; the id where the version has none.
    pub dag_display_name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether its file is gone (v1: not `is_active`).
    pub is_stale: bool,
    /// Whether its file could not be imported when it was last read.
    pub has_import_errors: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its owners.
    pub owners: Vec<String>,
    /// The file it comes from.
    pub fileloc: Option<String>,
    /// Its schedule as the author wrote it, `@daily`, or `Dataset`.
    pub schedule: Option<String>,
    /// When Airflow starts its next scheduled run.
    pub next_run_at: Option<Timestamp>,
}

/// A DAG run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DagRun {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// Its state.
    pub state: RunState,
    /// `manual`, `scheduled`, `dataset_triggered`, `asset_triggered`, `backfill`.
    pub run_type: Option<String>,
    /// The date it stands for; null in Airflow 3 unless it was given.
    pub logical_date: Option<Timestamp>,
    /// Not started before (v2 only).
    pub run_after: Option<Timestamp>,
    /// When it started; none while queued.
    pub start_date: Option<Timestamp>,
    /// When it ended.
    pub end_date: Option<Timestamp>,
    /// Its conf; empty when it has none.
    pub conf: Map<String, Value>,
    /// Its note.
    pub note: Option<String>,
}

/// A task instance of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskInstance {
    /// The task's id.
    pub task_id: String,
    /// Its index among mapped instances, -1 when it is not mapped.
    pub map_index: i64,
    /// Its try; while queued, Airflow before 2.10 says one less.
    pub try_number: u32,
    /// Its state; none before it is scheduled. A text, because Airflow's list of them grows.
    pub state: Option<String>,
    /// When it started.
    pub start_date: Option<Timestamp>,
    /// When it ended.
    pub end_date: Option<Timestamp>,
    /// How long it ran, in seconds.
    pub duration: Option<f64>,
    /// How often it is tried again after its first try.
    pub max_tries: u32,
    /// The pool whose slot it takes.
    pub pool: Option<String>,
    /// When it was scheduled (v2 only).
    pub scheduled_when: Option<Timestamp>,
    /// When it was queued.
    pub queued_when: Option<Timestamp>,
    /// When it was deferred.
    pub deferred_when: Option<Timestamp>,
}

impl TaskInstance {
    /// Since when it is in its state, as far as Airflow says so.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        match self.state.as_deref()? {
            "scheduled" => self.scheduled_when,
            "queued" => self.queued_when,
            "deferred" => self.deferred_when.or(self.start_date),
            "running" | "restarting" => self.start_date,
            _ => self.end_date,
        }
    }
}

/// Something that somebody did, as Airflow's audit log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetByHand {
    /// When.
    pub when: Timestamp,
    /// Who.
    pub by: String,
    /// The task that was set; none for the run itself.
    pub task_id: Option<String>,
    /// The state it was set to.
    pub state: String,
}

/// A dataset (Airflow 3: asset).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Its id in Airflow's database.
    pub id: i64,
    /// Its URI.
    pub uri: String,
    /// Its name; the URI where the version has none.
    pub name: String,
    /// The ids of the DAGs that an event starts.
    pub consumers: Vec<String>,
}

/// An event of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetEvent {
    /// Its id.
    pub id: i64,
    /// The dataset's id.
    pub dataset_id: i64,
    /// The dataset's URI.
    pub uri: Option<String>,
    /// What was posted with it, and what Airflow added.
    pub extra: Map<String, Value>,
    /// When it was recorded, by the server's clock.
    pub timestamp: Timestamp,
    /// The runs it took part in starting; events that come close together share one run, linked to the first only.
    pub created_dag_runs: Vec<CreatedRun>,
}

/// A run that an event started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatedRun {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
}

/// A DAG file that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportError {
    /// The file; relative to its bundle in Airflow 3.
    pub filename: String,
    /// Python's traceback.
    pub stack_trace: String,
}

impl ImportError {
    /// The exception in one line, without the module of its type; without a traceback the last line.
    #[must_use]
    pub fn reason(&self) -> String {
        let last = || self.stack_trace.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        let raised = exception(&self.stack_trace).and_then(|text| text.lines().next().map(str::to_owned));
        raised.or_else(last).unwrap_or_else(|| "no reason is given".to_owned())
    }
}

/// Which DAGs to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DagFilter {
    /// Tags; empty for all DAGs.
    pub tags: Vec<String>,
    /// Whether a DAG must have all of the tags, not any.
    pub tags_match_all: bool,
    /// A part of the id, `%` for anything; case is ignored.
    pub dag_id_pattern: Option<String>,
    /// Only paused ones, or only others.
    pub paused: Option<bool>,
    /// Only DAGs whose file is there.
    pub only_active: bool,
}

impl Default for DagFilter {
    fn default() -> Self {
        Self { tags: Vec::new(), tags_match_all: false, dag_id_pattern: None, paused: None, only_active: true }
    }
}

impl DagFilter {
    /// Whether a DAG passes all but the pattern; servers ignore, or lack, some of the filters.
    #[must_use]
    pub fn admits(&self, dag: &Dag) -> bool {
        let has = |tag: &String| dag.tags.contains(tag);
        let tags = match (self.tags.is_empty(), self.tags_match_all) {
            (true, _) => true,
            (false, true) => self.tags.iter().all(has),
            (false, false) => self.tags.iter().any(has),
        };
        tags && self.paused.is_none_or(|paused| paused == dag.is_paused) && !(self.only_active && dag.is_stale)
    }
}

/// A run to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDagRun {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id, made by us, so that it can't be made twice.
    pub dag_run_id: String,
    /// Its note.
    pub note: Option<String>,
    /// Its conf.
    pub conf: Option<Map<String, Value>>,
    /// The date it stands for.
    pub logical_date: Option<Timestamp>,
}

/// Which task instance is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskPlace<'a> {
    /// The DAG's id.
    pub dag_id: &'a str,
    /// The run's id.
    pub dag_run_id: &'a str,
    /// The task's id.
    pub task_id: &'a str,
    /// The index of a mapped instance, -1 for others.
    pub map_index: i64,
}

/// Which log to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLogRequest {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id.
    pub dag_run_id: String,
    /// The task's id.
    pub task_id: String,
    /// The try, from 1.
    pub try_number: u32,
    /// The index of a mapped instance, -1 for others.
    pub map_index: i64,
}

/// Which events of a dataset, counted from the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsPage {
    /// How many to leave out.
    pub offset: u64,
    /// How many to give, at most 100.
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tags, `tags_match_all`, `paused`, `only_active`; whether it is admitted.
    type Row = (&'static [&'static str], bool, Option<bool>, bool, bool);

    #[test]
    fn a_filter_admits_what_it_names() {
        let dag = Dag {
            dag_id: "d".to_owned(),
            dag_display_name: "d".to_owned(),
            description: None,
            is_paused: true,
            is_stale: true,
            has_import_errors: false,
            tags: vec!["a".to_owned(), "b".to_owned()],
            owners: Vec::new(),
            fileloc: None,
            schedule: None,
            next_run_at: None,
        };
        let table: [Row; 7] = [
            (&[], false, None, false, true),
            (&[], false, None, true, false),
            (&["b", "c"], false, None, false, true),
            (&["b", "c"], true, None, false, false),
            (&["b", "a"], true, Some(true), false, true),
            (&["c"], false, None, false, false),
            (&[], false, Some(false), false, false),
        ];
        for (tags, tags_match_all, paused, only_active, expected) in table {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let filter = DagFilter { tags, tags_match_all, dag_id_pattern: None, paused, only_active };
            assert_eq!(filter.admits(&dag), expected, "{filter:?}");
        }
    }
}
