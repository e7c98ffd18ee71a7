//! What steps come to: the results of actions and the ways to fail.
//!
//! Plain data that events carry, records keep and templates read. Nothing here acts or draws.

mod failure;
mod result;

pub use failure::{FailedTask, Failure, FailureKind, Unmet};
pub use result::{
    ActionKind, ActionResult, Assertions, DagList, DagRunResult, DagSummary, DatasetEventResult, Printed,
};

use serde::{Deserialize, Serialize};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did what it says.
    Passed,
    /// Its `when` was false.
    Skipped,
    /// It failed.
    Failed,
    /// A signal or the end of the run stopped it on the way.
    Interrupted,
}

impl StepOutcome {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}
