//! Variables, connections, pools, health and `XComs` of Airflow 3.
//!
//! In: an admitted call. Out: the answer. Nothing here changes the world.

use serde_json::{Value, json};

use super::super::dates::iso;
use super::super::message::{Answer, Call, last, page};
use super::super::python::repr;
use super::super::stock::{ConnectionScript, HealthStatus, PoolScript, VariableScript};
use super::super::world::World;
use super::{check, detail, show};

/// The parts of a key that make Airflow hide its value.
const SENSITIVE: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "service_account",
    "token",
];

/// How it is; open to everybody.
pub(super) fn health(world: &World, call: &Call<'_>) -> Answer {
    let [metadatabase, scheduler, triggerer, dag_processor] = world.health(call.now);
    let part = |heartbeat: &str, status: Option<HealthStatus>| {
        let heard = status.map(|_| iso(call.now, "+00:00"));
        json!({"status": status.map(HealthStatus::as_str), heartbeat: heard})
    };
    Answer::json(
        200,
        &json!({
            "metadatabase": {"status": metadatabase.map(HealthStatus::as_str)},
            "scheduler": {
                "status": scheduler.map(HealthStatus::as_str),
                "latest_scheduler_heartbeat": scheduler.map(|_| iso(world.heartbeat(call.now), "+00:00")),
            },
            "triggerer": part("latest_triggerer_heartbeat", triggerer),
            "dag_processor": part("latest_dag_processor_heartbeat", dag_processor.or(Some(HealthStatus::Healthy))),
        }),
    )
}

/// The variables.
pub(super) fn variables(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    rows(world.stock.variables.iter().map(variable_row).collect(), "variables", call)
}

/// One variable; the value of one whose key looks like that of a secret is `***`.
pub(super) fn variable(world: &World, key: &str) -> Result<Answer, Answer> {
    let found = world.stock.variables.iter().find(|variable| variable.key == key);
    let missing = || detail::not_found(&format!("The Variable with key: `{key}` was not found"));
    Ok(Answer::json(200, &variable_row(found.ok_or_else(missing)?)))
}

/// The connections.
pub(super) fn connections(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    rows(world.stock.connections.iter().map(connection_row).collect(), "connections", call)
}

/// One connection.
pub(super) fn connection(world: &World, id: &str) -> Result<Answer, Answer> {
    let found = world.stock.connections.iter().find(|connection| connection.connection_id == id);
    let missing = || detail::not_found(&format!("The Connection with connection_id: `{id}` was not found"));
    Ok(Answer::json(200, &connection_row(found.ok_or_else(missing)?)))
}

/// The pools.
pub(super) fn pools(world: &World, call: &Call<'_>) -> Result<Answer, Answer> {
    rows(world.stock.pools.iter().map(|pool| pool_row(pool, world, call)).collect(), "pools", call)
}

/// One pool.
pub(super) fn pool(world: &World, name: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let found = world.stock.pools.iter().find(|pool| pool.name == name);
    let missing = || detail::not_found(&format!("The Pool with name: `{name}` was not found"));
    Ok(Answer::json(200, &pool_row(found.ok_or_else(missing)?, world, call)))
}

/// What a task handed over, as JSON unless the query says `stringify=true`.
pub(super) fn xcom(
    world: &World,
    (dag_id, run_id, task_id): (&str, &str, &str),
    key: &str,
    call: &Call<'_>,
) -> Result<Answer, Answer> {
    let missing = || detail::not_found(&format!("XCom entry with key: `{key}` not found"));
    let run = world.run(dag_id, run_id).ok_or_else(missing)?;
    let (value, at) = run.xcom(task_id, key, call.now).ok_or_else(missing)?;
    let is_text = last(&call.query, "stringify") == Some("true");
    let text = || Value::String(value.as_str().map_or_else(|| repr(value), str::to_owned));
    Ok(Answer::json(
        200,
        &json!({
            "key": key,
            "timestamp": show::moment(at),
            "logical_date": run.asked.logical_date.map(show::moment),
            "map_index": -1,
            "task_id": task_id,
            "dag_id": dag_id,
            "run_id": run_id,
            "dag_display_name": run.dag.dag_display_name.as_deref().unwrap_or(dag_id),
            "task_display_name": task_id,
            "run_after": show::moment(run.asked.not_before),
            "value": if is_text { text() } else { value.clone() },
        }),
    ))
}

fn rows(rows: Vec<Value>, name: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let total = rows.len();
    Ok(Answer::json(200, &json!({name: page(rows, offset, limit), "total_entries": total})))
}

fn variable_row(variable: &VariableScript) -> Value {
    let key = variable.key.to_lowercase();
    let is_hidden = SENSITIVE.iter().any(|word| key.contains(word));
    json!({
        "key": variable.key,
        "value": if is_hidden { "***" } else { &variable.value },
        "description": variable.description,
        "is_encrypted": true,
        "team_name": null,
    })
}

fn connection_row(connection: &ConnectionScript) -> Value {
    json!({
        "connection_id": connection.connection_id,
        "conn_type": connection.conn_type,
        "description": connection.description,
        "host": connection.host,
        "login": connection.login,
        "schema": connection.schema,
        "port": connection.port,
        "password": null,
        "extra": null,
        "team_name": null,
    })
}

fn pool_row(pool: &PoolScript, world: &World, call: &Call<'_>) -> Value {
    let running = world.stock.running_slots(pool, call.now);
    json!({
        "name": pool.name,
        "slots": pool.slots,
        "description": pool.description,
        "include_deferred": false,
        "occupied_slots": running,
        "running_slots": running,
        "queued_slots": 0,
        "scheduled_slots": 0,
        "open_slots": if pool.slots < 0 { -1 } else { pool.slots - running },
        "deferred_slots": 0,
        "team_name": null,
    })
}
