//! Whether a webhook took what it was sent.
//!
//! In: its answer. Out: nothing, or what is wrong, in one short phrase that is safe to print. Services say no with a status
//! 200, too: Slack answers `ok` or `{"ok": true}` when it took a text, and a connector of Teams `1`, or nothing.

use reqwest::StatusCode;
use serde_json::Value;

use crate::http::Answer;
use crate::playbook::notify::NotifyFormat;
use crate::secret::Masker;

/// The most characters of an answer that are told.
const PHRASE_MAX: usize = 120;

/// What is wrong with an answer.
pub(super) fn complaint(answer: &Answer, format: NotifyFormat, masker: &Masker) -> Option<String> {
    let body = answer.body.as_deref().unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let status = answer.status;
    if status.is_redirection() {
        return Some(format!("{status}: a redirect is not followed"));
    }
    if status.is_success() && !refuses(&text, format) {
        return None;
    }
    let phrase = says(&text)
        .map(|words| format!(": {}", masker.masked(&words).on_one_line().cut(PHRASE_MAX)))
        .unwrap_or_default();
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let hint = hint(status, format);
    Some(format!("{}{reason}{phrase}{hint}", status.as_u16()))
}

/// What may help where a service did not take our JSON: many take one key alone.
const fn hint(status: StatusCode, format: NotifyFormat) -> &'static str {
    match (format, status.as_u16()) {
        (NotifyFormat::Json, 400 | 415 | 422) => {
            "; if it takes `text` alone, as Mattermost does, write `format: slack`"
        }
        (
            NotifyFormat::Json
            | NotifyFormat::Slack
            | NotifyFormat::Teams
            | NotifyFormat::GoogleChat
            | NotifyFormat::Discord,
            _,
        ) => "",
    }
}

/// Whether a successful answer says that the text was not taken.
fn refuses(text: &str, format: NotifyFormat) -> bool {
    let text = text.trim();
    let json: Option<Value> = serde_json::from_str(text).ok();
    let says_no = json.as_ref().is_some_and(|json| json.get("ok") == Some(&Value::Bool(false)));
    let is_words = !text.is_empty() && json.is_none();
    match format {
        NotifyFormat::Slack => says_no || (is_words && text != "ok"),
        NotifyFormat::Teams => says_no || (is_words && (text.starts_with('<') || text.contains("rror"))),
        NotifyFormat::GoogleChat | NotifyFormat::Discord | NotifyFormat::Json => false,
    }
}

/// The words of an answer: of JSON the one that explains, of a page none.
fn says(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(text) {
        let places = ["/error/message", "/error", "/message", "/detail"];
        return places.iter().find_map(|place| json.pointer(place)?.as_str().map(str::to_owned));
    }
    Some(text.to_owned()).filter(|text| !text.is_empty() && !text.starts_with('<'))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::http::BodyError;

    fn of(status: u16, body: &str, format: NotifyFormat) -> Option<String> {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = Answer { status, headers: HeaderMap::new(), body: Ok(body.as_bytes().to_vec()) };
        let masker = Masker::new();
        masker.learn("hunter2-hunter2");
        complaint(&answer, format, &masker)
    }

    #[test]
    fn an_answer_says_whether_the_text_was_taken() {
        let (slack, teams, json) = (NotifyFormat::Slack, NotifyFormat::Teams, NotifyFormat::Json);
        let failed = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413";
        for (status, body, format, expected) in [
            (200, "ok", slack, None),
            (200, "{\"ok\":true}", slack, None),
            (200, "", slack, None),
            (200, "{\"ok\":false,\"error\":\"no_text\"}", slack, Some("200 OK: no_text")),
            (200, "invalid_token", slack, Some("200 OK: invalid_token")),
            (200, "<html>Log in</html>", slack, Some("200 OK")),
            (404, "no_service", slack, Some("404 Not Found: no_service")),
            (200, "1", teams, None),
            (202, "", teams, None),
            (
                200,
                failed,
                teams,
                Some(
                    "200 OK: Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413",
                ),
            ),
            (
                400,
                "{\"error\":{\"code\":\"X\",\"message\":\"the workflow is off\"}}",
                teams,
                Some("400 Bad Request: the workflow is off"),
            ),
            (204, "", json, None),
            (200, "whatever error", json, None),
            (302, "hunter2-hunter2", json, Some("302 Found: a redirect is not followed")),
            (500, "no hunter2-hunter2\u{1b}[2J\nhere", json, Some("500 Internal Server Error: no *** [2J here")),
            (599, "[1]", json, Some("599")),
        ] {
            assert_eq!(of(status, body, format).as_deref(), expected, "{status} {body}");
        }
        let long = of(500, &"é".repeat(5000), json).expect("a complaint");
        assert!(long.ends_with("éé…") && long.chars().count() < 160, "{long}");
    }

    #[test]
    fn a_status_alone_decides_where_the_body_can_not_be_read() {
        let answer = |status| Answer { status, headers: HeaderMap::new(), body: Err(BodyError::TooLarge(1)) };
        assert_eq!(complaint(&answer(StatusCode::OK), NotifyFormat::Slack, &Masker::new()), None);
        let refused = complaint(&answer(StatusCode::BAD_GATEWAY), NotifyFormat::Slack, &Masker::new());
        assert_eq!(refused.as_deref(), Some("502 Bad Gateway"));
    }
}
