//! Why a step failed.
//!
//! A failure is a value: typed, serialisable, carried by events and read by reports and by the exit code.

use serde::{Deserialize, Serialize};

use crate::outcome::{FailedTask, UnfinishedTask};
use crate::source::Location;

/// The kinds of failure; reports show them in `snake_case`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// An `expect` or `assert` did not hold.
    Expectation,
    /// An `until` did not become true in time.
    UntilNotTrue,
    /// A template or expression could not be worked out, or gave the wrong type.
    Template,
    /// Airflow does not know the DAG, the run, the dataset, or whatever is asked for.
    NotFound,
    /// It is there but not as it must be: a DAG is stale or paused, a pool is full, a part of Airflow is unhealthy.
    NotReady,
    /// The DAG run ended `failed`.
    DagRunFailed,
    /// The wait ran out while the DAG run goes on.
    WaitTimedOut,
    /// The DAG run stayed `queued` for longer than allowed.
    QueuedTooLong,
    /// Somebody paused the DAG while its run was waited for.
    DagPaused,
    /// The DAG run was there and is gone.
    Vanished,
    /// The step's own `timeout` ran out.
    TimedOut,
    /// The API can't be reached.
    Unreachable,
    /// The credential is not accepted or has not the right.
    Authentication,
    /// Airflow answered that it will not do this.
    Rejected,
    /// Airflow, or something before it, answered with an error of its own.
    ServerError,
    /// A write may or may not have happened, and it could not be found out.
    OutcomeUnknown,
    /// A dataset has no consumer that would run, and `consumers: require` stands.
    NoConsumer,
    /// An event that is to be posted once was posted by another run at the same moment, too, and that one is older.
    DuplicateEvent,
    /// A value that must not leave was about to.
    SecretLeak,
    /// A signal ended the run.
    Interrupted,
    /// The time of the whole run was up.
    DeadlinePassed,
}

impl FailureKind {
    /// Whether nothing went wrong with the step itself: the run was stopped.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::Interrupted | Self::DeadlinePassed)
    }
}

/// An expectation that did not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unmet {
    /// The expression.
    pub expression: String,
    /// The author's own words for it.
    pub message: Option<String>,
    /// What the expression gave, when not `false`.
    pub gave: Option<String>,
    /// The names in it with their values, as JSON text.
    pub values: Vec<(String, String)>,
    /// Where it stands in the playbook.
    pub location: Option<Location>,
}

/// Why a step failed, with everything a person needs to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// One sentence: lower case, no full stop.
    pub message: String,
    /// The place in the playbook that is to blame, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Further facts, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The failed tasks of a failed DAG run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tasks: Vec<FailedTask>,
    /// The tasks that were not done when the wait for a DAG run ended before the run did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished_tasks: Vec<UnfinishedTask>,
    /// The expectations that did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<Unmet>,
}

impl Failure {
    /// A failure with its sentence; the rest is added by the `with_` methods.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            location: None,
            notes: Vec::new(),
            help: None,
            failed_tasks: Vec::new(),
            unfinished_tasks: Vec::new(),
            unmet: Vec::new(),
        }
    }

    /// Names the place that is to blame.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Names the place that is to blame, where one is known.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location.or(self.location);
        self
    }

    /// Adds a line of fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
