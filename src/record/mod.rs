//! What a run came to: the fold of its events.
//!
//! Exit code, reports and the last line all read one `RunRecord`, so that they can't disagree.

mod step;
mod way_on;
mod write;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::event::{Event, EventKind, RunResumed, RunStarted};
use crate::outcome::{Failure, FailureKind, InputSource, Section, StepOutcome};

pub use step::{EarlierRecord, StepRecord};
pub use way_on::WayOn;
pub use write::WriteRecord;

/// A run, as far as it has come.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and the report's")]
pub struct RunRecord {
    /// The run's id.
    pub run_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// The playbook's path.
    pub path: String,
    /// The commit the playbook is at.
    pub git_sha: Option<String>,
    /// The target's name.
    pub target: String,
    /// The API's base URL.
    pub base_url: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Who was running the playbook already, so that nothing was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// Whether it is a check, which sends nothing that changes anything.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_check: bool,
    /// How often it was resumed.
    #[serde(skip_serializing_if = "is_zero")]
    pub resumed: u32,
    /// How long it took, in milliseconds; none while it goes on.
    pub elapsed_ms: Option<u64>,
    /// Inputs with their values.
    pub inputs: Map<String, Value>,
    /// How many steps of the playbook the selection leaves out.
    pub left_out: usize,
    /// The steps that are run, in playbook order.
    pub steps: Vec<StepRecord>,
    /// What the run gives.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// Why an output could not be worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Warnings that belong to no step.
    pub warnings: Vec<String>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
    /// The time it had, in milliseconds, when that was up and ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// An event could not be kept, which ended it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_broken: bool,
    /// The number of the last event.
    #[serde(skip)]
    pub last_seq: u64,
    /// SHA-256 of the playbook's text.
    #[serde(skip)]
    pub text_sha256: String,
    /// The playbook's text, masked.
    #[serde(skip)]
    pub text: String,
    /// The inputs whose values are not kept.
    #[serde(skip)]
    pub withheld: Vec<String>,
    /// Where each input has its value from.
    #[serde(skip)]
    pub sources: BTreeMap<String, InputSource>,
    /// Whether the run's id was given by somebody.
    #[serde(skip)]
    pub is_id_given: bool,
    /// The folder it was started in, which its path belongs to.
    #[serde(skip)]
    pub folder: Option<String>,
    /// Whether results, captures and texts are not kept, for whoever shows none.
    #[serde(skip)]
    pub without_results: bool,
}

/// What a run came to, in the order in which it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every step passed or was skipped.
    Passed,
    /// A step failed; the first failure decides.
    Failed(FailureKind),
    /// A signal ended it.
    Interrupted(i32),
    /// The time it had was up.
    DeadlinePassed,
    /// An event could not be kept.
    Unrecorded,
}

impl RunRecord {
    /// Takes the next event in.
    pub fn apply(&mut self, event: &Event) {
        self.last_seq = event.seq;
        match &event.kind {
            EventKind::RunStarted(started) => self.start(started),
            EventKind::RunResumed(resumed) => self.resume(resumed),
            EventKind::StepStarted { step, name } => self.with(*step, |record| record.name.clone_from(name)),
            EventKind::TryFailed(tried) => self.with(tried.step, |record| record.tries.push(tried.clone())),
            EventKind::WriteAnnounced(write) => {
                let keeps_results = !self.without_results;
                self.with(write.step, |record| record.announce(write, keeps_results));
            }
            EventKind::WriteSettled { step, identity, fate } => {
                self.with(*step, |record| record.settle(identity, *fate));
            }
            EventKind::WriteShown(write) => self.with(write.step, |record| record.would.push(write.shown.clone())),
            EventKind::LeftOpen { step, condition, message } => self.with(*step, |record| {
                record.condition = record.condition.take().or_else(|| condition.clone());
                record.left_open.push(message.clone());
            }),
            EventKind::Warned { step: Some(step), message } => {
                self.with(*step, |record| record.warnings.push(message.clone()));
            }
            EventKind::Warned { step: None, message } => self.warnings.push(message.clone()),
            EventKind::StepFinished(finished) => {
                let keeps_results = !self.without_results;
                self.with(finished.step, |record| record.finish(finished, keeps_results));
            }
            EventKind::FailureRescued { step } => {
                self.with(*step, |record| record.outcome = Some(StepOutcome::Rescued));
            }
            EventKind::OutputsMade(made) => {
                self.outputs.clone_from(&made.outputs);
                self.failure.clone_from(&made.failure);
            }
            EventKind::Interrupted { signal } => self.signal = Some(*signal),
            EventKind::DeadlinePassed { deadline_ms } => self.deadline_ms = Some(*deadline_ms),
            EventKind::RunFinished { elapsed_ms } => self.elapsed_ms = Some(*elapsed_ms),
            EventKind::Waiting { .. } | EventKind::Printed { .. } => {}
        }
    }

