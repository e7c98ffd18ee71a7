//! One step as the check sees it: its arguments in the tree, and whether it is sure to be run.
//!
//! In: a planned step. Out: the same beside its arguments; nothing for a step that is surely skipped. A finding in a step
//! that may be skipped, or whose failure is ignored, is a warning.

use crate::outcome::Section;
use crate::plan::PlannedStep;
use crate::preflight::earlier::Surely;
use crate::preflight::known::{Known, Unknown};
use crate::source::Span;
use crate::yaml::{Node, NodeValue};

/// A step with its arguments.
pub(super) struct Step<'a> {
    pub(super) planned: &'a PlannedStep,
    pub(super) arguments: &'a Node,
    /// Why a mistake in it need not end the run.
    pub(super) doubt: Option<&'static str>,
}

/// A text of the arguments that is known, with its place.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) span: Span,
}

impl<'a> Step<'a> {
    /// The step, unless it is surely skipped.
    pub(super) fn of(planned: &'a PlannedStep, tree: &'a Node, known: &Known<'_>) -> Option<Self> {
        let wanted = planned.when.as_ref().map_or(Some(true), |when| known.condition(when));
        let doubt = match wanted {
            Some(false) => return None,
            Some(true) if planned.section == Section::Rescue => {
                Some("a step of `rescue` is run only if another has failed")
            }
            Some(true) if planned.ignore_errors => Some("the step has `ignore_errors`, so the run would go on"),
            Some(true) => None,
            None => Some("the step is run only if its `when` is true, which is not known before"),
        };
        Some(Self { planned, arguments: below(tree, planned.key)?, doubt })
    }

    /// Whether later steps can rely on it.
    pub(super) const fn surely(&self) -> Surely {
        if self.doubt.is_some() { Surely::Perhaps } else { Surely::Yes }
    }

    /// A text of the arguments; none where it is not written.
    pub(super) fn text(&self, key: &str, known: &Known<'_>) -> Result<Option<Said>, Unknown> {
        let Some(node) = self.arguments.get(key) else { return Ok(None) };
        let node = known.node(node)?;
        let text = match &node.value {
            NodeValue::String(text) => text.clone(),
            NodeValue::Number(number) => number.to_string(),
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::List(_) | NodeValue::Map(_) => return Ok(None),
        };
        Ok(Some(Said { text, span: node.span }))
    }

    /// A flag of the arguments, with its place; none where it is not written.
    pub(super) fn flag(&self, key: &str, known: &Known<'_>) -> Result<Option<(bool, Span)>, Unknown> {
        let Some(node) = self.arguments.get(key) else { return Ok(None) };
        let node = known.node(node)?;
        Ok(match &node.value {
            NodeValue::Bool(flag) => Some((*flag, node.span)),
            NodeValue::Null | NodeValue::Number(_) | NodeValue::String(_) | NodeValue::List(_) | NodeValue::Map(_) => {
                None
            }
        })
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.arguments.get(key).is_some()
    }
}

/// The value of the key that stands at this place.
fn below(node: &Node, key: Span) -> Option<&Node> {
    let entry = node.entries().iter().find(|entry| entry.key_span == key);
    let mut further = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    entry.map(|entry| &entry.value).or_else(|| further.find_map(|inner| below(inner, key)))
}
