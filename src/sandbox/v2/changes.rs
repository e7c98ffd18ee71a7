//! What Airflow 3 lets one do to a run: state, note, clear, delete.
//!
//! In: an admitted call. Out: the answer; the world is changed.

use serde_json::{Value, json};

use super::super::message::{Answer, Call};
use super::super::world::World;
use super::check::{self, Field, Kind};
use super::{detail, runs, show};
use crate::airflow::model::{NOTE_MAX_CHARS, RunState};

const PATCH: [Field; 2] = [check::optional("state", Kind::Text), check::optional("note", Kind::Text)];
const CLEAR: [Field; 4] = [
    check::optional("dry_run", Kind::Bool),
    check::optional("only_failed", Kind::Bool),
    check::optional("only_new", Kind::Bool),
    check::optional("run_on_latest_version", Kind::Bool),
];

const CLEAR_TASKS: [Field; 8] = [
    check::optional("dry_run", Kind::Bool),
    check::optional("only_failed", Kind::Bool),
    check::optional("reset_dag_runs", Kind::Bool),
    check::optional("include_downstream", Kind::Bool),
    check::optional("include_upstream", Kind::Bool),
    check::optional("dag_run_id", Kind::Text),
    check::optional("start_date", Kind::Text),
    check::optional("end_date", Kind::Text),
];

/// Sets the state, the note or both.
pub(super) fn patch(world: &mut World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let entries = check::body(&PATCH, &call.body)?;
    let state = match entries.get("state") {
        None | Some(Value::Null) => None,
        Some(wanted) => Some(state(wanted)?),
    };
    let note = entries.get("note").and_then(Value::as_str);
    if let Some(note) = note.filter(|note| note.chars().count() > NOTE_MAX_CHARS) {
        let message = format!("String should have at most {NOTE_MAX_CHARS} characters");
        let context = json!({"max_length": NOTE_MAX_CHARS});
        let loc = json!(["body", "note"]);
        let mistake = json!({"type": "string_too_long", "loc": loc, "msg": message, "input": note, "ctx": context});
        return Err(detail::invalid(&[mistake]));
    }
    runs::find(world, dag_id, run_id)?;
    if let Some(state) = state {
        world.set_state(dag_id, run_id, state, call.now);
    }
    if let Some(run) = world.run_mut(dag_id, run_id).filter(|_| entries.contains_key("note")) {
        run.asked.note = note.map(str::to_owned);
    }
    runs::get(world, dag_id, run_id, call)
}

fn state(wanted: &Value) -> Result<RunState, Answer> {
    let state = serde_json::from_value::<RunState>(wanted.clone()).ok().filter(|state| *state != RunState::Running);
    state.ok_or_else(|| {
        let expected = "'queued', 'success' or 'failed'";
        let message = format!("Input should be {expected}");
        let context = json!({"expected": expected});
        let loc = json!(["body", "state"]);
        detail::invalid(&[json!({"type": "enum", "loc": loc, "msg": message, "input": wanted, "ctx": context})])
    })
}

/// Clears; without `dry_run: false` it only tells what it would clear.
pub(super) fn clear(world: &mut World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let entries = check::body(&CLEAR, &call.body)?;
    let run = runs::find(world, dag_id, run_id)?;
    if entries.get("dry_run").and_then(check::as_bool) == Some(false) {
        world.clear(dag_id, run_id, call.now);
        return runs::get(world, dag_id, run_id, call);
    }
    let rows: Vec<Value> = run.tasks(call.now).iter().map(|task| show::task(run, task)).collect();
    Ok(Answer::json(200, &json!({"task_instances": rows, "total_entries": rows.len()})))
}

/// Clears the failed tasks of a run, or all; without `dry_run: false` it only tells which.
pub(super) fn clear_tasks(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let entries = check::body(&CLEAR_TASKS, &call.body)?;
    let run_id = entries.get("dag_run_id").and_then(Value::as_str).unwrap_or_default();
    let missing = || detail::not_found(&format!("Dag Run id {run_id} not found in dag {dag_id}"));
    let run = world.run(dag_id, run_id).ok_or_else(missing)?;
    let only_failed = entries.get("only_failed").and_then(check::as_bool) == Some(true);
    let is_wanted = |state: Option<&str>| !only_failed || matches!(state, Some("failed" | "upstream_failed"));
    let tasks: Vec<_> = run.tasks(call.now).into_iter().filter(|task| is_wanted(task.state)).collect();
    let rows: Vec<Value> = tasks.iter().map(|task| show::task(run, task)).collect();
    if entries.get("dry_run").and_then(check::as_bool) == Some(false) && !rows.is_empty() {
        world.clear(dag_id, run_id, call.now);
    }
    Ok(Answer::json(200, &json!({"task_instances": rows, "total_entries": rows.len()})))
}

/// Deletes.
pub(super) fn delete(world: &mut World, dag_id: &str, run_id: &str) -> Result<Answer, Answer> {
    runs::find(world, dag_id, run_id)?;
    world.delete(dag_id, run_id);
    Ok(Answer::new(204, "application/json", ""))
}
