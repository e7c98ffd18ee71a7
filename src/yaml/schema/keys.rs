//! The keys of a map, held against those a rule knows.
//!
//! In: a rule and a map. Out: which keys nobody knows, with the name each was likely meant to be, and which are known but
//! not supported yet. Other files use it to say one mistake once: a misspelt key is not also missing.

use serde_json::Value;

use super::choice;
use super::home::Home;
use super::kind::is_template;
use super::neighbour;
use super::walk::{Place, Rule, Walk};
use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES, alternatives, near_name, nearest, quote};
use crate::yaml::tree::{Entry, Node};

const LISTED_KEYS: usize = 12;

/// A key that the rule does not know.
#[derive(Debug)]
pub(super) struct UnknownKey<'a> {
    /// The key with its place.
    pub(super) entry: &'a Entry,
    /// The name it was likely meant to be.
    pub(super) near: Option<&'a str>,
    /// What to write, where it is a word of another language.
    pub(super) neighbour: Option<&'a str>,
}

/// The keys that the rule refuses because it does not know them.
pub(super) fn unknown_keys<'a>(walk: &Walk<'a>, rule: &'a Rule, node: &'a Node) -> Vec<UnknownKey<'a>> {
    if rule.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Vec::new();
    }
    let absent: Vec<&str> = known_keys(rule).into_iter().filter(|key| node.entry(key).is_none()).collect();
    let unknown =
        node.entries().iter().filter(|entry| !is_known(rule, &entry.key) && not_yet(rule, &entry.key).is_none());
    unknown
        .take(MOST_MISTAKES)
        .map(|entry| match neighbour::of(walk, rule, &entry.key) {
            Some((key, help)) => UnknownKey { entry, near: Some(key), neighbour: Some(help) },
            None => UnknownKey { entry, near: near_name(&entry.key, absent.iter().copied()), neighbour: None },
        })
        .collect()
}

/// The words for a key that is known but not supported yet.
pub(super) fn not_yet<'a>(rule: &'a Rule, key: &str) -> Option<&'a str> {
    match rule.get("x-not-yet")? {
        Value::Array(names) => names.iter().any(|name| name == key).then_some(""),
        Value::Object(names) => names.get(key).map(|words| words.as_str().unwrap_or_default()),
        _ => None,
    }
}

/// Whether the rule has a property of this name.
pub(super) fn is_known(rule: &Rule, key: &str) -> bool {
    rule.get("properties").is_some_and(|properties| properties.get(key).is_some())
}

/// The mistake of a key that nobody knows.
pub(super) fn unknown_key(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, unknown: &UnknownKey<'_>) -> Diagnostic {
    let key = &unknown.entry.key;
    if is_template(key) {
        let message = format!("a template can't be a key, found {}", quote(key));
        return Diagnostic::new(Code::TEMPLATE_PLACE, walk.file, unknown.entry.key_span, message);
    }
    let message = format!("unknown key {}{}", quote(key), in_what(place));
    let diagnostic = Diagnostic::new(Code::UNKNOWN_KEY, walk.file, unknown.entry.key_span, message);
    if let Some(home) = Home::of(walk, rule, place, key) {
        return diagnostic.with_help(home.help(key));
    }
    if let Some(help) = unknown.neighbour {
        return diagnostic.with_help(help);
    }
    let missing_choice = choice::missing_keys(rule, place.node);
    let mut known = known_keys(rule);
    if missing_choice.is_empty() {
        // It has one of them, and may have no other.
        known.retain(|key| !choice::keys(rule).contains(key));
    }
    match unknown.near {
        Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
        None if !missing_choice.is_empty() => {
            diagnostic.with_help(choice::some_of(rule, &nearest(key, missing_choice, choice::NAMED)))
        }
        None if known.is_empty() => diagnostic.with_help("no key may stand here"),
        None if known.len() <= LISTED_KEYS => diagnostic.with_help(format!("the known keys are {}", listed(&known))),
        None => diagnostic,
    }
}

/// The mistake of a key that is not supported yet.
pub(super) fn unsupported_key(walk: &Walk<'_>, entry: &Entry, words: &str) -> Diagnostic {
    let message = format!("{} is not supported yet", quote(&entry.key));
    let diagnostic = Diagnostic::new(Code::NOT_SUPPORTED, walk.file, entry.key_span, message);
    if words.is_empty() { diagnostic } else { diagnostic.with_help(words) }
}

/// Such as ` in a step` or `` in `retry` ``; empty where nothing is known of the map.
pub(super) fn in_what(place: Place<'_>) -> String {
    match (place.name, place.entry) {
        (Some(name), _) => format!(" in {name}"),
        (None, Some(entry)) => format!(" in {}", quote(&entry.key)),
        (None, None) => String::new(),
    }
}

fn known_keys(rule: &Rule) -> Vec<&str> {
    let properties = rule.get("properties").and_then(Value::as_object);
    properties.map_or_else(Vec::new, |properties| properties.keys().map(String::as_str).collect())
}

fn listed(keys: &[&str]) -> String {
    alternatives(keys).replacen(" or ", " and ", 1)
}
