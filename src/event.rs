//! What happens in a run, as it happens.
//!
//! The executor says everything it does as events, and nothing else. Journal, reporters and record read them; each matches
//! exhaustively, so that a new event makes every reader decide. Events are masked before they get here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::outcome::{ActionKind, ActionResult, Failure, InputSource, Section, ShownWrite, StepOutcome, WriteKind};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of this form; 1.
    pub v: u32,
    /// Its place in the run, counted from 1 without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen. `step` is a step's place in the plan, counted from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The run began.
    RunStarted(Box<RunStarted>),
    /// A run that had ended on the way goes on.
    RunResumed(Box<RunResumed>),
    /// A step began.
    StepStarted {
        /// The step.
        step: usize,
        /// Its name as people read it.
        name: String,
    },
    /// A request failed; with a delay it is sent again after it.
    TryFailed(TryFailed),
    /// A write is about to be sent. It is not sent unless every sink has taken this.
    WriteAnnounced(Box<WriteAnnounced>),
    /// It is known, or known to be unknown, what became of an announced write.
    WriteSettled {
        /// The step.
        step: usize,
        /// What makes the write the only one.
        identity: String,
        /// What became of it.
        fate: WriteFate,
    },
    /// A check shows a write in place of sending it.
    WriteShown(Box<WriteShown>),
    /// A check leaves something out, or can't know it.
    LeftOpen {
        /// The step.
        step: usize,
        /// The `when` that can't be judged, so that the step may or may not run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<String>,
        /// One sentence.
        message: String,
    },
    /// A DAG run that is waited for was looked at.
    Waiting {
        /// The step.
        step: usize,
        /// The run.
        dag_run_id: String,
        /// Its state, in Airflow's word.
        state: String,
        /// Since when it is in this state.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// How far its tasks had come when they were last counted, which is done only where somebody looks on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tasks: Option<TaskCounts>,
    },
    /// Something the author should know, that is no failure.
    Warned {
        /// The step, when one is running.
        step: Option<usize>,
        /// One sentence.
        message: String,
    },
    /// A step printed a text.
    Printed {
        /// The step.
        step: usize,
        /// The text, without a line feed at its end.
        text: String,
    },
    /// A step ended.
    StepFinished(Box<StepFinished>),
    /// The playbook's `rescue` has done its work: the failure of this step does not count any more.
    FailureRescued {
        /// The step.
        step: usize,
    },
    /// The outputs were worked out, after the last step.
    OutputsMade(Box<OutputsMade>),
    /// A signal asked the run to end.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
    /// The time of the whole run was up, which asked it to end.
    DeadlinePassed {
        /// The time it had, in milliseconds.
        deadline_ms: u64,
    },
    /// The run ended.
    RunFinished {
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
}

impl EventKind {
    /// Whether something in Airflow depends on it: it must survive a loss of power, too.
    #[must_use]
    pub fn must_be_durable(&self) -> bool {
        match self {
            Self::WriteAnnounced(_) | Self::WriteSettled { .. } => true,
            Self::RunStarted(started) => started.steps.iter().any(|step| step.action.is_write()),
            Self::RunResumed(resumed) => resumed.steps.iter().any(|step| step.action.is_write()),
            Self::StepStarted { .. }
            | Self::TryFailed(_)
            | Self::WriteShown(_)
            | Self::LeftOpen { .. }
            | Self::Waiting { .. }
            | Self::Warned { .. }
            | Self::Printed { .. }
            | Self::StepFinished(_)
            | Self::FailureRescued { .. }
            | Self::OutputsMade(_)
            | Self::Interrupted { .. }
            | Self::DeadlinePassed { .. }
            | Self::RunFinished { .. } => false,
        }
    }
}

/// How far the tasks of a DAG run are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// How many there are.
    pub total: u32,
    /// How many have ended, well or badly, or were left out.
    pub done: u32,
    /// How many of these failed, or were not run since one before them failed.
    pub failed: u32,
}

/// The start of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's id.
    pub run_id: String,
    /// The playbook's name.
    pub playbook: String,
    /// The playbook's path as it was given.
    pub path: String,
    /// The folder it was started in, which the path belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The commit the playbook is at, with `+dirty` when the file differs from it.
    pub git_sha: Option<String>,
    /// The playbook's text.
    pub text: String,
    /// SHA-256 of the text before it was masked, in hexadecimal.
    pub text_sha256: String,
    /// The time that `now()` gives in templates, for as often as the run is resumed.
    pub started_at: Timestamp,
    /// The target's name.
    pub target: String,
    /// The API's base URL.
    pub base_url: String,
    /// Inputs with their values.
    pub inputs: Map<String, Value>,
    /// The inputs whose values are not kept, since they are secret or hold a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// Where each input has its value from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, InputSource>,
    /// Whether the run's id was given by somebody, so that what it makes may be there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_id_given: bool,
    /// How many steps of the playbook the selection leaves out.
    #[serde(default)]
    pub left_out: usize,
    /// Who runs the playbook already, so that nothing of this is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// Whether it is a check, which sends nothing that changes anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_check: bool,
    /// The steps that are run, in order.
    pub steps: Vec<StepInfo>,
}

/// The start of another attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResumed {
    /// The commit the playbook is at.
    pub git_sha: Option<String>,
    /// The API's base URL.
    pub base_url: String,
    /// The playbook's text, when it is another one than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of the text before it was masked, in hexadecimal.
    pub text_sha256: String,
    /// How many steps of the playbook the selection leaves out.
    #[serde(default)]
    pub left_out: usize,
    /// The steps that are run, in order; those with the id of an earlier one go on where that ended.
    pub steps: Vec<StepInfo>,
    /// The ids of the steps whose writes are made anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
}

