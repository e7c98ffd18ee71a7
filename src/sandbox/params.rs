//! `conf` against the params of a DAG, with Airflow's own words.
//!
//! In: the params of a scenario's DAG and a `conf`. Out: the first complaint. Only the words of JSON Schema that
//! [`super::scenario::ParamScript`] has are judged.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::python::{repr, repr_map};
use super::scenario::ParamScript;

/// Why `conf` does not suit a param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsuitable {
    /// There is no value and no default.
    Missing(String),
    /// The value breaks its schema; Airflow's message.
    Invalid(String),
}

/// Checks `conf`; keys that no param has are fine, as in Airflow.
pub(crate) fn check(params: &BTreeMap<String, ParamScript>, conf: &Map<String, Value>) -> Result<(), Unsuitable> {
    for (name, param) in params {
        let value = match conf.get(name) {
            Some(value) => value,
            None if param.required => return Err(Unsuitable::Missing(name.clone())),
            None => &param.default,
        };
        if let Some((word, complaint)) = complaint(param, value) {
            let schema = repr_map(&param.schema());
            let value = repr(value);
            return Err(Unsuitable::Invalid(format!(
                "Invalid input for param {name}: {complaint}\n\nFailed validating '{word}' in schema:\n    {schema}\n\nOn instance:\n    {value}"
            )));
        }
    }
    Ok(())
}

fn complaint(param: &ParamScript, value: &Value) -> Option<(&'static str, String)> {
    let shown = repr(value);
    if let Some(kind) = &param.kind
        && !is_of_kind(kind, value)
    {
        return Some(("type", format!("{shown} is not of type {}", kinds(kind))));
    }
    if let Some(values) = &param.one_of
        && !values.contains(value)
    {
        return Some(("enum", format!("{shown} is not one of {}", repr(&Value::Array(values.clone())))));
    }
    match value {
        Value::Number(number) => out_of_range(param, number),
        Value::String(text) => wrong_length(param, text.chars().count(), &shown),
        _ => None,
    }
}

fn out_of_range(param: &ParamScript, number: &Number) -> Option<(&'static str, String)> {
    let value = number.as_f64()?;
    if let Some(minimum) = param.minimum.as_ref().filter(|minimum| minimum.as_f64().is_some_and(|least| value < least))
    {
        return Some(("minimum", format!("{number} is less than the minimum of {minimum}")));
    }
    let maximum = param.maximum.as_ref().filter(|maximum| maximum.as_f64().is_some_and(|most| value > most))?;
    Some(("maximum", format!("{number} is greater than the maximum of {maximum}")))
}

fn wrong_length(param: &ParamScript, length: usize, shown: &str) -> Option<(&'static str, String)> {
    if param.min_length.is_some_and(|least| length < least) {
        let complaint = if length == 0 { "should be non-empty" } else { "is too short" };
        return Some(("minLength", format!("{shown} {complaint}")));
    }
    param.max_length.filter(|most| length > *most).map(|_| ("maxLength", format!("{shown} is too long")))
}

fn is_of_kind(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of_kind(kind, value)),
        Value::String(kind) => match kind.as_str() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => true,
        },
        _ => true,
    }
}

fn kinds(kind: &Value) -> String {
    match kind {
        Value::Array(kinds) => kinds.iter().map(repr).collect::<Vec<_>>().join(", "),
        other => repr(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn params() -> BTreeMap<String, ParamScript> {
        let params = json!({
            "env": {"default": "dev", "type": "string", "enum": ["dev", "prod"]},
            "must": {"required": true, "type": "string", "minLength": 1},
            "n": {"default": 3, "type": "integer", "minimum": 1, "maximum": 10},
            "note": {"type": ["null", "string"], "maxLength": 3},
        });
        serde_json::from_value(params).expect("good params")
    }

    fn verdict(conf: Value) -> Result<(), String> {
        let Value::Object(conf) = conf else { panic!("a conf is a map") };
        check(&params(), &conf).map_err(|unsuitable| match unsuitable {
            Unsuitable::Missing(name) => format!("{name} is missing"),
            Unsuitable::Invalid(message) => message.lines().next().unwrap_or_default().to_owned(),
        })
    }

    #[test]
    fn a_conf_that_breaks_its_params_is_refused_in_the_words_of_airflow() {
        let table = [
            (json!({"must": "x"}), Ok(())),
            (json!({"must": "x", "n": 10, "env": "prod", "note": null, "other": [1]}), Ok(())),
            (json!({}), Err("must is missing")),
            (json!({"must": ""}), Err("Invalid input for param must: '' should be non-empty")),
            (json!({"must": "x", "n": 50}), Err("Invalid input for param n: 50 is greater than the maximum of 10")),
            (json!({"must": "x", "n": "5"}), Err("Invalid input for param n: '5' is not of type 'integer'")),
            (json!({"must": "x", "env": "qa"}), Err("Invalid input for param env: 'qa' is not one of ['dev', 'prod']")),
            (json!({"must": "x", "note": 1}), Err("Invalid input for param note: 1 is not of type 'null', 'string'")),
            (json!({"must": "x", "note": "long"}), Err("Invalid input for param note: 'long' is too long")),
        ];
        for (conf, expected) in table {
            assert_eq!(verdict(conf.clone()), expected.map_err(str::to_owned), "{conf}");
        }
    }
}
