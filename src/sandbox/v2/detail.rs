//! The error bodies of Airflow 3: `detail` as text, list or object, or `error`.
//!
//! In: what is wrong. Out: the answer, word for word as recorded.

use serde_json::{Value, json};

use super::super::message::Answer;

/// An error whose `detail` is text.
pub(super) fn refuse(status: u16, detail: &str) -> Answer {
    Answer::json(status, &json!({"detail": detail}))
}

/// 404 with its reason.
pub(super) fn not_found(detail: &str) -> Answer {
    refuse(404, detail)
}

/// 404 for a path that is none.
pub(super) fn no_route() -> Answer {
    Answer::json(404, &json!({"error": "API route not found"}))
}

/// 405.
pub(super) fn wrong_method() -> Answer {
    refuse(405, "Method Not Allowed")
}

/// 422 with a list of mistakes.
pub(super) fn invalid(mistakes: &[Value]) -> Answer {
    Answer::json(422, &json!({"detail": mistakes}))
}

/// 409, which does not say of what.
pub(super) fn conflict() -> Answer {
    let id: String = (0..8).map(|_| fastrand::alphanumeric()).collect();
    let message = format!(
        "Serious error when handling your request. Check logs for more details - you will find it in api server when \
         you look for ID {id}"
    );
    let detail = json!({
        "reason": "Unique constraint violation",
        "statement": "hidden",
        "orig_error": "hidden",
        "message": message,
    });
    Answer::json(409, &json!({"detail": detail}))
}

/// 400 to an `order_by` that isn't allowed.
pub(super) fn bad_order(word: &str) -> Answer {
    refuse(400, &format!("Ordering with '{word}' is disallowed or the attribute does not exist on the model"))
}

/// 500 as plain text.
pub(super) fn server_error() -> Answer {
    Answer::new(500, "text/plain; charset=utf-8", "Internal Server Error")
}
