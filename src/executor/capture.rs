//! Names for a step's result.

use std::collections::BTreeMap;

use minijinja::Value as Dynamic;
use serde_json::{Map, Value};

use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind};
use crate::plan::{Capture, PlannedStep};
use crate::playbook::template::dynamic;

/// A result as the names that `expect` and `capture` see: its fields, and `result`.
pub(super) fn fields(result: &ActionResult) -> BTreeMap<String, Dynamic> {
    let fields = result.fields();
    let whole = dynamic(&fields);
    let mut names: BTreeMap<String, Dynamic> =
        fields.keys().filter_map(|name| Some((name.clone(), whole.get_attr(name).ok()?))).collect();
    names.insert("result".to_owned(), whole);
    names
}

impl StepRun<'_, '_> {
    /// Makes the step's captures.
    pub(super) fn capture(&self, result: &ActionResult) -> Result<Map<String, Value>, Box<Failure>> {
        let mut captured = Map::new();
        if self.planned.capture.is_empty() {
            return Ok(captured);
        }
        let has_expression = self.planned.capture.iter().any(|capture| matches!(capture, Capture::Field(..)));
        let fields = if has_expression { fields(result) } else { BTreeMap::new() };
        let scope = self.run.variables.scope_with(fields);
        for capture in &self.planned.capture {
            let (name, value) = match capture {
                Capture::Whole(name) => (name, Value::Object(result.fields())),
                Capture::Constant(name, constant) => (name, Value::Bool(*constant)),
                Capture::Field(name, expression) => {
                    let value = expression.evaluate(&self.run.plan.engine, &scope);
                    let value = value.map_err(|error| self.run.variables.failure(&error, Some(expression)))?;
                    let value = serde_json::to_value(&value).map_err(|error| {
                        Failure::new(FailureKind::Template, format!("`{name}` can't be captured: {error}"))
                    })?;
                    (name, value)
                }
            };
            captured.insert(name.clone(), value);
        }
        Ok(captured)
    }
}

/// The names that a step sets or captures.
pub(super) fn names(planned: &PlannedStep) -> impl Iterator<Item = &str> {
    let captured = planned.capture.iter().map(|capture| match capture {
        Capture::Whole(name) | Capture::Field(name, _) | Capture::Constant(name, _) => name.as_str(),
    });
    planned.sets.iter().map(String::as_str).chain(captured)
}
