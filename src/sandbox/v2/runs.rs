//! DAG runs and task instances in Airflow 3.
//!
//! In: an admitted call. Out: the answer; a trigger changes the world.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::dates::{Given, iso, read};
use super::super::message::{Answer, Call, Lines, all, last, page};
use super::super::params::Unsuitable;
use super::super::select::{Bounds, RunOrder, is_like, order_runs, order_word};
use super::super::timeline::Progress;
use super::super::world::{NewRun, Refused, Run, World};
use super::check::{self, Field, Kind};
use super::{dags, detail, show};

const STATES: [&str; 4] = ["queued", "running", "success", "failed"];
const RESERVED: [&str; 5] = ["scheduled", "backfill", "asset_triggered", "operator_triggered", "asset_materialization"];
const PATTERNS: &str = r"'^[A-Za-z0-9_.~:+-]+$' or '^(?:manual|scheduled|asset_triggered)__(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00)$'";

const RUN: [Field; 8] = [
    check::optional("dag_run_id", Kind::Text),
    check::optional("data_interval_start", Kind::Moment),
    check::optional("data_interval_end", Kind::Moment),
    Field { name: "logical_date", kind: Kind::Moment, is_required: true, is_nullable: true },
    check::optional("run_after", Kind::Moment),
    check::optional("conf", Kind::Dict),
    check::optional("note", Kind::Text),
    check::optional("partition_key", Kind::Text),
];

/// The runs of a DAG.
pub(super) fn list(world: &World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let states: Vec<&str> = all(&call.query, "state").collect();
    if states.iter().any(|state| !STATES.contains(state)) {
        return Err(detail::refuse(422, "Invalid value for state. Valid values are queued, running, success, failed"));
    }
    if dag_id != "~" {
        dags::find(world, dag_id)?;
    }
    let (order, is_descending) = order(call)?;
    let bounds = ["logical_date", "run_after", "start_date", "end_date"].map(|name| Bounds::of(&call.query, name));
    let pattern = last(&call.query, "run_id_pattern").unwrap_or_default();
    let mut runs: Vec<&Run> = world.runs.iter().filter(|run| dag_id == "~" || run.dag.dag_id == dag_id).collect();
    runs.retain(|run| {
        let progress = run.progress(call.now);
        let dates = [run.asked.logical_date, Some(run.asked.not_before), progress.start, progress.end];
        (states.is_empty() || states.contains(&progress.state.as_str()))
            && bounds.into_iter().zip(dates).all(|(bounds, date)| bounds.hold(date))
            && is_like(pattern, &run.asked.run_id)
    });
    order_runs(&mut runs, order, is_descending, call.now);
    let total = runs.len();
    let rows = page(runs, offset, limit).into_iter().map(|run| show::run(run, run.progress(call.now)));
    Ok(Answer::json(200, &rows_with_cursors("dag_runs", &rows.collect::<Vec<_>>(), total)))
}

fn order(call: &Call<'_>) -> Result<(RunOrder, bool), Answer> {
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("id"));
    let order = match column {
        "id" | "run_after" => RunOrder::Made,
        "run_id" | "dag_run_id" => RunOrder::RunId,
        "logical_date" => RunOrder::LogicalDate,
        "start_date" => RunOrder::Start,
        "end_date" => RunOrder::End,
        _ => return Err(detail::bad_order(column)),
    };
    Ok((order, is_descending))
}

fn rows_with_cursors(name: &str, rows: &[Value], total: usize) -> Value {
    json!({name: rows, "total_entries": total, "total_entries_limit": null, "next_cursor": null, "previous_cursor": null})
}

/// One run.
pub(super) fn get(world: &World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let run = find(world, dag_id, run_id)?;
    Ok(Answer::json(200, &show::run(run, run.progress(call.now))))
}

/// The state of a run, line by line until it has ended.
pub(super) fn wait(world: &World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let seconds =
        last(&call.query, "interval").and_then(|text| text.parse::<f64>().ok()).filter(|seconds| *seconds > 0.0);
    let Some(every) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) else {
        let missing = json!({"type": "missing", "loc": ["query", "interval"], "msg": "Field required", "input": null});
        return Err(detail::invalid(&[missing]));
    };
    let run = find(world, dag_id, run_id)?;
    let lines = Lines { dag_id: dag_id.to_owned(), run_id: run_id.to_owned(), every };
    Ok(Answer { lines: Some(Box::new(lines)), ..Answer::new(200, "", show::state_line(run.progress(call.now))) })
}

/// The run, or the 404 of most endpoints.
pub(super) fn find<'a>(world: &'a World, dag_id: &str, run_id: &str) -> Result<&'a Run, Answer> {
    world.run(dag_id, run_id).ok_or_else(|| {
        detail::not_found(&format!("The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found"))
    })
}

