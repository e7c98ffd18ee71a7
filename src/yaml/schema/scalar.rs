//! What a rule says of a single value: `enum`, `const`, `pattern`, lengths and bounds.
//!
//! In: a value of the right type. Out: its mistakes, with the nearest of the allowed words. `enum` and `const` are also
//! held against lists and maps.

use serde_json::Value;

use super::format::wrong_format;
use super::walk::{Place, Rule, Walk, rules};
use super::{duration, kind};
use crate::diagnostic::{Code, Diagnostic, alternatives, near_name, quote};
use crate::yaml::tree::{Node, NodeValue};

/// A longer text was not meant as a name.
const LONGEST_NAME: usize = 60;
/// How many of the allowed words a message names.
const MOST_NAMED: usize = 50;
/// How many of them a word is compared with.
const MOST_COMPARED: usize = 10_000;

/// The mistakes of a single value.
pub(super) fn check(walk: &Walk<'_>, rule: &Rule, place: Place<'_>) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let allowed: Option<Vec<&Value>> = match (rule.get("const"), rule.get("enum")) {
        (Some(value), _) => Some(vec![value]),
        (None, Some(_)) => Some(rules(rule, "enum").iter().collect()),
        (None, None) => None,
    };
    if let Some(allowed) = allowed.filter(|allowed| !allowed.iter().any(|value| is_same(place.node, value))) {
        mistakes.push(not_one_of(walk, &allowed, place));
    }
    match &place.node.value {
        NodeValue::String(text) => {
            mistakes.extend(wrong_form(walk, rule, place, text));
            mistakes.extend(wrong_format(walk, rule, place, text));
            mistakes.extend(wrong_length(walk, rule, place, text));
        }
        NodeValue::Number(number) => mistakes.extend(out_of_bounds(walk, rule, place, number)),
        _ => {}
    }
    mistakes
}

/// The mistake of a value that is none of those allowed.
pub(super) fn not_one_of(walk: &Walk<'_>, allowed: &[&Value], place: Place<'_>) -> Diagnostic {
    let words: Vec<String> = allowed.iter().map(|value| shown(value)).collect();
    let found = place.node.text().unwrap_or_else(|| walk.file.slice(place.node.span));
    let message = match (found, words.as_slice()) {
        (found, [_]) if place.expected.is_some() => {
            format!("expected {}, found {}", place.expected.unwrap_or_default(), quote(found))
        }
        ("", _) => "nothing is not allowed here".to_owned(),
        (found, [only]) => format!("{} is not allowed here, only {}", quote(found), quote(only)),
        (found, _) => format!("{} is not one of the allowed values", quote(found)),
    };
    let diagnostic = walk.mistake(Code::NOT_ALLOWED, place, message);
    match near_name(found, words.iter().take(MOST_COMPARED).map(String::as_str)) {
        Some(near) if words.len() > 1 => {
            let help = format!("did you mean `{near}`?");
            diagnostic.with_note(format!("allowed: {}", some_of(&words))).with_help(help)
        }
        _ => diagnostic.with_help(format!("write {}", some_of(&words))),
    }
}

/// The alternatives; of many, the first.
fn some_of(words: &[String]) -> String {
    match words.split_at_checked(MOST_NAMED) {
        Some((first, more)) if !more.is_empty() => {
            let first: Vec<String> = first.iter().map(|word| quote(word)).collect();
            format!("{} or one of {} others", first.join(", "), more.len())
        }
        Some(_) | None => alternatives(words),
    }
}

/// Equal as JSON Schema sees it: `1` is `1.0`, and a map has no order.
pub(super) fn is_same(node: &Node, value: &Value) -> bool {
    match (&node.value, value) {
        (NodeValue::Null, Value::Null) => true,
        (NodeValue::Bool(a), Value::Bool(b)) => a == b,
        (NodeValue::Number(a), Value::Number(b)) => a == b || is_same_number(a, b),
        (NodeValue::String(a), Value::String(b)) => a == b,
        (NodeValue::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (NodeValue::Map(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|entry| b.get(&entry.key).is_some_and(|b| is_same(&entry.value, b)))
        }
        _ => false,
    }
}

fn is_same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    (a.is_f64() || b.is_f64()) && compare(a, b) == Some(std::cmp::Ordering::Equal)
}

fn compare(a: &serde_json::Number, b: &serde_json::Number) -> Option<std::cmp::Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn wrong_form(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, text: &str) -> Option<Diagnostic> {
    let pattern = rule.get("pattern").and_then(Value::as_str)?;
    if walk.schema.pattern(pattern).is_none_or(|pattern| pattern.is_match(text).unwrap_or(true)) {
        return None;
    }
    if place.needs_unit && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(kind::no_unit(walk, place, text));
    }
    let message = match place.expected {
        Some(expected) => format!("expected {expected}, found {}", quote(text)),
        None => format!("{} does not have the form {}", quote(text), quote(pattern)),
    };
    let mistake = walk.mistake(Code::WRONG_FORM, place, message);
    Some(match right_form(walk, rule, place, text) {
        Some(help) => mistake.with_help(help),
        None => mistake,
    })
}

/// The text in the form that was meant, or as a value of the other kinds that the rule takes.
fn right_form(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, text: &str) -> Option<String> {
    if rule.get("x-name") == Some(&Value::Bool(true)) {
        return Some(format!("write `{}`", as_name(text)?));
    }
    if place.needs_unit
        && let Some(meant) = duration::meant(text)
    {
        return Some(format!("write `{meant}`"));
    }
    kind::way_out(walk, kind::types(rule)?.without_text(), place)
}

/// The text as a name of letters, digits and `_`; none when it has no letter or digit to keep.
fn as_name(text: &str) -> Option<String> {
    let kept: String = text.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let first = kept.chars().find(|c| *c != '_')?;
    let is_short = kept.len() <= LONGEST_NAME;
    is_short.then(|| if first.is_ascii_digit() && kept.starts_with(first) { format!("_{kept}") } else { kept })
}

fn wrong_length(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, text: &str) -> Option<Diagnostic> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let message = match (limit(rule, "minLength"), limit(rule, "maxLength")) {
        (Some(1), _) if length == 0 => "the text is empty".to_owned(),
        (Some(least), _) if length < least => format!("the text has {length} characters, at least {least} are needed"),
        (_, Some(most)) if length > most => format!("the text has {length} characters, at most {most} are allowed"),
        _ => return None,
    };
    Some(walk.mistake(Code::OUT_OF_RANGE, place, message))
}

/// A limit that counts things; a validator takes `1.0`, too.
pub(super) fn limit(rule: &Rule, keyword: &str) -> Option<u64> {
    rule.get(keyword).and_then(Value::as_u64)
}

fn out_of_bounds(walk: &Walk<'_>, rule: &Rule, place: Place<'_>, number: &serde_json::Number) -> Option<Diagnostic> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let broken = [
        ("minimum", [Less].as_slice(), "too small: at least"),
        ("exclusiveMinimum", &[Less, Equal], "too small: more than"),
        ("maximum", &[Greater], "too large: at most"),
        ("exclusiveMaximum", &[Greater, Equal], "too large: less than"),
    ];
    broken.iter().find_map(|(keyword, refused, words)| {
        let bound = rule.get(*keyword)?.as_number()?;
        let order = compare(number, bound)?;
        let message = format!("`{number}` is {words} {bound} is allowed");
        refused.contains(&order).then(|| walk.mistake(Code::OUT_OF_RANGE, place, message))
    })
}
