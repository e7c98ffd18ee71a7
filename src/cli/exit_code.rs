//! The exit codes, the one documented table of them.
//!
//! In: nothing. Out: numbers and their meanings. Which one a run ends with is decided where the run's record is read.

use crate::airflow::error::ApiError;
use crate::outcome::FailureKind;
use crate::record::Verdict;

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// All passed, ignored, rescued, skipped or already done.
    Success = 0,
    /// A step, an assertion or a DAG run failed.
    Failed = 1,
    /// The command line or the playbook is wrong.
    Usage = 2,
    /// The API can't be reached, after retries.
    Unreachable = 3,
    /// Airflow refused the credential or the right.
    Denied = 4,
    /// The wait or the deadline ran out while the DAG run goes on.
    TimedOut = 5,
    /// The selection matched no step.
    NothingSelected = 6,
    /// A write may or may not have happened.
    OutcomeUnknown = 7,
    /// A bug in this program.
    Bug = 70,
    /// The journal, the state directory, a report or stdout can't be written.
    CannotWrite = 74,
    /// Another run holds the lock.
    Locked = 75,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    /// Every exit code, in ascending order.
    pub const ALL: [Self; 14] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::Unreachable,
        Self::Denied,
        Self::TimedOut,
        Self::NothingSelected,
        Self::OutcomeUnknown,
        Self::Bug,
        Self::CannotWrite,
        Self::Locked,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The code of a run that came to this.
    #[must_use]
    pub const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Success,
            Verdict::Failed(kind) => Self::of_failure(kind),
            Verdict::Interrupted(signal) => Self::of_signal(signal),
            Verdict::DeadlinePassed => Self::TimedOut,
            Verdict::Unrecorded => Self::CannotWrite,
        }
    }

    /// The code of a process that this signal ended.
    #[must_use]
    pub const fn of_signal(signal: i32) -> Self {
        match signal {
            1 => Self::HungUp,
            15 => Self::Terminated,
            _ => Self::Interrupted,
        }
    }

    /// The code of a command that could not ask Airflow.
    #[must_use]
    pub const fn of_error(error: &ApiError) -> Self {
        if error.is_unreachable() {
            Self::Unreachable
        } else if error.is_auth() {
            Self::Denied
        } else {
            Self::Failed
        }
    }

    const fn of_failure(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Unreachable => Self::Unreachable,
            FailureKind::Authentication => Self::Denied,
            FailureKind::WaitTimedOut | FailureKind::QueuedTooLong | FailureKind::DeadlinePassed => Self::TimedOut,
            FailureKind::OutcomeUnknown => Self::OutcomeUnknown,
            FailureKind::Interrupted => Self::Interrupted,
            FailureKind::Expectation
            | FailureKind::UntilNotTrue
            | FailureKind::Template
            | FailureKind::NotFound
            | FailureKind::NotReady
            | FailureKind::DagRunFailed
            | FailureKind::DagPaused
            | FailureKind::Vanished
            | FailureKind::TimedOut
            | FailureKind::Rejected
            | FailureKind::ServerError
            | FailureKind::NoConsumer
            | FailureKind::DuplicateEvent
            | FailureKind::SecretLeak => Self::Failed,
        }
    }

    /// The number that the process ends with.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// What it means, in one line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "all passed, ignored, rescued, skipped or already done",
            Self::Failed => "a step, an assertion or a DAG run failed",
            Self::Usage => "the command line or the playbook is wrong",
            Self::Unreachable => "the API can't be reached (asleep, DNS, TLS, refused), after retries",
            Self::Denied => "authentication or permission",
            Self::TimedOut => "the wait or the deadline ran out while the DAG run goes on",
            Self::NothingSelected => "the selection matched no step",
            Self::OutcomeUnknown => "a write may or may not have happened; the last lines say what to look at",
            Self::Bug => "a bug in this program",
            Self::CannotWrite => "the journal, the state directory, a report or stdout can't be written",
            Self::Locked => "another run holds the lock",
            Self::HungUp => "ended by SIGHUP",
            Self::Interrupted => "ended by SIGINT",
            Self::Terminated => "ended by SIGTERM",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.as_u8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_documented_one() {
        let numbers: Vec<u8> = ExitCode::ALL.iter().map(|code| code.as_u8()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 70, 74, 75, 129, 130, 143]);
    }

    #[test]
    fn every_meaning_is_one_line_of_its_own() {
        let meanings: std::collections::BTreeSet<&str> = ExitCode::ALL.iter().map(|code| code.meaning()).collect();
        assert_eq!(meanings.len(), ExitCode::ALL.len());
        assert!(meanings.iter().all(|meaning| !meaning.contains('\n') && !meaning.ends_with('.')));
    }
}
