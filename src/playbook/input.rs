//! The values of inputs: whether one fits, and how text from the command line becomes one.

use serde_json::Value;

use crate::json::{self, JsonError};
use crate::playbook::field::describe;
use crate::playbook::model::{Input, InputType};
use crate::yaml::Pattern;

/// Reads a text from the command line or the environment as an input's type says.
///
/// # Errors
/// Why it can't be read so, to follow the input's name.
pub fn read(text: &str, spec: &Input) -> Result<Value, String> {
    let kind = spec.kind.unwrap_or(InputType::String);
    match kind {
        InputType::String => Ok(Value::String(text.to_owned())),
        InputType::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("must be `true` or `false`".to_owned()),
        },
        InputType::Integer => whole_number(text),
        InputType::Number => number(text),
        InputType::List | InputType::Map => json::read(text)
            .map_err(|error| match error {
                JsonError::Syntax(_) => format!("must be {} written as JSON", noun(kind)),
                JsonError::DuplicateKey(place) => format!("has a duplicate key at {place} of its JSON"),
                JsonError::Inexact(place) => {
                    format!("has a number with more digits than can be kept at {place} of its JSON; write it in quotes")
                }
            })
            .and_then(|value| fits(&value, spec).map(|()| value)),
    }
}

fn whole_number(text: &str) -> Result<Value, String> {
    let number = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
    number.map_err(|_| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return format!("must be between {} and {}", i64::MIN, u64::MAX);
        }
        "must be a whole number".to_owned()
    })
}

fn number(text: &str) -> Result<Value, String> {
    let number = match whole_number(text) {
        Ok(whole) => Some(whole),
        Err(_) => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
    };
    let number = number.ok_or_else(|| "must be a number".to_owned())?;
    if json::is_exact(text) { Ok(number) } else { Err("has more digits than a number can keep".to_owned()) }
}

/// Checks a value against an input's type, `enum`, `pattern`, `minimum` and `maximum`.
///
/// # Errors
/// Why it does not fit, to follow the input's name.
pub fn fits(value: &Value, spec: &Input) -> Result<(), String> {
    let kind = spec.kind.unwrap_or(InputType::String);
    let is_type = match kind {
        InputType::String => value.is_string(),
        InputType::Integer => value.is_i64() || value.is_u64(),
        InputType::Number => value.is_number(),
        InputType::Boolean => value.is_boolean(),
        InputType::List => value.is_array(),
        InputType::Map => value.is_object(),
    };
    if !is_type {
        return Err(format!("must be {}, not {}", noun(kind), describe(value)));
    }
    if let Some(allowed) = spec.allowed.as_ref().filter(|allowed| !allowed.contains(value)) {
        let words: Vec<String> = allowed.iter().map(|word| format!("`{}`", plain(word))).collect();
        return Err(format!("must be one of {}", words.join(", ")));
    }
    if let (Some(pattern), Some(text)) = (&spec.pattern, value.as_str())
        && let Ok(compiled) = Pattern::new(pattern)
    {
        match compiled.is_match(text) {
            Ok(true) => {}
            Ok(false) => return Err(format!("must match `{pattern}`")),
            Err(reason) => return Err(format!("is too long for its `pattern`: {reason}")),
        }
    }
    let number = value.as_f64();
    match (spec.minimum, spec.maximum) {
        (Some(minimum), _) if number.is_some_and(|number| number < minimum) => {
            Err(format!("must be at least {minimum}"))
        }
        (_, Some(maximum)) if number.is_some_and(|number| number > maximum) => {
            Err(format!("must be at most {maximum}"))
        }
        _ => Ok(()),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The type with its article, for messages.
#[must_use]
pub const fn noun(kind: InputType) -> &'static str {
    match kind {
        InputType::String => "text",
        InputType::Integer => "a whole number",
        InputType::Number => "a number",
        InputType::Boolean => "true or false",
        InputType::List => "a list",
        InputType::Map => "a map",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(value: Value) -> Input {
        serde_json::from_value(value).expect("a good input")
    }

    #[test]
    fn text_is_read_by_the_inputs_type() {
        let cases = [
            (json!({}), "7", Ok(json!("7"))),
            (json!({ "type": "integer" }), "7", Ok(json!(7))),
            (json!({ "type": "integer" }), "7.5", Err("must be a whole number")),
            (json!({ "type": "number" }), "7.5", Ok(json!(7.5))),
            (json!({ "type": "number" }), "NaN", Err("must be a number")),
            (json!({ "type": "boolean" }), "yes", Err("must be `true` or `false`")),
            (json!({ "type": "list" }), "[1]", Ok(json!([1]))),
            (json!({ "type": "map" }), "[1]", Err("must be a map, not a list of 1")),
            (json!({ "type": "map" }), "{", Err("must be a map written as JSON")),
        ];
        for (input, text, expected) in cases {
            assert_eq!(read(text, &spec(input.clone())), expected.map_err(str::to_owned), "{input} {text}");
        }
    }

    #[test]
    fn values_must_fit_what_the_input_says() {
        let cases = [
            (json!({ "enum": ["a", "b"] }), json!("c"), Err("must be one of `a`, `b`")),
            (json!({ "pattern": "^[0-9]+$" }), json!("x"), Err("must match `^[0-9]+$`")),
            (json!({ "type": "integer", "minimum": 1.0 }), json!(0), Err("must be at least 1")),
            (json!({ "type": "integer", "maximum": 9.0 }), json!(10), Err("must be at most 9")),
            (json!({ "type": "integer", "maximum": 9.0 }), json!(9), Ok(())),
            (json!({}), json!(1), Err("must be text, not the number 1")),
        ];
        for (input, value, expected) in cases {
            assert_eq!(fits(&value, &spec(input.clone())), expected.map_err(str::to_owned), "{input} {value}");
        }
    }
}
