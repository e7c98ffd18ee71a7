//! Variables, connections, pools, health and `XComs` of Airflow 2.
//!
//! In: a checked call. Out: the answer. Nothing here changes the world.

use serde_json::{Value, json};

use super::super::message::{Answer, Call, last, page};
use super::super::python::repr;
use super::super::stock::{ConnectionScript, HealthStatus, PoolScript, VariableScript};
use super::super::world::World;
use super::{problem, query, show};

/// How it is; open to everybody.
pub(super) fn health(world: &World, call: &Call<'_>) -> Answer {
    let statuses = world.health(call.now);
    let part = |heartbeat: &str, status: Option<HealthStatus>| {
        let heard = status.map(|_| show::moment(call.now));
        json!({heartbeat: heard, "status": status.map(HealthStatus::as_str)})
    };
    let [metadatabase, scheduler, triggerer, dag_processor] = statuses;
    Answer::json(
        200,
        &json!({
            "dag_processor": part("latest_dag_processor_heartbeat", dag_processor),
            "metadatabase": {"status": metadatabase.map(HealthStatus::as_str)},
            "scheduler": {
                "latest_scheduler_heartbeat": scheduler.map(|_| show::moment(world.heartbeat(call.now))),
                "status": scheduler.map(HealthStatus::as_str),
            },
            "triggerer": part("latest_triggerer_heartbeat", triggerer),
        }),
    )
}

/// The variables.
pub(super) fn variables(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    rows(world.stock.variables.iter().map(variable_row).collect(), "variables", call)
}

/// One variable; whatever its key is, its value is shown.
pub(super) fn variable(world: &World, key: &str) -> Result<Answer, Answer> {
    let found = world.stock.variables.iter().find(|variable| variable.key == key);
    let missing = || problem::not_found("Variable not found", Some("Variable does not exist"));
    Ok(Answer::json(200, &variable_row(found.ok_or_else(missing)?)))
}

/// The connections.
pub(super) fn connections(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    rows(world.stock.connections.iter().map(connection_row).collect(), "connections", call)
}

/// One connection.
pub(super) fn connection(world: &World, id: &str) -> Result<Answer, Answer> {
    let found = world.stock.connections.iter().find(|connection| connection.connection_id == id);
    let detail = format!("The Connection with connection_id: `{id}` was not found");
    let missing = || problem::not_found("Connection not found", Some(&detail));
    Ok(Answer::json(200, &connection_row(found.ok_or_else(missing)?)))
}

/// The pools; one of any number of slots breaks the list.
pub(super) fn pools(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    let pools = world.stock.pools.iter().map(|pool| pool_row(pool, world, call));
    rows(pools.collect::<Result<_, _>>()?, "pools", call)
}

/// One pool.
pub(super) fn pool(world: &World, name: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let found = world.stock.pools.iter().find(|pool| pool.name == name);
    let detail = format!("Pool with name:'{name}' not found");
    let missing = || problem::not_found("Not Found", Some(&detail));
    Ok(Answer::json(200, &pool_row(found.ok_or_else(missing)?, world, call)?))
}

/// What a task handed over: a Python `repr` unless the query says `stringify=false`.
pub(super) fn xcom(
    world: &World,
    (dag_id, run_id, task_id): (&str, &str, &str),
    key: &str,
    call: &Call<'_>,
) -> Result<Answer, Answer> {
    let missing = || problem::not_found("XCom entry not found", None);
    let run = world.run(dag_id, run_id).ok_or_else(missing)?;
    let (value, at) = run.xcom(task_id, key, call.now).ok_or_else(missing)?;
    let is_text = last(&call.query, "stringify") != Some("false");
    Ok(Answer::json(
        200,
        &json!({
            "dag_id": dag_id,
            "execution_date": show::moment(run.asked.logical_date.unwrap_or(run.queued_at)),
            "key": key,
            "map_index": -1,
            "task_id": task_id,
            "timestamp": show::moment(at),
            "value": if is_text { Value::String(as_python(value)) } else { value.clone() },
        }),
    ))
}

/// What Python's `str` says: of text the text itself.
fn as_python(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), str::to_owned)
}

fn rows(rows: Vec<Value>, name: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let total = rows.len();
    Ok(Answer::json(200, &json!({name: page(rows, offset, limit), "total_entries": total})))
}

fn variable_row(variable: &VariableScript) -> Value {
    json!({"description": variable.description, "key": variable.key, "value": variable.value})
}

fn connection_row(connection: &ConnectionScript) -> Value {
    json!({
        "conn_type": connection.conn_type,
        "connection_id": connection.connection_id,
        "description": connection.description,
        "extra": null,
        "host": connection.host,
        "login": connection.login,
        "port": connection.port,
        "schema": connection.schema,
    })
}

fn pool_row(pool: &PoolScript, world: &World, call: &Call<'_>) -> Result<Value, Answer> {
    if pool.slots < 0 {
        let detail = "inf is not of type 'integer'\n\nFailed validating 'type' in \
                      schema['properties']['open_slots']:\n    {'type': 'integer',\n     'readOnly': True,\n     \
                      'description': 'The number of free slots at the moment.'}\n\nOn instance['open_slots']:\n    inf";
        let title = "Response body does not conform to specification";
        return Err(problem::problem(500, title, Some(detail), "Unknown"));
    }
    let running = world.stock.running_slots(pool, call.now);
    Ok(json!({
        "deferred_slots": 0,
        "description": pool.description,
        "include_deferred": false,
        "name": pool.name,
        "occupied_slots": running,
        "open_slots": pool.slots - running,
        "queued_slots": 0,
        "running_slots": running,
        "scheduled_slots": 0,
        "slots": pool.slots,
    }))
}