/// Makes a run.
pub(super) fn post(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let entries = check::body(&RUN, &call.body)?;
    let has = |name| entries.get(name).is_some_and(|value| !value.is_null());
    if has("data_interval_start") != has("data_interval_end") {
        return Err(half_interval(&call.body));
    }
    if world.live_dag(dag_id).is_none() {
        return Err(detail::not_found(&format!("Dag with dag_id: '{dag_id}' not found")));
    }
    let asked = read_run(world, dag_id, entries, call.now);
    let run_id = asked.run_id.clone();
    check_run_id(&run_id).map_err(|message| detail::refuse(400, &message))?;
    world.trigger(dag_id, asked, call.now).map_err(refusal)?;
    let run = world.run(dag_id, &run_id).ok_or_else(detail::server_error)?;
    Ok(Answer::json(200, &show::run(run, Progress::QUEUED)))
}

fn half_interval(body: &Value) -> Answer {
    let message =
        "Value error, Either both data_interval_start and data_interval_end must be provided or both must be None";
    let context = json!({"error": {}});
    detail::invalid(&[json!({"type": "value_error", "loc": ["body"], "msg": message, "input": body, "ctx": context})])
}

fn read_run(world: &World, dag_id: &str, entries: &Map<String, Value>, now: Timestamp) -> NewRun {
    let text = |name: &str| entries.get(name).and_then(Value::as_str);
    let date = |name: &str| match text(name).map(read) {
        Some(Given::Moment(moment)) => Some(moment),
        _ => None,
    };
    let name = |moment| format!("manual__{}", iso(moment, "+00:00"));
    let generated = name(world.free_moment(dag_id, now, name));
    let logical_date = date("logical_date");
    let interval = date("data_interval_start").zip(date("data_interval_end"));
    NewRun {
        run_id: text("dag_run_id").filter(|id| !id.is_empty()).map_or(generated, str::to_owned),
        conf: entries.get("conf").and_then(Value::as_object).cloned().unwrap_or_default(),
        note: text("note").map(str::to_owned),
        logical_date,
        interval: logical_date.map(|date| interval.unwrap_or((date, date))),
        not_before: date("run_after").unwrap_or(now),
        is_by_dataset: false,
    }
}

fn check_run_id(run_id: &str) -> Result<(), String> {
    if let Some(kind) = RESERVED.iter().find(|kind| run_id.starts_with(&format!("{kind}__"))) {
        return Err(format!("A manual DAG run cannot use ID '{run_id}' since it is reserved for {kind} runs"));
    }
    if !run_id.chars().all(|c| c.is_ascii_alphanumeric() || "_.~:+-".contains(c)) {
        return Err(format!("The run_id provided '{run_id}' does not match regex pattern {PATTERNS}"));
    }
    if run_id.contains("..") {
        return Err(format!("The run_id '{run_id}' must not contain '..' to prevent path traversal"));
    }
    Ok(())
}

fn refusal(refused: Refused) -> Answer {
    match refused {
        Refused::DuplicateId | Refused::DuplicateDate(_) => detail::conflict(),
        Refused::Conf(Unsuitable::Missing(name)) => {
            detail::refuse(400, &format!("Invalid input for param {name}: No value passed"))
        }
        Refused::Conf(Unsuitable::Invalid(message)) => detail::refuse(400, &message),
    }
}

/// The task instances of a run.
pub(super) fn tasks(world: &World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = check::window(call)?;
    let run = world.run(dag_id, run_id).ok_or_else(|| {
        detail::not_found(&format!("DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found"))
    })?;
    let states: Vec<&str> = all(&call.query, "state").collect();
    let mut tasks = run.tasks(call.now);
    tasks.retain(|task| states.is_empty() || states.contains(&task.state.unwrap_or("none")));
    let total = tasks.len();
    let rows: Vec<Value> = page(tasks, offset, limit).iter().map(|task| show::task(run, task)).collect();
    Ok(Answer::json(200, &rows_with_cursors("task_instances", &rows, total)))
}

/// 404 for an instance of a mapped task; the sandbox maps none.
pub(super) fn no_mapped_task((dag_id, run_id, task_id): (&str, &str, &str), index: &str) -> Answer {
    let what = format!("dag_id: `{dag_id}`, run_id: `{run_id}`, task_id: `{task_id}`, and map_index: `{index}`");
    detail::not_found(&format!("The Mapped Task Instance with {what} was not found"))
}

/// One task instance.
pub(super) fn task(
    world: &World,
    (dag_id, run_id, task_id): (&str, &str, &str),
    call: &Call<'_>,
) -> Result<Answer, Answer> {
    let run = world.run(dag_id, run_id);
    let row = run.and_then(|run| {
        run.tasks(call.now).iter().find(|task| task.script.task_id == task_id).map(|task| show::task(run, task))
    });
    let row = row.ok_or_else(|| {
        let what = format!("dag_id: `{dag_id}`, run_id: `{run_id}` and task_id: `{task_id}`");
        detail::not_found(&format!("The Task Instance with {what} was not found"))
    })?;
    Ok(Answer::json(200, &row))
}
