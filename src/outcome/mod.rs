//! What steps come to: the results of actions and the ways to fail.
//!
//! Plain data that events carry, records keep and templates read. Nothing here acts or draws.

mod action;
mod failed_task;
mod failure;
mod result;
mod unsent;

pub use action::{ALIASES, ActionKind, WriteKind};
pub use failed_task::{FailedTask, UnfinishedTask};
pub use failure::{Failure, FailureKind, Unmet};
pub use result::{
    ActionResult, Assertions, ComponentHealth, ConnectionResult, ConsumerRun, DagDetails, DagList, DagRunList,
    DagRunResult, DagSummary, DatasetEventList, DatasetEventResult, DatasetList, DatasetSummary, EventSummary,
    HealthResult, ImportErrorList, ImportErrorSummary, Notified, ParamSummary, Paused, PoolResult, Printed,
    RunReference, TaskInstanceList, TaskInstanceSummary, TaskLog, VariableResult, VarsSet, WebhookTold, XComResult,
};
pub use unsent::{ShownAuth, ShownRequest, ShownWrite, Unsent};

use serde::{Deserialize, Serialize};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did what it says.
    Passed,
    /// What it makes was made before, and is as it must be.
    Already,
    /// Its `when` was false.
    Skipped,
    /// It failed, and `ignore_errors` stands.
    Ignored,
    /// It failed, and the playbook's `rescue` has done its work.
    Rescued,
    /// It failed.
    Failed,
    /// A signal or the end of the run stopped it on the way.
    Interrupted,
    /// In a check: what it comes to is not known, since it would write, or depends on what would be written.
    Unknown,
}

impl StepOutcome {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Already,
        Self::Skipped,
        Self::Unknown,
        Self::Ignored,
        Self::Rescued,
        Self::Failed,
        Self::Interrupted,
    ];

    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Already => "already",
            Self::Skipped => "skipped",
            Self::Ignored => "ignored",
            Self::Rescued => "rescued",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
        }
    }
}

/// The lists of steps of a playbook, in the order in which they run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What the playbook is for.
    #[default]
    Steps,
    /// What runs when a step of these has failed.
    Rescue,
    /// What runs in any case, at the end.
    Always,
}

impl Section {
    /// Every one, in order.
    pub const ALL: [Self; 3] = [Self::Steps, Self::Rescue, Self::Always];

    /// The list's key in the playbook.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Rescue => "rescue",
            Self::Always => "always",
        }
    }

    /// Whether it is the playbook's `steps`.
    #[must_use]
    pub fn is_steps(&self) -> bool {
        *self == Self::Steps
    }
}

/// Where an input has its value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputSource {
    /// It was given for this run.
    Given,
    /// Its variable.
    Environment,
    /// Its default, or nothing.
    Default,
}
