//! Names in templates: which are known where, and what is said of the others.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, near_name};
use crate::playbook::check::{Checker, RESERVED};
use crate::playbook::template::{Engine, NameUse, Place, Uses, uses_of_expression, uses_of_template};
use crate::source::Span;
use crate::yaml::{Node, NodeValue};

/// Attributes of the maps that are always there.
const ATTRIBUTES: [(&str, &[&str]); 3] = [
    ("playbook", &["name", "path", "git_sha"]),
    ("run", &["id", "started_at", "elapsed"]),
    ("target", &["name", "url"]),
];

/// Who made a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// An input.
    Input,
    /// A var.
    Var,
    /// The capture of a step.
    Capture,
}

/// The names that are known so far.
#[derive(Debug)]
pub(super) struct Names {
    made: Vec<(String, Maker, Span)>,
    later: Vec<(String, Span)>,
    functions: Vec<String>,
    environment: BTreeSet<String>,
}

/// Names that only some places know: a result's fields, and words such as `result` or `error`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Local {
    /// Fields of the step's result, in scope by name.
    pub(super) fields: &'static [&'static str],
    /// Further words.
    pub(super) words: &'static [&'static str],
}

impl Names {
    pub(super) fn new(engine: &Engine) -> Self {
        Self { made: Vec::new(), later: Vec::new(), functions: engine.functions(), environment: BTreeSet::new() }
    }

    /// Tells which captures later steps will make, to say so when one is used too early.
    pub(super) fn expect_later(&mut self, name: &str, span: Span) {
        self.later.push((name.to_owned(), span));
    }

    pub(super) fn maker(&self, name: &str) -> Option<(Maker, Span)> {
        self.made.iter().find(|(made, ..)| made == name).map(|(_, maker, span)| (*maker, *span))
    }

    pub(super) fn make(&mut self, name: &str, maker: Maker, span: Span) {
        self.made.push((name.to_owned(), maker, span));
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function == name)
    }

    pub(super) fn into_env_names(self) -> Vec<String> {
        self.environment.into_iter().collect()
    }
}

