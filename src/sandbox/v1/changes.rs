//! What Airflow 2 lets one do to a run: state, note, clear, delete.
//!
//! In: a checked call. Out: the answer; the world is changed.

use serde_json::{Value, json};

use super::super::message::{Answer, Call};
use super::super::route::Endpoint;
use super::super::world::{Run, World};
use super::{body, problem, runs, show};
use crate::airflow::model::{NOTE_MAX_CHARS, RunState};

/// Sets the state.
pub(super) fn set_state(world: &mut World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::Run(String::new(), String::new()), entries)?;
    find(world, dag_id, run_id, " ")?;
    let state = entries.get("state").cloned().and_then(|state| serde_json::from_value::<RunState>(state).ok());
    world.set_state(dag_id, run_id, state.ok_or_else(problem::oops)?, call.now);
    if let Some(settled) = world.run_mut(dag_id, run_id).and_then(|run| run.settled.as_mut()) {
        settled.is_dated_again = true;
    }
    runs::get(world, dag_id, run_id, call)
}

/// Sets the note.
pub(super) fn set_note(world: &mut World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::Note(String::new(), String::new()), entries)?;
    let note = entries.get("note").and_then(Value::as_str).unwrap_or_default().to_owned();
    if note.chars().count() > NOTE_MAX_CHARS {
        return Err(body::invalid_field("note", &format!("Longer than maximum length {NOTE_MAX_CHARS}.")));
    }
    find(world, dag_id, run_id, " ")?;
    if let Some(run) = world.run_mut(dag_id, run_id) {
        run.asked.note = Some(note);
    }
    runs::get(world, dag_id, run_id, call)
}

/// Clears; without `dry_run: false` it only tells what it would clear.
pub(super) fn clear(world: &mut World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::Clear(String::new(), String::new()), entries)?;
    let run = find(world, dag_id, run_id, "   ")?;
    if entries.get("dry_run") == Some(&Value::Bool(false)) {
        world.clear(dag_id, run_id, call.now);
        return runs::get(world, dag_id, run_id, call);
    }
    let keys = ["dag_id", "dag_run_id", "execution_date", "task_id"];
    let tasks = run.tasks(call.now);
    let rows = tasks.iter().map(|task| show::only(&show::task(run, task), &keys));
    Ok(Answer::json(200, &json!({"task_instances": rows.collect::<Vec<_>>()})))
}

/// Clears the failed tasks of a run, or all; without `dry_run: false` it only tells which.
pub(super) fn clear_tasks(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    body::refuse_unknown(&Endpoint::ClearTasks(String::new()), entries)?;
    let run_id = entries.get("dag_run_id").and_then(Value::as_str).unwrap_or_default();
    let run = find(world, dag_id, run_id, " ")?;
    let is_wanted = |state: Option<&str>| {
        entries.get("only_failed") != Some(&Value::Bool(true)) || matches!(state, Some("failed" | "upstream_failed"))
    };
    let keys = ["dag_id", "dag_run_id", "execution_date", "task_id"];
    let tasks: Vec<_> = run.tasks(call.now).into_iter().filter(|task| is_wanted(task.state)).collect();
    let rows: Vec<Value> = tasks.iter().map(|task| show::only(&show::task(run, task), &keys)).collect();
    if entries.get("dry_run") == Some(&Value::Bool(false)) && !rows.is_empty() {
        world.clear(dag_id, run_id, call.now);
    }
    Ok(Answer::json(200, &json!({"task_instances": rows})))
}

/// Deletes.
pub(super) fn delete(world: &mut World, dag_id: &str, run_id: &str) -> Result<Answer, Answer> {
    if world.delete(dag_id, run_id) {
        return Ok(Answer::new(204, "application/json", ""));
    }
    let detail = format!("DAGRun with DAG ID: '{dag_id}' and DagRun ID: '{run_id}' not found");
    Err(problem::not_found("Not Found", Some(&detail)))
}

/// The run, or a 404 with the gap that the real one has in it.
fn find<'a>(world: &'a World, dag_id: &str, run_id: &str, gap: &str) -> Result<&'a Run, Answer> {
    let title = format!("Dag Run id {run_id} not found in dag{gap}{dag_id}");
    world.run(dag_id, run_id).ok_or_else(|| problem::not_found(&title, None))
}
