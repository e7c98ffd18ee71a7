//! What an answer that is no success says, in one phrase.
//!
//! In: the body of such an answer: problem+json, `detail` as text, list or object, `error`, HTML, plain text. Out: a
//! [`Complaint`] with a phrase that is safe to print: one line, no control characters, of limited length. SQL that
//! Airflow pastes into its errors (`statement`) is never shown.

use serde_json::Value;

use crate::http::Answer;
use crate::secret::Masker;

/// The longest phrase, in characters.
const PHRASE_MAX: usize = 300;

/// The most bytes of JSON that are opened: what it takes in memory is many times as much.
const JSON_MAX: usize = 1024 * 1024;

/// The most bytes of another text that are looked at.
const TEXT_MAX: usize = 64 * 1024;

/// An answer that is no success, opened.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) status: u16,
    /// The body, if it is JSON and not huge.
    pub(super) json: Option<Value>,
    /// The body is a web page.
    pub(super) is_html: bool,
    /// The reason it gives.
    pub(super) says: Option<String>,
}

impl Complaint {
    /// Opens an answer; a body that could not be read says nothing.
    pub(super) fn of(answer: &Answer, masker: &Masker) -> Self {
        let body = answer.body.as_deref().unwrap_or_default();
        let may_be_json = (answer.is_json() || answer.looks_like_json()) && body.len() <= JSON_MAX;
        let json = may_be_json.then(|| serde_json::from_slice::<Value>(body).ok()).flatten();
        let text = String::from_utf8_lossy(&body[..body.len().min(TEXT_MAX)]);
        let is_html = is_html(&answer.media_type(), &text);
        let says = match &json {
            Some(json) => from_json(json, masker),
            None if is_html => from_html(&text, masker),
            None => phrase(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default(), masker),
        };
        Self { status: answer.status.as_u16(), json, is_html, says }
    }

    /// Whether the JSON has this key with something in it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.json.as_ref().and_then(|json| json.get(key)).is_some_and(|value| !value.is_null())
    }

    /// Whether the phrase holds these words.
    pub(super) fn mentions(&self, words: &str) -> bool {
        self.says.as_ref().is_some_and(|says| says.contains(words))
    }
}

/// Makes a text safe and short: masked, one line, no control or direction characters, at most 300 characters.
pub(super) fn phrase(text: &str, masker: &Masker) -> Option<String> {
    let first = text.trim().split("\n\n").next().unwrap_or_default();
    let plain: String = first.chars().filter(|c| !is_direction(*c)).collect();
    let line = masker.masked(&plain).on_one_line();
    (!line.as_str().is_empty()).then(|| line.cut(PHRASE_MAX).into_owned())
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn from_json(json: &Value, masker: &Masker) -> Option<String> {
    let of = |key: &str| json.get(key).and_then(|value| from_value(value, masker));
    of("detail").or_else(|| of("title")).or_else(|| of("error")).or_else(|| of("message"))
}

fn from_value(value: &Value, masker: &Masker) -> Option<String> {
    match value {
        Value::String(text) => phrase(text, masker),
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().filter_map(from_item).collect();
            phrase(&parts.join("; "), masker)
        }
        Value::Object(_) => from_object(value, masker),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// One mistake in a request: `body.logical_date: Field required`.
fn from_item(item: &Value) -> Option<String> {
    let Some(message) = item.get("msg").and_then(Value::as_str) else { return item.as_str().map(str::to_owned) };
    let words = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let place: Vec<String> = item.get("loc")?.as_array()?.iter().map(words).collect();
    Some(format!("{}: {message}", place.join(".")))
}

/// v2's database errors: the reason, and which constraint where the server doesn't hide it.
fn from_object(object: &Value, masker: &Masker) -> Option<String> {
    let of = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| *text != "hidden");
    match (of("reason"), of("orig_error")) {
        (Some(reason), Some(cause)) => phrase(&format!("{reason}: {cause}"), masker),
        (Some(reason), None) => phrase(reason, masker),
        (None, _) => phrase(of("message")?, masker),
    }
}

fn is_html(media_type: &str, text: &str) -> bool {
    let start: String = text.trim_start().chars().take(16).collect::<String>().to_ascii_lowercase();
    let looks = start.starts_with("<!doctype html") || start.starts_with("<html");
    looks || (media_type == "text/html" && start.starts_with('<'))
}

/// The title of a page, else its first heading.
fn from_html(text: &str, masker: &Masker) -> Option<String> {
    element(text, "title", masker).or_else(|| element(text, "h1", masker))
}

fn element(text: &str, name: &str, masker: &Masker) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let open = start + lower[start..].find('>')? + 1;
    let end = open + lower[open..].find(&format!("</{name}"))?;
    phrase(&without_tags(&text[open..end]), masker)
}

fn without_tags(text: &str) -> String {
    let mut is_tag = false;
    text.chars()
        .filter(|c| {
            let was_tag = is_tag;
            is_tag = *c == '<' || (is_tag && *c != '>');
            !is_tag && !was_tag
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_json_gives_its_reason() {
        let table = [
            (json!({"detail": null, "title": "Dag with id: 'nope' not found"}), Some("Dag with id: 'nope' not found")),
            (json!({"detail": "a\n\nFailed validating"}), Some("a")),
            (json!({"error": "API route not found"}), Some("API route not found")),
            (json!({"detail": [{"loc": ["body", "x", 0], "msg": "no"}, {"loc": ["query"], "msg": "m"}]}), {
                Some("body.x.0: no; query: m")
            }),
            (json!({"detail": {"reason": "Unique", "orig_error": "hidden", "statement": "SQL"}}), Some("Unique")),
            (json!({"detail": {"reason": "Unique", "orig_error": "dag_run.run_id"}}), Some("Unique: dag_run.run_id")),
            (json!({"message": "no Route matched"}), Some("no Route matched")),
            (json!({"detail": {"statement": "SQL"}}), None),
            (json!([1]), None),
        ];
        for (body, expected) in table {
            assert_eq!(from_json(&body, &Masker::new()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn html_gives_its_title_or_heading() {
        assert_eq!(
            from_html("<html><TITLE>502 <b>Bad</b>\n Gateway</TITLE>", &Masker::new()).as_deref(),
            Some("502 Bad Gateway")
        );
        assert_eq!(from_html("<body><h1 class=x> Ooops! </h1>", &Masker::new()).as_deref(), Some("Ooops!"));
        assert_eq!(from_html("<body>", &Masker::new()), None);
        assert_eq!(from_html("<title>İ<title", &Masker::new()), None);
    }

    #[test]
    fn a_phrase_is_one_safe_short_line() {
        assert_eq!(phrase("a\x1b[31m\r\nb\u{202e}c", &Masker::new()).as_deref(), Some("a [31m bc"));
        assert_eq!(phrase(&"x".repeat(1000), &Masker::new()).map(|text| text.chars().count()), Some(PHRASE_MAX));
        assert_eq!(phrase(" \n ", &Masker::new()), None);
    }
}
