//! DAGs in Airflow 3: list, get, details, pause.
//!
//! In: an admitted call. Out: the answer; pausing changes the world. Unknown query parameters are ignored, as there.

use serde_json::{Value, json};

use super::super::message::{Answer, Call, all, last, page};
use super::super::select::{has_tags, is_like, order_dags, order_word};
use super::super::world::{Dag, World};
use super::check::{self, Kind};
use super::{detail, show};

const ORDERS: [&str; 7] =
    ["dag_id", "dag_display_name", "next_dagrun", "state", "start_date", "last_run_state", "last_run_start_date"];

/// The list: `tags` repeated, any of them or all.
pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let orders: Vec<(&str, bool)> = all(&call.query, "order_by").map(order_word).collect();
    if let Some((column, _)) = orders.iter().find(|(column, _)| !ORDERS.contains(column)) {
        return Err(detail::bad_order(column));
    }
    let flag = |name| last(&call.query, name).and_then(|value| check::as_bool(&Value::from(value)));
    let tags: Vec<&str> = all(&call.query, "tags").collect();
    let wants_all = last(&call.query, "tags_match_mode") == Some("all");
    let hides_stale = flag("exclude_stale").unwrap_or(true);
    let paused = flag("paused");
    let pattern = last(&call.query, "dag_id_pattern").unwrap_or_default();
    let prefix = last(&call.query, "dag_id_prefix_pattern").unwrap_or_default();
    let mut dags: Vec<&Dag> = world.dags.iter().collect();
    dags.retain(|dag| {
        has_tags(&dag.script, &tags, wants_all)
            && !(hides_stale && dag.script.is_stale)
            && paused.is_none_or(|paused| paused == dag.is_paused)
            && is_like(pattern, &dag.script.dag_id)
            && dag.script.dag_id.starts_with(prefix)
    });
    order_dags(&mut dags, orders.first().is_some_and(|(_, is_descending)| *is_descending));
    let total = dags.len();
    let rows: Vec<Value> = page(dags, offset, limit).into_iter().map(|dag| show::dag(dag, world)).collect();
    Ok(Answer::json(200, &json!({"dags": rows, "total_entries": total})))
}

/// One DAG.
pub(super) fn get(world: &World, dag_id: &str) -> Result<Answer, Answer> {
    Ok(Answer::json(200, &show::dag(find(world, dag_id)?, world)))
}

/// One DAG with its params.
pub(super) fn details(world: &World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let dag = find(world, dag_id)?;
    let runs = world.runs.iter().filter(|run| run.dag.dag_id == dag_id);
    let active = runs.filter(|run| !run.progress(call.now).state.is_final()).count();
    Ok(Answer::json(200, &show::details(dag, world, active)))
}

/// Pauses or unpauses.
pub(super) fn patch(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let entries = check::body(&[check::required("is_paused", Kind::Bool)], &call.body)?;
    if world.dag(dag_id).is_none() {
        return Err(detail::not_found(&format!("Dag with id: {dag_id} was not found")));
    }
    let is_paused = entries.get("is_paused").and_then(check::as_bool).unwrap_or_default();
    world.set_paused(dag_id, is_paused, call.now);
    get(world, dag_id)
}

/// The DAG, or the 404 of the reading endpoints.
pub(super) fn find<'a>(world: &'a World, dag_id: &str) -> Result<&'a Dag, Answer> {
    world.dag(dag_id).ok_or_else(|| detail::not_found(&format!("The Dag with ID: `{dag_id}` was not found")))
}
