//! Inputs and vars: their names, and whether an input's own keys agree with each other.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::check::names::{Known, Local, Maker};
use crate::playbook::check::{Checker, RESERVED};
use crate::playbook::input;
use crate::playbook::model::{Input, InputType};
use crate::playbook::template::{Shape, uses_of_template};
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeValue, Pattern};

impl Checker<'_> {
    pub(super) fn inputs(&mut self, inputs: Option<&Node>) {
        for entry in inputs.map(Node::entries).unwrap_or_default() {
            let spec = serde_json::from_value::<Input>(entry.value.to_json()).ok();
            let shape = spec.as_ref().map_or(Shape::Unknown, |spec| shape_of_input(spec.kind));
            if let Some(default) = entry.value.get("default") {
                self.templates(default, Local::default());
            }
            self.take_name(&entry.key, Maker::Input, entry.key_span, Known::of(shape));
            self.pattern(entry);
            if let Some(spec) = spec {
                self.keys_fit(&entry.value, &spec);
                self.allowed_fit(&entry.value, &spec);
                self.default_fits(entry, &spec);
            }
        }
    }

    pub(super) fn vars(&mut self, vars: Option<&Node>) {
        for entry in vars.map(Node::entries).unwrap_or_default() {
            self.templates(&entry.value, Local::default());
            let shape = self.shape_of_value(&entry.value);
            self.take_name(&entry.key, Maker::Var, entry.key_span, Known::of(shape));
        }
    }

    fn shape_of_value(&self, node: &Node) -> Shape {
        match &node.value {
            NodeValue::String(text) if text.contains("{%") => Shape::Unknown,
            NodeValue::String(text) if text.contains("{{") => match uses_of_template(text) {
                Ok(uses) if !uses.is_one_expression => Shape::Text,
                Ok(uses) => {
                    uses.gives.first().map_or(Shape::Unknown, |(shape, _)| self.resolve(shape, Local::default()))
                }
                Err(_) => Shape::Unknown,
            },
            NodeValue::String(_) => Shape::Text,
            NodeValue::Number(_) => Shape::Number,
            NodeValue::Bool(_) => Shape::Flag,
            NodeValue::List(_) => Shape::List,
            NodeValue::Map(_) => Shape::Map,
            NodeValue::Null => Shape::Nothing,
        }
    }

    /// Keys that only some types of input have.
    fn keys_fit(&mut self, input: &Node, spec: &Input) {
        let kind = spec.kind.unwrap_or(InputType::String);
        let is_number = matches!(kind, InputType::Integer | InputType::Number);
        for (key, fits, help) in [
            ("pattern", kind == InputType::String, "only an input of type `string` has a `pattern`"),
            ("minimum", is_number, "only an input of type `integer` or `number` has a `minimum`"),
            ("maximum", is_number, "only an input of type `integer` or `number` has a `maximum`"),
        ] {
            let Some(entry) = input.entry(key).filter(|_| !fits) else { continue };
            let message = format!("`{key}` does not go with {}", input::noun(kind));
            self.report(Diagnostic::new(Code::CONFLICT, self.file, entry.key_span, message).with_help(help));
        }
        if let (Some(minimum), Some(maximum)) = (spec.minimum, spec.maximum)
            && minimum > maximum
            && let Some(entry) = input.entry("maximum")
        {
            let message = format!("the maximum {maximum} is smaller than the minimum {minimum}");
            self.report(Diagnostic::new(Code::OUT_OF_RANGE, self.file, entry.value.span, message));
        }
    }

    /// The values of `enum` have the input's type.
    fn allowed_fit(&mut self, input: &Node, spec: &Input) {
        let one = Input { kind: spec.kind, ..Input::default() };
        for node in input.get("enum").map(Node::items).unwrap_or_default() {
            if let Err(reason) = input::fits(&node.to_json(), &one) {
                let mistake = Diagnostic::new(Code::INPUT, self.file, node.span, format!("a value of `enum` {reason}"));
                self.report(mistake.with_help("write it so, or give the input another `type`"));
            }
        }
    }

    fn pattern(&mut self, entry: &Entry) {
        let Some(node) = entry.value.get("pattern") else { return };
        let Some(pattern) = node.text() else { return };
        if let Err(error) = Pattern::new(pattern) {
            let message = format!("this regular expression can't be read: {error}");
            let mistake = Diagnostic::new(Code::REGEX, self.file, node.span, message);
            self.report(
                mistake.with_help("a bracket that is meant as itself is written `\\(`; look-around is not there"),
            );
        }
    }

    fn default_fits(&mut self, entry: &Entry, spec: &Input) {
        let Some(node) = entry.value.get("default") else { return };
        let default = spec.default.as_ref().unwrap_or(&Value::Null);
        let is_template = default.as_str().is_some_and(|text| text.contains("{{") || text.contains("{%"));
        if is_template || default.is_null() {
            return;
        }
        if let Err(reason) = input::fits(default, spec) {
            let message = format!("the default of `{}` {reason}", entry.key);
            let mistake = Diagnostic::new(Code::INPUT, self.file, node.span, message);
            self.report(match (spec.kind, default) {
                (None, Value::Number(_)) => {
                    let written = self.file.slice(node.span);
                    mistake.with_help(format!("write `\"{written}\"`, or add `type: number`"))
                }
                (None, Value::Bool(flag)) => mistake.with_help(format!("write `\"{flag}\"`, or add `type: boolean`")),
                (None, Value::Array(_)) => mistake.with_help("add `type: list`"),
                (None, Value::Object(_)) => mistake.with_help("add `type: map`"),
                _ => mistake,
            });
        }
    }

    /// Takes a name for an input, var or capture; a capture may take the name of another capture again.
    pub(super) fn take_name(&mut self, name: &str, maker: Maker, span: Span, known: Known) {
        if RESERVED.contains(&name) || self.names.is_function(name) {
            let message = format!("`{name}` has a meaning of its own in templates");
            let mistake = Diagnostic::new(Code::NAME_TAKEN, self.file, span, message);
            self.names.make(name, maker, span, known);
            return self.report(mistake.with_help(format!("choose another name, such as `{name}_`")));
        }
        match self.names.find(name) {
            Some(made) if !(made.maker == Maker::Capture && maker == Maker::Capture) => {
                let message = format!("`{name}` is already the name of {}", noun(made.maker));
                let mistake = Diagnostic::new(Code::NAME_TAKEN, self.file, span, message);
                let mistake = mistake.with_related(made.span, "first made here");
                self.report(mistake.with_help("choose another name"));
            }
            _ => self.names.make(name, maker, span, known),
        }
    }
}

const fn shape_of_input(kind: Option<InputType>) -> Shape {
    match kind {
        None | Some(InputType::String) => Shape::Text,
        Some(InputType::Integer | InputType::Number) => Shape::Number,
        Some(InputType::Boolean) => Shape::Flag,
        Some(InputType::List) => Shape::List,
        Some(InputType::Map) => Shape::Map,
    }
}

const fn noun(maker: Maker) -> &'static str {
    match maker {
        Maker::Input => "an input",
        Maker::Var => "a var",
        Maker::Capture => "a capture",
    }
}
