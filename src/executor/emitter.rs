//! Gives events their number, time and mask, and hands them to the sink.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::event::{
    Doing, Event, EventKind, Glimpse, Sink, SinkError, StepFinished, TryFailed, WriteAnnounced, WriteShown,
};
use crate::outcome::{Failure, FailureKind, ShownRequest, ShownWrite};
use crate::secret::Masker;

/// The only way out of the executor.
pub(super) struct Emitter<'a> {
    clock: Clock,
    masker: Masker,
    sink: &'a mut dyn Sink,
    seq: u64,
    /// Whether the step that runs has `no_log`.
    is_silent: bool,
}

impl<'a> Emitter<'a> {
    /// An emitter whose first event follows number `last_seq`.
    pub(super) fn new(clock: Clock, masker: Masker, sink: &'a mut dyn Sink, last_seq: u64) -> Self {
        Self { clock, masker, sink, seq: last_seq, is_silent: false }
    }

    /// Whether the events that follow belong to a step with `no_log`.
    pub(super) fn set_silent(&mut self, is_silent: bool) {
        self.is_silent = is_silent;
    }

    /// Emits an event.
    ///
    /// # Errors
    /// When the sink refuses it.
    pub(super) fn emit(&mut self, kind: EventKind) -> Result<(), SinkError> {
        self.seq += 1;
        let kind = self.masked(if self.is_silent { silenced(kind) } else { kind })?;
        self.sink.accept(&Event { v: 1, seq: self.seq, at: self.clock.now(), kind })
    }

    /// Shows what a step does right now, and for how long at most.
    pub(super) fn glimpse(&mut self, step: usize, doing: Doing, left: Duration) {
        let left = SignedDuration::try_from(left).ok();
        let until = left.and_then(|left| self.clock.now().checked_add(left).ok());
        let doing = match doing {
            Doing::Within { .. } if self.is_silent => Doing::Within { why: NOT_SHOWN.to_owned() },
            Doing::Within { why } => Doing::Within { why: self.masker.mask(&why).into_owned() },
            doing @ (Doing::Pausing | Doing::Until { .. } | Doing::LookingForWrite | Doing::LookingForRuns) => doing,
        };
        self.sink.glimpse(&Glimpse { step, doing, until });
    }

    /// The event without secrets. Most hold none, which one look at their text tells.
    fn masked(&self, kind: EventKind) -> Result<EventKind, SinkError> {
        let broken = |error: serde_json::Error| SinkError(format!("an event can't be written: {error}"));
        let text = serde_json::to_string(&kind).map_err(broken)?;
        if !self.masker.touches(&text) {
            return Ok(kind);
        }
        let mut value: Value = serde_json::from_str(&text).map_err(broken)?;
        self.masker.mask_document(&mut value);
        serde_json::from_value(value).map(|masked| withheld(&kind, masked)).map_err(broken)
    }
}

/// A masked event says which values can't be used again, since `***` is none.
fn withheld(before: &EventKind, masked: EventKind) -> EventKind {
    let changed = |before: &Map<String, Value>, masked: &Map<String, Value>| -> Vec<String> {
        before.iter().filter(|(name, value)| masked.get(*name) != Some(*value)).map(|(name, _)| name.clone()).collect()
    };
    match (before, masked) {
        (EventKind::RunStarted(before), EventKind::RunStarted(mut started)) => {
            started.withheld.extend(changed(&before.inputs, &started.inputs));
            EventKind::RunStarted(started)
        }
        (EventKind::StepFinished(before), EventKind::StepFinished(mut finished)) => {
            finished.withheld.extend(changed(&before.captured, &finished.captured));
            EventKind::StepFinished(finished)
        }
        (EventKind::WriteAnnounced(before), EventKind::WriteAnnounced(mut write)) => {
            if before.arguments != write.arguments {
                write.arguments = Value::Null;
            }
            EventKind::WriteAnnounced(write)
        }
        (EventKind::WriteShown(before), EventKind::WriteShown(mut write)) => {
            write.shown.is_masked = before.shown.request != write.shown.request;
            EventKind::WriteShown(write)
        }
        (_, masked) => masked,
    }
}

/// What stands for what `no_log` keeps back.
pub(in crate::executor) const NOT_SHOWN: &str = "not shown, since the step has `no_log`";

/// An event of a step with `no_log`: what is needed to find its writes again stays, values and details go.
fn silenced(kind: EventKind) -> EventKind {
    let not_shown = || NOT_SHOWN.to_owned();
    match kind {
        EventKind::TryFailed(tried) => {
            EventKind::TryFailed(TryFailed { request: not_shown(), message: not_shown(), ..tried })
        }
        EventKind::WriteAnnounced(write) => {
            EventKind::WriteAnnounced(Box::new(WriteAnnounced { arguments: Value::Null, ..*write }))
        }
        EventKind::WriteShown(write) => EventKind::WriteShown(Box::new(WriteShown {
            shown: ShownWrite {
                identity: not_shown(),
                subject: not_shown(),
                request: ShownRequest { url: not_shown(), body: None, ..write.shown.request },
                unknown: Vec::new(),
                ..write.shown
            },
            ..*write
        })),
        EventKind::LeftOpen { step, condition, .. } => {
            EventKind::LeftOpen { step, condition: condition.map(|_| not_shown()), message: not_shown() }
        }
        EventKind::Warned { step, .. } => EventKind::Warned { step, message: format!("a warning is {NOT_SHOWN}") },
        EventKind::Printed { step, .. } => EventKind::Printed { step, text: not_shown() },
        EventKind::StepFinished(finished) => EventKind::StepFinished(Box::new(StepFinished {
            result: None,
            failure: finished.failure.map(without_details),
            condition: finished.condition.map(|_| not_shown()),
            withheld: finished.captured.keys().cloned().collect(),
            captured: Map::new(),
            ..*finished
        })),
        kind @ (EventKind::RunStarted(_)
        | EventKind::RunResumed(_)
        | EventKind::StepStarted { .. }
        | EventKind::WriteSettled { .. }
        | EventKind::Waiting { .. }
        | EventKind::FailureRescued { .. }
        | EventKind::OutputsMade(_)
        | EventKind::Interrupted { .. }
        | EventKind::DeadlinePassed { .. }
        | EventKind::RunFinished { .. }) => kind,
    }
}

