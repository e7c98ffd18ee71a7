//! The keys of the actions on task instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Count, Text};

/// `list_task_instances`: the task instances of a DAG run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ListTaskInstances {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// The run's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_run_id: Text,
    /// Only instances in this state, or in one of these; `none` for those that are not scheduled yet.
    pub state: Option<TaskStates>,
    /// Only the instances of this task.
    #[schemars(extend("minLength" = 1))]
    pub task_id: Option<Text>,
}

/// `get_task_log`: the log of one try of a task instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GetTaskLog {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// The run's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_run_id: Text,
    /// The task's id.
    #[schemars(extend("minLength" = 1))]
    pub task_id: Text,
    /// Which instance of a mapped task, from 0.
    pub map_index: Option<Count>,
    /// Which try, from 1. Default: the last one.
    #[schemars(extend("minimum" = 1))]
    pub try_number: Option<Count>,
    /// How many of the last lines. Default 1000.
    pub log_lines: Option<Count>,
}

/// `get_xcom`: what a task handed over, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GetXcom {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// The run's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_run_id: Text,
    /// The task's id.
    #[schemars(extend("minLength" = 1))]
    pub task_id: Text,
    /// Which instance of a mapped task, from 0.
    pub map_index: Option<Count>,
    /// Its key. Default `return_value`: what the task returned.
    #[schemars(extend("minLength" = 1))]
    pub key: Option<Text>,
}

/// One state of a task instance, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a state or a list of states"))]
pub enum TaskStates {
    /// One.
    One(TaskWord),
    /// Several.
    Many(#[schemars(length(min = 1))] Vec<TaskWord>),
}

/// A state of a task instance, in Airflow's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TaskWord {
    /// Not scheduled yet.
    None,
    /// What it waits for is done.
    Scheduled,
    /// Waits for a worker.
    Queued,
    /// A worker has it in hand.
    Running,
    /// Ended well.
    Success,
    /// Ended badly.
    Failed,
    /// Failed, and is tried again.
    UpForRetry,
    /// A sensor that looks again later.
    UpForReschedule,
    /// Not run, since what it waits for failed.
    UpstreamFailed,
    /// Not run, by decision.
    Skipped,
    /// The triggerer waits for it.
    Deferred,
    /// Was cleared while it ran.
    Restarting,
    /// Its task is not in the DAG any more.
    Removed,
}

impl TaskStates {
    /// Whether a state is one of them.
    #[must_use]
    pub fn hold(&self, state: Option<&str>) -> bool {
        let words = match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        };
        words.iter().any(|word| word.as_str() == state)
    }
}

impl TaskWord {
    /// The state as Airflow's answers have it.
    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Scheduled => Some("scheduled"),
            Self::Queued => Some("queued"),
            Self::Running => Some("running"),
            Self::Success => Some("success"),
            Self::Failed => Some("failed"),
            Self::UpForRetry => Some("up_for_retry"),
            Self::UpForReschedule => Some("up_for_reschedule"),
            Self::UpstreamFailed => Some("upstream_failed"),
            Self::Skipped => Some("skipped"),
            Self::Deferred => Some("deferred"),
            Self::Restarting => Some("restarting"),
            Self::Removed => Some("removed"),
        }
    }
}
