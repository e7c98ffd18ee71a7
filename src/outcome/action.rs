//! Which actions there are: their keys, the fields of their results, and what they do to Airflow.

use serde::{Deserialize, Serialize};

/// The actions of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Lists DAGs, every page.
    ListDags,
    /// Fails unless a DAG is there and ready.
    AssertDag,
    /// Reads a DAG with its params.
    GetDag,
    /// Makes a DAG run.
    TriggerDag,
    /// Follows a DAG run to its end.
    WaitForDagRun,
    /// Reads a DAG run.
    GetDagRun,
    /// Lists the runs of a DAG, the newest first.
    ListDagRuns,
    /// Lists the task instances of a DAG run.
    ListTaskInstances,
    /// Reads the log of a task instance.
    GetTaskLog,
    /// Reads what a task handed over.
    GetXcom,
    /// Tells Airflow that a dataset has changed.
    PostDatasetEvent,
    /// Lists datasets.
    ListDatasets,
    /// Fails unless a dataset is there.
    AssertDataset,
    /// Lists the events of a dataset, the newest first.
    ListDatasetEvents,
    /// Fails unless the parts of Airflow are well.
    AssertHealthy,
    /// Fails when a DAG file can't be imported.
    AssertNoImportErrors,
    /// Reads a variable.
    GetVariable,
    /// Fails unless a connection is there.
    AssertConnection,
    /// Fails unless a pool is there and has room.
    AssertPool,
    /// Writes text to stdout.
    Print,
    /// Fails unless expressions hold.
    Assert,
    /// Gives names their values.
    SetVars,
    /// Lets time pass.
    Pause,
    /// Writes a text to webhooks.
    Notify,
}

/// The keys that mean an action in the words of Airflow 3; their `uri` is its `dataset_uri`.
pub const ALIASES: [(&str, ActionKind); 4] = [
    ("post_asset_event", ActionKind::PostDatasetEvent),
    ("list_assets", ActionKind::ListDatasets),
    ("assert_asset", ActionKind::AssertDataset),
    ("list_asset_events", ActionKind::ListDatasetEvents),
];

/// The fields of a DAG run.
const RUN: &[&str] = &[
    "dag_id",
    "dag_run_id",
    "state",
    "run_type",
    "logical_date",
    "start_date",
    "end_date",
    "duration_seconds",
    "conf",
    "note",
    "url",
];

