//! What an earlier attempt of the run left of each step, so that nothing is done twice.
//!
//! In: the record of the run so far. Out: steps that know what is done, what was written, and which generation they make.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::outcome::{ActionKind, Failure, StepOutcome};
use crate::plan::PlannedStep;
pub use crate::record::WriteRecord;
use crate::record::{RunRecord, StepRecord};

/// What an earlier attempt left of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Past {
    /// Nothing that counts: it is run.
    #[default]
    None,
    /// It is done and is not run again.
    Done(Box<Done>),
    /// It announced writes; what became of them is looked at first.
    Begun(Vec<WriteRecord>),
}

/// A step that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// How it ended.
    pub outcome: StepOutcome,
    /// Why it failed, when that was ignored.
    pub failure: Option<Failure>,
    /// What it captured.
    pub captured: Map<String, Value>,
    /// The captures whose values were not kept.
    pub withheld: Vec<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Another attempt of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempt {
    /// The number of the last event of the attempts before.
    pub last_seq: u64,
    /// The ids of the steps whose writes are made anew.
    pub again: Vec<String>,
    /// The ids of the steps whose DAG run is cleared if it has failed.
    pub clear: Vec<String>,
    /// The playbook is another one than before.
    pub is_changed: bool,
}

/// Tells the steps of a plan what the attempts before have left of them.
pub(super) fn remember(steps: &mut [PlannedStep], attempt: &Attempt, record: &RunRecord) {
    let before: HashMap<&str, &StepRecord> = record.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    for step in steps {
        let known = before.get(step.id.as_str());
        if !step.section.is_steps() {
            join(step, known.copied(), record.resumed + 1);
            continue;
        }
        let Some(known) = known else { continue };
        step.generation = known.generation;
        step.clears = attempt.clear.contains(&step.id);
        if attempt.again.contains(&step.id) {
            step.generation += 1;
            step.is_anew = true;
        } else {
            step.is_anew = known.is_anew;
            step.past = past(step, known);
        }
    }
}

/// A step of `rescue` or `always` belongs to an attempt and begins anew; but what an earlier one has left in doubt is settled.
fn join(step: &mut PlannedStep, known: Option<&StepRecord>, attempt: u32) {
    match known.filter(|known| known.writes.iter().any(WriteRecord::is_in_doubt)) {
        Some(known) => {
            step.attempt = known.attempt;
            step.past = Past::Begun(known.writes.clone());
        }
        None => step.attempt = attempt,
    }
}

fn past(step: &PlannedStep, known: &StepRecord) -> Past {
    let done = known.outcome.filter(|_| known.is_done() && !(step.clears || must_be_made_again(step.action, known)));
    match done {
        Some(outcome) => Past::Done(Box::new(Done {
            outcome,
            failure: known.failure.clone(),
            captured: known.captured.clone(),
            withheld: known.withheld.clone(),
            elapsed_ms: known.elapsed_ms.unwrap_or_default(),
        })),
        None if known.writes.is_empty() => Past::None,
        None => Past::Begun(known.writes.clone()),
    }
}

/// A value that was not kept comes from Airflow once more, where that changes nothing.
fn must_be_made_again(action: ActionKind, known: &StepRecord) -> bool {
    let can_be = action.is_reading() || action == ActionKind::SetVars || !known.writes.is_empty();
    can_be && !known.withheld.is_empty()
}
