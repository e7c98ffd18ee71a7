//! The keys of the actions that read DAG runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airflow::model::RunState;
use crate::playbook::field::{Count, Text};

/// `get_dag_run`: reads one DAG run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GetDagRun {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// The run's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_run_id: Text,
}

/// `list_dag_runs`: the runs of a DAG, the one that was made last first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ListDagRuns {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// Only runs in this state, or in one of these.
    pub state: Option<RunStates>,
    /// Only runs whose logical date is not before this. A run without one, as most on Airflow 3, is left out.
    pub logical_date_gte: Option<Text>,
    /// Only runs whose logical date is not after this.
    pub logical_date_lte: Option<Text>,
    /// Only runs that started not before this.
    pub start_date_gte: Option<Text>,
    /// Only runs that started not after this.
    pub start_date_lte: Option<Text>,
    /// Only runs that ended not before this.
    pub end_date_gte: Option<Text>,
    /// Only runs that ended not after this.
    pub end_date_lte: Option<Text>,
    /// How many runs at most. Default 100.
    #[schemars(extend("minimum" = 1))]
    pub limit: Option<Count>,
}

/// One state of a run, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a state or a list of states"))]
pub enum RunStates {
    /// One.
    One(RunWord),
    /// Several.
    Many(#[schemars(length(min = 1))] Vec<RunWord>),
}

/// A state of a run, in Airflow's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RunWord {
    /// Accepted, not yet started.
    Queued,
    /// At least one task is being worked on.
    Running,
    /// Ended well.
    Success,
    /// Ended with a failed task.
    Failed,
}

impl RunStates {
    /// Every one.
    #[must_use]
    pub fn states(&self) -> Vec<RunState> {
        let words = match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        };
        words.iter().map(|word| word.state()).collect()
    }
}

impl RunWord {
    const fn state(self) -> RunState {
        match self {
            Self::Queued => RunState::Queued,
            Self::Running => RunState::Running,
            Self::Success => RunState::Success,
            Self::Failed => RunState::Failed,
        }
    }
}
