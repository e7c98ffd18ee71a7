//! Assets and their events in Airflow 3.
//!
//! In: an admitted call. Out: the answer; a posted event changes the world. The list of events has the fault of 3.3.2: it
//! is a 500 while a run that one of its events made has not started.

use serde_json::{Map, Value, json};

use super::super::dates::{Given, read};
use super::super::message::{Answer, Call, all, last, page};
use super::super::select::{is_like, order_word};
use super::super::world::{Dataset, Event, World};
use super::check::{self, Kind};
use super::{detail, runs, show};
use crate::airflow::model::ApiVersion;

/// The list.
pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("id"));
    if !matches!(column, "id" | "name" | "uri" | "created_at" | "updated_at") {
        return Err(detail::bad_order(column));
    }
    let pattern = |name| last(&call.query, name).unwrap_or_default();
    let dag_ids: Vec<&str> = all(&call.query, "dag_ids").collect();
    let is_wanted = |asset: &&Dataset| {
        let has_dag = || world.consumers(&asset.uri).any(|dag| dag_ids.contains(&dag.script.dag_id.as_str()));
        is_like(pattern("uri_pattern"), &asset.uri)
            && is_like(pattern("name_pattern"), &asset.name)
            && (dag_ids.is_empty() || has_dag())
    };
    let mut assets: Vec<&Dataset> = world.datasets.iter().filter(is_wanted).collect();
    match column {
        "uri" => assets.sort_by(|one, other| one.uri.cmp(&other.uri)),
        "name" => assets.sort_by(|one, other| one.name.cmp(&other.name)),
        _ => {}
    }
    if is_descending {
        assets.reverse();
    }
    let total = assets.len();
    let rows: Vec<Value> = page(assets, offset, limit).into_iter().map(|asset| show::asset(asset, world)).collect();
    Ok(Answer::json(200, &json!({"assets": rows, "total_entries": total})))
}

/// One asset by its number.
pub(super) fn get(world: &World, id: &str) -> Result<Answer, Answer> {
    let number = id.parse::<u64>().map_err(|_| check::not_a_number(&json!(["path", "asset_id"]), id))?;
    let asset = world.datasets.iter().find(|asset| asset.id == number);
    let asset = asset.ok_or_else(|| detail::not_found(&format!("The Asset with ID: `{id}` was not found")))?;
    Ok(Answer::json(200, &show::asset(asset, world)))
}

/// The events, oldest first unless asked otherwise.
pub(super) fn events(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let asset_id = check::whole(call, "asset_id")?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("timestamp"));
    if !matches!(column, "timestamp" | "source_dag_id" | "source_task_id" | "source_run_id" | "source_map_index") {
        return Err(detail::bad_order(column));
    }
    let since = match last(&call.query, "timestamp_gte").map(read) {
        Some(Given::Moment(since)) => Some(since),
        _ => None,
    };
    let is_wanted = |event: &&Event| {
        asset_id.is_none_or(|id| id as u64 == event.dataset_id) && since.is_none_or(|since| event.at >= since)
    };
    let mut events: Vec<&Event> = world.events.iter().filter(is_wanted).collect();
    if is_descending {
        events.reverse();
    }
    let total = events.len();
    let events = page(events, offset, limit);
    let mut made = events.iter().flat_map(|event| &event.started_runs);
    let has_unstarted =
        made.any(|(dag, run)| world.run(dag, run).is_some_and(|run| run.progress(call.now).start.is_none()));
    if has_unstarted {
        return Err(detail::server_error());
    }
    let rows: Vec<Value> = events.into_iter().map(|event| show::event(event, world, call.now)).collect();
    Ok(Answer::json(200, &json!({"asset_events": rows, "total_entries": total})))
}

/// The events that a run was made for; a 500 while the run has not started, as in the real one.
pub(super) fn upstream(world: &World, (dag, run): (&str, &str), call: &Call<'_>) -> Result<Answer, Answer> {
    let found = runs::find(world, dag, run)?;
    if found.progress(call.now).start.is_none() {
        return Err(detail::server_error());
    }
    let rows: Vec<Value> = world.events_of(dag, run).map(|event| show::event(event, world, call.now)).collect();
    Ok(Answer::json(200, &json!({"asset_events": rows, "total_entries": rows.len()})))
}

/// Records an event.
pub(super) fn post_event(world: &mut World, call: &Call<'_>) -> Result<Answer, Answer> {
    let extra = check::Field { is_nullable: false, ..check::optional("extra", Kind::Dict) };
    let fields = [check::required("asset_id", Kind::Int), extra, check::optional("partition_key", Kind::Text)];
    let entries = check::body(&fields, &call.body)?;
    let id = entries.get("asset_id").and_then(Value::as_i64).unwrap_or_default();
    let asset = world.datasets.iter().find(|asset| i64::try_from(asset.id) == Ok(id));
    let asset = asset.ok_or_else(|| detail::not_found(&format!("Asset with ID: `{id}` was not found")))?;
    let mut extra: Map<String, Value> = entries.get("extra").and_then(Value::as_object).cloned().unwrap_or_default();
    if entries.contains_key("extra") {
        extra.insert("from_rest_api".to_owned(), Value::Bool(true));
    }
    let id = world.post_event(asset.id, extra, ApiVersion::V2, call.now).id;
    let event = world.events.iter().find(|event| event.id == id).ok_or_else(detail::server_error)?;
    let mut shown = show::event(event, world, call.now);
    // The scheduler makes the runs later; the answer never names them.
    shown["created_dagruns"] = json!([]);
    Ok(Answer::json(200, &shown))
}
