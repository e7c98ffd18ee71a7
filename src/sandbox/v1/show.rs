//! The shapes of Airflow 2's answers.
//!
//! In: things of the world. Out: JSON with the keys and types that were recorded.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::dates::iso;
use super::super::message::{Answer, Call, all, page};
use super::super::timeline::{Progress, TaskProgress};
use super::super::world::{Dag, Dataset, Event, Run, World};
use super::problem;
use super::problem::VERSION;

const FILE: &str = "/opt/airflow/dags/dags.py";
const FILE_TOKEN: &str = "Ii9vcHQvYWlyZmxvdy9kYWdzL2RhZ3MucHki.c2FuZGJveA";

/// A moment as Airflow 2 writes it.
pub(super) fn moment(moment: Timestamp) -> String {
    iso(moment, "+00:00")
}

/// `/version`.
pub(super) fn version() -> Value {
    json!({"git_version": "", "version": VERSION})
}

/// A DAG.
pub(super) fn dag(dag: &Dag, world: &World) -> Value {
    let script = &dag.script;
    let schedule = if script.schedule_on.is_empty() { script.schedule.as_deref() } else { Some("Dataset") };
    let timetable = match (schedule, script.schedule_on.is_empty()) {
        (None, _) => "Never, external triggers only",
        (Some(_), false) => "Triggered by datasets",
        (Some(cron), true) => cron,
    };
    json!({
        "dag_display_name": script.dag_display_name.as_ref().unwrap_or(&script.dag_id),
        "dag_id": script.dag_id,
        "default_view": "grid",
        "description": script.description,
        "file_token": FILE_TOKEN,
        "fileloc": FILE,
        "has_import_errors": script.has_import_errors,
        "has_task_concurrency_limits": false,
        "is_active": !script.is_stale,
        "is_paused": dag.is_paused,
        "is_subdag": false,
        "last_expired": null,
        "last_parsed_time": moment(world.started),
        "last_pickled": null,
        "max_active_runs": 16,
        "max_active_tasks": 16,
        "max_consecutive_failed_dag_runs": 0,
        "next_dagrun": null,
        "next_dagrun_create_after": null,
        "next_dagrun_data_interval_end": null,
        "next_dagrun_data_interval_start": null,
        "owners": ["airflow"],
        "pickle_id": null,
        "root_dag_id": null,
        "schedule_interval": schedule.map(|cron| json!({"__type": "CronExpression", "value": cron})),
        "scheduler_lock": null,
        "tags": script.tags.iter().map(|tag| json!({"name": tag})).collect::<Vec<_>>(),
        "timetable_description": timetable,
    })
}

/// A DAG with its params.
pub(super) fn details(dag: &Dag, world: &World) -> Value {
    let params: Map<String, Value> = dag
        .script
        .params
        .iter()
        .map(|(name, param)| {
            let value = json!({
                "__class": "airflow.models.param.Param",
                "description": param.description,
                "schema": param.schema(),
                "value": param.default,
            });
            (name.clone(), value)
        })
        .collect();
    let more = json!({
        "catchup": false,
        "concurrency": 16,
        "dag_run_timeout": null,
        "dataset_expression": null,
        "doc_md": null,
        "end_date": null,
        "is_paused_upon_creation": null,
        "last_parsed": moment(world.started),
        "orientation": "LR",
        "owners": [],
        "params": params,
        "render_template_as_native_obj": false,
        "start_date": "2026-01-01T00:00:00+00:00",
        "template_searchpath": null,
        "timezone": "UTC",
    });
    let mut details = self::dag(dag, world);
    if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
        details.extend(more);
    }
    details
}

/// A run.
pub(super) fn run(run: &Run, progress: Progress) -> Value {
    let asked = &run.asked;
    let logical_date = moment(asked.logical_date.unwrap_or(run.queued_at));
    let (start, end) = asked.interval.unwrap_or((run.queued_at, run.queued_at));
    json!({
        "conf": asked.conf,
        "dag_id": run.dag.dag_id,
        "dag_run_id": asked.run_id,
        "data_interval_end": moment(end),
        "data_interval_start": moment(start),
        "end_date": progress.end.map(moment),
        "execution_date": logical_date,
        "external_trigger": !asked.is_by_dataset,
        "last_scheduling_decision": progress.end.or(progress.start).map(moment),
        "logical_date": logical_date,
        "note": asked.note,
        "run_type": if asked.is_by_dataset { "dataset_triggered" } else { "manual" },
        "start_date": progress.start.map(moment),
        "state": progress.state.as_str(),
    })
}

