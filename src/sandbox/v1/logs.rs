//! The audit log, and the log of a try in Airflow 2: text for `text/plain`, else JSON that holds a Python `repr`.
//!
//! In: a checked call. Out: the answer. A try that never was is answered with 200 and an error in the text.

use serde_json::{Value, json};

use super::super::message::{Answer, Call, last, page};
use super::super::python::repr_text;
use super::super::timeline::TaskProgress;
use super::super::world::{Logged, Run, World};
use super::{problem, show};

/// The log of one try of `(dag, run, task)`.
pub(super) fn get(
    world: &World,
    (dag_id, run_id, task_id): (&str, &str, &str),
    number: &str,
    call: &Call<'_>,
) -> Result<Answer, Answer> {
    if last(&call.query, "token").is_some() {
        let title = "Bad Signature. Please use only the tokens provided by the API.";
        return Err(problem::bad_request_titled(title, None));
    }
    let run = world.run(dag_id, run_id);
    let tasks = run.map(|run| run.tasks(call.now)).unwrap_or_default();
    let task = tasks.iter().find(|task| task.script.task_id == task_id);
    let (Some(run), Some(task), Ok(number)) = (run, task, number.parse::<u32>()) else {
        return Err(problem::not_found("TaskInstance not found", None));
    };
    let (host, text) = if number == 0 {
        ("default_host", "Error fetching the logs. Try number 0 is invalid.".to_owned())
    } else if task.has_run() && number <= task.try_number {
        ("worker", lines(run, task, number))
    } else {
        (if task.has_run() { "worker" } else { "" }, missing(run, task, number))
    };
    if call.request.accept.contains("text/plain") {
        return Ok(Answer::new(200, "text/plain", format!("{host}\n{text}\n")));
    }
    let content = format!("[({}, {})]", repr_text(host), repr_text(&text));
    Ok(Answer::json(200, &json!({"content": content, "continuation_token": "sandbox.end_of_log"})))
}

fn file(run: &Run, task: &TaskProgress<'_>, number: u32) -> String {
    let (dag_id, run_id, task_id) = (&run.dag.dag_id, &run.asked.run_id, &task.script.task_id);
    format!("dag_id={dag_id}/run_id={run_id}/task_id={task_id}/attempt={number}.log")
}

fn missing(run: &Run, task: &TaskProgress<'_>, number: u32) -> String {
    format!(
        " INFO - ::group::Log message source details\n*** Could not read served logs: Invalid URL \
         'http://:8793/log/{}': No host supplied\n INFO - ::endgroup::\n",
        file(run, task, number)
    )
}

fn lines(run: &Run, task: &TaskProgress<'_>, number: u32) -> String {
    let at = task.start.map(show::moment).unwrap_or_default().replace("+00:00", "+0000");
    let (said, exception) = match task.script.log.split_last() {
        Some((last, before)) if task.state == Some("failed") => (before, Some(last)),
        _ => (task.script.log.as_slice(), None),
    };
    let mut lines = vec![
        " INFO - ::group::Log message source details".to_owned(),
        format!("*** Found local files:\n***   * /opt/airflow/logs/{}", file(run, task, number)),
        " INFO - ::endgroup::".to_owned(),
        format!("[{at}] {{taskinstance.py:2885}} INFO - Starting attempt {number} of {number}"),
    ];
    lines.extend(said.iter().map(|line| format!("[{at}] {{logging_mixin.py:190}} INFO - {line}")));
    if let Some(exception) = exception {
        lines.push(format!("[{at}] {{taskinstance.py:3337}} ERROR - Task failed with exception"));
        lines.push(format!("Traceback (most recent call last):\n{exception}"));
    }
    if let Some(state) = task.state.filter(|_| task.end.is_some()) {
        let (state, task_id) = (state.to_uppercase(), &task.script.task_id);
        let run_of = format!("dag_id={}, task_id={task_id}, run_id={}", run.dag.dag_id, run.asked.run_id);
        lines.push(format!("[{at}] {{taskinstance.py:361}} INFO - Marking task as {state}. {run_of}"));
    }
    lines.join("\n")
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
        "event": "api.update_dag_run_state",
        "execution_date": null,
        "owner": "admin",
        "extra": json!({"state": row.state.as_str()}).to_string(),
    })
}
