//! Datasets and their events in Airflow 2.
//!
//! In: a checked call. Out: the answer; a posted event changes the world.

use serde_json::{Map, Value, json};

use super::super::message::{Answer, Call, all, last, page};
use super::super::route::Endpoint;
use super::super::select::{is_like, order_word};
use super::super::world::{Dataset, Event, World};
use super::{body, problem, query, show};
use crate::airflow::model::ApiVersion;

/// The list; its `total_entries` does not know of `uri_pattern`, as in the real one.
pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("id"));
    if !matches!(column, "id" | "uri" | "created_at" | "updated_at") {
        return Err(query::bad_order(column));
    }
    let pattern = last(&call.query, "uri_pattern").unwrap_or_default();
    let dag_ids: Vec<&str> = all(&call.query, "dag_ids").flat_map(|ids| ids.split(',')).collect();
    let is_wanted = |dataset: &&Dataset| {
        let has_dag = || world.consumers(&dataset.uri).any(|dag| dag_ids.contains(&dag.script.dag_id.as_str()));
        is_like(pattern, &dataset.uri) && (dag_ids.is_empty() || has_dag())
    };
    let mut datasets: Vec<&Dataset> = world.datasets.iter().filter(is_wanted).collect();
    if column == "uri" {
        datasets.sort_by(|one, other| one.uri.cmp(&other.uri));
    }
    if is_descending {
        datasets.reverse();
    }
    let rows: Vec<Value> = page(datasets, offset, limit).into_iter().map(|one| show::dataset(one, world)).collect();
    Ok(Answer::json(200, &json!({"datasets": rows, "total_entries": world.datasets.len()})))
}

/// One dataset by its URI.
pub(super) fn get(world: &World, uri: &str) -> Result<Answer, Answer> {
    let dataset = world.datasets.iter().find(|dataset| dataset.uri == uri).ok_or_else(|| {
        problem::not_found("Dataset not found", Some(&format!("The Dataset with uri: `{uri}` was not found")))
    })?;
    Ok(Answer::json(200, &show::dataset(dataset, world)))
}

/// The events, oldest first unless asked otherwise.
pub(super) fn events(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("timestamp"));
    if !matches!(column, "timestamp" | "source_dag_id" | "source_task_id" | "source_run_id" | "source_map_index") {
        return Err(query::bad_order(column));
    }
    let dataset_id = last(&call.query, "dataset_id").and_then(|id| id.parse::<u64>().ok());
    let has_source =
        ["source_dag_id", "source_task_id", "source_run_id"].iter().any(|n| last(&call.query, n).is_some());
    let is_wanted = |event: &&Event| !has_source && dataset_id.is_none_or(|id| id == event.dataset_id);
    let mut events: Vec<&Event> = world.events.iter().filter(is_wanted).collect();
    if is_descending {
        events.reverse();
    }
    let total = events.len();
    let rows = page(events, offset, limit).into_iter();
    let rows: Vec<Value> = rows.map(|event| show::event(event, world, call.now)).collect();
    Ok(Answer::json(200, &json!({"dataset_events": rows, "total_entries": total})))
}

/// The events that a run was made for.
pub(super) fn upstream(world: &World, (dag, run): (&str, &str), call: &Call<'_>) -> Result<Answer, Answer> {
    if world.run(dag, run).is_none() {
        let detail = format!("DAGRun with DAG ID: '{dag}' and DagRun ID: '{run}' not found");
        return Err(problem::not_found("DAGRun not found", Some(&detail)));
    }
    let rows: Vec<Value> = world.events_of(dag, run).map(|event| show::event(event, world, call.now)).collect();
    Ok(Answer::json(200, &json!({"dataset_events": rows, "total_entries": rows.len()})))
}

/// Records an event.
pub(super) fn post_event(world: &mut World, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::Events, entries)?;
    if entries.get("extra").is_some_and(Value::is_null) {
        return Err(body::invalid_field("extra", "Field may not be null."));
    }
    let uri = entries.get("dataset_uri").and_then(Value::as_str).unwrap_or_default();
    let dataset = world.datasets.iter().find(|dataset| dataset.uri == uri).ok_or_else(|| {
        problem::not_found("Dataset not found", Some(&format!("Dataset with uri: '{uri}' not found")))
    })?;
    let mut extra: Map<String, Value> = entries.get("extra").and_then(Value::as_object).cloned().unwrap_or_default();
    extra.insert("from_rest_api".to_owned(), Value::Bool(true));
    let id = world.post_event(dataset.id, extra, ApiVersion::V1, call.now).id;
    let event = world.events.iter().find(|event| event.id == id).ok_or_else(problem::oops)?;
    let mut shown = show::event(event, world, call.now);
    // The scheduler makes the runs later; the answer never names them.
    shown["created_dagruns"] = json!([]);
    Ok(Answer::json(200, &shown))
}
