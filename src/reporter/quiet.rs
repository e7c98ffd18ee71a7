//! A run in at most one line: nothing when all is well, so that cron mails only what somebody must read.

use crate::record::{RunRecord, Verdict};
use crate::reporter::summary;

/// The one line of a run that did not pass, with the command that goes on with it, where one does.
#[must_use]
pub fn line(record: &RunRecord, way_on: Option<&str>) -> Option<String> {
    if let Some(held_by) = &record.held_by {
        return Some(summary::skipped(&record.playbook, held_by));
    }
    if record.verdict() == Verdict::Passed {
        return None;
    }
    let why = summary::first_failure(record).map(|why| format!("; {why}")).unwrap_or_default();
    let run = way_on.map_or_else(|| format!("run {}", record.run_id), |way_on| format!("to go on: {way_on}"));
    let line = format!("{}: {}{why} ({run})", record.playbook, summary::of_run(record));
    Some(line.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_passed_says_nothing_and_another_says_one_line() {
        let mut record = RunRecord { playbook: "seed".to_owned(), elapsed_ms: Some(5), ..RunRecord::default() };
        assert_eq!(line(&record, Some("resume")), None);
        record.signal = Some(15);
        assert!(
            line(&record, None)
                .is_some_and(|line| line.starts_with("seed: stopped by SIGTERM in 5ms") && !line.contains('\n'))
        );
    }
}
