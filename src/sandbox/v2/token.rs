//! `/auth/token` of Airflow 3: a name and a password for a token.
//!
//! In: the request. Out: 201 with the token, or why not.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::auth::Gate;
use super::super::message::{Answer, Request, decode_form};
use super::super::python::repr;
use super::detail;

/// Exchanges a name and a password for a token; both JSON and a form are taken.
pub(super) fn exchange(gate: &mut Gate, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
    if !gate.has_exchange() {
        return Err(detail::refuse(404, "Not Found"));
    }
    match request.method.as_str() {
        "POST" => {}
        "GET" => {
            let message = "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True";
            return Err(detail::refuse(403, message));
        }
        _ => return Err(detail::wrong_method()),
    }
    let body = if request.is_json() { request.json().unwrap_or_default() } else { form(&request.body) };
    let username = field(&body, "username")?;
    let password = field(&body, "password")?;
    match gate.exchange(username, password, now) {
        Some(token) => Ok(Answer::json(201, &json!({"access_token": token}))),
        None => Err(detail::refuse(401, "Invalid credentials")),
    }
}

fn form(body: &[u8]) -> Value {
    let pairs = decode_form(&String::from_utf8_lossy(body)).into_iter();
    Value::Object(pairs.map(|(name, value)| (name, Value::String(value))).collect())
}

fn field<'a>(body: &'a Value, name: &str) -> Result<&'a str, Answer> {
    body.get(name).and_then(Value::as_str).ok_or_else(|| {
        let message = format!(
            "1 validation error for LoginBody\n{name}\n  Field required [type=missing, input_value={}, \
             input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.13/v/missing",
            repr(body)
        );
        detail::refuse(422, &message)
    })
}