/// A step as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInfo {
    /// The step's id.
    pub id: String,
    /// Its action.
    pub action: ActionKind,
    /// The list it stands in.
    #[serde(default, skip_serializing_if = "Section::is_steps")]
    pub section: Section,
    /// For a step of `rescue` or `always`: the resume that its writes belong to, 0 for the run's first attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempt: u32,
}

impl StepInfo {
    /// A step of the playbook's `steps`.
    #[must_use]
    pub const fn new(id: String, action: ActionKind) -> Self {
        Self { id, action, section: Section::Steps, attempt: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryFailed {
    /// The step.
    pub step: usize,
    /// What was asked, such as `GET https://host/api/v1/dags`.
    pub request: String,
    /// Which try it was, counted from 1.
    pub try_number: u32,
    /// How many tries there are.
    pub attempts: u32,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// What went wrong, one sentence.
    pub message: String,
    /// Whether it may have been carried out all the same: a write whose answer is not known. It is looked for then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unknown: bool,
    /// The time until the next try, in milliseconds; none when there is none.
    pub retry_in_ms: Option<u64>,
}

/// A write that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteAnnounced {
    /// The step.
    pub step: usize,
    /// What it changes.
    pub write: WriteKind,
    /// What makes it the only one: a `dag_run_id`, or the mark in an event's `extra`.
    pub identity: String,
    /// What it acts on: a DAG's id or a dataset's URI.
    pub subject: String,
    /// The arguments it is sent with; null where they may not be kept.
    pub arguments: Value,
}

/// A write in place of which its request is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteShown {
    /// The step.
    pub step: usize,
    /// The write.
    pub shown: ShownWrite,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteFate {
    /// Airflow answered that it did it.
    Accepted,
    /// No answer told, but it was found in Airflow.
    Found,
    /// It was not done.
    Refused,
    /// It can't be known.
    Unknown,
}

impl WriteFate {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Found => "found",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFinished {
    /// The step.
    pub step: usize,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What its action gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ActionResult>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The `when` that was false, so that it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What it captured.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub captured: Map<String, Value>,
    /// The captures whose values are not kept, since they hold a secret or the step has `no_log`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The captures whose values a check can't know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How many requests it sent.
    pub requests: u32,
    /// How many of these read a further page of a list.
    pub pages: u32,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputsMade {
    /// The outputs with their values, in order.
    pub outputs: Map<String, Value>,
    /// Why one of them could not be worked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What a step does right now. It is shown to whoever looks on, and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    /// The step.
    pub step: usize,
    /// What it does.
    pub doing: Doing,
    /// When that is over at the latest.
    pub until: Option<Timestamp>,
}

/// What a step can be doing that no event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// It lets time pass, as it was asked to.
    Pausing,
    /// It looks again until a condition is true.
    Until {
        /// How often it has looked.
        looks: u32,
    },
    /// It looks again until something is as it must be.
    Within {
        /// What is not so yet.
        why: String,
    },
    /// It looks for a write whose answer was lost.
    LookingForWrite,
    /// It looks for the DAG runs that a dataset event starts.
    LookingForRuns,
}

/// Takes events; may refuse one, and then what it announces does not happen.
pub trait Sink {
    /// Takes what can be missed.
    fn glimpse(&mut self, _: &Glimpse) {}

    /// Takes the next event.
    ///
    /// # Errors
    /// When the event can't be kept. The run ends then.
    fn accept(&mut self, event: &Event) -> Result<(), SinkError>;
}

/// An event could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("the run can't be recorded: {0}")]
pub struct SinkError(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    fn started(action: ActionKind) -> EventKind {
        EventKind::RunStarted(Box::new(RunStarted {
            run_id: "r".to_owned(),
            playbook: "p".to_owned(),
            path: "p.yaml".to_owned(),
            folder: None,
            git_sha: None,
            text: String::new(),
            text_sha256: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            target: "my".to_owned(),
            base_url: "http://h/api/v1".to_owned(),
            inputs: Map::new(),
            withheld: Vec::new(),
            sources: BTreeMap::new(),
            is_id_given: false,
            left_out: 0,
            held_by: None,
            is_check: false,
            steps: vec![StepInfo::new("a".to_owned(), action)],
        }))
    }

    #[test]
    fn a_write_costs_two_waits_for_the_disk_and_what_only_reads_or_prints_none() {
        let announced = WriteAnnounced {
            step: 0,
            write: WriteKind::DagRun,
            identity: "i".to_owned(),
            subject: "d".to_owned(),
            arguments: Value::Null,
        };
        let settled = EventKind::WriteSettled { step: 0, identity: "i".to_owned(), fate: WriteFate::Accepted };
        for (kind, waits) in [
            (started(ActionKind::TriggerDag), true),
            (started(ActionKind::ListDags), false),
            (EventKind::WriteAnnounced(Box::new(announced)), true),
            (settled, true),
            (EventKind::StepStarted { step: 0, name: "a".to_owned() }, false),
            (EventKind::Printed { step: 0, text: "t".to_owned() }, false),
            (EventKind::RunFinished { elapsed_ms: 1 }, false),
        ] {
            assert_eq!(kind.must_be_durable(), waits, "{kind:?}");
        }
    }
}
