//! Whether two JSON values have the same shape: keys and types, not values. A null stands for anything, because which
//! fields are null depends on the moment.

use serde_json::Value;

/// Keys under which anything may stand.
const FREE: [&str; 4] = ["conf", "extra", "content", "rendered_fields"];

/// The places where two values differ in shape.
pub(crate) fn differences(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", recorded, ours, &mut found);
    found
}

fn compare(place: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(recorded), Value::Object(ours)) => {
            found.extend(
                recorded.keys().filter(|key| !ours.contains_key(*key)).map(|key| format!("{place}.{key} is missing")),
            );
            found.extend(
                ours.keys().filter(|key| !recorded.contains_key(*key)).map(|key| format!("{place}.{key} is too much")),
            );
            for (key, value) in recorded.iter().filter(|(key, _)| !FREE.contains(&key.as_str())) {
                compare(&format!("{place}.{key}"), value, ours.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            for (number, row) in recorded.iter().enumerate() {
                let Some(other) = ours.get(number).or(ours.first()) else { break };
                compare(&format!("{place}[{number}]"), row, other, found);
            }
        }
        _ if kind(recorded) == kind(ours) => {}
        _ => found.push(format!("{place} is {} and should be {}", kind(ours), kind(recorded))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
