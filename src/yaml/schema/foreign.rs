//! A JSON Schema of somebody else's: what of it is judged, and what is not.
//!
//! In: the schema that a DAG's author wrote for a param. Out: the same with only the words that the walker executes as
//! Airflow does, and the names of those that it leaves to Airflow. Words that mean nothing to a validator (`title`,
//! `section`, anything of ours) are left out in silence. Whatever is left out makes the schema accept more, never less.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::Schema;
use super::format;

/// Words that are executed as they stand.
const JUDGED: [&str; 17] = [
    "type",
    "const",
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "required",
    "dependentRequired",
    "minProperties",
    "maxProperties",
    "$anchor",
];

/// Words that keep something out, and are left to Airflow.
const NOT_JUDGED: [&str; 16] = [
    "if",
    "then",
    "else",
    "patternProperties",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedProperties",
    "unevaluatedItems",
    "multipleOf",
    "dependentSchemas",
    "dependencies",
    "additionalItems",
    "$dynamicRef",
    "$recursiveRef",
];

/// A schema of somebody else's, ready to be executed.
#[derive(Debug)]
pub struct Foreign {
    /// What of it is judged.
    pub schema: Schema,
    /// The words that are not, in order, such as `multipleOf` or `format: uri`.
    pub not_judged: Vec<String>,
}

impl Foreign {
    /// Takes a schema, to hold this value against it.
    #[must_use]
    pub fn new(schema: &Value, value: &Value) -> Self {
        let mut sieve = Sieve { root: schema, is_plain: is_plain(value), not_judged: BTreeSet::new() };
        let judged = sieve.rule(schema);
        Self { schema: Schema::new(judged), not_judged: sieve.not_judged.into_iter().collect() }
    }
}

struct Sieve<'a> {
    root: &'a Value,
    /// Whether patterns mean the same here and in Python for every text of the value.
    is_plain: bool,
    not_judged: BTreeSet<String>,
}

impl Sieve<'_> {
    fn rule(&mut self, rule: &Value) -> Value {
        let Value::Object(words) = rule else { return rule.clone() };
        let mut kept = Map::new();
        for (word, value) in words {
            if let Some((word, value)) = self.word(words, word, value) {
                kept.insert(word.to_owned(), value);
            }
        }
        Value::Object(kept)
    }

    fn word<'w>(&mut self, rule: &Map<String, Value>, word: &'w str, value: &Value) -> Option<(&'w str, Value)> {
        match (word, value) {
            ("properties" | "$defs" | "definitions", Value::Object(rules)) => {
                let rules = rules.iter().map(|(name, rule)| (name.clone(), self.rule(rule)));
                Some((word, Value::Object(rules.collect())))
            }
            // What they judge is what other words leave over.
            ("additionalProperties", _) if rule.contains_key("patternProperties") => None,
            ("items", _) if rule.contains_key("prefixItems") => None,
            ("items" | "additionalProperties" | "propertyNames", Value::Object(_) | Value::Bool(_)) => {
                Some((word, self.rule(value)))
            }
            ("allOf" | "anyOf", Value::Array(rules)) => {
                Some((word, Value::Array(rules.iter().map(|rule| self.rule(rule)).collect())))
            }
            ("oneOf" | "not", _) => self.whole(word, value),
            ("pattern", Value::String(pattern)) if self.is_plain && is_common(pattern) => Some((word, value.clone())),
            ("$ref", Value::String(target)) if self.is_here(target) => Some((word, value.clone())),
            ("format", Value::String(name)) => self.format(name, value),
            _ if JUDGED.contains(&word) => Some((word, value.clone())),
            ("items" | "additionalProperties" | "propertyNames" | "allOf" | "anyOf" | "pattern" | "$ref", _) => {
                self.leave(word)
            }
            _ if NOT_JUDGED.contains(&word) => self.leave(word),
            _ => None,
        }
    }

    /// A word under which less would be accepted when something in it is left out: it is judged whole or not at all.
    fn whole<'w>(&mut self, word: &'w str, value: &Value) -> Option<(&'w str, Value)> {
        let mut inner = Sieve { root: self.root, is_plain: self.is_plain, not_judged: BTreeSet::new() };
        let kept = match value {
            Value::Array(rules) => Value::Array(rules.iter().map(|rule| inner.rule(rule)).collect()),
            rule => inner.rule(rule),
        };
        if !inner.not_judged.is_empty() || refers(value) {
            return self.leave(word);
        }
        Some((word, kept))
    }

    fn format(&mut self, name: &str, value: &Value) -> Option<(&'static str, Value)> {
        if format::is_judged(name) {
            return Some((format::WORD, value.clone()));
        }
        if format::is_judged_by_airflow(name) {
            self.not_judged.insert(format!("format: {name}"));
        }
        None
    }

    fn leave<'w>(&mut self, word: &str) -> Option<(&'w str, Value)> {
        self.not_judged.insert(word.to_owned());
        None
    }

    fn is_here(&self, target: &str) -> bool {
        target.strip_prefix('#').is_some_and(|pointer| self.root.pointer(pointer).is_some())
    }
}

