//! The shapes of Airflow 3's answers.
//!
//! In: things of the world. Out: JSON with the keys and types that were recorded.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::dates::iso;
use super::super::message::page;
use super::super::timeline::{Progress, TaskProgress};
use super::super::world::{Dag, Dataset, Event, Run, World};

const FILE: &str = "/opt/airflow/dags/dags.py";
const FILE_TOKEN: &str = "Ii9vcHQvYWlyZmxvdy9kYWdzL2RhZ3MucHki.c2FuZGJveA";

/// A moment as Airflow 3 writes it.
pub(super) fn moment(moment: Timestamp) -> String {
    iso(moment, "Z")
}

/// `/version`.
pub(super) fn version() -> Value {
    json!({"version": "3.3.2", "git_version": ".release:sandbox"})
}

fn display_name(dag: &Dag) -> &str {
    dag.script.dag_display_name.as_ref().unwrap_or(&dag.script.dag_id)
}

/// A line of the state of a run.
pub(in super::super) fn state_line(progress: Progress) -> String {
    format!("{}\n", json!({"state": progress.state.as_str()}))
}

/// A DAG.
pub(super) fn dag(dag: &Dag, world: &World) -> Value {
    let script = &dag.script;
    let (summary, timetable) = match (&script.schedule, script.schedule_on.is_empty()) {
        (_, false) => (Some("Asset"), "Triggered by assets"),
        (Some(cron), true) => (Some(cron.as_str()), cron.as_str()),
        (None, true) => (None, "Never, external triggers only"),
    };
    let tag = |tag: &String| json!({"name": tag, "dag_id": script.dag_id, "dag_display_name": display_name(dag)});
    json!({
        "dag_id": script.dag_id,
        "dag_display_name": display_name(dag),
        "is_paused": dag.is_paused,
        "is_stale": script.is_stale,
        "last_parsed_time": moment(world.started),
        "last_parse_duration": 0.25,
        "last_expired": null,
        "bundle_name": "dags-folder",
        "bundle_version": null,
        "relative_fileloc": "dags.py",
        "fileloc": FILE,
        "description": script.description,
        "timetable_summary": summary,
        "timetable_description": timetable,
        "timetable_partitioned": false,
        "timetable_periodic": script.schedule.is_some(),
        "tags": script.tags.iter().map(tag).collect::<Vec<_>>(),
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "max_consecutive_failed_dag_runs": 0,
        "has_task_concurrency_limits": false,
        "has_import_errors": script.has_import_errors,
        "next_dagrun_logical_date": null,
        "next_dagrun_data_interval_start": null,
        "next_dagrun_data_interval_end": null,
        "next_dagrun_run_after": null,
        "allowed_run_types": null,
        "owners": ["airflow"],
        "is_backfillable": script.schedule.is_some(),
        "file_token": FILE_TOKEN,
    })
}

/// A DAG with its params.
pub(super) fn details(dag: &Dag, world: &World, active_runs: usize) -> Value {
    let params = dag.script.params.iter().map(|(name, param)| {
        let schema = param.schema();
        let value = json!({"value": param.default, "schema": schema, "description": param.description, "source": null});
        (name.clone(), value)
    });
    let more = json!({
        "catchup": false,
        "dag_run_timeout": null,
        "asset_expression": null,
        "doc_md": null,
        "start_date": "2026-01-01T00:00:00Z",
        "end_date": null,
        "is_paused_upon_creation": null,
        "params": params.collect::<Map<_, _>>(),
        "render_template_as_native_obj": false,
        "template_search_path": null,
        "timezone": "UTC",
        "last_parsed": moment(world.started),
        "default_args": {},
        "rerun_with_latest_version": null,
        "owner_links": {},
        "is_favorite": false,
        "active_runs_count": active_runs,
        "concurrency": 16,
        "latest_dag_version": version_of(&dag.script.dag_id, display_name(dag), world.started),
    });
    let mut details = self::dag(dag, world);
    if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
        details.extend(more);
    }
    details
}

fn version_of(dag_id: &str, display_name: &str, made: Timestamp) -> Value {
    json!({
        "id": id_of(dag_id),
        "version_number": 1,
        "dag_id": dag_id,
        "bundle_name": "dags-folder",
        "bundle_version": null,
        "created_at": moment(made),
        "dag_display_name": display_name,
        "bundle_url": null,
    })
}

/// An id in the form of a UUID, always the same for the same name.
fn id_of(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("01a20000-{:04x}-7000-8000-{:012x}", hash >> 48, hash & 0xffff_ffff_ffff)
}

/// A run.
pub(super) fn run(run: &Run, progress: Progress) -> Value {
    let asked = &run.asked;
    let dag_name = run.dag.dag_display_name.as_ref().unwrap_or(&run.dag.dag_id);
    let took = progress.start.zip(progress.end).map(|(start, end)| end.duration_since(start).as_secs_f64());
    json!({
        "dag_run_id": asked.run_id,
        "dag_id": run.dag.dag_id,
        "logical_date": asked.logical_date.map(moment),
        "queued_at": moment(run.queued_at),
        "start_date": progress.start.map(moment),
        "end_date": progress.end.map(moment),
        "duration": took,
        "data_interval_start": asked.interval.map(|(start, _)| moment(start)),
        "data_interval_end": asked.interval.map(|(_, end)| moment(end)),
        "run_after": moment(asked.not_before),
        "last_scheduling_decision": progress.end.or(progress.start).map(moment),
        "run_type": if asked.is_by_dataset { "asset_triggered" } else { "manual" },
        "state": progress.state.as_str(),
        "triggered_by": if asked.is_by_dataset { "asset" } else { "rest_api" },
        "triggering_user_name": (!asked.is_by_dataset).then_some("admin"),
        "conf": asked.conf,
        "note": asked.note,
        "dag_versions": [version_of(&run.dag.dag_id, dag_name, run.queued_at)],
        "bundle_version": null,
        "dag_display_name": dag_name,
        "partition_key": null,
        "partition_date": null,
    })
}

