//! DAGs in Airflow 2: list, get, details, pause.
//!
//! In: a checked call. Out: the answer; pausing changes the world.

use serde_json::{Value, json};

use super::super::message::{Answer, Call, all, last, page};
use super::super::route::Endpoint;
use super::super::select::{has_tags, is_like, order_dags, order_word};
use super::super::world::{Dag, World};
use super::{body, problem, query, show};

/// The list: `tags` by comma or repeated, any of them.
pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("dag_id"));
    if !matches!(column, "dag_id" | "id") {
        return Err(query::bad_order(column));
    }
    let tags: Vec<&str> = all(&call.query, "tags").flat_map(|tags| tags.split(',')).collect();
    let only_active = last(&call.query, "only_active") != Some("false");
    let paused = last(&call.query, "paused").and_then(|value| value.parse::<bool>().ok());
    let pattern = last(&call.query, "dag_id_pattern").unwrap_or_default();
    let mut dags: Vec<&Dag> = world.dags.iter().collect();
    dags.retain(|dag| {
        has_tags(&dag.script, &tags, false)
            && !(only_active && dag.script.is_stale)
            && paused.is_none_or(|paused| paused == dag.is_paused)
            && is_like(pattern, &dag.script.dag_id)
    });
    order_dags(&mut dags, is_descending);
    let total = dags.len();
    let rows = page(dags, offset, limit).into_iter().map(|dag| show::only_fields(show::dag(dag, world), call));
    Ok(Answer::json(200, &json!({"dags": rows.collect::<Result<Vec<_>, _>>()?, "total_entries": total})))
}

/// One DAG.
pub(super) fn get(world: &World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let dag = find(world, dag_id)?;
    Ok(Answer::json(200, &show::only_fields(show::dag(dag, world), call)?))
}

/// One DAG with its params.
pub(super) fn details(world: &World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let dag = find(world, dag_id)?;
    Ok(Answer::json(200, &show::only_fields(show::details(dag, world), call)?))
}

/// Pauses or unpauses.
pub(super) fn patch(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::Dag(String::new()), entries)?;
    if world.dag(dag_id).is_none() {
        return Err(problem::not_found(&format!("Dag with id: '{dag_id}' not found"), None));
    }
    let is_paused = entries.get("is_paused").and_then(Value::as_bool).ok_or_else(problem::oops)?;
    world.set_paused(dag_id, is_paused, call.now);
    get(world, dag_id, &Call { query: Vec::new(), body: Value::Null, ..*call })
}

fn find<'a>(world: &'a World, dag_id: &str) -> Result<&'a Dag, Answer> {
    let detail = format!("The DAG with dag_id: {dag_id} was not found");
    world.dag(dag_id).ok_or_else(|| problem::not_found("DAG not found", Some(&detail)))
}
