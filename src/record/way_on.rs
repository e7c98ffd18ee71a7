//! What helps after a run that did not pass: decided by how it failed, and by what it has done.

use crate::event::WriteFate;
use crate::outcome::{ActionKind, FailureKind, StepOutcome};
use crate::record::{RunRecord, StepRecord, Verdict};

/// What helps after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOn<'a> {
    /// It is at its end, or nothing that is known here helps.
    Nothing,
    /// Nothing was done, so all of it can be repeated.
    RunAgain,
    /// To go on where it ended.
    Resume,
    /// To go on once the playbook is another one: as it is, it comes to the same.
    ResumeChanged,
    /// To clear the failed tasks of this step's DAG run, and go on.
    Clear(&'a str),
    /// To have this step write anew, and go on.
    Again(&'a str),
}

impl RunRecord {
    /// What helps, now that the run has ended so.
    #[must_use]
    pub fn way_on(&self) -> WayOn<'_> {
        if self.steps.is_empty() || self.held_by.is_some() || self.is_check {
            return WayOn::Nothing;
        }
        match self.verdict() {
            Verdict::Passed if self.elapsed_ms.is_some() => WayOn::Nothing,
            Verdict::Passed | Verdict::Interrupted(_) | Verdict::DeadlinePassed | Verdict::Unrecorded => WayOn::Resume,
            Verdict::Failed(kind) => self.way_on_after(kind),
        }
    }

    fn way_on_after(&self, kind: FailureKind) -> WayOn<'_> {
        // Without one it is an output that could not be worked out.
        let Some((step, _)) = self.first_failure() else { return WayOn::ResumeChanged };
        if !step.section.is_steps() {
            return WayOn::Resume;
        }
        // An id that was given is taken now.
        let is_begun = self.is_id_given || self.steps.iter().any(has_done);
        match step_way_on(step, kind) {
            WayOn::Resume if !is_begun => WayOn::RunAgain,
            WayOn::ResumeChanged if !is_begun => WayOn::Nothing,
            way_on => way_on,
        }
    }
}

/// Whether a step has read or written something, so that repeating all of it is not the same.
fn has_done(step: &StepRecord) -> bool {
    let is_done = step.is_done() && step.outcome != Some(StepOutcome::Skipped);
    let is_written = step.writes.iter().any(|write| write.fate != Some(WriteFate::Refused));
    is_written || (is_done && !is_local(step.action))
}

/// Whether it asks nobody and tells nobody.
fn is_local(action: ActionKind) -> bool {
    !action.is_write() && !action.is_reading() && action != ActionKind::Notify
}

fn step_way_on(step: &StepRecord, kind: FailureKind) -> WayOn<'_> {
    let is_trigger = step.action == ActionKind::TriggerDag;
    match kind {
        FailureKind::DagRunFailed if is_trigger => WayOn::Clear(&step.id),
        FailureKind::Vanished if is_trigger => WayOn::Again(&step.id),
        FailureKind::Expectation if is_local(step.action) => WayOn::ResumeChanged,
        FailureKind::Template | FailureKind::SecretLeak => WayOn::ResumeChanged,
        FailureKind::Expectation
        | FailureKind::UntilNotTrue
        | FailureKind::NotFound
        | FailureKind::NotReady
        | FailureKind::DagRunFailed
        | FailureKind::WaitTimedOut
        | FailureKind::QueuedTooLong
        | FailureKind::DagPaused
        | FailureKind::Vanished
        | FailureKind::TimedOut
        | FailureKind::Unreachable
        | FailureKind::Authentication
        | FailureKind::Rejected
        | FailureKind::ServerError
        | FailureKind::OutcomeUnknown
        | FailureKind::NoConsumer
        | FailureKind::DuplicateEvent
        | FailureKind::Interrupted
        | FailureKind::DeadlinePassed => WayOn::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StepInfo;
    use crate::outcome::{Failure, Section};

    fn record(action: ActionKind, kind: FailureKind, has_done: bool) -> RunRecord {
        let mut first = StepRecord::new(&StepInfo::new("look".to_owned(), ActionKind::GetDag));
        first.outcome = has_done.then_some(StepOutcome::Passed);
        let mut step = StepRecord::new(&StepInfo::new("load".to_owned(), action));
        (step.outcome, step.failure) = (Some(StepOutcome::Failed), Some(Failure::new(kind, "it")));
        RunRecord { run_id: "r".to_owned(), elapsed_ms: Some(1), steps: vec![first, step], ..RunRecord::default() }
    }

    #[test]
    fn what_helps_depends_on_how_it_failed_and_on_what_is_done() {
        use ActionKind::{Assert, GetDag, TriggerDag, WaitForDagRun};
        use FailureKind::{Authentication, DagRunFailed, Expectation, OutcomeUnknown, Template, Unreachable, Vanished};
        for (action, kind, with_something_done, with_nothing) in [
            (TriggerDag, DagRunFailed, WayOn::Clear("load"), WayOn::Clear("load")),
            (TriggerDag, Vanished, WayOn::Again("load"), WayOn::Again("load")),
            (TriggerDag, Unreachable, WayOn::Resume, WayOn::RunAgain),
            (TriggerDag, Authentication, WayOn::Resume, WayOn::RunAgain),
            (TriggerDag, OutcomeUnknown, WayOn::Resume, WayOn::RunAgain),
            (TriggerDag, Template, WayOn::ResumeChanged, WayOn::Nothing),
            (WaitForDagRun, DagRunFailed, WayOn::Resume, WayOn::RunAgain),
            (GetDag, Expectation, WayOn::Resume, WayOn::RunAgain),
            (Assert, Expectation, WayOn::ResumeChanged, WayOn::Nothing),
        ] {
            assert_eq!(record(action, kind, true).way_on(), with_something_done, "{action:?} {kind:?}");
            assert_eq!(record(action, kind, false).way_on(), with_nothing, "{action:?} {kind:?}");
        }
        let given = RunRecord { is_id_given: true, ..record(GetDag, Unreachable, false) };
        assert_eq!(given.way_on(), WayOn::Resume, "the id that was given is taken");
    }

    #[test]
    fn a_run_that_passed_was_skipped_or_only_checked_has_no_way_on_and_one_that_was_stopped_has() {
        let failed = || record(ActionKind::GetDag, FailureKind::Unreachable, true);
        let skipped = RunRecord { held_by: Some("another".to_owned()), ..failed() };
        let check = RunRecord { is_check: true, ..failed() };
        assert_eq!((skipped.way_on(), check.way_on()), (WayOn::Nothing, WayOn::Nothing));
        let mut stopped = failed();
        stopped.steps.truncate(1);
        assert_eq!(stopped.way_on(), WayOn::Nothing, "it passed");
        stopped.signal = Some(15);
        assert_eq!(stopped.way_on(), WayOn::Resume);
        stopped.steps[0].section = Section::Always;
        stopped.elapsed_ms = None;
        assert_eq!(RunRecord { signal: None, ..stopped }.way_on(), WayOn::Resume, "its process was killed");
    }
}