impl Checker<'_> {
    /// Checks every template in a value; keys may hold none.
    pub(super) fn templates(&mut self, node: &Node, local: Local) {
        match &node.value {
            NodeValue::String(text) => {
                if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
                    self.uses(uses_of_template(text), Place { scalar: node.span, offset: 0 }, local);
                }
            }
            NodeValue::List(items) => items.iter().for_each(|item| self.templates(item, local)),
            NodeValue::Map(entries) => {
                for entry in entries {
                    if entry.key.contains("{{") {
                        self.report(
                            Diagnostic::new(
                                Code::TEMPLATE_PLACE,
                                self.file,
                                entry.key_span,
                                "a key can't be a template",
                            )
                            .with_help("templates stand in values only"),
                        );
                    }
                    self.templates(&entry.value, local);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }

    /// Checks a bare expression.
    pub(super) fn expression(&mut self, node: &Node, local: Local) {
        let Some(text) = node.text() else { return };
        let expression = crate::playbook::template::Expr::from_scalar(text, node.span);
        if expression.place.offset == 0 && (text.contains("{{") || text.contains("{%")) {
            self.report(
                Diagnostic::new(Code::TEMPLATE_SYNTAX, self.file, node.span, "an expression is written without braces")
                    .with_help("write the bare expression, such as `total > 0 and name == 'x'`"),
            );
            return;
        }
        self.uses(uses_of_expression(&expression.text), expression.place, local);
    }

    fn uses(&mut self, uses: Result<Uses, crate::playbook::template::RenderError>, place: Place, local: Local) {
        let uses = match uses {
            Ok(uses) => uses,
            Err(error) => {
                let span = place.span(self.file, error.range.as_ref());
                let message =
                    format!("this template has a mistake: {}", error.message.trim_start_matches("it can't be read: "));
                self.report(Diagnostic::new(Code::TEMPLATE_SYNTAX, self.file, span, message));
                return;
            }
        };
        for used in &uses.names {
            self.name(used, place, local);
        }
        for (name, range) in &uses.filters {
            if !self.engine.has_filter(name) {
                self.unknown("filter", name, place.span(self.file, Some(range)), &FILTERS);
            }
        }
        for (name, range) in &uses.tests {
            if !self.engine.has_test(name) {
                self.unknown("test", name, place.span(self.file, Some(range)), &TESTS);
            }
        }
    }

    fn unknown(&mut self, what: &str, name: &str, span: Span, known: &[&'static str]) {
        let mut mistake =
            Diagnostic::new(Code::UNKNOWN_FILTER, self.file, span, format!("there is no {what} `{name}`"));
        if let Some(near) = near_name(name, known.iter().copied()) {
            mistake = mistake.with_help(format!("did you mean `{near}`?"));
        }
        self.report(mistake);
    }

    fn name(&mut self, used: &NameUse, place: Place, local: Local) {
        let name = used.name.as_str();
        let span = place.span(self.file, Some(&used.range));
        let is_field = local.fields.contains(&name);
        let maker = self.names.maker(name);
        if is_field && maker.is_some() {
            let message = format!("`{name}` is both a field of this step's result and a name of the playbook");
            let mistake = Diagnostic::new(Code::NAME_TAKEN, self.file, span, message)
                .with_help(format!("write `result.{name}` for the field, or give the other one another name"));
            self.report(mistake);
        } else if is_field || maker.is_some() || local.words.contains(&name) || self.names.is_function(name) {
        } else if let Some((_, attributes)) = ATTRIBUTES.iter().find(|(map, _)| *map == name) {
            self.attribute(used, span, attributes);
        } else if name == "env" {
            self.names.environment.extend(used.attribute.clone());
        } else {
            self.undefined(used, span, local);
        }
    }

    fn attribute(&mut self, used: &NameUse, span: Span, attributes: &'static [&'static str]) {
        let Some(attribute) = used.attribute.as_deref().filter(|attribute| !attributes.contains(attribute)) else {
            return;
        };
        let message = format!("`{}` has no `{attribute}`", used.name);
        let help = match near_name(attribute, attributes.iter().copied()) {
            Some(near) => format!("did you mean `{}.{near}`?", used.name),
            None => format!("it has {}", list(attributes)),
        };
        self.report(Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, message).with_help(help));
    }

    fn undefined(&mut self, used: &NameUse, span: Span, local: Local) {
        let name = used.name.as_str();
        if let Some((_, made)) = self.names.later.iter().find(|(later, _)| later == name) {
            if !used.guarded {
                let message = format!("`{name}` is used before it is captured");
                let mistake = Diagnostic::new(Code::USED_TOO_EARLY, self.file, span, message)
                    .with_related(*made, "captured here, later")
                    .with_help("move the step that captures it before this one");
                self.report(mistake);
            }
            return;
        }
        if RESERVED.contains(&name) {
            self.report(self.reserved(name, span));
            return;
        }
        let known = self.names.made.iter().map(|(made, ..)| made.as_str());
        let known = known.chain(local.fields.iter().copied()).chain(local.words.iter().copied());
        let known: Vec<&str> = known.chain(self.names.functions.iter().map(String::as_str)).collect();
        let mistake = Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, format!("`{name}` is not defined"));
        let mistake = match near_name(name, known) {
            Some(near) => mistake.with_help(format!("did you mean `{near}`?")),
            None => mistake
                .with_help("names come from `inputs`, `vars` and the `capture` of earlier steps; text goes in quotes"),
        };
        self.report(mistake);
    }

    fn reserved(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic = |code, message: String| Diagnostic::new(code, self.file, span, message);
        match name {
            "steps" | "item" | "loop" | "failure" | "secrets" | "outputs" => {
                diagnostic(Code::NOT_SUPPORTED, format!("`{name}` is not supported yet"))
            }
            "inputs" | "vars" => diagnostic(Code::UNDEFINED_NAME, format!("`{name}` can't be read as a whole"))
                .with_help("write the name of the input or var alone"),
            "result" => diagnostic(Code::UNDEFINED_NAME, "there is no `result` here".to_owned())
                .with_help("`result` is known in `expect` and `capture` of the step that makes it"),
            _ => diagnostic(Code::UNDEFINED_NAME, format!("there is no `{name}` here"))
                .with_help("`error` is known in `retry.unless`"),
        }
    }
}

/// `a`, `b` and `c`, in back-ticks.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Filters worth suggesting.
const FILTERS: [&str; 36] = [
    "abs",
    "b64encode",
    "batch",
    "bool",
    "capitalize",
    "count",
    "date",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "fromjson",
    "groupby",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "regex_search",
    "reject",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "shift",
    "sort",
    "start_of",
    "tojson",
    "unique",
];

/// Tests worth suggesting.
const TESTS: [&str; 14] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "in",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::template::RunClock;

    #[test]
    fn only_what_exists_is_suggested() {
        let clock = RunClock::at(jiff::Timestamp::UNIX_EPOCH, "UTC").expect("UTC");
        let engine = Engine::new(&clock);
        for filter in FILTERS {
            assert!(engine.has_filter(filter), "{filter}");
        }
        for test in TESTS {
            assert!(engine.has_test(test), "{test}");
        }
    }
}
