//! The error bodies of Airflow 2: `application/problem+json`, and the HTML page of its 500.
//!
//! In: what is wrong. Out: the answer, word for word as recorded.

use serde_json::{Value, json};

use super::super::message::Answer;

const OOPS: &str = include_str!("oops.html");

/// The version imitated.
pub(super) const VERSION: &str = "2.11.2";

/// An error body; `kind` is the last part of its `type`.
pub(super) fn problem(status: u16, title: &str, detail: Option<&str>, kind: &str) -> Answer {
    let docs = format!("https://airflow.apache.org/docs/apache-airflow/{VERSION}/stable-rest-api-ref.html");
    body(status, &json!(title), detail, &format!("{docs}#section/Errors/{kind}"))
}

fn body(status: u16, title: &Value, detail: Option<&str>, kind: &str) -> Answer {
    let body = json!({"detail": detail, "status": status, "title": title, "type": kind});
    Answer::new(status, "application/problem+json", body.to_string())
}

/// 400 with its reason.
pub(super) fn bad_request(detail: &str) -> Answer {
    problem(400, "Bad Request", Some(detail), "BadRequest")
}

/// 400 whose reason stands in the title.
pub(super) fn bad_request_titled(title: &str, detail: Option<&str>) -> Answer {
    problem(400, title, detail, "BadRequest")
}

/// 400 for a query parameter that nobody knows.
pub(super) fn extra_query(name: &str) -> Answer {
    let kind = format!(
        "https://airflow.apache.org/docs/apache-airflow/{VERSION}/stable-rest-api-ref.html#section/Errors/BadRequest"
    );
    body(400, &Value::Null, Some(&format!("Extra query parameter(s) {name} not in spec")), &kind)
}

/// 404 with a title and maybe a reason.
pub(super) fn not_found(title: &str, detail: Option<&str>) -> Answer {
    problem(404, title, detail, "NotFound")
}

/// 404 for a path that is none.
pub(super) fn no_such_url() -> Answer {
    let detail = "The requested URL was not found on the server. If you entered the URL manually please check your \
                  spelling and try again.";
    body(404, &json!("Not Found"), Some(detail), "about:blank")
}

/// 405.
pub(super) fn wrong_method() -> Answer {
    let detail = "The method is not allowed for the requested URL.";
    body(405, &json!("Method Not Allowed"), Some(detail), "about:blank")
}

/// 415.
pub(super) fn wrong_content_type(given: &str) -> Answer {
    let detail = format!("Invalid Content-type ({given}), expected JSON data");
    body(415, &json!("Unsupported Media Type"), Some(&detail), "about:blank")
}

/// 401.
pub(super) fn unauthorized() -> Answer {
    problem(401, "Unauthorized", None, "Unauthenticated")
}

/// 403.
pub(super) fn forbidden() -> Answer {
    problem(403, "Forbidden", None, "PermissionDenied")
}

/// 409.
pub(super) fn conflict(detail: &str) -> Answer {
    problem(409, "Conflict", Some(detail), "AlreadyExists")
}

/// 500, an HTML page.
pub(super) fn oops() -> Answer {
    Answer::new(500, "text/html; charset=utf-8", OOPS)
}
