//! What a rule says of a map: its keys, their values, and which keys need or exclude each other.
//!
//! In: a map. Out: its own mistakes and those of its values.

use serde_json::Value;

use super::home::Home;
use super::keys::{UnknownKey, in_what, is_known, not_yet, unknown_key, unknown_keys, unsupported_key};
use super::scalar::limit;
use super::walk::{Place, Rule, Walk, rules, texts};
use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES, quote};
use crate::yaml::tree::{Entry, Node, NodeValue};

/// The mistakes of a map; none of anything else.
pub(super) fn check<'a>(walk: &Walk<'a>, rule: &'a Rule, place: Place<'a>) -> Vec<Diagnostic> {
    let NodeValue::Map(entries) = &place.node.value else { return Vec::new() };
    let unknown = unknown_keys(walk, rule, place.node);
    let is_told = |key: &UnknownKey<'_>| Home::of(walk, rule, place, &key.entry.key).is_some_and(Home::is_missing);
    let untold = unknown.iter().filter(|key| !is_told(key));
    let mut mistakes: Vec<Diagnostic> = untold.map(|key| unknown_key(walk, rule, place, key)).collect();
    let below = entries.iter().flat_map(|entry| check_entry(walk, rule, place, entry));
    mistakes.extend(below.take(MOST_MISTAKES));
    mistakes.extend(missing_keys(walk, rule, place, &unknown));
    mistakes.extend(dependent_keys(walk, rule, place.node));
    mistakes.extend(conflicts(walk, rule, place.node));
    mistakes.extend(wrong_count(walk, rule, place, entries.len()));
    mistakes
}

fn check_entry<'a>(walk: &Walk<'a>, rule: &'a Rule, place: Place<'a>, entry: &'a Entry) -> Vec<Diagnostic> {
    if !is_known(rule, &entry.key)
        && let Some(words) = not_yet(rule, &entry.key)
    {
        return vec![unsupported_key(walk, entry, words)];
    }
    let mut mistakes = Vec::new();
    if let Some(names) = rule.get("propertyNames") {
        mistakes.extend(check_name(walk, names, entry));
    }
    let property = rule.get("properties").and_then(|properties| properties.get(&entry.key));
    match (property, rule.get("additionalProperties")) {
        (Some(value), _) => mistakes.extend(walk.check(value, place.value_of(entry, rule))),
        (None, Some(other @ Value::Object(_))) => mistakes.extend(walk.check(other, place.value_of(entry, rule))),
        (None, _) => {}
    }
    mistakes
}

/// A key held against `propertyNames`, as a text of its own.
fn check_name<'a>(walk: &Walk<'a>, names: &'a Value, entry: &'a Entry) -> Vec<Diagnostic> {
    let name = Node { span: entry.key_span, value: NodeValue::String(entry.key.clone()) };
    walk.check_apart(names, &name)
}

fn missing_keys(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, unknown: &[UnknownKey<'_>]) -> Vec<Diagnostic> {
    let is_misspelt = |key: &str| unknown.iter().any(|unknown| unknown.near == Some(key));
    let missing = texts(rule, "required").into_iter().filter(|key| place.node.entry(key).is_none());
    missing
        .filter(|key| !is_misspelt(key))
        .map(|key| {
            let message = format!("{} is missing{}", quote(key), in_what(place));
            let mistake = Diagnostic::new(Code::MISSING_KEY, walk.file, place.head(), message);
            let property = rule.get("properties").and_then(|properties| properties.get(key));
            match property.and_then(|property| property.get("x-missing")).and_then(Value::as_str) {
                Some(help) => mistake.with_help(help),
                None => mistake,
            }
        })
        .collect()
}

fn dependent_keys(walk: &Walk<'_>, rule: &Rule, node: &Node) -> Vec<Diagnostic> {
    let Some(dependent) = rule.get("dependentRequired").and_then(Value::as_object) else { return Vec::new() };
    let mut mistakes = Vec::new();
    for entry in node.entries() {
        let needed = dependent.get(&entry.key).and_then(Value::as_array).into_iter().flatten();
        for key in needed.filter_map(Value::as_str).filter(|key| node.entry(key).is_none()) {
            let message = format!("{} needs {} beside it", quote(&entry.key), quote(key));
            mistakes.push(Diagnostic::new(Code::MISSING_KEY, walk.file, entry.key_span, message));
        }
    }
    mistakes
}

fn conflicts(walk: &Walk<'_>, rule: &Rule, node: &Node) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    for group in rules(rule, "x-conflicts").iter().filter_map(Value::as_array) {
        let present: Vec<&Entry> =
            node.entries().iter().filter(|entry| group.iter().any(|name| *name == entry.key.as_str())).collect();
        let Some((first, others)) = present.split_first() else { continue };
        for other in others {
            let message = format!("{} and {} exclude each other", quote(&first.key), quote(&other.key));
            mistakes.push(
                Diagnostic::new(Code::CONFLICT, walk.file, other.key_span, message)
                    .with_related(first.key_span, "the other one")
                    .with_help("keep one of them"),
            );
        }
    }
    mistakes
}

fn wrong_count(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, count: usize) -> Option<Diagnostic> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let message = match (limit(rule, "minProperties"), limit(rule, "maxProperties")) {
        (Some(1), _) if count == 0 => "the map is empty, at least one key is needed".to_owned(),
        (Some(least), _) if count < least => format!("the map has {count} keys, at least {least} are needed"),
        (_, Some(most)) if count > most => format!("the map has {count} keys, at most {most} are allowed"),
        _ => return None,
    };
    Some(Diagnostic::new(Code::OUT_OF_RANGE, walk.file, place.head(), message))
}
