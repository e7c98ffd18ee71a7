//! Gives events their number, time and mask, and hands them to the sink.

use serde_json::Value;

use crate::clock::Clock;
use crate::event::{Event, EventKind, Sink, SinkError};
use crate::secret::Masker;

/// The only way out of the executor.
pub(super) struct Emitter<'a> {
    clock: Clock,
    masker: Masker,
    sink: &'a mut dyn Sink,
    seq: u64,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(clock: Clock, masker: Masker, sink: &'a mut dyn Sink) -> Self {
        Self { clock, masker, sink, seq: 0 }
    }

    /// Emits an event.
    ///
    /// # Errors
    /// When the sink refuses it.
    pub(super) fn emit(&mut self, kind: EventKind) -> Result<(), SinkError> {
        self.seq += 1;
        let kind = self.masked(kind)?;
        self.sink.accept(&Event { v: 1, seq: self.seq, at: self.clock.now(), kind })
    }

    /// The event without secrets. Most hold none, which one look at their text tells.
    fn masked(&self, kind: EventKind) -> Result<EventKind, SinkError> {
        let broken = |error: serde_json::Error| SinkError(format!("an event can't be written: {error}"));
        let text = serde_json::to_string(&kind).map_err(broken)?;
        if !self.masker.touches(&text) {
            return Ok(kind);
        }
        let mut value = serde_json::from_str(&text).map_err(broken)?;
        self.mask(&mut value);
        serde_json::from_value(value).map_err(broken)
    }

    /// Masks every text but our own words: somebody's secret may be `failed`, and a state must stay one.
    fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) if OWN_WORDS.contains(&text.as_str()) => {}
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.mask(item)),
            other => self.masker.mask_json(other),
        }
    }
}

/// The words of our enums, as events spell them.
const OWN_WORDS: [&str; 48] = [
    "run_started",
    "step_started",
    "try_failed",
    "write_announced",
    "write_settled",
    "waiting",
    "warned",
    "printed",
    "step_finished",
    "interrupted",
    "run_finished",
    "passed",
    "skipped",
    "failed",
    "accepted",
    "found",
    "refused",
    "unknown",
    "list_dags",
    "assert_dag",
    "trigger_dag",
    "post_dataset_event",
    "print",
    "assert",
    "queued",
    "running",
    "success",
    "expectation",
    "template",
    "not_found",
    "not_ready",
    "dag_run_failed",
    "wait_timed_out",
    "queued_too_long",
    "dag_paused",
    "vanished",
    "timed_out",
    "unreachable",
    "authentication",
    "rejected",
    "server_error",
    "outcome_unknown",
    "no_consumer",
    "secret_leak",
    "manual",
    "scheduled",
    "none",
    "true",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StepFinished;
    use crate::outcome::{ActionKind, Failure, FailureKind, StepOutcome};

    struct Kept(Vec<Event>);

    impl Sink for Kept {
        fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
            self.0.push(event.clone());
            Ok(())
        }
    }

    fn emitted(masker: &Masker, kind: EventKind) -> Event {
        let mut kept = Kept(Vec::new());
        Emitter::new(Clock::system(), masker.clone(), &mut kept).emit(kind).expect("it is kept");
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
            captured: serde_json::Map::new(),
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
    fn every_action_is_one_of_our_words() {
        for kind in ActionKind::ALL {
            assert!(OWN_WORDS.contains(&kind.key()), "{}", kind.key());
        }
    }
}
