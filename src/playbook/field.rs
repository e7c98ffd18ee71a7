//! The kinds of value that keys take: text, numbers, durations and the like, plain or as a template.
//!
//! Each type says two things: its JSON Schema, which is what an author may write (the value or a template), and how the
//! rendered value is read (the value alone). Meaning and templates are not looked at here.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// What a template looks like to the schema: `{{` somewhere in a text.
const TEMPLATE: &str = r"\{\{";
/// A duration, as a pattern.
const DURATION: &str = r"^([0-9]{1,9}(ms|s|m|h))+$";
/// A duration or a template, as a pattern.
const DURATION_OR_TEMPLATE: &str = r"^([0-9]{1,9}(ms|s|m|h))+$|\{\{";

/// Text: a string, or a number taken as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(format!("expected text, got {}", describe(&other)))),
        }
    }
}

/// `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(flag) => Ok(Self(flag)),
            other => Err(D::Error::custom(format!("expected true or false, got {}", describe(&other)))),
        }
    }
}

/// A whole number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count(pub u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        value
            .as_u64()
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("expected a whole number from 0, got {}", describe(&value))))
    }
}

/// A duration such as `500ms`, `30s`, `10m` or `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Period(pub Duration);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        value
            .as_str()
            .and_then(parse_duration)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("expected a duration such as 30s or 1h30m, got {}", show(&value))))
    }
}

/// A duration that may be a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RenderedPeriod(pub Period);

/// A map with any content.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Object(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(map) => Ok(Self(map)),
            other => Err(D::Error::custom(format!("expected a map, got {}", describe(&other)))),
        }
    }
}

/// A list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words(pub Vec<Text>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(items) => items
                .into_iter()
                .map(serde_json::from_value)
                .collect::<Result<_, _>>()
                .map(Self)
                .map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("expected a list, got {}", describe(&other)))),
        }
    }
}

/// An expression, written bare or in braces; or plain `true` or `false`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// `true` or `false`.
    Constant(bool),
    /// The expression's text.
    Text(String),
}

/// A value's kind and content in a few words, for messages.
#[must_use]
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a map".to_owned(),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 40 => format!("`{text}`"),
        other => describe(other),
    }
}

/// Reads a duration: one or more whole numbers, each with its unit `ms`, `s`, `m` or `h`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        let part = match &rest[..letters] {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = &rest[letters..];
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a duration as a person would: `500ms`, `1.2s`, `3m05s`, `2h10m`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 1 {
        format!("{}ms", duration.as_millis())
    } else if seconds < 60 {
        let text = format!("{:.1}", duration.as_secs_f64());
        format!("{}s", text.strip_suffix(".0").unwrap_or(&text))
    } else if seconds < 3600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60)
    }
}

macro_rules! inline_schema {
    ($($type:ty => $name:literal $schema:expr;)*) => {
        $(impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        })*
    };
}

inline_schema! {
    Text => "Text" json_schema!({ "type": ["string", "number"], "x-expected": "text" });
    Flag => "Flag" json_schema!({
        "type": ["boolean", "string"], "pattern": TEMPLATE, "x-expected": "true, false or a template" });
    Count => "Count" json_schema!({
        "type": ["integer", "string"], "minimum": 0, "pattern": TEMPLATE, "x-expected": "a whole number or a template" });
    Period => "Duration" json_schema!({
        "type": "string", "pattern": DURATION, "x-unit": true, "x-template": false, "x-expected": "a duration such as 30s, 10m or 1h30m" });
    RenderedPeriod => "RenderedDuration" json_schema!({
        "type": "string", "pattern": DURATION_OR_TEMPLATE, "x-unit": true,
        "x-expected": "a duration such as 30s, 10m or 1h30m" });
    Object => "Object" json_schema!({
        "type": ["object", "string"], "pattern": TEMPLATE, "x-expected": "a map or a template" });
    Words => "Words" json_schema!({
        "type": ["array", "string"], "items": { "type": ["string", "number"] }, "pattern": TEMPLATE,
        "x-expected": "a list of texts or a template" });
    Expression => "Expression" json_schema!({
        "type": ["string", "boolean"], "minLength": 1, "x-expected": "an expression" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_add_up() {
        for (text, millis) in
            [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("2h", 7_200_000), ("1h30m", 5_400_000), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "30", "s", "1.5s", "-1s", "1d", "1 h", "30S", "99999999999999999999h", "1s ", "5ms3"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_shown_as_people_write_them() {
        let shown = |millis| format_duration(Duration::from_millis(millis));
        assert_eq!(
            [12, 1000, 1240, 61_000, 7_800_000].map(shown),
            ["12ms", "1s", "1.2s", "1m01s", "2h10m"].map(str::to_owned)
        );
    }

    #[test]
    fn text_takes_numbers_and_refuses_the_rest() {
        let text = |value| serde_json::from_value::<Text>(value).map(|text| text.0).map_err(|error| error.to_string());
        assert_eq!(text(serde_json::json!(7)), Ok("7".to_owned()));
        assert_eq!(text(serde_json::json!(["a"])), Err("expected text, got a list of 1".to_owned()));
        assert_eq!(text(Value::Null), Err("expected text, got none".to_owned()));
    }
}
