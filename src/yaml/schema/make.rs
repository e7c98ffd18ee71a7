//! The schema of a Rust type, as the author of a file is to see it.
//!
//! In: a type that schemars knows. Out: its JSON Schema without what only Rust cares for, and with what our own keywords
//! mean said in plain JSON Schema as well, so that editors and validators refuse what the walker refuses.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// A text that holds a template.
const TEMPLATE: &str = r"\{\{|\{%";

/// The JSON Schema of a type.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_null))
        .with_transform(RecursiveTransform(with_plain_numbers))
        .with_transform(RecursiveTransform(without_template));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// An optional key is left out, never set to nothing: takes `null` out of what `Option` allows.
fn without_null(schema: &mut Schema) {
    let Some(rule) = schema.as_object_mut() else { return };
    without_null_type(rule);
    without_null_branch(rule);
    if let Some(Value::Array(values)) = rule.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if rule.get("default").is_some_and(Value::is_null) {
        rule.remove("default");
    }
}

fn without_null_type(rule: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = rule.get_mut("type") else { return };
    types.retain(|kind| kind != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        rule.insert("type".to_owned(), only);
    }
}

fn without_null_branch(rule: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = rule.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    if branches.len() == 1
        && let Some(Value::Object(only)) = branches.pop()
    {
        rule.remove("anyOf");
        for (key, value) in only {
            rule.entry(key).or_insert(value);
        }
    }
}

/// The sizes of Rust's numbers are bounds, no formats.
fn with_plain_numbers(schema: &mut Schema) {
    let Some(rule) = schema.as_object_mut() else { return };
    let Some(format) = rule.get("format").and_then(Value::as_str).map(str::to_owned) else { return };
    if matches!(format.as_str(), "uint8" | "uint16" | "uint32" | "uint64" | "uint" | "double" | "float") {
        rule.remove("format");
    }
    if format == "uint32" && !rule.contains_key("maximum") {
        rule.insert("maximum".to_owned(), json!(u32::MAX));
    }
}

/// `x-template: false` in the words of JSON Schema.
fn without_template(schema: &mut Schema) {
    let Some(rule) = schema.as_object_mut() else { return };
    if rule.get("x-template") == Some(&Value::Bool(false)) {
        rule.insert("not".to_owned(), json!({ "type": "string", "pattern": TEMPLATE }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "it is only the shape of a schema")]
    struct Example {
        count: Option<u32>,
        words: Option<Vec<String>>,
        #[schemars(extend("x-template" = false))]
        plain: String,
    }

    #[test]
    fn what_only_rust_cares_for_is_not_in_the_schema() {
        let properties = schema_of::<Example>()["properties"].clone();
        assert_eq!(properties["count"], json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }));
        assert_eq!(properties["words"]["type"], "array");
        assert_eq!(properties["plain"]["not"]["type"], "string");
    }
}
