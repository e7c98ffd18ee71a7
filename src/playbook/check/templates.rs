//! Templates, expressions and conditions: whether they can be read and can work out.

use crate::diagnostic::{Code, Diagnostic, near_name, quote};
use crate::playbook::check::known::{FILTERS, TESTS};
use crate::playbook::check::names::Local;
use crate::playbook::check::{Checker, syntax};
use crate::playbook::template::{Expr, Place, Shape, Uses, uses_of_expression, uses_of_template};
use crate::source::Span;
use crate::yaml::{Node, NodeValue};

/// As many mistakes are told of one template.
const MOST_IN_ONE: usize = 100;

impl Checker<'_> {
    /// Checks every template in a value; keys may hold none.
    pub(super) fn templates(&mut self, node: &Node, local: Local) {
        match &node.value {
            NodeValue::String(text) => {
                if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
                    self.template(text, node.span, local);
                }
            }
            NodeValue::List(items) => items.iter().for_each(|item| self.templates(item, local)),
            NodeValue::Map(entries) => {
                for entry in entries {
                    if entry.key.contains("{{") {
                        let message = format!("a template can't be a key, found {}", quote(&entry.key));
                        self.report(Diagnostic::new(Code::TEMPLATE_PLACE, self.file, entry.key_span, message));
                    }
                    self.templates(&entry.value, local);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }

    fn template(&mut self, text: &str, scalar: Span, local: Local) {
        let place = Place { scalar, offset: 0 };
        let uses = match uses_of_template(text) {
            Ok(uses) => uses,
            Err(error) => return self.report(syntax::mistake(self.file, text, place, &error)),
        };
        self.uses(&uses, place, local);
        for (shape, range) in uses.gives.iter().filter(|_| !uses.is_one_expression) {
            let shape = self.resolve(shape, local);
            let help = match shape {
                Shape::List => "write `| join(', ')` or `| tojson` after it",
                Shape::Map | Shape::Flag | Shape::Nothing => "write `| tojson` after it",
                Shape::Text | Shape::Number | Shape::Named(..) | Shape::Unknown => continue,
            };
            let message = format!("{} can't stand inside text", shape.noun());
            let span = place.span(self.file, Some(range));
            self.report(Diagnostic::new(Code::WRONG_TYPE, self.file, span, message).with_help(help));
        }
    }

    /// Checks a bare expression; its shape, when it can be read.
    pub(super) fn expression(&mut self, node: &Node, local: Local) -> Shape {
        let Some(text) = node.text() else { return Shape::Unknown };
        let expression = Expr::from_scalar(text, node.span);
        if expression.place.offset == 0 && (text.contains("{{") || text.contains("{%")) {
            self.report(
                Diagnostic::new(Code::TEMPLATE_SYNTAX, self.file, node.span, "an expression is written without braces")
                    .with_help("write the bare expression, such as `total > 0 and name == 'x'`"),
            );
            return Shape::Unknown;
        }
        match uses_of_expression(&expression.text) {
            Ok(uses) => {
                self.uses(&uses, expression.place, local);
                uses.gives.first().map_or(Shape::Unknown, |(shape, _)| self.resolve(shape, local))
            }
            Err(error) => {
                self.report(syntax::mistake(self.file, &expression.text, expression.place, &error));
                Shape::Unknown
            }
        }
    }

    /// Checks an expression that must be true or false.
    pub(super) fn condition(&mut self, node: &Node, local: Local) {
        let mistakes = self.found.len();
        let shape = self.expression(node, local);
        let text = node.text().unwrap_or_default().trim();
        let shown = if text.len() <= 40 && !text.starts_with("{{") { text } else { "…" };
        let help = match shape {
            Shape::Text if text.starts_with(['\'', '"']) => {
                "compare it with something, such as `state == 'success'`".to_owned()
            }
            Shape::Text => format!("compare it, such as `{shown} == 'text'`"),
            Shape::Number => format!("compare it, such as `{shown} > 0`"),
            Shape::List | Shape::Map => format!("compare it, such as `{shown} | length > 0`"),
            Shape::Nothing => "write `true` or `false`, or compare something".to_owned(),
            Shape::Flag | Shape::Named(..) | Shape::Unknown => return,
        };
        if self.found.len() == mistakes {
            let message = format!("a condition must be true or false, this one is {}", shape.noun());
            self.report(Diagnostic::new(Code::NOT_A_CONDITION, self.file, node.span, message).with_help(help));
        }
    }

    fn uses(&mut self, uses: &Uses, place: Place, local: Local) {
        let mistakes = self.found.len();
        for used in &uses.names {
            if self.is_full() || self.found.len() - mistakes >= MOST_IN_ONE {
                return;
            }
            self.name(used, place, local);
        }
        for (shape, range) in &uses.multiplied {
            let (message, help) = match self.resolve(shape, local) {
                Shape::List => ("a list can't be multiplied", "multiply its items: `{% for x in list %}`"),
                Shape::Unknown | Shape::Named(..) => {
                    ("this is multiplied and could be a list, which can't be", "write `| int` or `| float` after it")
                }
                Shape::Text | Shape::Number | Shape::Flag | Shape::Map | Shape::Nothing => continue,
            };
            let span = place.span(self.file, Some(range));
            self.report(Diagnostic::new(Code::WRONG_TYPE, self.file, span, message).with_help(help));
        }
        self.claims(&uses.claims, place, local);
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
}
