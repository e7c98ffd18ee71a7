//! Inputs and vars: their names, and whether an input's own keys agree with each other.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::check::names::{Local, Maker};
use crate::playbook::check::{Checker, RESERVED};
use crate::playbook::input;
use crate::playbook::model::Input;
use crate::source::Span;
use crate::yaml::{Entry, Node};

impl Checker<'_> {
    pub(super) fn inputs(&mut self, inputs: Option<&Node>) {
        for entry in inputs.map(Node::entries).unwrap_or_default() {
            self.take_name(&entry.key, Maker::Input, entry.key_span);
            if let Some(default) = entry.value.get("default") {
                self.templates(default, Local::default());
            }
            self.pattern(entry);
            if let Ok(spec) = serde_json::from_value::<Input>(entry.value.to_json()) {
                self.default_fits(entry, &spec);
            }
        }
    }

    pub(super) fn vars(&mut self, vars: Option<&Node>) {
        for entry in vars.map(Node::entries).unwrap_or_default() {
            self.templates(&entry.value, Local::default());
            self.take_name(&entry.key, Maker::Var, entry.key_span);
        }
    }

    fn pattern(&mut self, entry: &Entry) {
        let Some(node) = entry.value.get("pattern") else { return };
        let Some(pattern) = node.text() else { return };
        if let Err(error) = input::compile(pattern) {
            let message = format!("this regular expression can't be read: {error}");
            self.report(Diagnostic::new(Code::REGEX, self.file, node.span, message));
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
            self.report(Diagnostic::new(Code::INPUT, self.file, node.span, message));
        }
    }

    /// Takes a name for an input, var or capture; a capture may take the name of another capture again.
    pub(super) fn take_name(&mut self, name: &str, maker: Maker, span: Span) {
        let taken = self.names.maker(name);
        if RESERVED.contains(&name) || self.names.is_function(name) {
            let message = format!("`{name}` has a meaning of its own in templates");
            let mistake = Diagnostic::new(Code::NAME_TAKEN, self.file, span, message);
            self.report(mistake.with_help(format!("choose another name, such as `{name}_`")));
            self.names.make(name, maker, span);
        } else if let Some((by, first)) = taken
            && !(by == Maker::Capture && maker == Maker::Capture)
        {
            let message = format!("`{name}` is already the name of {}", noun(by));
            let mistake = Diagnostic::new(Code::NAME_TAKEN, self.file, span, message);
            self.report(mistake.with_related(first, "first made here"));
        } else if taken.is_none() {
            self.names.make(name, maker, span);
        }
    }
}

const fn noun(maker: Maker) -> &'static str {
    match maker {
        Maker::Input => "an input",
        Maker::Var => "a var",
        Maker::Capture => "a capture",
    }
}
