//! Conditions: `when`, `expect` and `assert`.

use minijinja::Value as Dynamic;
use minijinja::value::ValueKind;

use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind, Unmet};
use crate::plan::{Condition, Expectation};
use crate::playbook::field::describe;
use crate::playbook::template::{Expr, uses_of_expression};
use crate::secret::Masker;

/// The longest value that a message shows.
const VALUE_MAX: usize = 201;

impl StepRun<'_, '_> {
    /// Works a condition out; it must be true or false.
    pub(super) fn condition(&self, condition: &Condition, scope: &Dynamic) -> Result<bool, Box<Failure>> {
        let expression = match condition {
            Condition::Constant(constant, _) => return Ok(*constant),
            Condition::Expression(expression) => expression,
        };
        let value = self.evaluate(expression, scope)?;
        if value.kind() == ValueKind::Bool {
            return Ok(value.is_true());
        }
        let shown = serde_json::to_value(&value).map_or_else(|_| "something else".to_owned(), |value| describe(&value));
        let location = expression.place.location(&self.run.plan.file, Some(&(0..expression.text.len())));
        let failure =
            Failure::new(FailureKind::Template, format!("a condition must be true or false, this one gave {shown}"));
        let help = "compare the value, such as `x | length > 0` or `x == 'text'`";
        Err(failure.with_location(location).with_help(help).into())
    }

    /// Looks at every expectation; those that are not exactly `true` make the failure.
    pub(super) fn expect(&self, expectations: &[Expectation], scope: &Dynamic) -> Result<(), Box<Failure>> {
        let mut unmet = Vec::new();
        let mut broken = Vec::new();
        for expectation in expectations {
            match self.unmet(expectation, scope) {
                Ok(found) => unmet.extend(found),
                Err(failure) => {
                    unmet.push(unmet_by_mistake(expectation, &failure));
                    broken.push(failure);
                }
            }
        }
        let Some(first) = unmet.first() else { return Ok(()) };
        if unmet.len() == 1
            && let Some(mistake) = broken.pop()
        {
            return Err(mistake);
        }
        let message = match (&first.message, unmet.len()) {
            (Some(message), 1) => message.clone(),
            (None, 1) => format!("`{}` is not true", first.expression),
            (_, count) => format!("{count} of {} expectations are not met", expectations.len()),
        };
        let mut failure = Failure::new(FailureKind::Expectation, message);
        failure.location.clone_from(&first.location);
        failure.unmet = unmet;
        Err(failure.into())
    }

    fn unmet(&self, expectation: &Expectation, scope: &Dynamic) -> Result<Option<Unmet>, Box<Failure>> {
        let file = &self.run.plan.file;
        let mut unmet = match &expectation.that {
            Condition::Constant(true, _) => return Ok(None),
            Condition::Constant(false, span) => Unmet {
                expression: "false".to_owned(),
                message: None,
                gave: None,
                values: Vec::new(),
                location: Some(file.location(*span)),
            },
            Condition::Expression(expression) => {
                let value = self.evaluate(expression, scope)?;
                let is_bool = value.kind() == ValueKind::Bool;
                if is_bool && value.is_true() {
                    return Ok(None);
                }
                Unmet {
                    expression: expression.text.trim().to_owned(),
                    message: None,
                    gave: (!is_bool).then(|| show(&value, &self.run.tools.masker)),
                    values: self.values(expression, scope),
                    location: Some(expression.place.location(file, Some(&(0..expression.text.len())))),
                }
            }
        };
        if let Some(message) = &expectation.message {
            let text = message.render_open(&self.run.plan.engine, scope, &mut Vec::new());
            let text = text.map_err(|error| self.run.variables.failure(&error, None))?;
            unmet.message = Some(text.as_str().map_or_else(|| text.to_string(), str::to_owned));
        }
        Ok(Some(unmet))
    }

    fn evaluate(&self, expression: &Expr, scope: &Dynamic) -> Result<Dynamic, Box<Failure>> {
        let value = expression.evaluate(&self.run.plan.engine, scope);
        value.map_err(|error| self.run.variables.failure(&error, Some(expression)))
    }

    /// The names in an expression with their values.
    fn values(&self, expression: &Expr, scope: &Dynamic) -> Vec<(String, String)> {
        let Ok(uses) = uses_of_expression(&expression.text) else { return Vec::new() };
        let mut values: Vec<(String, String)> = Vec::new();
        for used in uses.names {
            let name = match used.attribute {
                Some(attribute) => format!("{}.{attribute}", used.name),
                None => used.name,
            };
            if values.iter().any(|(seen, _)| *seen == name) {
                continue;
            }
            if let Ok(value) = self.run.plan.engine.evaluate(&name, scope)
                && value.as_object().is_none_or(|object| object.downcast_ref::<()>().is_none())
            {
                values.push((name, show(&value, &self.run.tools.masker)));
            }
        }
        values
    }
}

/// An expectation that can't be worked out is not met, and does not keep the others from being told.
fn unmet_by_mistake(expectation: &Expectation, failure: &Failure) -> Unmet {
    let expression = match &expectation.that {
        Condition::Constant(constant, _) => constant.to_string(),
        Condition::Expression(expression) => expression.text.trim().to_owned(),
    };
    Unmet {
        expression,
        message: Some(failure.message.clone()),
        gave: None,
        values: Vec::new(),
        location: failure.location.clone(),
    }
}

fn show(value: &Dynamic, masker: &Masker) -> String {
    let shown = serde_json::to_value(value)
        .map_or_else(|_| masker.masked(&value.to_string()), |value| masker.masked_json(value));
    shown.cut(VALUE_MAX).into_owned()
}
