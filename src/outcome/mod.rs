//! What steps come to: the results of actions and the ways to fail.
//!
//! Plain data that events carry, records keep and templates read. Nothing here acts or draws.

mod failure;
mod result;

pub use failure::{FailedTask, Failure, FailureKind, Unmet};
pub use result::{
    ActionKind, ActionResult, Assertions, DagList, DagRunResult, DagSummary, DatasetEventResult, Paused, Printed,
    VarsSet, WriteKind,
};

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
    /// It failed.
    Failed,
    /// A signal or the end of the run stopped it on the way.
    Interrupted,
}

impl StepOutcome {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 6] =
        [Self::Passed, Self::Already, Self::Skipped, Self::Ignored, Self::Failed, Self::Interrupted];

    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Already => "already",
            Self::Skipped => "skipped",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
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
