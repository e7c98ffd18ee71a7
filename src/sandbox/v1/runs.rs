//! DAG runs and task instances in Airflow 2.
//!
//! In: a checked call. Out: the answer; a trigger changes the world.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::dates::{Given, read};
use super::super::message::{Answer, Call, all, last, page};
use super::super::params::Unsuitable;
use super::super::route::Endpoint;
use super::super::select::{Bounds, RunOrder, order_runs, order_word};
use super::super::timeline::Progress;
use super::super::world::{NewRun, Refused, Run, World};
use super::{body, problem, query, show};
use crate::airflow::model::NOTE_MAX_CHARS;

const RESERVED: [&str; 3] = ["scheduled", "backfill", "dataset_triggered"];
const RUN_ID_MAX: usize = 250;

/// The runs of a DAG; one that does not exist has none.
pub(super) fn list(world: &World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let (column, is_descending) = order_word(last(&call.query, "order_by").unwrap_or("id"));
    let order = match column {
        "id" => RunOrder::Made,
        "dag_run_id" => RunOrder::RunId,
        "execution_date" => RunOrder::LogicalDate,
        "start_date" => RunOrder::Start,
        "end_date" => RunOrder::End,
        _ => return Err(query::bad_order(column)),
    };
    let states: Vec<&str> = all(&call.query, "state").collect();
    let bounds = ["execution_date", "start_date", "end_date"].map(|name| Bounds::of(&call.query, name));
    let mut runs: Vec<&Run> = world.runs.iter().filter(|run| dag_id == "~" || run.dag.dag_id == dag_id).collect();
    runs.retain(|run| {
        let progress = run.progress(call.now);
        let dates = [run.asked.logical_date.or(Some(run.queued_at)), progress.start, progress.end];
        bounds.into_iter().zip(dates).all(|(bounds, date)| bounds.hold(date))
            && (states.is_empty() || states.contains(&progress.state.as_str()))
    });
    order_runs(&mut runs, order, is_descending, call.now);
    let total = runs.len();
    let rows = page(runs, offset, limit).into_iter();
    let rows = rows.map(|run| show::only_fields(show::run(run, run.progress(call.now)), call));
    Ok(Answer::json(200, &json!({"dag_runs": rows.collect::<Result<Vec<_>, _>>()?, "total_entries": total})))
}

/// One run.
pub(super) fn get(world: &World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let run = world.run(dag_id, run_id).ok_or_else(|| {
        let detail = format!("DAGRun with DAG ID: '{dag_id}' and DagRun ID: '{run_id}' not found");
        problem::not_found("DAGRun not found", Some(&detail))
    })?;
    Ok(Answer::json(200, &show::only_fields(show::run(run, run.progress(call.now)), call)?))
}

/// Makes a run.
pub(super) fn post(world: &mut World, dag_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    if world.live_dag(dag_id).is_none() {
        return Err(problem::not_found("DAG not found", Some(&format!("DAG with dag_id: '{dag_id}' not found"))));
    }
    let Value::Object(entries) = &call.body else { return Err(problem::oops()) };
    refuse_fields(entries)?;
    let asked = read_run(world, dag_id, entries, call.now)?;
    let run_id = asked.run_id.clone();
    let is_good_id = run_id.chars().all(|c| c.is_ascii_alphanumeric() || "_.~:+-".contains(c));
    let reserved = RESERVED.iter().find(|kind| run_id.starts_with(&format!("{kind}__")));
    if let Some(kind) = reserved.filter(|_| world.run(dag_id, &run_id).is_none()) {
        let detail = format!("A manual DAG run cannot use ID '{run_id}' since it is reserved for {kind} runs");
        return Err(problem::bad_request(&detail));
    }
    if !is_good_id {
        return Err(problem::oops());
    }
    world.trigger(dag_id, asked, call.now).map_err(|refused| refusal(dag_id, &run_id, refused))?;
    let run = world.run(dag_id, &run_id).ok_or_else(problem::oops)?;
    Ok(Answer::json(200, &show::run(run, Progress::QUEUED)))
}

