//! The keys of the actions on DAG runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Count, Flag, Object, RenderedPeriod, Text};

/// `trigger_dag`: makes one DAG run and, with `wait`, follows it to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TriggerDag {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// A note that Airflow shows beside the run; at most 1000 characters. Default: playbook, step and who ran it.
    pub note: Option<Text>,
    /// The run's conf: a map.
    pub conf: Option<Object>,
    /// The run's logical date, RFC 3339 with an offset, such as `2026-10-01T00:00:00Z`.
    pub logical_date: Option<Text>,
    /// An id of your own for the run. Default: one that is made so that the run can't happen twice.
    pub dag_run_id: Option<Text>,
    /// When there is a run with your own `dag_run_id` already: `fail` (default), or `use` it and make none.
    pub if_exists: Option<IfExists>,
    /// One run for each value of this key, whoever asks and however often: a month, a file's name. The playbook needs a
    /// `name` and the step an `id`.
    #[schemars(extend("minLength" = 1))]
    pub once_per: Option<Text>,
    /// When the run of `once_per` is there and has failed: `fail` (default), `clear` its failed tasks and follow it, or make
    /// a `new` one.
    pub if_failed: Option<IfFailed>,
    /// When the run of `once_per` is there with another conf: `fail` (default) or `accept` it.
    pub if_differs: Option<IfDiffers>,
    /// What to do when the DAG has a queued or running run: `trigger` all the same (default), `skip` the step, `wait` until
    /// none is left, or `fail`.
    pub if_active: Option<IfActive>,
    /// Unpause the DAG before the run is made, and leave it so. Default false.
    pub unpause: Option<Flag>,
    /// Follow the run to its end: `true`, or how to.
    pub wait: Option<Wait>,
}

/// What to do when a run with the author's own id is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum IfExists {
    /// Fail, and make none.
    Fail,
    /// Take it for the step's own.
    Use,
}

/// What to do when the run of `once_per` has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum IfFailed {
    /// Fail, and make none.
    Fail,
    /// Clear its failed tasks, and follow it to its end.
    Clear,
    /// Make another one.
    New,
}

/// What to do when the run of `once_per` has another conf than would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum IfDiffers {
    /// Fail.
    Fail,
    /// Take it as it is.
    Accept,
}

/// What to do when the DAG has a run that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum IfActive {
    /// Make the run all the same.
    Trigger,
    /// Make no run; the step is skipped.
    Skip,
    /// Make the run when none is left.
    Wait,
    /// Make no run; the step fails.
    Fail,
}

/// Whether and how to follow a DAG run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "`true`, `false` or a map", "x-short" = "{ timeout: $ }"))]
pub enum Wait {
    /// `true`: follow it with the defaults.
    Switch(bool),
    /// Follow it so.
    Settings(WaitSettings),
}

/// How to follow a DAG run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct WaitSettings {
    /// How long to follow the run. Default 1h.
    pub timeout: Option<RenderedPeriod>,
    /// How long the run may stay `queued`. Default: as long as the timeout.
    pub queued_for: Option<RenderedPeriod>,
    /// How often to look.
    pub poll: Option<Poll>,
    /// How long the API may be away before the wait is given up. Default 10m.
    pub unreachable_for: Option<RenderedPeriod>,
    /// How many of the last log lines of each failed task to show. Default 20.
    pub log_lines: Option<Count>,
    /// `run` (default): the run must be a success. `all_success`: no task of it may have failed either.
    pub tasks: Option<WaitTasks>,
}

/// Which tasks of a run may have failed when the run is a success.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WaitTasks {
    /// Any: the run's own state counts.
    #[default]
    Run,
    /// None.
    AllSuccess,
}

/// `wait_for_dag_run`: follows a run that is there already to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct WaitForDagRun {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// The run's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_run_id: Text,
    /// How long to follow the run. Default 1h.
    pub timeout: Option<RenderedPeriod>,
    /// How long the run may stay `queued`. Default: as long as the timeout.
    pub queued_for: Option<RenderedPeriod>,
    /// How often to look.
    pub poll: Option<Poll>,
    /// How long the API may be away before the wait is given up. Default 10m.
    pub unreachable_for: Option<RenderedPeriod>,
    /// How many of the last log lines of each failed task to show. Default 20.
    pub log_lines: Option<Count>,
    /// `run` (default): the run must be a success. `all_success`: no task of it may have failed either.
    pub tasks: Option<WaitTasks>,
}

impl Wait {
    /// How to follow; none when it is not followed.
    #[must_use]
    pub fn settings(self) -> Option<WaitSettings> {
        match self {
            Self::Switch(false) => None,
            Self::Switch(true) => Some(WaitSettings::default()),
            Self::Settings(settings) => Some(settings),
        }
    }
}

impl WaitForDagRun {
    /// How to follow.
    #[must_use]
    pub fn settings(&self) -> WaitSettings {
        WaitSettings {
            timeout: self.timeout,
            queued_for: self.queued_for,
            poll: self.poll.clone(),
            unreachable_for: self.unreachable_for,
            log_lines: self.log_lines,
            tasks: self.tasks,
        }
    }
}

/// How often to look: from `every`, growing to `max_every`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Poll {
    /// The first interval. Default 2s.
    pub every: Option<RenderedPeriod>,
    /// The longest interval. Default 30s.
    pub max_every: Option<RenderedPeriod>,
}
