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
    /// Makes a DAG run.
    TriggerDag,
    /// Tells Airflow that a dataset has changed.
    PostDatasetEvent,
    /// Writes text to stdout.
    Print,
    /// Fails unless expressions hold.
    Assert,
    /// Gives names their values.
    SetVars,
    /// Lets time pass.
    Pause,
}

impl ActionKind {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::ListDags,
        Self::AssertDag,
        Self::TriggerDag,
        Self::PostDatasetEvent,
        Self::Print,
        Self::Assert,
        Self::SetVars,
        Self::Pause,
    ];

    /// The action's key in a step.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::ListDags => "list_dags",
            Self::AssertDag => "assert_dag",
            Self::TriggerDag => "trigger_dag",
            Self::PostDatasetEvent => "post_dataset_event",
            Self::Print => "print",
            Self::Assert => "assert",
            Self::SetVars => "set_vars",
            Self::Pause => "pause",
        }
    }

    /// The action with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The names of the fields in its result.
    #[must_use]
    pub const fn result_fields(self) -> &'static [&'static str] {
        match self {
            Self::ListDags => &["dags", "dag_ids", "total"],
            Self::AssertDag => {
                &["dag_id", "description", "is_paused", "is_stale", "has_import_errors", "tags", "owners"]
            }
            Self::TriggerDag => &[
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
            ],
            Self::PostDatasetEvent => &["dataset_uri", "event_id", "timestamp", "mark", "extra", "consumers"],
            Self::Print => &["text"],
            Self::Assert => &["assertions"],
            Self::SetVars => &["vars"],
            Self::Pause => &["seconds"],
        }
    }

    /// Whether it changes something in Airflow.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::TriggerDag | Self::PostDatasetEvent => true,
            Self::ListDags | Self::AssertDag | Self::Print | Self::Assert | Self::SetVars | Self::Pause => false,
        }
    }

    /// Whether it reads from Airflow and changes nothing, so that it can be done again as a whole.
    #[must_use]
    pub const fn is_reading(self) -> bool {
        match self {
            Self::ListDags | Self::AssertDag => true,
            Self::TriggerDag | Self::PostDatasetEvent | Self::Print | Self::Assert | Self::SetVars | Self::Pause => {
                false
            }
        }
    }
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
