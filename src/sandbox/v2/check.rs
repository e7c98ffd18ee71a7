//! What Airflow 3 checks of queries and bodies, in the words of Pydantic.
//!
//! In: a request or a call, and the fields an endpoint has. Out: checked values, or a 422 with every mistake: the fields in
//! their order, then those that nobody knows.

use serde_json::{Map, Value, json};

use super::super::dates::{Given, read};
use super::super::message::{Answer, Call, Request, last};
use super::detail;

/// The default page and the longest.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 100;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Dict,
    Int,
    Text,
    Moment,
}

/// A field of a body.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) is_nullable: bool,
}

/// A field that must be there and not be null.
pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: true, is_nullable: false }
}

/// A field that may be missing or null.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: false, is_nullable: true }
}

/// Reads the body; this comes before the question who asks.
pub(super) fn syntax(request: &Request) -> Result<Value, Answer> {
    if !request.is_json() {
        return Ok(Value::String(String::from_utf8_lossy(&request.body).into_owned()));
    }
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    request.json().ok_or_else(|| {
        detail::invalid(&[json!({
            "type": "json_invalid",
            "loc": ["body", 1],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": "Expecting property name enclosed in double quotes"},
        })])
    })
}

/// The body's fields.
pub(super) fn body<'a>(fields: &[Field], body: &'a Value) -> Result<&'a Map<String, Value>, Answer> {
    let Value::Object(entries) = body else {
        let message = "Input should be a valid dictionary or object to extract fields from";
        return Err(detail::invalid(&[if body.is_null() {
            json!({"type": "missing", "loc": ["body"], "msg": "Field required", "input": null})
        } else {
            json!({"type": "model_attributes_type", "loc": ["body"], "msg": message, "input": body})
        }]));
    };
    let mut mistakes: Vec<Value> = fields.iter().filter_map(|field| mistake(field, entries, body)).collect();
    for (name, value) in entries.iter().filter(|(name, _)| !fields.iter().any(|field| field.name == name.as_str())) {
        let message = "Extra inputs are not permitted";
        mistakes.push(json!({"type": "extra_forbidden", "loc": ["body", name], "msg": message, "input": value}));
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(detail::invalid(&mistakes)) }
}

fn mistake(field: &Field, entries: &Map<String, Value>, body: &Value) -> Option<Value> {
    let loc = json!(["body", field.name]);
    let Some(value) = entries.get(field.name) else {
        return field
            .is_required
            .then(|| json!({"type": "missing", "loc": loc, "msg": "Field required", "input": body}));
    };
    if value.is_null() && field.is_nullable {
        return None;
    }
    let wrong = |kind: &str, message: &str| Some(json!({"type": kind, "loc": loc, "msg": message, "input": value}));
    match field.kind {
        Kind::Bool if as_bool(value).is_none() => {
            wrong("bool_parsing", "Input should be a valid boolean, unable to interpret input")
        }
        Kind::Dict if !value.is_object() => wrong("dict_type", "Input should be a valid dictionary"),
        Kind::Int if !value.is_i64() => wrong("int_type", "Input should be a valid integer"),
        Kind::Text if !value.is_string() => wrong("string_type", "Input should be a valid string"),
        Kind::Moment => match value.as_str().map(read) {
            Some(Given::Moment(_)) => None,
            Some(Given::Naive) => wrong("timezone_aware", "Input should have timezone info"),
            Some(Given::Nonsense) => Some(not_a_date(&loc, value)),
            None => wrong("datetime_type", "Input should be a valid datetime"),
        },
        Kind::Bool | Kind::Dict | Kind::Int | Kind::Text => None,
    }
}

fn not_a_date(loc: &Value, value: &Value) -> Value {
    json!({
        "type": "datetime_from_date_parsing",
        "loc": loc,
        "msg": "Input should be a valid datetime or date, input is too short",
        "input": value,
        "ctx": {"error": "input is too short"},
    })
}

/// A boolean, or a word that Pydantic takes for one.
pub(super) fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) if number.as_u64().is_some_and(|number| number < 2) => Some(number.as_u64() == Some(1)),
        Value::String(text) => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" | "1" | "t" | "y" => Some(true),
            "no" | "false" | "off" | "0" | "f" | "n" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Offset and limit: over 100 is 100, 0 is no rows.
pub(super) fn window(call: &Call<'_>) -> Result<(usize, usize), Answer> {
    let limit = whole(call, "limit")?.unwrap_or(PAGE).min(LONGEST_PAGE);
    Ok((whole(call, "offset")?.unwrap_or(0), limit))
}

/// A whole number of the query that can't be negative.
pub(super) fn whole(call: &Call<'_>, name: &str) -> Result<Option<usize>, Answer> {
    let Some(text) = last(&call.query, name) else { return Ok(None) };
    let loc = json!(["query", name]);
    match text.parse::<i64>() {
        Ok(number) => usize::try_from(number).map(Some).map_err(|_| {
            let message = "Input should be greater than or equal to 0";
            let context = json!({"ge": 0});
            let mistake =
                json!({"type": "greater_than_equal", "loc": loc, "msg": message, "input": text, "ctx": context});
            detail::invalid(&[mistake])
        }),
        Err(_) => Err(not_a_number(&loc, text)),
    }
}

/// 422 for text where a number should be.
pub(super) fn not_a_number(loc: &Value, text: &str) -> Answer {
    let message = "Input should be a valid integer, unable to parse string as an integer";
    detail::invalid(&[json!({"type": "int_parsing", "loc": loc, "msg": message, "input": text})])
}
