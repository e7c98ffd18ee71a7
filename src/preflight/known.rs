//! What is known before the run: inputs, vars, and what is made of them alone.
//!
//! In: a value of the playbook's tree. Out: the same with every template in it rendered, each result at the place of its
//! template; or why that must wait for the run. Captures, `set_vars` and `steps` come with the run, and so does the time
//! that it takes.

use minijinja::Value as Dynamic;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Condition, Plan};
use crate::playbook::template::{
    Expr, NameUse, Template, TemplateError, Uses, dynamic, uses_of_expression, uses_of_template,
};
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeValue};

/// The names that are known before the run.
pub(super) struct Known<'a> {
    plan: &'a Plan,
    scope: Dynamic,
    functions: Vec<String>,
}

/// Why a value is not known.
#[derive(Debug)]
pub(super) enum Unknown {
    /// It needs a name that the run makes.
    Needs(String),
    /// It can't be worked out, before the run or in it.
    Broken(Box<TemplateError>),
}

impl<'a> Known<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, scope: dynamic(&plan.names), functions: plan.engine.functions() }
    }

    /// A value without templates.
    pub(super) fn node(&self, node: &Node) -> Result<Node, Unknown> {
        let value = match &node.value {
            NodeValue::String(_) => return self.text(node),
            NodeValue::List(items) => {
                NodeValue::List(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            NodeValue::Map(entries) => {
                let entry = |entry: &Entry| Ok(Entry { value: self.node(&entry.value)?, ..entry.clone() });
                NodeValue::Map(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => node.value.clone(),
        };
        Ok(Node { span: node.span, value })
    }

    fn text(&self, node: &Node) -> Result<Node, Unknown> {
        let template = Template::from_node(node);
        let mut missing = None;
        template.visit(&mut |expression, is_text| {
            missing = missing.take().or_else(|| self.missing(expression, is_text));
        });
        if let Some(name) = missing {
            return Err(Unknown::Needs(name));
        }
        let value = template.render(&self.plan.engine, &self.scope);
        Ok(node_of(value.map_err(|error| Unknown::Broken(Box::new(error)))?, node.span))
    }

    /// What a condition is, if that is known.
    pub(super) fn condition(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Constant(constant, _) => Some(*constant),
            Condition::Expression(expression) => {
                if self.missing(expression, false).is_some() {
                    return None;
                }
                let value = expression.evaluate(&self.plan.engine, &self.scope).ok()?;
                bool::try_from(value).ok()
            }
        }
    }

    /// The first name that the run makes.
    fn missing(&self, expression: &Expr, is_text: bool) -> Option<String> {
        let read = if is_text { uses_of_template } else { uses_of_expression };
        let uses: Uses = read(&expression.text).ok()?;
        uses.names.iter().find(|used| !self.has(used)).map(shown)
    }

    fn has(&self, used: &NameUse) -> bool {
        let is_elapsing = used.name == "run" && used.attribute.as_deref().is_none_or(|field| field == "elapsed");
        !is_elapsing && (self.plan.names.contains_key(&used.name) || self.functions.contains(&used.name))
    }

    /// A value that can't be worked out, as the run would tell it.
    pub(super) fn broken(&self, error: &TemplateError) -> Diagnostic {
        let span = error.place.span(&self.plan.file, error.error.range.as_ref());
        let diagnostic = Diagnostic::new(Code::RENDER, &self.plan.file, span, error.error.message.clone());
        match &error.error.help {
            Some(help) => diagnostic.with_help(help.clone()),
            None => diagnostic,
        }
    }
}

/// A name as a message shows it: `steps.load`, `run.elapsed`, `month`.
fn shown(used: &NameUse) -> String {
    match &used.attribute {
        Some(attribute) if matches!(used.name.as_str(), "run" | "steps") => format!("{}.{attribute}", used.name),
        Some(_) | None => used.name.clone(),
    }
}

/// A value with one place for all of it.
pub(super) fn node_of(value: Value, span: Span) -> Node {
    let value = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(flag) => NodeValue::Bool(flag),
        Value::Number(number) => NodeValue::Number(number),
        Value::String(text) => NodeValue::String(text),
        Value::Array(items) => NodeValue::List(items.into_iter().map(|item| node_of(item, span)).collect()),
        Value::Object(map) => {
            let entry = |(key, value)| Entry { key, key_span: span, value: node_of(value, span) };
            NodeValue::Map(map.into_iter().map(entry).collect())
        }
    };
    Node { span, value }
}
