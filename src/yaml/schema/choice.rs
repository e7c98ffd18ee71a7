//! `anyOf` and `oneOf`: which of the forms was meant, and what is wrong with it.
//!
//! In: a rule with branches and a value. Out: nothing when a branch takes the value; else the mistakes of the one branch
//! that was most likely meant, never a list of all that went wrong. A `oneOf` of single `required` keys is a choice of
//! one key and told as such.

use serde_json::Value;

use super::keys::{in_what, not_yet, unknown_keys};
use super::walk::{Place, Rule, Walk, rules, texts};
use super::{kind, scalar};
use crate::diagnostic::{Code, Diagnostic, alternatives, quote};
use crate::yaml::tree::{Entry, Node, NodeValue};

const DEEPEST: usize = 16;

/// The mistakes of a value that its `anyOf` or `oneOf` refuses.
pub(super) fn check<'a>(walk: &Walk<'a>, rule: &'a Rule, place: Place<'a>) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    if rule.contains_key("anyOf") {
        mistakes.extend(check_branches(walk, rules(rule, "anyOf"), place, false));
    }
    if rule.contains_key("oneOf") {
        let branches = rules(rule, "oneOf");
        match branches.iter().map(only_required).collect::<Option<Vec<&str>>>() {
            Some(keys) if matches!(place.node.value, NodeValue::Map(_)) => {
                mistakes.extend(one_key(walk, rule, place, &keys));
            }
            _ => mistakes.extend(check_branches(walk, branches, place, true)),
        }
    }
    mistakes
}

/// The key of a branch that says nothing but `{"required": [key]}`.
fn only_required(branch: &Value) -> Option<&str> {
    let branch = branch.as_object()?;
    let says_more = branch.keys().any(|keyword| !matches!(keyword.as_str(), "required" | "title" | "description"));
    match (says_more, texts(branch, "required").as_slice()) {
        (false, [key]) => Some(key),
        _ => None,
    }
}

/// The keys of a rule's choice of one key, if a map has none of them.
pub(super) fn missing_keys<'a>(rule: &'a Rule, node: &Node) -> Vec<&'a str> {
    let keys = keys(rule);
    if keys.iter().all(|key| node.entry(key).is_none()) { keys } else { Vec::new() }
}

/// The keys of a rule's choice of one key; none if it has no such choice.
pub(super) fn keys(rule: &Rule) -> Vec<&str> {
    let keys: Option<Vec<&str>> = rules(rule, "oneOf").iter().map(only_required).collect();
    keys.unwrap_or_default()
}

/// As many keys of a choice are named; `explain` lists all.
pub(super) const NAMED: usize = 5;

/// Some keys of a choice, and where all are.
pub(super) fn some_of(rule: &Rule, named: &[&str]) -> String {
    let noun = rule.get("x-choice").and_then(Value::as_str).unwrap_or("key");
    if keys(rule).len() <= named.len() {
        return format!("the {noun}s are {}", alternatives(named).replacen(" or ", " and ", 1));
    }
    format!("write an {noun} such as {}; `myaf-run explain {}` lists all", alternatives(named), Code::NO_ACTION.id)
}

fn one_key<'a>(walk: &Walk<'a>, rule: &'a Rule, place: Place<'a>, keys: &[&str]) -> Vec<Diagnostic> {
    let entries = place.node.entries();
    let present: Vec<&Entry> = entries.iter().filter(|entry| keys.contains(&entry.key.as_str())).collect();
    let noun = rule.get("x-choice").and_then(Value::as_str);
    let Some((first, others)) = present.split_first() else {
        // One of them may be the key that is missed; it is told with the keys there are.
        let is_told = !unknown_keys(walk, rule, place.node).is_empty();
        if is_told || entries.iter().any(|entry| not_yet(rule, &entry.key).is_some()) {
            return Vec::new();
        }
        let message = format!(
            "{} is missing{}",
            noun.map_or_else(|| "a key".to_owned(), |noun| format!("the {noun}")),
            in_what(place)
        );
        let diagnostic = Diagnostic::new(Code::NO_ACTION, walk.file, first_key(place), message);
        return vec![diagnostic.with_help(some_of(rule, &keys[..keys.len().min(NAMED)]))];
    };
    others
        .iter()
        .map(|other| {
            let message = format!(
                "more than one {}{}: {} and {}",
                noun.unwrap_or("of these keys"),
                in_what(place),
                quote(&first.key),
                quote(&other.key)
            );
            Diagnostic::new(Code::MANY_ACTIONS, walk.file, other.key_span, message)
                .with_related(first.key_span, "the first one")
                .with_help("keep one of them")
        })
        .collect()
}

fn first_key(place: Place<'_>) -> crate::source::Span {
    place.node.entries().first().map_or(place.node.span, |entry| entry.key_span)
}

fn check_branches<'a>(walk: &Walk<'a>, branches: &'a [Value], place: Place<'a>, exactly_one: bool) -> Vec<Diagnostic> {
    let fitting: Vec<&Value> = branches.iter().filter(|branch| kind::may_accept(walk, branch, place.node)).collect();
    if fitting.is_empty() {
        return vec![kind::not_of(walk, kind::accepted_by_any(walk, branches), place)];
    }
    let place = if let [only] = fitting.as_slice() { place.meant_as(only) } else { place };
    let mut failed: Vec<Vec<Diagnostic>> = Vec::new();
    let mut passed = 0;
    for branch in &fitting {
        let mistakes = walk.check(branch, place);
        if mistakes.is_empty() {
            passed += 1;
            if !exactly_one {
                return Vec::new();
            }
        } else {
            failed.push(mistakes);
        }
    }
    match passed {
        0 => meant(walk, &fitting, failed, place),
        1 => Vec::new(),
        _ => vec![walk.mistake(Code::NOT_ALLOWED, place, "this value can be read in more than one way")],
    }
}

/// What to say when every branch refuses the value.
fn meant(walk: &Walk<'_>, fitting: &[&Value], failed: Vec<Vec<Diagnostic>>, place: Place<'_>) -> Vec<Diagnostic> {
    let allowed: Option<Vec<Vec<&Value>>> = fitting.iter().map(|branch| allowed_values(walk, branch, 0)).collect();
    if let Some(allowed) = allowed {
        return vec![scalar::not_one_of(walk, &allowed.concat(), place)];
    }
    let weight = |mistakes: &Vec<Diagnostic>| (mistakes.len(), !mistakes.iter().any(|m| m.code == Code::NOT_ALLOWED));
    failed.into_iter().min_by_key(weight).unwrap_or_default()
}

/// The values a rule allows, if it does nothing but list them.
fn allowed_values<'a>(walk: &Walk<'a>, rule: &'a Value, depth: usize) -> Option<Vec<&'a Value>> {
    let rule = rule.as_object().filter(|_| depth < DEEPEST)?;
    if let Some(value) = rule.get("const") {
        return Some(vec![value]);
    }
    if rule.contains_key("enum") {
        return Some(rules(rule, "enum").iter().collect());
    }
    if let Some(name) = rule.get("$ref").and_then(Value::as_str) {
        return allowed_values(walk, walk.schema.resolve(name)?, depth + 1);
    }
    let inner = if rule.contains_key("oneOf") { rules(rule, "oneOf") } else { rules(rule, "anyOf") };
    let values: Option<Vec<Vec<&Value>>> = inner.iter().map(|inner| allowed_values(walk, inner, depth + 1)).collect();
    values.map(|values| values.concat()).filter(|values| !values.is_empty())
}