/// A failure that says no more than its kind and its place; of a write in doubt what to look at stays.
fn without_details(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::OutcomeUnknown => failure,
        kind => Failure::new(kind, format!("it failed; why is {NOT_SHOWN}")).at(failure.location),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcome::{StepOutcome, WriteKind};

    struct Kept(Vec<Event>);

    impl Sink for Kept {
        fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
            self.0.push(event.clone());
            Ok(())
        }
    }

    fn emitted(masker: &Masker, kind: EventKind) -> Event {
        let mut kept = Kept(Vec::new());
        Emitter::new(Clock::system(), masker.clone(), &mut kept, 0).emit(kind).expect("it is kept");
        kept.0.remove(0)
    }

    #[test]
    fn a_secret_in_an_event_is_masked_before_any_sink_sees_it() {
        let masker = Masker::new();
        masker.learn("hunter2-hunter2");
        let event = emitted(&masker, EventKind::Printed { step: 0, text: "it is hunter2-hunter2!".to_owned() });
        assert_eq!(event.kind, EventKind::Printed { step: 0, text: "it is ***!".to_owned() });
    }

    #[test]
    fn a_secret_that_is_one_of_our_words_breaks_no_event() {
        let masker = Masker::new();
        for secret in ["failed", "not_found", "step_finished", "pass"] {
            masker.learn(secret);
        }
        let failure = Failure::new(FailureKind::NotFound, "it failed");
        let finished = StepFinished {
            step: 0,
            outcome: StepOutcome::Failed,
            result: None,
            failure: Some(failure),
            condition: None,
            captured: serde_json::Map::new(),
            withheld: Vec::new(),
            unknown: Vec::new(),
            requests: 1,
            pages: 0,
            elapsed_ms: 1,
        };
        let event = emitted(&masker, EventKind::StepFinished(Box::new(finished)));
        let EventKind::StepFinished(finished) = event.kind else { panic!("another event") };
        assert_eq!(finished.outcome, StepOutcome::Failed);
        assert_eq!(finished.failure.map(|failure| failure.message), Some("it ***".to_owned()));
    }

    #[test]
    fn what_a_run_is_found_again_by_stays_whatever_is_secret() {
        let started = crate::event::RunStarted {
            run_id: "october-run".to_owned(),
            playbook: "month end".to_owned(),
            folder: None,
            path: "month.yaml".to_owned(),
            git_sha: None,
            text: "a text".to_owned(),
            text_sha256: "0123456789abcdef".to_owned(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            target: "my-target".to_owned(),
            base_url: "http://host/api/v1".to_owned(),
            inputs: Map::new(),
            withheld: vec!["an_input".to_owned()],
            sources: BTreeMap::from([("an_input".to_owned(), crate::outcome::InputSource::Given)]),
            is_id_given: false,
            left_out: 0,
            held_by: None,
            is_check: false,
            steps: vec![crate::event::StepInfo::new("a-step-id".to_owned(), crate::outcome::ActionKind::Print)],
        };
        let masker = Masker::new();
        let secrets =
            ["october-run", "month end", "month.yaml", "456789ab", "1970-01-01", "my-target", "an_input", "a-step-id"];
        for secret in secrets.iter().chain(&["a text", "given"]) {
            masker.learn(secret);
        }
        let event = emitted(&masker, EventKind::RunStarted(Box::new(started.clone())));
        let kept = crate::event::RunStarted { text: "***".to_owned(), ..started };
        assert_eq!(event.kind, EventKind::RunStarted(Box::new(kept)));
    }

    #[test]
    fn arguments_that_hold_a_secret_are_not_kept() {
        let masker = Masker::new();
        masker.learn("hunter2-hunter2");
        let arguments = serde_json::json!({ "conf": { "kind": "hunter2-hunter2", "state": ["hunter2-hunter2"] } });
        let announced = crate::event::WriteAnnounced {
            step: 0,
            write: WriteKind::DagRun,
            identity: "i".to_owned(),
            subject: "s".to_owned(),
            arguments,
        };
        let event = emitted(&masker, EventKind::WriteAnnounced(Box::new(announced)));
        let EventKind::WriteAnnounced(announced) = event.kind else { panic!("another event") };
        assert_eq!(announced.arguments, Value::Null, "what is masked can't be sent again");
    }
}