impl ActionKind {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 24] = [
        Self::ListDags,
        Self::AssertDag,
        Self::GetDag,
        Self::TriggerDag,
        Self::WaitForDagRun,
        Self::GetDagRun,
        Self::ListDagRuns,
        Self::ListTaskInstances,
        Self::GetTaskLog,
        Self::GetXcom,
        Self::PostDatasetEvent,
        Self::ListDatasets,
        Self::AssertDataset,
        Self::ListDatasetEvents,
        Self::AssertHealthy,
        Self::AssertNoImportErrors,
        Self::GetVariable,
        Self::AssertConnection,
        Self::AssertPool,
        Self::Print,
        Self::Assert,
        Self::SetVars,
        Self::Pause,
        Self::Notify,
    ];

    /// The action's key in a step.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ListDags => "list_dags",
            Self::AssertDag => "assert_dag",
            Self::GetDag => "get_dag",
            Self::TriggerDag => "trigger_dag",
            Self::WaitForDagRun => "wait_for_dag_run",
            Self::GetDagRun => "get_dag_run",
            Self::ListDagRuns => "list_dag_runs",
            Self::ListTaskInstances => "list_task_instances",
            Self::GetTaskLog => "get_task_log",
            Self::GetXcom => "get_xcom",
            Self::PostDatasetEvent => "post_dataset_event",
            Self::ListDatasets => "list_datasets",
            Self::AssertDataset => "assert_dataset",
            Self::ListDatasetEvents => "list_dataset_events",
            Self::AssertHealthy => "assert_healthy",
            Self::AssertNoImportErrors => "assert_no_import_errors",
            Self::GetVariable => "get_variable",
            Self::AssertConnection => "assert_connection",
            Self::AssertPool => "assert_pool",
            Self::Print => "print",
            Self::Assert => "assert",
            Self::SetVars => "set_vars",
            Self::Pause => "pause",
            Self::Notify => "notify",
        }
    }

    /// The action with this key, which may be an alias.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let alias = || ALIASES.into_iter().find(|(alias, _)| *alias == key).map(|(_, kind)| kind);
        Self::ALL.into_iter().find(|kind| kind.key() == key).or_else(alias)
    }

    /// The keys of all actions, aliases included.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::key).chain(ALIASES.into_iter().map(|(alias, _)| alias))
    }

    /// The names of the fields in its result.
    #[must_use]
    pub const fn result_fields(self) -> &'static [&'static str] {
        match self {
            Self::ListDags => &["dags", "dag_ids", "total"],
            Self::AssertDag => {
                &["dag_id", "description", "is_paused", "is_stale", "has_import_errors", "tags", "owners"]
            }
            Self::GetDag => &[
                "dag_id",
                "dag_display_name",
                "description",
                "is_paused",
                "is_stale",
                "has_import_errors",
                "tags",
                "owners",
                "fileloc",
                "schedule",
                "next_run_at",
                "timezone",
                "start_date",
                "end_date",
                "catchup",
                "max_active_runs",
                "params",
            ],
            Self::TriggerDag | Self::WaitForDagRun | Self::GetDagRun => RUN,
            Self::ListDagRuns => &["dag_runs", "dag_run_ids", "total", "is_complete"],
            Self::ListTaskInstances => &["task_instances", "total"],
            Self::GetTaskLog => {
                &["dag_id", "dag_run_id", "task_id", "map_index", "try_number", "state", "lines", "total_lines"]
            }
            Self::GetXcom => &["dag_id", "dag_run_id", "task_id", "map_index", "key", "value", "timestamp"],
            Self::PostDatasetEvent => {
                &["dataset_uri", "event_id", "timestamp", "mark", "extra", "consumers", "consumer_runs"]
            }
            Self::ListDatasets => &["datasets", "dataset_uris", "total"],
            Self::AssertDataset => &["dataset_uri", "name", "consumers"],
            Self::ListDatasetEvents => &["dataset_uri", "events", "total", "is_complete", "unreadable"],
            Self::AssertHealthy => &["metadatabase", "scheduler", "triggerer", "dag_processor"],
            Self::AssertNoImportErrors => &["import_errors", "filenames", "total"],
            Self::GetVariable => &["key", "value", "description", "is_default"],
            Self::AssertConnection => &["connection_id", "conn_type", "description"],
            Self::AssertPool => &[
                "pool_name",
                "description",
                "slots",
                "open_slots",
                "occupied_slots",
                "running_slots",
                "queued_slots",
                "scheduled_slots",
                "deferred_slots",
            ],
            Self::Print => &["text"],
            Self::Assert => &["assertions"],
            Self::SetVars => &["vars"],
            Self::Pause => &["seconds"],
            Self::Notify => &["sent", "failed", "webhooks"],
        }
    }

    /// Whether it changes something in Airflow.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self.effect(), Effect::Writes)
    }

    /// Whether it reads from Airflow and changes nothing, so that it can be done again as a whole.
    #[must_use]
    pub const fn is_reading(self) -> bool {
        matches!(self.effect(), Effect::Reads)
    }

    const fn effect(self) -> Effect {
        match self {
            Self::TriggerDag | Self::PostDatasetEvent => Effect::Writes,
            Self::Print | Self::Assert | Self::SetVars | Self::Pause | Self::Notify => Effect::None,
            Self::ListDags
            | Self::AssertDag
            | Self::WaitForDagRun
            | Self::GetDag
            | Self::GetDagRun
            | Self::ListDagRuns
            | Self::ListTaskInstances
            | Self::GetTaskLog
            | Self::GetXcom
            | Self::ListDatasets
            | Self::AssertDataset
            | Self::ListDatasetEvents
            | Self::AssertHealthy
            | Self::AssertNoImportErrors
            | Self::GetVariable
            | Self::AssertConnection
            | Self::AssertPool => Effect::Reads,
        }
    }
}

/// What an action does to Airflow.
enum Effect {
    /// It changes something.
    Writes,
    /// It asks and changes nothing.
    Reads,
    /// It does not ask it.
    None,
}

/// What a write changes in Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// It makes a DAG run.
    DagRun,
    /// It records an event of a dataset.
    DatasetEvent,
    /// It unpauses a DAG.
    Unpause,
    /// It clears the failed tasks of a DAG run.
    Clear,
}