/// Whether a rule or one in it refers to another.
fn refers(rule: &Value) -> bool {
    match rule {
        Value::Object(words) => words.contains_key("$ref") || words.values().any(refers),
        Value::Array(rules) => rules.iter().any(refers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a pattern of Python's is one of ours, too. `\d` and the like mean other letters there, but not in ASCII.
fn is_common(pattern: &str) -> bool {
    Regex::new(pattern).is_ok() && !pattern.contains("{,")
}

/// Whether every text in a value is printable ASCII: beyond that, classes and `$` differ from language to language.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(map) => map.iter().all(|(key, value)| key.is_ascii() && is_plain(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sieved(schema: &Value) -> (Value, Vec<String>) {
        let foreign = Foreign::new(schema, &json!("x"));
        (foreign.schema.as_json().clone(), foreign.not_judged)
    }

    #[test]
    fn what_a_validator_does_not_heed_is_left_out_in_silence() {
        let schema = json!({
            "type": "string", "minLength": 1, "title": "T", "section": "S", "description_md": "d", "x-expected": "y",
            "x-template": false, "examples": ["a"], "values_display": {"a": "A"}, "format": "multiline",
        });
        assert_eq!(sieved(&schema), (json!({ "type": "string", "minLength": 1 }), Vec::new()));
    }

    #[test]
    fn what_is_left_to_airflow_is_named() {
        let table = [
            (json!({ "type": "integer", "multipleOf": 5 }), json!({ "type": "integer" }), "multipleOf"),
            (json!({ "format": "uuid" }), json!({}), "format: uuid"),
            (json!({ "pattern": "(?<=a)b" }), json!({}), "pattern"),
            (json!({ "pattern": r"a\Z" }), json!({}), "pattern"),
            (json!({ "$ref": "https://example.com/x" }), json!({}), "$ref"),
            (json!({ "items": [{ "type": "string" }] }), json!({}), "items"),
            (json!({ "prefixItems": [{}], "items": false }), json!({}), "prefixItems"),
            (json!({ "patternProperties": {}, "additionalProperties": false }), json!({}), "patternProperties"),
            (json!({ "properties": { "a": { "contains": {} } } }), json!({ "properties": { "a": {} } }), "contains"),
        ];
        for (schema, judged, word) in table {
            assert_eq!(sieved(&schema), (judged, vec![word.to_owned()]), "{schema}");
        }
    }

    #[test]
    fn a_choice_or_a_not_is_judged_whole_or_not_at_all() {
        let whole = json!({ "oneOf": [{ "type": "string", "title": "t" }, { "type": "null" }] });
        assert_eq!(sieved(&whole), (json!({ "oneOf": [{ "type": "string" }, { "type": "null" }] }), Vec::new()));
        for schema in [
            json!({ "oneOf": [{ "multipleOf": 2 }, { "type": "null" }] }),
            json!({ "oneOf": [{ "$ref": "#/$defs/a" }], "$defs": {} }),
        ] {
            assert_eq!(sieved(&schema).1, ["oneOf"], "{schema}");
        }
        assert_eq!(sieved(&json!({ "not": { "format": "uri" } })), (json!({}), vec!["not".to_owned()]));
    }

    #[test]
    fn a_pattern_is_judged_only_where_it_means_the_same_in_python() {
        let schema = json!({ "pattern": r"^\w+$" });
        assert!(Foreign::new(&schema, &json!("abc")).not_judged.is_empty());
        for value in [json!("é"), json!("a\n"), json!({ "a": ["é"] })] {
            assert_eq!(Foreign::new(&schema, &value).not_judged, ["pattern"], "{value}");
        }
    }
}
