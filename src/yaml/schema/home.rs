//! Where a key belongs that stands in the wrong map.
//!
//! In: a key that a map's rule does not know. Out: the entry beside it whose map knows it, or that the map above does.

use serde_json::Value;

use super::keys::is_known;
use super::walk::{Place, Rule, Walk, rules};
use crate::diagnostic::quote;
use crate::yaml::tree::{Entry, NodeValue};

const DEEPEST: usize = 16;
/// As many entries beside a key are looked at.
const MOST_BESIDE: usize = 100;

/// The map that a misplaced key was meant for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home<'a> {
    /// The map of an entry beside the key.
    Beside(&'a Entry),
    /// The map that holds the one the key stands in, under this entry.
    Above(&'a Entry),
}

impl<'a> Home<'a> {
    /// Finds it.
    pub(super) fn of(walk: &Walk<'_>, rule: &Rule, place: Place<'a>, key: &str) -> Option<Self> {
        let beside = place.node.entries().iter().take(MOST_BESIDE).find(|entry| {
            let property = rule.get("properties").and_then(|properties| properties.get(&entry.key));
            entry.key != key && property.is_some_and(|property| takes(walk, property, key, 0))
        });
        let above = || place.entry.filter(|_| place.above.is_some_and(|above| is_known(above, key)));
        beside.map(Self::Beside).or_else(|| above().map(Self::Above))
    }

    /// What to do with the key.
    pub(super) fn help(self, key: &str) -> String {
        match self {
            Self::Beside(entry) => format!("{} is a key of {}: indent it below that", quote(key), quote(&entry.key)),
            Self::Above(entry) => format!("{} stands beside {}, not in it", quote(key), quote(&entry.key)),
        }
    }

    /// Whether the map it was meant for is missing, which is told there.
    pub(super) fn is_missing(self) -> bool {
        matches!(self, Self::Beside(entry) if entry.value.value == NodeValue::Null)
    }
}

/// Whether any form of a rule takes a map with this key.
fn takes(walk: &Walk<'_>, rule: &Value, key: &str, depth: usize) -> bool {
    let Some(rule) = rule.as_object().filter(|_| depth < DEEPEST) else { return false };
    let target = rule.get("$ref").and_then(Value::as_str).and_then(|name| walk.schema.resolve(name));
    let forms = rules(rule, "anyOf").iter().chain(rules(rule, "oneOf")).chain(target);
    is_known(rule, key) || forms.into_iter().any(|form| takes(walk, form, key, depth + 1))
}
