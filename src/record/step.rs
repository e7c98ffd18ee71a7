//! A step of a run, as far as it has come: what its events say of it, folded.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::event::{StepFinished, StepInfo, TryFailed, WriteAnnounced, WriteFate};
use crate::outcome::{ActionKind, ActionResult, Failure, Section, ShownWrite, StepOutcome};
use crate::record::WriteRecord;

/// What a step came to before its writes were made anew.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EarlierRecord {
    /// How often its writes had been made anew on purpose by then.
    pub generation: u32,
    /// For a step of `rescue` or `always`: the resume that it belonged to.
    pub attempt: u32,
    /// How it ended; none when it did not.
    pub outcome: Option<StepOutcome>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The writes it announced, in order.
    pub writes: Vec<WriteRecord>,
}

/// A step, as far as it has come.
#[derive(Debug, Clone, Serialize)]
pub struct StepRecord {
    /// The step's id.
    pub id: String,
    /// The list it stands in.
    pub section: Section,
    /// Its name as people read it; empty before it began.
    pub name: String,
    /// Its action.
    pub action: ActionKind,
    /// How it ended; none when it did not.
    pub outcome: Option<StepOutcome>,
    /// What its action gave.
    pub result: Option<ActionResult>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What it captured.
    pub captured: Map<String, Value>,
    /// The captures whose values are not kept.
    #[serde(skip)]
    pub withheld: Vec<String>,
    /// How often its writes were made anew on purpose.
    #[serde(skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// Whether it was asked to write anew and has not begun to.
    #[serde(skip)]
    pub is_anew: bool,
    /// For a step of `rescue` or `always`: the resume that its writes belong to.
    #[serde(skip)]
    pub attempt: u32,
    /// The tries that failed, in order.
    pub tries: Vec<TryFailed>,
    /// The writes it announced, in order.
    pub writes: Vec<WriteRecord>,
    /// What it came to before its writes were made anew, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierRecord>,
    /// Its `when`, where that was false, or in a check can't be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// In a check: the writes that it would make.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would: Vec<ShownWrite>,
    /// In a check: what is left out, or can't be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_open: Vec<String>,
    /// In a check: the captures whose values can't be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// How many requests it sent.
    pub requests: u32,
    /// How long it took, in milliseconds.
    pub elapsed_ms: Option<u64>,
}

impl StepRecord {
    /// Whether it ended so that the run went on after it.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self.outcome {
            Some(
                StepOutcome::Passed
                | StepOutcome::Already
                | StepOutcome::Skipped
                | StepOutcome::Ignored
                | StepOutcome::Rescued,
            ) => true,
            Some(StepOutcome::Failed | StepOutcome::Interrupted | StepOutcome::Unknown) | None => false,
        }
    }

    /// Begins anew with another attempt of the run; what it wrote in an earlier one is done with.
    pub(super) fn join(&mut self, info: &StepInfo) {
        if self.attempt != info.attempt || self.section != info.section {
            self.set_aside();
        }
        (self.section, self.attempt) = (info.section, info.attempt);
        self.begin_anew();
    }

    /// Makes its writes anew on purpose.
    pub(super) fn next_generation(&mut self) {
        self.set_aside();
        self.generation += 1;
        self.is_anew = true;
        self.begin_anew();
    }

    /// Keeps what it came to, and its writes, for whoever looks; they count no more.
    fn set_aside(&mut self) {
        if self.writes.is_empty() {
            return;
        }
        self.earlier.push(EarlierRecord {
            generation: self.generation,
            attempt: self.attempt,
            outcome: self.outcome,
            failure: self.failure.clone(),
            writes: std::mem::take(&mut self.writes),
        });
    }

    /// In a check: whether it may write, and could not show what.
    #[must_use]
    pub fn has_unshown_write(&self) -> bool {
        self.outcome == Some(StepOutcome::Unknown) && self.action.is_write() && self.would.is_empty()
    }

    /// Forgets how it ended.
    pub(super) fn begin_anew(&mut self) {
        (self.outcome, self.result, self.failure, self.elapsed_ms) = (None, None, None, None);
        self.condition = None;
        self.captured.clear();
        self.withheld.clear();
    }

    pub(super) fn new(info: &StepInfo) -> Self {
        Self {
            id: info.id.clone(),
            section: info.section,
            attempt: info.attempt,
            name: String::new(),
            action: info.action,
            outcome: None,
            result: None,
            failure: None,
            captured: Map::new(),
            withheld: Vec::new(),
            generation: 0,
            is_anew: false,
            tries: Vec::new(),
            writes: Vec::new(),
            earlier: Vec::new(),
            condition: None,
            would: Vec::new(),
            left_open: Vec::new(),
            unknown: Vec::new(),
            warnings: Vec::new(),
            requests: 0,
            elapsed_ms: None,
        }
    }

    pub(super) fn announce(&mut self, write: &WriteAnnounced, keeps_arguments: bool) {
        let (identity, subject) = (write.identity.clone(), write.subject.clone());
        let arguments = if keeps_arguments { write.arguments.clone() } else { Value::Null };
        self.is_anew = false;
        self.writes.retain(|known| known.identity != identity);
        self.writes.push(WriteRecord { write: write.write, identity, subject, arguments, fate: None });
    }

    pub(super) fn settle(&mut self, identity: &str, fate: WriteFate) {
        if let Some(write) = self.writes.iter_mut().find(|write| write.identity == identity) {
            write.fate = Some(fate);
        }
    }

    pub(super) fn finish(&mut self, finished: &StepFinished, keeps_results: bool) {
        self.outcome = Some(finished.outcome);
        self.failure.clone_from(&finished.failure);
        if keeps_results {
            self.result.clone_from(&finished.result);
            self.captured.clone_from(&finished.captured);
            self.withheld.clone_from(&finished.withheld);
        }
        self.condition = finished.condition.clone().or_else(|| self.condition.take());
        self.unknown.clone_from(&finished.unknown);
        self.requests = finished.requests;
        self.elapsed_ms = Some(finished.elapsed_ms);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}
