//! Kinds of values: which a rule accepts, and what to say of another.
//!
//! In: a rule and a place. Out: the one mistake of a value that is of the wrong type altogether, or a template where none
//! may stand. After either, nothing else is said about the value.

use serde_json::Value;

use super::choice;
use super::walk::{Place, Rule, Walk, rules, texts};
use crate::diagnostic::{Code, Diagnostic, quote};
use crate::yaml::tree::{Node, NodeValue};

const SHORT: usize = 60;

/// A set of kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    const NONE: Self = Self(0);
    const NOTHING: Self = Self(1);
    const BOOLEAN: Self = Self(2);
    const WHOLE: Self = Self(4);
    const DECIMAL: Self = Self(8);
    const NUMBER: Self = Self(12);
    const TEXT: Self = Self(16);
    const LIST: Self = Self(32);
    const MAP: Self = Self(64);
    /// Kinds beside which a text is rather an expression or a template than plain text.
    const BESIDE_TEXT: Self = Self(98);
    /// Every kind; also what is assumed of a rule that refers to itself.
    pub(super) const ALL: Self = Self(127);

    /// What a schema's `type` calls it.
    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NOTHING,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::WHOLE,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::MAP,
            _ => Self::NONE,
        }
    }

    /// The kind of a value of the tree; a number may be meant as either kind of number.
    fn of(node: &Node) -> Self {
        match &node.value {
            NodeValue::Null => Self::NOTHING,
            NodeValue::Bool(_) => Self::BOOLEAN,
            NodeValue::Number(_) => Self::NUMBER,
            NodeValue::String(_) => Self::TEXT,
            NodeValue::List(_) => Self::LIST,
            NodeValue::Map(_) => Self::MAP,
        }
    }

    fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::NOTHING,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::MAP,
        }
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These kinds but text.
    pub(super) fn without_text(self) -> Self {
        Self(self.0 & !Self::TEXT.0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Such as `text, a list or a map`.
    fn words(self) -> String {
        let number = if self.has(Self::DECIMAL) { "a number" } else { "a whole number" };
        let all = [
            (Self::TEXT, "text"),
            (Self::NUMBER, number),
            (Self::BOOLEAN, "true or false"),
            (Self::LIST, "a list"),
            (Self::MAP, "a map"),
            (Self::NOTHING, "nothing"),
        ];
        let words: Vec<&str> = all.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, words)| *words).collect();
        match words.split_last() {
            None => "nothing at all".to_owned(),
            Some((only, [])) => (*only).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }
}

/// Whether a rule may accept a value of this kind; if not, it accepts none.
pub(super) fn may_accept(walk: &Walk<'_>, rule: &Value, node: &Node) -> bool {
    accepted(walk, rule).has(Kinds::of(node))
}

/// The kinds that any of these rules may accept.
pub(super) fn accepted_by_any<'a>(walk: &Walk<'_>, rules: impl IntoIterator<Item = &'a Value>) -> Kinds {
    rules.into_iter().fold(Kinds::NONE, |kinds, rule| kinds.or(accepted(walk, rule)))
}

fn accepted(walk: &Walk<'_>, rule: &Value) -> Kinds {
    match rule {
        Value::Bool(false) => Kinds::NONE,
        Value::Object(object) => walk.remember_kinds(rule, || accepted_by_rule(walk, object)),
        _ => Kinds::ALL,
    }
}

fn accepted_by_rule(walk: &Walk<'_>, rule: &Rule) -> Kinds {
    let mut kinds = types(rule).unwrap_or(Kinds::ALL);
    if let Some(target) = rule.get("$ref").and_then(Value::as_str).and_then(|name| walk.schema.resolve(name)) {
        kinds = kinds.and(accepted(walk, target));
    }
    if let Some(value) = rule.get("const") {
        kinds = kinds.and(Kinds::of_json(value));
    }
    if let Some(values) = rule.get("enum").and_then(Value::as_array) {
        kinds = kinds.and(values.iter().fold(Kinds::NONE, |kinds, value| kinds.or(Kinds::of_json(value))));
    }
    for inner in rules(rule, "allOf") {
        kinds = kinds.and(accepted(walk, inner));
    }
    for keyword in ["anyOf", "oneOf"].into_iter().filter(|keyword| rule.contains_key(*keyword)) {
        kinds = kinds.and(accepted_by_any(walk, rules(rule, keyword)));
    }
    kinds
}

/// The kinds that a rule's `type` names.
pub(super) fn types(rule: &Rule) -> Option<Kinds> {
    match rule.get("type")? {
        Value::String(name) => Some(Kinds::named(name)),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str);
            Some(names.fold(Kinds::NONE, |kinds, name| kinds.or(Kinds::named(name))))
        }
        _ => None,
    }
}

/// A text with `{{` under a rule with `x-template: false`.
pub(super) fn template_where_none_may_stand(walk: &Walk<'_>, rule: &Rule, place: Place<'_>) -> Option<Diagnostic> {
    let refused = rule.get("x-template") == Some(&Value::Bool(false));
    (refused && holds_template(place.node)).then(|| {
        let message = format!("a template can't stand here, found {}", quote(place.node.text().unwrap_or_default()));
        walk.mistake(Code::TEMPLATE_PLACE, place, message).with_help("write the value itself")
    })
}