fn refuse_fields(entries: &Map<String, Value>) -> Result<(), Answer> {
    body::refuse_unknown(&Endpoint::Runs(String::new()), entries)?;
    if entries.get("dag_run_id").is_some_and(Value::is_null) {
        return Err(body::invalid_field("dag_run_id", "Field may not be null."));
    }
    for (name, most) in [("dag_run_id", RUN_ID_MAX), ("note", NOTE_MAX_CHARS)] {
        if entries.get(name).and_then(Value::as_str).is_some_and(|text| text.chars().count() > most) {
            return Err(body::invalid_field(name, &format!("Longer than maximum length {most}.")));
        }
    }
    if entries.contains_key("data_interval_start") != entries.contains_key("data_interval_end") {
        let message = "Both 'data_interval_start' and 'data_interval_end' must be specified together";
        return Err(body::invalid_field("_schema", message));
    }
    if entries.get("logical_date").is_some_and(Value::is_null) {
        let detail = "argument 'input': 'NoneType' object cannot be cast as 'str'";
        return Err(problem::bad_request_titled("Incorrect datetime argument", Some(detail)));
    }
    Ok(())
}

fn read_run(world: &World, dag_id: &str, entries: &Map<String, Value>, now: Timestamp) -> Result<NewRun, Answer> {
    let text = |name: &str| entries.get(name).and_then(Value::as_str);
    let date = |name: &str| match text(name).map(read) {
        Some(Given::Moment(moment)) => Some(moment),
        _ => None,
    };
    if let (Some(logical), Some(execution)) = (text("logical_date"), text("execution_date"))
        && logical != execution
    {
        let detail = format!("'{logical}' != '{execution}'");
        return Err(problem::bad_request_titled("logical_date conflicts with execution_date", Some(&detail)));
    }
    let given = text("logical_date").or(text("execution_date"));
    let name = |moment| format!("manual__{}", show::moment(moment));
    let logical_date =
        date("logical_date").or_else(|| date("execution_date")).unwrap_or_else(|| world.free_moment(dag_id, now, name));
    let generated = given.map_or_else(|| name(logical_date), |text| format!("manual__{}", text.replace('Z', "+00:00")));
    Ok(NewRun {
        run_id: text("dag_run_id").filter(|id| !id.is_empty()).map_or(generated, str::to_owned),
        conf: entries.get("conf").and_then(Value::as_object).cloned().unwrap_or_default(),
        note: text("note").map(str::to_owned),
        logical_date: Some(logical_date),
        interval: date("data_interval_start").zip(date("data_interval_end")).or(Some((logical_date, logical_date))),
        not_before: logical_date,
        is_by_dataset: false,
    })
}

fn refusal(dag_id: &str, run_id: &str, refused: Refused) -> Answer {
    match refused {
        Refused::DuplicateId => {
            problem::conflict(&format!("DAGRun with DAG ID: '{dag_id}' and DAGRun ID: '{run_id}' already exists"))
        }
        Refused::DuplicateDate(date) => {
            let date = show::moment(date).replace('T', " ");
            problem::conflict(&format!(
                "DAGRun with DAG ID: '{dag_id}' and DAGRun logical date: '{date}' already exists"
            ))
        }
        Refused::Conf(Unsuitable::Missing(name)) => {
            let detail = format!("Invalid input for param {name}: No value passed and Param has no default value");
            problem::bad_request(&detail)
        }
        Refused::Conf(Unsuitable::Invalid(message)) => problem::bad_request(&message),
    }
}

/// The task instances of a run; one that does not exist has none.
pub(super) fn tasks(world: &World, dag_id: &str, run_id: &str, call: &Call<'_>) -> Result<Answer, Answer> {
    let (offset, limit) = query::window(call)?;
    let states: Vec<&str> = all(&call.query, "state").collect();
    let mut rows = Vec::new();
    if let Some(run) = world.run(dag_id, run_id) {
        let tasks = run.tasks(call.now).into_iter();
        let wanted = tasks.filter(|task| states.is_empty() || states.contains(&task.state.unwrap_or("none")));
        rows.extend(wanted.map(|task| show::task(run, &task)));
    }
    let total = rows.len();
    Ok(Answer::json(200, &json!({"task_instances": page(rows, offset, limit), "total_entries": total})))
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
    let row = row.ok_or_else(|| problem::not_found("Task instance not found", None))?;
    Ok(Answer::json(200, &row))
}
