//! Masks JSON: values of somebody else's whole, and our own documents without harm to their form.
//!
//! In: an event, a report, a row of a list, or a value of the author's or of Airflow's. Out: the same without secrets. What
//! of a document is ours keeps its form whatever is secret: its keys, its numbers, its times, the words of our enums, and what
//! a run, its steps and its writes are found again by. Somebody's secret may be `failed`, and an outcome must stay one.

use serde_json::{Map, Value};

use super::{MASK, Masker};

/// Keys below which everything is a value of the author's or of Airflow's, with whether the names right below are ours.
const VALUES: [(&str, bool); 9] = [
    ("captured", true),
    ("inputs", true),
    ("outputs", true),
    ("vars", true),
    ("arguments", true),
    ("body", true),
    ("conf", false),
    ("extra", false),
    ("value", false),
];

/// Keys whose texts are words of our own, or what something is found again by.
const OWN: [&str; 27] = [
    "again",
    "action",
    "auth",
    "code",
    "fate",
    "git_sha",
    "id",
    "identity",
    "kind",
    "level",
    "method",
    "outcome",
    "path",
    "playbook",
    "run_id",
    "section",
    "severity",
    "sources",
    "started_at",
    "state",
    "status",
    "target",
    "text_sha256",
    "unknown",
    "v",
    "withheld",
    "write",
];

impl Masker {
    /// Masks a document of ours; its form stays.
    pub fn mask_document(&self, document: &mut Value) {
        match document {
            Value::String(text) if !is_time(text) => self.mask_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_document(item)),
            Value::Object(map) => {
                for (key, item) in map.iter_mut().filter(|(key, _)| !OWN.contains(&key.as_str())) {
                    match VALUES.iter().find(|(name, _)| name == key) {
                        Some((_, true)) => self.mask_named(item),
                        Some((_, false)) => self.mask_json(item),
                        None => self.mask_document(item),
                    }
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Masks everything in a value that is not ours: texts, numbers, and keys, which stay different from each other.
    pub fn mask_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_text(text),
            Value::Number(number) => {
                if self.holds_secret(&number.to_string()) {
                    *value = Value::String(MASK.to_owned());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Value::Object(map) => {
                self.mask_keys(map);
                map.values_mut().for_each(|item| self.mask_json(item));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Whether a secret stands anywhere in a value, be it as a key.
    #[must_use]
    pub fn holds_secret_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.holds_secret(text),
            Value::Array(items) => items.iter().any(|item| self.holds_secret_in(item)),
            Value::Object(map) => map.iter().any(|(key, item)| self.holds_secret(key) || self.holds_secret_in(item)),
            Value::Number(number) => self.holds_secret(&number.to_string()),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Masks values whose names are ours.
    fn mask_named(&self, value: &mut Value) {
        match value {
            Value::Object(map) => map.values_mut().for_each(|item| self.mask_json(item)),
            other => self.mask_json(other),
        }
    }

    fn mask_text(&self, text: &mut String) {
        let masked = self.mask_value(text);
        if masked != text.as_str() {
            *text = masked.into_owned();
        }
    }

    fn mask_keys(&self, map: &mut Map<String, Value>) {
        if !map.keys().any(|key| self.holds_secret(key)) {
            return;
        }
        let mut masked = Map::with_capacity(map.len());
        for (key, value) in std::mem::take(map) {
            let shown = self.mask_value(&key).into_owned();
            let shown = if masked.contains_key(&shown) { numbered(&shown, &masked) } else { shown };
            masked.insert(shown, value);
        }
        *map = masked;
    }
}

/// The key with the first number that no other has: `***.2`.
fn numbered(key: &str, taken: &Map<String, Value>) -> String {
    // Most keys that are alike were numbered one after the other.
    let alike = taken.keys().filter(|other| other.starts_with(key)).count();
    let numbers = alike + 1..=taken.len() + alike + 1;
    let free = numbers.map(|number| format!("{key}.{number}")).find(|key| !taken.contains_key(key));
    free.unwrap_or_else(|| key.to_owned())
}

/// Whether a text is a moment as JSON has it, which is never a secret.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'T' | b':' | b'-' | b'.' | b'Z' | b'+');
    bytes.len() >= 19 && bytes.len() <= 40 && bytes[4] == b'-' && bytes[10] == b'T' && bytes.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn knowing(secrets: &[&str]) -> Masker {
        let masker = Masker::new();
        for secret in secrets {
            masker.learn(secret);
        }
        masker
    }

    #[test]
    fn keys_of_somebody_elses_are_masked_and_stay_different() {
        let mut value = json!({"hunter2": 1, "plain": {"x swordfish": 2}, "swordfish": 3, "***": 4});
        knowing(&["hunter2", "swordfish"]).mask_json(&mut value);
        assert_eq!(value, json!({"***": 1, "plain": {"x ***": 2}, "***.2": 3, "***.3": 4}));
    }

    #[test]
    fn a_number_that_is_a_secret_is_masked_where_it_is_a_value() {
        let mut document =
            json!({"elapsed_ms": 123_456, "captured": {"n": 123_456, "123456": 1}, "conf": {"123456": 0}});
        knowing(&["123456"]).mask_document(&mut document);
        let expected = json!({"elapsed_ms": 123_456, "captured": {"n": "***", "123456": 1}, "conf": {"***": 0}});
        assert_eq!(document, expected);
    }

    #[test]
    fn what_is_ours_in_a_document_keeps_its_form() {
        let document = json!({
            "v": 1, "kind": "step_finished", "at": "2026-11-28T01:02:03.456789Z", "run_id": "october-run",
            "steps": [{"id": "load-it", "action": "trigger_dag", "outcome": "failed", "failure": {"kind": "not_found"}}],
            "sources": {"month": "environment"}, "withheld": ["month-of"], "exit_code": 1, "is_check": false,
        });
        let mut masked = document.clone();
        let secrets = ["step_finished", "2026-11-28", "456789", "october-run", "load-it", "trigger_dag", "failed"];
        let more = ["not_found", "environment", "month-of", "month", "true", "false", "v", "1", "exit_code", "outcome"];
        knowing(&[&secrets[..], &more[..]].concat()).mask_document(&mut masked);
        assert_eq!(masked, document);
    }
}
