//! `print`: a text to stdout.

use serde_json::Value;

use crate::event::EventKind;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, Printed, StepOutcome};
use crate::playbook::field::describe;

impl StepRun<'_, '_> {
    pub(in crate::executor) fn print(&mut self) -> Result<ActionResult, Stop> {
        let text = match self.rendered()? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => {
                let message = format!("`print` takes text, this is {}", describe(&other));
                let place = self.run.plan.file.location(self.planned.value);
                let failure = Failure::new(FailureKind::Template, message).with_location(place);
                return Err(failure.with_help("write it as text with `| join('\\n')` or `| tojson`").into());
            }
        };
        if !self.open.is_empty() {
            self.outcome = StepOutcome::Unknown;
        }
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        self.run.emitter.emit(EventKind::Printed { step: self.index, text: text.clone() })?;
        Ok(ActionResult::Print(Printed { text }))
    }
}
