//! An action's arguments as the author wrote them: plain values with templates at the leaves, each with its place.

use std::ops::Range;

use minijinja::Value as Dynamic;
use serde_json::{Map, Value};

use crate::playbook::template::engine::{Engine, RenderError};
use crate::source::{Location, SourceFile, Span};
use crate::yaml::{Node, NodeValue, span_in_scalar};

/// Where a template's text stands: its scalar in the file, and where in the scalar's value the text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The scalar.
    pub scalar: Span,
    /// The byte of the scalar's value at which the text begins.
    pub offset: usize,
}

impl Place {
    /// The span in the file of a range of the text; the whole scalar without one.
    #[must_use]
    pub fn span(&self, file: &SourceFile, range: Option<&Range<usize>>) -> Span {
        match range {
            Some(range) => span_in_scalar(file, self.scalar, range.start + self.offset..range.end + self.offset),
            None => self.scalar,
        }
    }

    /// The same as a place to carry away.
    #[must_use]
    pub fn location(&self, file: &SourceFile, range: Option<&Range<usize>>) -> Location {
        file.location(self.span(file, range))
    }
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// The expression, without braces.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A value that may hold templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value without any.
    Literal(Value),
    /// One `{{ expression }}`, which keeps its value's type.
    Expression(Expr),
    /// Text with templates in it.
    Text(Expr),
    /// A list with templates somewhere in it.
    List(Vec<Self>),
    /// A map with templates somewhere in it.
    Map(Vec<(String, Self)>),
}

/// Why a template gave nothing, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What went wrong.
    pub error: RenderError,
    /// Where the template stands.
    pub place: Place,
}

impl Expr {
    /// Takes a bare expression, or one in braces, from a scalar.
    #[must_use]
    pub fn from_scalar(text: &str, scalar: Span) -> Self {
        match strip_braces(text) {
            Some((inner, offset)) => Self { text: inner.to_owned(), place: Place { scalar, offset } },
            None => Self { text: text.to_owned(), place: Place { scalar, offset: 0 } },
        }
    }

    /// Works it out.
    ///
    /// # Errors
    /// As the engine says, with the place.
    pub fn evaluate(&self, engine: &Engine, scope: &Dynamic) -> Result<Dynamic, TemplateError> {
        engine.evaluate(&self.text, scope).map_err(|error| TemplateError { error, place: self.place })
    }
}

impl Template {
    /// Takes a value from the tree.
    #[must_use]
    pub fn from_node(node: &Node) -> Self {
        match &node.value {
            NodeValue::String(text) => Self::from_text(text, node.span),
            NodeValue::List(items) => {
                let items: Vec<Self> = items.iter().map(Self::from_node).collect();
                if items.iter().all(Self::is_literal) { Self::Literal(node.to_json()) } else { Self::List(items) }
            }
            NodeValue::Map(entries) => {
                let entries: Vec<(String, Self)> =
                    entries.iter().map(|entry| (entry.key.clone(), Self::from_node(&entry.value))).collect();
                if entries.iter().all(|(_, value)| value.is_literal()) {
                    Self::Literal(node.to_json())
                } else {
                    Self::Map(entries)
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => Self::Literal(node.to_json()),
        }
    }

    fn from_text(text: &str, scalar: Span) -> Self {
        if !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Self::Literal(Value::String(text.to_owned()));
        }
        match strip_braces(text) {
            Some((inner, offset)) => Self::Expression(Expr { text: inner.to_owned(), place: Place { scalar, offset } }),
            None => Self::Text(Expr { text: text.to_owned(), place: Place { scalar, offset: 0 } }),
        }
    }

    /// Whether it holds no template.
    #[must_use]
    pub const fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// Renders every template in it.
    ///
    /// # Errors
    /// The first template that gave nothing.
    pub fn render(&self, engine: &Engine, scope: &Dynamic) -> Result<Value, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => {
                let value = expression.evaluate(engine, scope)?;
                engine.json(&value).map_err(|error| TemplateError { error, place: expression.place })
            }
            Self::Text(text) => engine
                .render(&text.text, scope)
                .map(Value::String)
                .map_err(|error| TemplateError { error, place: text.place }),
            Self::List(items) => items.iter().map(|item| item.render(engine, scope)).collect(),
            Self::Map(entries) => {
                let rendered: Result<Map<String, Value>, _> = entries
                    .iter()
                    .map(|(key, value)| value.render(engine, scope).map(|value| (key.clone(), value)))
                    .collect();
                rendered.map(Value::Object)
            }
        }
    }

    /// Calls `visit` for every template in it: its expression or text, and whether it is text.
    pub fn visit(&self, visit: &mut impl FnMut(&Expr, bool)) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(expression) => visit(expression, false),
            Self::Text(text) => visit(text, true),
            Self::List(items) => items.iter().for_each(|item| item.visit(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| value.visit(visit)),
        }
    }
}

/// The inside of a text that is one `{{ expression }}` and nothing else, and where it begins.
fn strip_braces(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    // A second pair of braces, or braces in a string, need the parser to tell them apart.
    if (inner.contains("{{") || inner.contains("}}") || inner.contains("{%"))
        && !super::uses_of_template(text).is_ok_and(|uses| uses.is_one_expression)
    {
        return None;
    }
    let trimmed = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let offset = 2 + inner.len() - trimmed.len();
    Some((trimmed.strip_suffix(['-', '+']).unwrap_or(trimmed), offset))
}
