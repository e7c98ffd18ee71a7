//! The audit log, and the log of a try in Airflow 3: a list of events, as JSON or as lines of JSON.
//!
//! In: an admitted call. Out: the answer; plain text is refused with 406, a try that never was with 404.

use serde_json::{Value, json};

use super::super::message::{Answer, Call, last, page};
use super::super::timeline::TaskProgress;
use super::super::world::{Logged, Run, World};
use super::{detail, show};

/// The log of one try of `(dag, run, task)`.
pub(super) fn get(
    world: &World,
    (dag_id, run_id, task_id): (&str, &str, &str),
    number: &str,
    call: &Call<'_>,
) -> Result<Answer, Answer> {
    let accept = call.request.accept.as_str();
    let wants_lines = accept.contains("application/x-ndjson");
    if !wants_lines && !accept.is_empty() && !accept.contains("application/json") && !accept.contains("*/*") {
        return Err(detail::refuse(406, "Only application/json or application/x-ndjson is supported"));
    }
    if last(&call.query, "token").is_some() {
        let message = "Bad Signature. Please use only the tokens provided by the API.";
        return Err(detail::refuse(400, message));
    }
    let run = world.run(dag_id, run_id);
    let tasks = run.map(|run| run.tasks(call.now)).unwrap_or_default();
    let task = tasks.iter().find(|task| task.script.task_id == task_id && task.has_run());
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    let (Some(run), Some(task), Some(number)) = (run, task, number) else {
        return Err(detail::not_found("TaskInstance not found"));
    };
    if number > task.try_number {
        return Err(detail::not_found("TaskInstance not found"));
    }
    let events = events(run, task, number);
    if wants_lines {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        return Ok(Answer::new(200, "application/x-ndjson", lines.join("\n") + "\n"));
    }
    Ok(Answer::json(200, &json!({"content": events, "continuation_token": null})))
}

fn events(run: &Run, task: &TaskProgress<'_>, number: u32) -> Vec<Value> {
    let (dag_id, run_id, task_id) = (&run.dag.dag_id, &run.asked.run_id, &task.script.task_id);
    let at = task.start.map(show::moment);
    let file = format!("/opt/airflow/logs/dag_id={dag_id}/run_id={run_id}/task_id={task_id}/attempt={number}.log");
    let mut events = vec![
        json!({"event": "::group::Log message source details"}),
        json!({"event": file}),
        json!({"event": "::endgroup::"}),
    ];
    let (said, exception) = match task.script.log.split_last() {
        Some((last, before)) if task.state == Some("failed") => (before, Some(last)),
        _ => (task.script.log.as_slice(), None),
    };
    let logger = "task.stdout";
    events.extend(said.iter().map(|line| json!({"timestamp": at, "event": line, "level": "info", "logger": logger})));
    if let Some(exception) = exception {
        let (kind, value) = exception.split_once(": ").unwrap_or((exception, ""));
        events.push(json!({
            "timestamp": at,
            "event": "Task failed with exception",
            "level": "error",
            "task_id": task_id,
            "try_number": number,
            "run_id": run_id,
            "dag_id": dag_id,
            "map_index": -1,
            "logger": "task",
            "filename": "task_runner.py",
            "lineno": 1676,
            "error_detail": [{
                "exc_type": kind,
                "exc_value": value,
                "exc_notes": [],
                "syntax_error": null,
                "is_cause": false,
                "frames": [{"filename": "/opt/airflow/dags/dags.py", "lineno": 34, "name": task_id}],
                "is_group": false,
                "exceptions": [],
            }],
        }));
    }
    events
}

/// `/eventLogs`: the states that were set, by a user of the name `admin`; no other rows. The order is the newest first when
/// it is asked for.
pub(super) fn audit(world: &World, (offset, limit): (usize, usize), call: &Call<'_>) -> Value {
    let is_wanted = |name: &str, value: &str| last(&call.query, name).is_none_or(|wanted| wanted == value);
    let rows = world
        .log
        .iter()
        .zip(1..)
        .filter(|(row, _)| is_wanted("dag_id", &row.dag_id) && is_wanted("run_id", &row.run_id));
    let mut rows: Vec<Value> = rows.map(|(row, number)| audit_row(row, number)).collect();
    if last(&call.query, "order_by").is_some_and(|order| order.starts_with('-')) {
        rows.reverse();
    }
    let total = rows.len();
    json!({"event_logs": page(rows, offset, limit), "total_entries": total})
}

fn audit_row(row: &Logged, number: u64) -> Value {
    json!({
        "event_log_id": number,
        "when": show::moment(row.at),
        "dag_id": row.dag_id,
        "task_id": null,
        "run_id": row.run_id,
        "map_index": null,
        "try_number": null,
        "event": "patch_dag_run",
        "logical_date": null,
        "owner": "admin",
        "extra": json!({"state": row.state.as_str(), "method": "PATCH"}).to_string(),
        "dag_display_name": row.dag_id,
        "task_display_name": null,
    })
}
