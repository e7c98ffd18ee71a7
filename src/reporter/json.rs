//! A run as one JSON document.

use serde::Serialize;
use serde_json::Value;

use crate::record::{RunRecord, Verdict};

/// The document: the record with what it came to.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The version of this form; 1.
    v: u32,
    /// `passed`, `skipped`, `failed` or `interrupted`.
    outcome: &'static str,
    /// The process's exit code.
    exit_code: u8,
    /// The command that goes on with it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    how_to_go_on: Option<String>,
    #[serde(flatten)]
    record: &'a RunRecord,
}

/// The report of a run.
///
/// # Errors
/// Never in practice: everything in a record can be written as JSON.
pub fn report(record: &RunRecord, exit_code: u8, how_to_go_on: Option<String>) -> Result<Value, serde_json::Error> {
    let outcome = match record.verdict() {
        Verdict::Passed if record.held_by.is_some() => "skipped",
        Verdict::Passed => "passed",
        Verdict::Failed(_) | Verdict::Unrecorded => "failed",
        Verdict::Interrupted(_) | Verdict::DeadlinePassed => "interrupted",
    };
    serde_json::to_value(Report { v: 1, outcome, exit_code, how_to_go_on, record })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_the_run_came_to() {
        let record = RunRecord { run_id: "r".to_owned(), ..RunRecord::default() };
        let report = report(&record, 0, None).expect("it is JSON");
        assert_eq!((&report["v"], &report["outcome"], &report["exit_code"]), (&1.into(), &"passed".into(), &0.into()));
        assert_eq!(report["run_id"], "r");
    }
}
