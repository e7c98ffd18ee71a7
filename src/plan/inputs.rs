//! The values of the inputs: given, from the environment, or by default.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::diagnostic::{Code, Diagnostic, near_name};
use crate::outcome::InputSource;
use crate::plan::{Context, broken};
use crate::playbook::model::{Input, InputType};
use crate::playbook::template::{Engine, Template, dynamic};
use crate::playbook::{Loaded, input};
use crate::source::{SourceFile, Span};
use crate::yaml::Entry;

/// An input that was given on the command line or in a file.
#[derive(Debug, Clone)]
pub struct GivenInput {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Given,
    /// The text it was given in.
    pub file: SourceFile,
    /// Where its name stands there.
    pub span: Span,
    /// What whoever gave it should look at.
    pub warnings: Vec<Diagnostic>,
}

/// A given value.
#[derive(Debug, Clone)]
pub enum Given {
    /// Text, to be read as the input's type says.
    Text(String),
    /// A value that has its type already.
    Value(Value),
}

/// Inputs with their values.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) values: Map<String, Value>,
    pub(super) secrets: Vec<String>,
    pub(super) secret_names: Vec<String>,
    pub(super) sources: BTreeMap<String, InputSource>,
}

/// Gives every input its value, in order.
pub(super) fn resolve(
    loaded: &Loaded,
    context: &Context<'_>,
    engine: &Engine,
    names: &Map<String, Value>,
) -> Result<Resolved, Vec<Diagnostic>> {
    let entries = loaded.tree.get("inputs").map(crate::yaml::Node::entries).unwrap_or_default();
    let mut mistakes = unknown(entries, context.given);
    mistakes.extend(context.given.iter().filter_map(|input| several_in_one(entries, input)));
    let mut resolved = Resolved::default();
    let mut scope = names.clone();
    for entry in entries {
        let spec: Input = serde_json::from_value(entry.value.to_json()).unwrap_or_default();
        let one = One { loaded, context, entry, spec: &spec };
        match one.value(engine, &scope) {
            Ok(value) => {
                if spec.secret == Some(true) {
                    resolved.secrets.extend(texts(&value));
                    resolved.secret_names.push(entry.key.clone());
                }
                resolved.sources.insert(entry.key.clone(), one.source());
                scope.insert(entry.key.clone(), value.clone());
                resolved.values.insert(entry.key.clone(), value);
            }
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    if mistakes.is_empty() { Ok(resolved) } else { Err(mistakes) }
}

/// Given names that the playbook does not have.
fn unknown(entries: &[Entry], given: &[GivenInput]) -> Vec<Diagnostic> {
    let known = |name: &str| entries.iter().any(|entry| entry.key == name);
    let strange = given.iter().filter(|input| !known(&input.name));
    strange
        .map(|input| {
            let message = format!("the playbook has no input `{}`", input.name);
            let mistake = Diagnostic::new(Code::INPUT, &input.file, input.span, message);
            match near_name(&input.name, entries.iter().map(|entry| entry.key.as_str())) {
                Some(near) => mistake.with_help(format!("did you mean `{near}`?")),
                None if entries.is_empty() => mistake.with_help("it has no inputs at all"),
                None => {
                    let names: Vec<String> = entries.iter().map(|entry| format!("`{}`", entry.key)).collect();
                    mistake.with_help(format!("it has {}", names.join(", ")))
                }
            }
        })
        .collect()
}

/// `-e "a=1 b=2"`, with which people of Ansible give two values: `a` would be `1 b=2`, and `b` would keep its default.
fn several_in_one(entries: &[Entry], input: &GivenInput) -> Option<Diagnostic> {
    let Given::Text(text) = &input.value else { return None };
    let names =
        text.split_whitespace().skip_while(|word| text.starts_with(word)).filter_map(|word| word.split_once('='));
    let known: Vec<&str> =
        names.map(|(name, _)| name).filter(|name| entries.iter().any(|entry| entry.key == *name)).collect();
    let (first, all) = (known.first()?, std::iter::once(input.name.as_str()).chain(known.iter().copied()));
    let message = format!("the value of `{}` goes on with `{first}=`, which is another input", input.name);
    let apart: Vec<String> = all.map(|name| format!("-e {name}=…")).collect();
    let mistake = Diagnostic::new(Code::INPUT, &input.file, input.span, message);
    let note = "a text that has to hold this is given in a file: `-e @FILE`";
    Some(mistake.with_note(note).with_help(format!("each `-e` takes one input: write `{}`", apart.join(" "))))
}

struct One<'a> {
    loaded: &'a Loaded,
    context: &'a Context<'a>,
    entry: &'a Entry,
    spec: &'a Input,
}

impl One<'_> {
    fn given(&self) -> Option<&GivenInput> {
        self.context.given.iter().rev().find(|given| given.name == self.entry.key)
    }

    /// Its variable that is set, with the text in it; an empty one counts as not set.
    fn variable(&self) -> Option<(&str, &str)> {
        let variable = self.spec.from_env.as_deref()?;
        let text = self.context.environment.get(variable).filter(|text| !text.is_empty())?;
        Some((variable, text))
    }

    fn source(&self) -> InputSource {
        match (self.given(), self.variable()) {
            (Some(_), _) => InputSource::Given,
            (None, Some(_)) => InputSource::Environment,
            (None, None) => InputSource::Default,
        }
    }

    fn value(&self, engine: &Engine, names: &Map<String, Value>) -> Result<Value, Box<Diagnostic>> {
        let name = &self.entry.key;
        if let Some(given) = self.given() {
            let value = match &given.value {
                Given::Text(text) => input::read(text, self.spec),
                Given::Value(value) => Ok(value.clone()),
            };
            return self.fitting(value, (&given.file, given.span), &format!("`{name}`"));
        }
        let here = (&self.loaded.file, self.entry.key_span);
        if let Some((variable, text)) = self.variable() {
            return self.fitting(input::read(text, self.spec), here, &format!("`{name}`, from `{variable}`,"));
        }
        if let Some(node) = self.entry.value.get("default") {
            let rendered = Template::from_node(node).render(engine, &dynamic(names));
            let value =
                rendered.map_err(|error| broken(&self.loaded.file, &format!("the default of `{name}`"), &error))?;
            if value.is_null() && self.spec.required != Some(true) {
                return Ok(Value::Null);
            }
            return self.fitting(
                Ok(self.as_text(value)),
                (&self.loaded.file, node.span),
                &format!("the default of `{name}`"),
            );
        }
        let is_required = self.spec.required.unwrap_or(self.spec.from_env.is_none());
        if is_required { Err(Box::new(self.missing())) } else { Ok(Value::Null) }
    }

    /// A template that gave a number, where the input is text, is taken as text.
    fn as_text(&self, value: Value) -> Value {
        match value {
            Value::Number(number) if self.spec.kind.unwrap_or(InputType::String) == InputType::String => {
                Value::String(number.to_string())
            }
            other => other,
        }
    }

    fn fitting(
        &self,
        value: Result<Value, String>,
        place: (&SourceFile, Span),
        what: &str,
    ) -> Result<Value, Box<Diagnostic>> {
        value.and_then(|value| input::fits(&value, self.spec).map(|()| value)).map_err(|reason| {
            let mistake = Diagnostic::new(Code::INPUT, place.0, place.1, format!("{what} {reason}"));
            Box::new(match &self.spec.description {
                Some(description) => mistake.with_note(format!("`{}` is: {description}", self.entry.key)),
                None => mistake,
            })
        })
    }

    fn missing(&self) -> Diagnostic {
        let name = &self.entry.key;
        let mistake = Diagnostic::new(
            Code::INPUT,
            &self.loaded.file,
            self.entry.key_span,
            format!("the input `{name}` has no value"),
        );
        let mistake = match &self.spec.from_env {
            Some(variable) => mistake.with_note(format!("the environment variable `{variable}` is not set, or empty")),
            None => mistake,
        };
        mistake.with_help(format!("give it with `-e {name}=VALUE`"))
    }
}

/// Every text and number in a value, as the mask must know them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}
