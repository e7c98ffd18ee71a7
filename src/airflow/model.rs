//! Airflow's words: the states and rules that Airflow 2 and Airflow 3 share.
//!
//! No shape of an answer lives here; `v1` and `v2` own those. The sandbox and the playbook use these words too.

use serde::{Deserialize, Serialize};

/// The state of a DAG run, as both APIs spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Accepted, not yet started.
    Queued,
    /// At least one task is being worked on.
    Running,
    /// Ended well.
    Success,
    /// Ended with a failed task.
    Failed,
}

impl RunState {
    /// Whether the run has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }

    /// The word Airflow uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

/// The two REST APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiVersion {
    /// Airflow 2, under `/api/v1`.
    V1,
    /// Airflow 3, under `/api/v2`.
    V2,
}

impl ApiVersion {
    /// `v1` or `v2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// The most characters a note may have: v1 refuses 1001 with 400; v2's trigger takes more, but its PATCH does not.
pub const NOTE_MAX_CHARS: usize = 1000;

/// The longest `dag_run_id` we send: Airflow makes a folder `run_id=<id>` of it, and over 248 bytes the run fails.
pub const DAG_RUN_ID_MAX: usize = 200;

/// Prefixes of run ids that Airflow 2 or Airflow 3 keeps for itself.
pub const RESERVED_RUN_ID_PREFIXES: [&str; 6] = [
    "scheduled__",
    "backfill__",
    "dataset_triggered__",
    "asset_triggered__",
    "operator_triggered__",
    "asset_materialization__",
];

/// Why a `dag_run_id` would be refused, or would break a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRunId {
    /// No characters at all; Airflow would make up an id of its own.
    #[error("a `dag_run_id` can't be empty")]
    Empty,
    /// More than [`DAG_RUN_ID_MAX`] bytes.
    #[error("a `dag_run_id` has at most {DAG_RUN_ID_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside `A-Z a-z 0-9 _ . ~ : + -`.
    #[error("a `dag_run_id` has only letters, digits and `_ . ~ : + -`, not {0:?}")]
    Character(char),
    /// Two dots in a row.
    #[error("a `dag_run_id` can't be `.` or hold `..`")]
    TwoDots,
    /// A prefix that Airflow keeps for itself.
    #[error("`{0}` starts the ids that Airflow makes itself")]
    Reserved(&'static str),
}

/// Checks a `dag_run_id` against the rules that hold on every Airflow 2 and 3.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_dag_run_id(id: &str) -> Result<(), BadRunId> {
    if id.is_empty() {
        return Err(BadRunId::Empty);
    }
    if let Some(bad) = id.chars().find(|c| !(c.is_ascii_alphanumeric() || "_.~:+-".contains(*c))) {
        return Err(BadRunId::Character(bad));
    }
    if id.len() > DAG_RUN_ID_MAX {
        return Err(BadRunId::TooLong(id.len()));
    }
    if id == "." || id.contains("..") {
        return Err(BadRunId::TwoDots);
    }
    match RESERVED_RUN_ID_PREFIXES.iter().find(|prefix| id.starts_with(**prefix)) {
        Some(prefix) => Err(BadRunId::Reserved(prefix)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_that_airflow_takes_pass_and_the_others_name_their_rule() {
        for good in ["a", "manual__2026-11-22T23:50:06.950578+00:00", "x~y_z.1", &"a".repeat(200)] {
            assert_eq!(check_dag_run_id(good), Ok(()), "{good}");
        }
        let bad = [
            ("", BadRunId::Empty),
            ("a b", BadRunId::Character(' ')),
            ("ü", BadRunId::Character('ü')),
            ("a..b", BadRunId::TwoDots),
            ("scheduled__1", BadRunId::Reserved("scheduled__")),
            ("asset_materialization__x", BadRunId::Reserved("asset_materialization__")),
        ];
        for (id, reason) in bad {
            assert_eq!(check_dag_run_id(id), Err(reason), "{id}");
        }
        assert_eq!(check_dag_run_id(&"a".repeat(201)), Err(BadRunId::TooLong(201)));
    }
}
