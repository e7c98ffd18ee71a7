//! Values as Python prints them; Airflow's messages hold them.
//!
//! In: a JSON value. Out: what `repr()` says.

use serde_json::{Map, Value};

/// What Python's `repr` says of a value.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => repr_text(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => repr_map(entries),
    }
}

/// What Python's `repr` says of a dict.
pub(crate) fn repr_map(entries: &Map<String, Value>) -> String {
    let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{}: {}", repr_text(key), repr(value))).collect();
    format!("{{{}}}", entries.join(", "))
}

/// What Python's `repr` says of a string.
pub(crate) fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_printed_as_python_does() {
        let table = [
            (json!({"type": "integer", "minimum": 1}), "{'type': 'integer', 'minimum': 1}"),
            (json!([null, true, 1.5, "it's"]), "[None, True, 1.5, \"it's\"]"),
            (json!("a\n'\""), "'a\\n\\'\"'"),
        ];
        for (value, printed) in table {
            assert_eq!(repr(&value), printed);
        }
    }
}
