//! Names for a step's result.

use std::collections::BTreeMap;

use minijinja::Value as Dynamic;
use serde_json::{Map, Value};

use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure};
use crate::plan::{Capture, PlannedStep};
use crate::playbook::template::{RenderError, TemplateError, dynamic};

/// What a step captured.
#[derive(Default)]
pub(super) struct Captured {
    pub(super) values: Map<String, Value>,
    /// In a check: what is not known, or not wholly.
    pub(super) open: Vec<(String, Dynamic)>,
}

impl StepRun<'_, '_> {
    /// A result as the names that `expect` and `capture` see: its fields, and `result`.
    pub(super) fn fields(&self, result: &ActionResult) -> BTreeMap<String, Dynamic> {
        let mut names = BTreeMap::new();
        let fields = match result {
            ActionResult::Unsent(unsent) => {
                let engine = &self.run.plan.engine;
                names.extend(unsent.unknown.iter().map(|field| (field.clone(), engine.open(self.field_of(field)))));
                names.insert("result".to_owned(), self.partly_known(unsent));
                unsent.known.clone()
            }
            known => known.fields(),
        };
        let whole = dynamic(&fields);
        names.extend(fields.keys().filter_map(|name| Some((name.clone(), whole.get_attr(name).ok()?))));
        names.entry("result".to_owned()).or_insert(whole);
        names
    }

    /// Makes the step's captures.
    pub(super) fn capture(&self, result: &ActionResult) -> Result<Captured, Box<Failure>> {
        let mut captured = Captured::default();
        if self.planned.capture.is_empty() {
            return Ok(captured);
        }
        let has_expression = self.planned.capture.iter().any(|capture| matches!(capture, Capture::Field(..)));
        let fields = if has_expression { self.fields(result) } else { BTreeMap::new() };
        let scope = self.run.variables.scope_with(fields);
        for capture in &self.planned.capture {
            let (name, value) = match capture {
                Capture::Whole(name) if let ActionResult::Unsent(unsent) = result => {
                    captured.open.push((name.clone(), self.partly_known(unsent)));
                    continue;
                }
                Capture::Whole(name) => (name, Value::Object(result.fields())),
                Capture::Constant(name, constant) => (name, Value::Bool(*constant)),
                Capture::Field(name, expression) => {
                    let engine = &self.run.plan.engine;
                    let value = expression.evaluate(engine, &scope).and_then(|value| {
                        engine.json(&value).map_err(|error| TemplateError { error, place: expression.place })
                    });
                    match value {
                        Ok(value) => (name, value),
                        Err(TemplateError { error: RenderError { open: Some(what), .. }, .. }) => {
                            captured.open.push((name.clone(), engine.open(what)));
                            continue;
                        }
                        Err(error) => return Err(self.run.variables.failure(&error, Some(expression))),
                    }
                }
            };
            captured.values.insert(name.clone(), value);
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