/// A task instance.
pub(super) fn task(run: &Run, task: &TaskProgress<'_>) -> Value {
    let took = task.start.zip(task.end).map(|(start, end)| end.duration_since(start).as_secs_f64());
    json!({
        "dag_id": run.dag.dag_id,
        "dag_run_id": run.asked.run_id,
        "duration": took,
        "end_date": task.end.map(moment),
        "execution_date": moment(run.asked.logical_date.unwrap_or(run.queued_at)),
        "executor": null,
        "executor_config": "{}",
        "hostname": if task.has_run() { "worker" } else { "" },
        "map_index": -1,
        "max_tries": task.script.retries,
        "note": null,
        "operator": "_PythonDecoratedOperator",
        "pid": task.has_run().then_some(4242),
        "pool": task.script.pool.as_deref().unwrap_or("default_pool"),
        "pool_slots": 1,
        "priority_weight": 1,
        "queue": "default",
        "queued_when": task.start.filter(|_| task.has_run()).map(moment),
        "rendered_fields": if task.has_run() { json!({"op_args": [], "op_kwargs": {}, "templates_dict": null}) } else { json!({}) },
        "rendered_map_index": null,
        "sla_miss": null,
        "start_date": task.start.map(moment),
        "state": task.state,
        "task_display_name": task.script.task_id,
        "task_id": task.script.task_id,
        "trigger": null,
        "triggerer_job": null,
        "try_number": task.try_number,
        "unixname": "airflow",
    })
}

/// `/importErrors`.
pub(super) fn import_errors(world: &World, (offset, limit): (usize, usize), now: Timestamp) -> Value {
    let all = world.import_errors(now);
    let total = all.len();
    let errors: Vec<Value> = page(all.into_iter().zip(1..).collect(), offset, limit)
        .into_iter()
        .map(|(error, number)| {
            json!({
                "filename": format!("/opt/airflow/dags/{}", error.filename),
                "import_error_id": number,
                "stack_trace": error.stack_trace,
                "timestamp": moment(world.started),
            })
        })
        .collect();
    json!({"import_errors": errors, "total_entries": total})
}

/// A dataset.
pub(super) fn dataset(dataset: &Dataset, world: &World) -> Value {
    let made = moment(world.started);
    let consumers: Vec<Value> = world
        .consumers(&dataset.uri)
        .map(|dag| {
            json!({
                "created_at": made,
                "dag_id": dag.script.dag_id,
                "updated_at": made,
            })
        })
        .collect();
    json!({
        "aliases": [],
        "consuming_dags": consumers,
        "created_at": made,
        "extra": {},
        "id": dataset.id,
        "producing_tasks": [],
        "updated_at": made,
        "uri": dataset.uri,
    })
}

/// An event.
pub(super) fn event(event: &Event, world: &World, now: Timestamp) -> Value {
    let uri = world.datasets.iter().find(|dataset| dataset.id == event.dataset_id).map(|dataset| &dataset.uri);
    let runs = event.started_runs.iter().filter_map(|(dag, run)| world.run(dag, run));
    json!({
        "created_dagruns": runs.map(|run| created_run(run, now)).collect::<Vec<_>>(),
        "dataset_id": event.dataset_id,
        "dataset_uri": uri,
        "extra": event.extra,
        "id": event.id,
        "source_dag_id": null,
        "source_map_index": -1,
        "source_run_id": null,
        "source_task_id": null,
        "timestamp": moment(event.at),
    })
}

fn created_run(run: &Run, now: Timestamp) -> Value {
    let shown = self::run(run, run.progress(now));
    let keys = [
        "dag_id",
        "dag_run_id",
        "data_interval_end",
        "data_interval_start",
        "end_date",
        "logical_date",
        "start_date",
        "state",
    ];
    only(&shown, &keys)
}

/// Only these keys of a row.
pub(super) fn only(row: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect::<Map<_, _>>().into()
}

/// The answer with only the keys that `fields` asks for.
pub(super) fn only_fields(value: Value, call: &Call<'_>) -> Result<Value, Answer> {
    let wanted: Vec<&str> = all(&call.query, "fields").flat_map(|fields| fields.split(',')).collect();
    let Value::Object(mut entries) = value else { return Ok(value) };
    if wanted.is_empty() {
        return Ok(entries.into());
    }
    if let Some(unknown) = wanted.iter().find(|name| !entries.contains_key(**name)) {
        let detail = format!("Invalid fields for <DAGSchema(many=False)>: OrderedSet(['{unknown}']).");
        return Err(problem::bad_request_titled("DAGCollectionSchema error", Some(&detail)));
    }
    entries.retain(|name, _| wanted.contains(&name.as_str()));
    Ok(entries.into())
}
