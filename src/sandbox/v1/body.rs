//! What Airflow 2 checks of a body before it looks who asks: content type, JSON, types, read-only fields.
//!
//! In: the endpoint and the request. Out: the body, or a 400 or 415. Unknown fields and nulls are found later, by the
//! endpoint, as there; so the list of fields stands here for both.

use serde_json::{Map, Value};

use super::super::dates::{Given, read};
use super::super::message::{Answer, Request};
use super::super::python::{repr, repr_text};
use super::super::route::Endpoint;
use super::problem;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Object,
    Text,
    Moment,
    EndState,
    ReadOnly,
}

struct Field {
    name: &'static str,
    kind: Kind,
    is_nullable: bool,
}

const fn field(name: &'static str, kind: Kind, is_nullable: bool) -> Field {
    Field { name, kind, is_nullable }
}

const DAG: &[Field] = &[
    field("is_paused", Kind::Bool, true),
    field("dag_id", Kind::ReadOnly, false),
    field("description", Kind::ReadOnly, false),
    field("tags", Kind::ReadOnly, false),
    field("owners", Kind::ReadOnly, false),
    field("is_active", Kind::ReadOnly, false),
];

const RUN: &[Field] = &[
    field("dag_run_id", Kind::Text, true),
    field("conf", Kind::Object, false),
    field("note", Kind::Text, true),
    field("logical_date", Kind::Moment, true),
    field("execution_date", Kind::Moment, true),
    field("data_interval_start", Kind::Moment, true),
    field("data_interval_end", Kind::Moment, true),
    field("dag_id", Kind::ReadOnly, false),
    field("state", Kind::ReadOnly, false),
    field("start_date", Kind::ReadOnly, false),
    field("end_date", Kind::ReadOnly, false),
    field("run_type", Kind::ReadOnly, false),
    field("external_trigger", Kind::ReadOnly, false),
    field("last_scheduling_decision", Kind::ReadOnly, false),
];

const RUN_STATE: &[Field] = &[field("state", Kind::EndState, false)];
const NOTE: &[Field] = &[field("note", Kind::Text, false)];
const CLEAR_TASKS: &[Field] = &[
    field("dry_run", Kind::Bool, false),
    field("only_failed", Kind::Bool, false),
    field("reset_dag_runs", Kind::Bool, false),
    field("include_downstream", Kind::Bool, false),
    field("include_upstream", Kind::Bool, false),
    field("dag_run_id", Kind::Text, true),
];

const CLEAR: &[Field] = &[field("dry_run", Kind::Bool, false)];
const EVENT: &[Field] = &[field("dataset_uri", Kind::Text, false), field("extra", Kind::Object, true)];

/// Checks the body of a writing request; a reading one has none.
pub(super) fn check(endpoint: &Endpoint, request: &Request) -> Result<Value, Answer> {
    if matches!(request.method.as_str(), "GET" | "DELETE") {
        return Ok(Value::Null);
    }
    if !request.is_json() {
        return Err(problem::wrong_content_type(&request.content_type));
    }
    if request.body.is_empty() {
        return Err(problem::bad_request("Request body must not be empty"));
    }
    let body = request.json().ok_or_else(|| problem::bad_request("Request body is not valid JSON"))?;
    let Value::Object(entries) = &body else {
        return Err(problem::bad_request(&format!("{} is not of type 'object'", repr(&body))));
    };
    if *endpoint == Endpoint::Events && !entries.contains_key("dataset_uri") {
        return Err(problem::bad_request("'dataset_uri' is a required property"));
    }
    for field in fields(endpoint) {
        if let Some(complaint) = entries.get(field.name).and_then(|value| complaint(field, value)) {
            return Err(problem::bad_request(&complaint));
        }
    }
    Ok(body)
}

/// The answer to a field that the endpoint does not know.
pub(super) fn refuse_unknown(endpoint: &Endpoint, entries: &Map<String, Value>) -> Result<(), Answer> {
    let unknown = entries.keys().find(|name| !fields(endpoint).iter().any(|field| field.name == name.as_str()));
    unknown.map_or(Ok(()), |name| Err(invalid_field(name, "Unknown field.")))
}

/// The answer to a field that breaks a rule.
pub(super) fn invalid_field(name: &str, message: &str) -> Answer {
    problem::bad_request(&format!("{{{}: [{}]}}", repr_text(name), repr_text(message)))
}

fn fields(endpoint: &Endpoint) -> &'static [Field] {
    match endpoint {
        Endpoint::Dag(_) => DAG,
        Endpoint::Runs(_) => RUN,
        Endpoint::Run(..) => RUN_STATE,
        Endpoint::Note(..) => NOTE,
        Endpoint::Clear(..) => CLEAR,
        Endpoint::ClearTasks(_) => CLEAR_TASKS,
        Endpoint::Events => EVENT,
        _ => &[],
    }
}

fn complaint(field: &Field, value: &Value) -> Option<String> {
    let name = field.name;
    if field.kind == Kind::ReadOnly {
        return Some(format!("Property is read-only - '{name}'"));
    }
    if value.is_null() && field.is_nullable {
        return None;
    }
    let (wanted, is_right) = match field.kind {
        Kind::Bool => ("boolean", value.is_boolean()),
        Kind::Object => ("object", value.is_object()),
        Kind::Text | Kind::Moment | Kind::EndState | Kind::ReadOnly => ("string", value.is_string()),
    };
    if !is_right {
        return Some(format!("{} is not of type '{wanted}' - '{name}'", repr(value)));
    }
    if field.kind == Kind::EndState && !matches!(value.as_str(), Some("success" | "failed" | "queued")) {
        return Some(format!("{} is not one of ['success', 'failed', 'queued'] - '{name}'", repr(value)));
    }
    let is_moment = value.as_str().is_some_and(|text| matches!(read(text), Given::Moment(_)));
    (field.kind == Kind::Moment && !is_moment).then(|| format!("{} is not a 'date-time' - '{name}'", repr(value)))
}
