//! What a rule says of a list: its items, how many, and whether they may repeat.
//!
//! In: a list. Out: its own mistakes and those of its items.

use std::collections::HashMap;

use serde_json::Value;

use super::scalar::limit;
use super::walk::{Place, Rule, Walk};
use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES, quote};
use crate::yaml::tree::{Node, NodeValue};

/// The mistakes of a list; none of anything else.
pub(super) fn check<'a>(walk: &Walk<'a>, rule: &'a Rule, place: Place<'a>) -> Vec<Diagnostic> {
    let NodeValue::List(items) = &place.node.value else { return Vec::new() };
    let mut mistakes: Vec<Diagnostic> = wrong_count(walk, rule, place, items.len()).into_iter().collect();
    if let Some(item_rule) = rule.get("items") {
        mistakes.extend(items.iter().flat_map(|item| walk.check(item_rule, place.item(item))).take(MOST_MISTAKES));
    }
    if rule.get("uniqueItems") == Some(&Value::Bool(true)) {
        mistakes.extend(repeated(walk, items));
    }
    mistakes
}

fn wrong_count(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, count: usize) -> Option<Diagnostic> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let message = match (limit(rule, "minItems"), limit(rule, "maxItems")) {
        (Some(1), _) if count == 0 => "the list is empty, at least one item is needed".to_owned(),
        (Some(least), _) if count < least => format!("the list has {count} items, at least {least} are needed"),
        (_, Some(most)) if count > most => format!("the list has {count} items, at most {most} are allowed"),
        _ => return None,
    };
    Some(walk.mistake(Code::OUT_OF_RANGE, place, message))
}

fn repeated(walk: &Walk<'_>, items: &[Node]) -> Vec<Diagnostic> {
    let mut seen: HashMap<String, &Node> = HashMap::new();
    let mut mistakes = Vec::new();
    for item in items {
        match seen.get(&canonical(item)) {
            Some(first) => {
                let message = format!("{} stands twice in this list", quote(walk.file.slice(item.span)));
                mistakes.push(
                    Diagnostic::new(Code::NOT_ALLOWED, walk.file, item.span, message)
                        .with_related(first.span, "first here"),
                );
            }
            None => {
                seen.insert(canonical(item), item);
            }
        }
    }
    mistakes
}

/// One text for all values that JSON Schema calls equal.
fn canonical(node: &Node) -> String {
    match &node.value {
        NodeValue::Number(number) => match (number.as_i128(), number.as_f64()) {
            (None, Some(value)) if value.fract() == 0.0 => format!("{value:.0}").replace("-0", "0"),
            _ => number.to_string(),
        },
        NodeValue::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        NodeValue::Map(entries) => {
            let pair = |key: &str, value: &Node| format!("{}:{}", Value::from(key), canonical(value));
            let mut pairs: Vec<String> = entries.iter().map(|entry| pair(&entry.key, &entry.value)).collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::String(_) => node.to_json().to_string(),
    }
}