/// A task instance.
pub(super) fn task(run: &Run, task: &TaskProgress<'_>) -> Value {
    let asked = &run.asked;
    let task_id = &task.script.task_id;
    let dag_name = run.dag.dag_display_name.as_ref().unwrap_or(&run.dag.dag_id);
    let queued = task.start.filter(|_| task.has_run()).map(moment);
    let rendered = json!({"templates_dict": null, "op_args": [], "op_kwargs": {}});
    json!({
        "id": id_of(&format!("{}/{}/{task_id}", run.dag.dag_id, asked.run_id)),
        "task_id": task_id,
        "dag_id": run.dag.dag_id,
        "dag_run_id": asked.run_id,
        "map_index": -1,
        "logical_date": asked.logical_date.map(moment),
        "run_after": moment(asked.not_before),
        "start_date": task.start.map(moment),
        "end_date": task.end.map(moment),
        "duration": task.start.zip(task.end).map(|(start, end)| end.duration_since(start).as_secs_f64()),
        "state": task.state,
        "try_number": task.try_number,
        "max_tries": task.script.retries,
        "task_display_name": task_id,
        "dag_display_name": dag_name,
        "hostname": if task.has_run() { "worker" } else { "" },
        "unixname": "airflow",
        "pool": task.script.pool.as_deref().unwrap_or("default_pool"),
        "pool_slots": 1,
        "queue": "default",
        "priority_weight": 1,
        "operator": "_PythonDecoratedOperator",
        "operator_name": "@task",
        "queued_when": queued,
        "scheduled_when": queued,
        "pid": task.has_run().then_some(4242),
        "executor": null,
        "executor_config": "{}",
        "note": null,
        "rendered_map_index": null,
        "rendered_fields": if task.has_run() { rendered } else { json!({}) },
        "trigger": null,
        "triggerer_job": null,
        "dag_version": version_of(&run.dag.dag_id, dag_name, run.queued_at),
    })
}

/// `/importErrors`.
pub(super) fn import_errors(world: &World, (offset, limit): (usize, usize), now: Timestamp) -> Value {
    let all = world.import_errors(now);
    let total = all.len();
    let rows = page(all.into_iter().zip(1..).collect(), offset, limit);
    let errors = rows.into_iter().map(|(error, number)| {
        json!({
            "import_error_id": number,
            "timestamp": moment(world.started),
            "filename": error.filename,
            "bundle_name": "dags-folder",
            "stack_trace": error.stack_trace,
        })
    });
    json!({"import_errors": errors.collect::<Vec<_>>(), "total_entries": total})
}

/// An asset.
pub(super) fn asset(asset: &Dataset, world: &World) -> Value {
    let made = moment(world.started);
    let consumers = world
        .consumers(&asset.uri)
        .map(|dag| json!({"dag_id": dag.script.dag_id, "created_at": made, "updated_at": made}));
    let last = world.events.iter().rfind(|event| event.dataset_id == asset.id);
    json!({
        "id": asset.id,
        "name": asset.name,
        "uri": asset.uri,
        "group": "asset",
        "extra": {},
        "created_at": made,
        "updated_at": made,
        "scheduled_dags": consumers.collect::<Vec<_>>(),
        "producing_tasks": [],
        "consuming_tasks": [],
        "aliases": [],
        "watchers": [],
        "last_asset_event": {"id": last.map(|event| event.id), "timestamp": last.map(|event| moment(event.at))},
    })
}

/// An event.
pub(super) fn event(event: &Event, world: &World, now: Timestamp) -> Value {
    let asset = world.datasets.iter().find(|asset| asset.id == event.dataset_id);
    let runs = event.started_runs.iter().filter_map(|(dag, run)| world.run(dag, run));
    json!({
        "id": event.id,
        "asset_id": event.dataset_id,
        "uri": asset.map(|asset| &asset.uri),
        "name": asset.map(|asset| &asset.name),
        "group": "asset",
        "extra": event.extra,
        "source_task_id": null,
        "source_dag_id": null,
        "source_run_id": null,
        "source_map_index": -1,
        "created_dagruns": runs.map(|run| created_run(run, now)).collect::<Vec<_>>(),
        "timestamp": moment(event.at),
        "partition_key": null,
    })
}

fn created_run(run: &Run, now: Timestamp) -> Value {
    let progress = run.progress(now);
    json!({
        "run_id": run.asked.run_id,
        "dag_id": run.dag.dag_id,
        "logical_date": run.asked.logical_date.map(moment),
        "start_date": progress.start.map(moment),
        "end_date": progress.end.map(moment),
        "state": progress.state.as_str(),
        "data_interval_start": run.asked.interval.map(|(start, _)| moment(start)),
        "data_interval_end": run.asked.interval.map(|(_, end)| moment(end)),
        "partition_key": null,
        "triggering": true,
    })
}