    /// What the run came to. A write in doubt decides even before the signal or the deadline that left it so.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.is_broken {
            return Verdict::Unrecorded;
        }
        let first = self.first_failure();
        // What stands in `always` decides only when nothing else did.
        let is_late = first.is_some_and(|(step, _)| step.section == Section::Always);
        let failure = first.map(|(_, failure)| failure).or(self.failure.as_ref());
        match (failure, self.signal, self.deadline_ms) {
            (Some(failure), ..) if failure.kind == FailureKind::OutcomeUnknown => Verdict::Failed(failure.kind),
            (_, Some(signal), _) => Verdict::Interrupted(signal),
            (Some(failure), None, Some(_)) if !failure.kind.is_stop() && !is_late => Verdict::Failed(failure.kind),
            (_, None, Some(_)) => Verdict::DeadlinePassed,
            (Some(failure), None, None) => Verdict::Failed(failure.kind),
            (None, None, None) => Verdict::Passed,
        }
    }

    /// The failure that decides, with its step: that of a write in doubt, else the first.
    #[must_use]
    pub fn first_failure(&self) -> Option<(&StepRecord, &Failure)> {
        let in_doubt = self.failures().find(|(_, failure)| failure.kind == FailureKind::OutcomeUnknown);
        in_doubt.or_else(|| self.failures().next())
    }

    /// The failures that are neither ignored nor rescued, with their steps, in playbook order.
    pub fn failures(&self) -> impl Iterator<Item = (&StepRecord, &Failure)> {
        let is_over = |step: &StepRecord| matches!(step.outcome, Some(StepOutcome::Ignored | StepOutcome::Rescued));
        let counted = self.steps.iter().filter(move |step| !is_over(step));
        counted.filter_map(|step| step.failure.as_ref().map(|failure| (step, failure)))
    }

    /// The writes of steps that did not end, and those that are in doubt.
    pub fn open_writes(&self) -> impl Iterator<Item = &WriteRecord> {
        let open = |step: &&StepRecord| step.outcome.is_none();
        let in_doubt = |write: &&WriteRecord| write.is_in_doubt();
        let ended = self.steps.iter().filter(move |step| !open(step)).flat_map(|step| &step.writes);
        let unended = self.steps.iter().filter(open).flat_map(|step| &step.writes);
        ended.filter(in_doubt).chain(unended)
    }

    /// The steps of a list, in order.
    #[must_use]
    pub fn section(&self, section: Section) -> &[StepRecord] {
        let begin = self.steps.partition_point(|step| step.section < section);
        let end = self.steps.partition_point(|step| step.section <= section);
        self.steps.get(begin..end).unwrap_or_default()
    }

    /// A step's number in its list, counted from 1, and how many that list has: `2/3`, `rescue 1/2`.
    #[must_use]
    pub fn number(&self, step: usize) -> String {
        let Some(section) = self.steps.get(step).map(|step| step.section) else { return String::new() };
        let before = self.steps.partition_point(|step| step.section < section);
        let number = format!("{}/{}", (step + 1).saturating_sub(before), self.section(section).len());
        if section.is_steps() { number } else { format!("{} {number}", section.key()) }
    }

    /// How many steps ended so.
    #[must_use]
    pub fn count(&self, outcome: StepOutcome) -> usize {
        self.steps.iter().filter(|step| step.outcome == Some(outcome)).count()
    }

    fn start(&mut self, started: &RunStarted) {
        self.run_id.clone_from(&started.run_id);
        self.playbook.clone_from(&started.playbook);
        self.path.clone_from(&started.path);
        self.git_sha.clone_from(&started.git_sha);
        self.target.clone_from(&started.target);
        self.base_url.clone_from(&started.base_url);
        self.inputs.clone_from(&started.inputs);
        self.started_at = Some(started.started_at);
        self.left_out = started.left_out;
        self.held_by.clone_from(&started.held_by);
        self.is_check = started.is_check;
        self.is_id_given = started.is_id_given;
        self.folder.clone_from(&started.folder);
        self.steps = started.steps.iter().map(StepRecord::new).collect();
        if !self.without_results {
            self.text.clone_from(&started.text);
            self.text_sha256.clone_from(&started.text_sha256);
            self.withheld.clone_from(&started.withheld);
            self.sources.clone_from(&started.sources);
        }
    }

    /// Another attempt: what is done stays, and what is not begins anew, but for its writes.
    fn resume(&mut self, resumed: &RunResumed) {
        self.resumed += 1;
        self.git_sha.clone_from(&resumed.git_sha);
        self.base_url.clone_from(&resumed.base_url);
        self.left_out = resumed.left_out;
        if let Some(text) = &resumed.text {
            self.text.clone_from(text);
        }
        self.text_sha256.clone_from(&resumed.text_sha256);
        (self.signal, self.deadline_ms, self.is_broken) = (None, None, false);
        (self.elapsed_ms, self.failure) = (None, None);
        let before = std::mem::take(&mut self.steps).into_iter().map(|step| (step.id.clone(), step));
        let mut before: HashMap<String, StepRecord> = before.collect();
        for info in &resumed.steps {
            let mut step = before.remove(&info.id).unwrap_or_else(|| StepRecord::new(info));
            if !info.section.is_steps() {
                step.join(info);
            } else if resumed.again.contains(&step.id) {
                step.next_generation();
            } else if !step.is_done() {
                step.begin_anew();
            }
            self.steps.push(step);
        }
    }

    fn with(&mut self, step: usize, change: impl FnOnce(&mut StepRecord)) {
        if let Some(record) = self.steps.get_mut(step) {
            change(record);
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{StepFinished, StepInfo, TryFailed};
    use crate::outcome::ActionKind;

    fn event(seq: u64, kind: EventKind) -> Event {
        Event { v: 1, seq, at: Timestamp::UNIX_EPOCH, kind }
    }

    fn started(ids: &[&str]) -> EventKind {
        let steps = ids.iter().map(|id| StepInfo::new((*id).to_owned(), ActionKind::Print)).collect();
        EventKind::RunStarted(Box::new(RunStarted {
            run_id: "r".to_owned(),
            playbook: "p".to_owned(),
            path: "p.yaml".to_owned(),
            git_sha: None,
            text: String::new(),
            text_sha256: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            withheld: Vec::new(),
            sources: BTreeMap::new(),
            is_id_given: false,
            folder: None,
            target: "my".to_owned(),
            base_url: "http://h/api/v1".to_owned(),
            inputs: Map::new(),
            left_out: 0,
            held_by: None,
            is_check: false,
            steps,
        }))
    }

    fn finished(step: usize, failure: Option<Failure>) -> EventKind {
        let outcome = if failure.is_some() { StepOutcome::Failed } else { StepOutcome::Passed };
        EventKind::StepFinished(Box::new(StepFinished {
            step,
            outcome,
            result: None,
            failure,
            condition: None,
            captured: Map::new(),
            withheld: Vec::new(),
            unknown: Vec::new(),
            requests: 1,
            pages: 0,
            elapsed_ms: 5,
        }))
    }

    #[test]
    fn the_first_failure_decides_and_a_signal_decides_before_it() {
        let mut record = RunRecord::default();
        record.apply(&event(1, started(&["a", "b"])));
        record.apply(&event(2, finished(0, None)));
        assert_eq!(record.verdict(), Verdict::Passed);
        record.apply(&event(3, finished(1, Some(Failure::new(FailureKind::NotFound, "no such DAG")))));
        assert_eq!(record.verdict(), Verdict::Failed(FailureKind::NotFound));
        assert_eq!(record.first_failure().map(|(step, _)| step.id.as_str()), Some("b"));
        record.apply(&event(4, EventKind::Interrupted { signal: 2 }));
        assert_eq!(record.verdict(), Verdict::Interrupted(2));
    }

    #[test]
    fn tries_stay_inside_their_step() {
        let mut record = RunRecord::default();
        record.apply(&event(1, started(&["a"])));
        let tried = TryFailed {
            step: 0,
            request: "GET http://h".to_owned(),
            try_number: 1,
            attempts: 3,
            status: Some(503),
            message: "asleep".to_owned(),
            is_unknown: false,
            retry_in_ms: Some(1000),
        };
        record.apply(&event(2, EventKind::TryFailed(tried.clone())));
        assert_eq!(record.steps[0].tries, vec![tried]);
    }
}
