//! The shapes of v2's answers, 3.0 to 3.3, and their translation.
//!
//! In: JSON as recorded from real Airflows. Out: neutral answers. A key that an older version lacks has a default; a run
//! state that nobody knows is an error.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::airflow::answer;
use crate::airflow::call::Rows;
use crate::airflow::model::RunState;

#[derive(Deserialize)]
pub(super) struct Version {
    version: String,
}

#[derive(Deserialize)]
pub(super) struct Dags {
    dags: Vec<Dag>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "Airflow's names")]
pub(super) struct Dag {
    dag_id: String,
    dag_display_name: Option<String>,
    description: Option<String>,
    is_paused: Option<bool>,
    is_stale: Option<bool>,
    has_import_errors: Option<bool>,
    tags: Option<Vec<Tag>>,
    owners: Option<Vec<String>>,
    fileloc: Option<String>,
    timetable_summary: Option<String>,
    next_dagrun_run_after: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize)]
pub(super) struct ImportErrors {
    import_errors: Vec<ImportError>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
struct ImportError {
    filename: String,
    stack_trace: Option<String>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "Airflow's names")]
pub(super) struct DagRun {
    dag_id: String,
    dag_run_id: String,
    state: RunState,
    run_type: Option<String>,
    logical_date: Option<Timestamp>,
    run_after: Option<Timestamp>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    conf: Option<Map<String, Value>>,
    note: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Cleared {
    #[serde(rename = "task_instances")]
    _task_instances: Vec<IgnoredAny>,
}

impl From<Cleared> for () {
    fn from(_: Cleared) -> Self {}
}

#[derive(Deserialize)]
pub(super) struct DagRuns {
    dag_runs: Vec<DagRun>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct TaskInstances {
    task_instances: Vec<TaskInstance>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct TaskInstance {
    task_id: String,
    map_index: Option<i64>,
    try_number: Option<u32>,
    state: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    duration: Option<f64>,
    max_tries: Option<u32>,
    pool: Option<String>,
    queued_when: Option<Timestamp>,
    scheduled_when: Option<Timestamp>,
    trigger: Option<Trigger>,
}

/// What a deferred task waits for.
#[derive(Deserialize)]
struct Trigger {
    created_date: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Assets {
    assets: Vec<Asset>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
struct Asset {
    id: i64,
    uri: String,
    name: Option<String>,
    /// Airflow 3.0 calls them `consuming_dags`.
    #[serde(default, alias = "consuming_dags")]
    scheduled_dags: Vec<Consumer>,
}

#[derive(Deserialize)]
struct Consumer {
    dag_id: String,
}

#[derive(Deserialize)]
pub(super) struct AssetEvents {
    asset_events: Vec<AssetEvent>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct AssetEvent {
    id: i64,
    asset_id: i64,
    uri: Option<String>,
    extra: Option<Map<String, Value>>,
    timestamp: Timestamp,
    #[serde(default)]
    created_dagruns: Vec<CreatedRun>,
}

#[derive(Deserialize)]
struct CreatedRun {
    dag_id: String,
    run_id: String,
}

#[derive(Deserialize)]
pub(super) struct Login {
    access_token: String,
}

impl From<Login> for SecretString {
    fn from(wire: Login) -> Self {
        wire.access_token.into()
    }
}

impl From<Version> for String {
    fn from(wire: Version) -> Self {
        wire.version
    }
}

impl From<Dag> for answer::Dag {
    fn from(wire: Dag) -> Self {
        Self {
            dag_display_name: wire.dag_display_name.unwrap_or_else(|| wire.dag_id.clone()),
            dag_id: wire.dag_id,
            description: wire.description,
            is_paused: wire.is_paused.unwrap_or(false),
            is_stale: wire.is_stale.unwrap_or(false),
            has_import_errors: wire.has_import_errors.unwrap_or(false),
            tags: wire.tags.unwrap_or_default().into_iter().map(|tag| tag.name).collect(),
            owners: wire.owners.unwrap_or_default(),
            fileloc: wire.fileloc,
            schedule: wire.timetable_summary,
            next_run_at: wire.next_dagrun_run_after,
        }
    }
}

impl From<ImportError> for answer::ImportError {
    fn from(wire: ImportError) -> Self {
        Self { filename: wire.filename, stack_trace: wire.stack_trace.unwrap_or_default() }
    }
}

impl From<DagRun> for answer::DagRun {
    fn from(wire: DagRun) -> Self {
        Self {
            dag_id: wire.dag_id,
            dag_run_id: wire.dag_run_id,
            state: wire.state,
            run_type: wire.run_type,
            logical_date: wire.logical_date,
            run_after: wire.run_after,
            start_date: wire.start_date,
            end_date: wire.end_date,
            conf: wire.conf.unwrap_or_default(),
            note: wire.note,
        }
    }
}

impl From<TaskInstance> for answer::TaskInstance {
    fn from(wire: TaskInstance) -> Self {
        Self {
            task_id: wire.task_id,
            map_index: wire.map_index.unwrap_or(-1),
            try_number: wire.try_number.unwrap_or(0),
            state: wire.state,
            start_date: wire.start_date,
            end_date: wire.end_date,
            duration: wire.duration,
            max_tries: wire.max_tries.unwrap_or(0),
            pool: wire.pool,
            scheduled_when: wire.scheduled_when,
            queued_when: wire.queued_when,
            deferred_when: wire.trigger.and_then(|trigger| trigger.created_date),
        }
    }
}

impl From<Asset> for answer::Dataset {
    fn from(wire: Asset) -> Self {
        let consumers = wire.scheduled_dags.into_iter().map(|consumer| consumer.dag_id).collect();
        let name = wire.name.unwrap_or_else(|| wire.uri.clone());
        Self { id: wire.id, name, uri: wire.uri, consumers }
    }
}

impl From<AssetEvent> for answer::DatasetEvent {
    fn from(wire: AssetEvent) -> Self {
        let created = wire.created_dagruns.into_iter();
        Self {
            id: wire.id,
            dataset_id: wire.asset_id,
            uri: wire.uri,
            extra: wire.extra.unwrap_or_default(),
            timestamp: wire.timestamp,
            created_dag_runs: created
                .map(|run| answer::CreatedRun { dag_id: run.dag_id, dag_run_id: run.run_id })
                .collect(),
        }
    }
}

impl From<Dags> for Rows<answer::Dag> {
    fn from(wire: Dags) -> Self {
        Self::of(wire.dags, wire.total_entries)
    }
}

impl From<ImportErrors> for Rows<answer::ImportError> {
    fn from(wire: ImportErrors) -> Self {
        Self::of(wire.import_errors, wire.total_entries)
    }
}

impl From<DagRuns> for Rows<answer::DagRun> {
    fn from(wire: DagRuns) -> Self {
        Self::of(wire.dag_runs, wire.total_entries)
    }
}

impl From<TaskInstances> for Rows<answer::TaskInstance> {
    fn from(wire: TaskInstances) -> Self {
        Self::of(wire.task_instances, wire.total_entries)
    }
}

impl From<Assets> for Rows<answer::Dataset> {
    fn from(wire: Assets) -> Self {
        Self::of(wire.assets, wire.total_entries)
    }
}

impl From<AssetEvents> for Rows<answer::DatasetEvent> {
    fn from(wire: AssetEvents) -> Self {
        Self::of(wire.asset_events, wire.total_entries)
    }
}