/// A value that the rule's `type` refuses.
pub(super) fn wrong_type(walk: &Walk<'_>, rule: &Rule, place: Place<'_>) -> Option<Diagnostic> {
    let kinds = types(rule)?;
    let fits = match &place.node.value {
        NodeValue::Number(number) => kinds.has(Kinds::DECIMAL) || (kinds.has(Kinds::WHOLE) && is_whole(number)),
        _ => kinds.has(Kinds::of(place.node)),
    };
    // Where other keywords allow less, say only what is really accepted.
    (!fits).then(|| not_of(walk, accepted_by_rule(walk, rule), place))
}

/// The mistake of a value that is of none of these kinds.
pub(super) fn not_of(walk: &Walk<'_>, kinds: Kinds, place: Place<'_>) -> Diagnostic {
    let node = place.node;
    if let (true, NodeValue::Number(number)) = (place.needs_unit, &node.value) {
        return no_unit(walk, place, &number.to_string());
    }
    let expected = place.expected.map_or_else(|| kinds.words(), str::to_owned);
    if holds_template(node) && !kinds.has(Kinds::TEXT) {
        let message = format!("a template can't stand here, expected {expected}");
        return walk.mistake(Code::TEMPLATE_PLACE, place, message);
    }
    let found = match &node.value {
        NodeValue::Number(_) if kinds.has(Kinds::WHOLE) => "a decimal number",
        NodeValue::Number(_) => "a number",
        NodeValue::List(_) => "a list",
        NodeValue::Map(_) => "a map",
        _ => node.kind(),
    };
    let diagnostic = walk.mistake(Code::WRONG_TYPE, place, format!("expected {expected}, found {found}"));
    match way_out(walk, kinds, place) {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

/// The mistake of `30` where `30s` is meant.
pub(super) fn no_unit(walk: &Walk<'_>, place: Place<'_>, number: &str) -> Diagnostic {
    walk.mistake(Code::WRONG_FORM, place, format!("{} has no unit", quote(number)))
        .with_help(format!("write `{number}s` for seconds or `{number}m` for minutes"))
}

/// What to write instead of a value that is of none of these kinds.
pub(super) fn way_out(walk: &Walk<'_>, kinds: Kinds, place: Place<'_>) -> Option<String> {
    fixed(walk, kinds, place)
        .or_else(|| missing_map(kinds, place))
        .or_else(|| place.help.map(str::to_owned))
        .or_else(|| missing_value(place))
}

/// The value as it was most likely meant.
fn fixed(walk: &Walk<'_>, kinds: Kinds, place: Place<'_>) -> Option<String> {
    let written = walk.file.slice(place.node.span);
    if written.is_empty() || written.len() > SHORT || written.contains(['\n', '`']) {
        return None;
    }
    match &place.node.value {
        NodeValue::Number(_) if place.short.is_some_and(|short| short.contains('#')) => in_short(place, '#', written),
        NodeValue::Number(_) | NodeValue::Bool(_) if kinds.has(Kinds::TEXT) && !kinds.has(Kinds::BESIDE_TEXT) => {
            Some(format!("write `\"{written}\"`"))
        }
        NodeValue::Number(_) | NodeValue::String(_) if kinds.has(Kinds::LIST) && !kinds.has(Kinds::MAP) => {
            Some(format!("write `[{written}]`"))
        }
        NodeValue::String(text) if kinds.has(Kinds::BOOLEAN) && boolean_meant(text).is_some() => {
            boolean_meant(text).map(|word| format!("write `{word}`"))
        }
        NodeValue::String(_) if place.short.is_some_and(|short| short.contains('$')) => in_short(place, '$', written),
        NodeValue::String(text) if kinds.has(Kinds::NUMBER) && text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Some(format!("write `{}` without quotes", text.trim()))
        }
        _ => None,
    }
}

/// The map that a lone value was meant for.
fn in_short(place: Place<'_>, sign: char, written: &str) -> Option<String> {
    place.short.map(|short| format!("write `{}`", short.replace(sign, written)))
}

/// What to do where a map is missing altogether.
fn missing_map(kinds: Kinds, place: Place<'_>) -> Option<String> {
    let entry = place.entry.filter(|entry| entry.value.value == NodeValue::Null)?;
    if place.short.is_some() && kinds.has(Kinds::MAP) {
        return Some("indent its keys below it".to_owned());
    }
    (kinds == Kinds::MAP).then(|| format!("indent its keys below it, or write `{}: {{}}`", entry.key))
}

/// What to do where a value is missing altogether.
fn missing_value(place: Place<'_>) -> Option<String> {
    let entry = place.entry.filter(|entry| entry.value.value == NodeValue::Null)?;
    let needed = place.above.is_some_and(|above| {
        texts(above, "required").contains(&entry.key.as_str()) || choice::keys(above).contains(&entry.key.as_str())
    });
    Some(if needed { "write a value behind it" } else { "write a value behind it, or leave the key out" }.to_owned())
}

fn boolean_meant(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some("true"),
        "no" | "off" | "n" | "false" => Some("false"),
        _ => None,
    }
}

fn holds_template(node: &Node) -> bool {
    node.text().is_some_and(is_template)
}

/// Whether a text holds a template.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}
