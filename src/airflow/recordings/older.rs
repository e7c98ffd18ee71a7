//! What Airflows before the recorded ones answer otherwise: shapes measured on 2.8.4, 2.10.3 and 3.0.6.
//!
//! In: recordings from which the keys that an older version lacks are taken away, and texts as those versions wrote them.
//! Out: tests. What a whole run makes of it is in `tests/older_airflows.rs`.

use serde_json::{Value, json};

use super::{answer, hear, recording};
use crate::airflow::answer::{Dag, DagFilter, EventsPage, TaskInstance, TaskLogRequest};
use crate::airflow::call::Call;
use crate::airflow::error::{ApiError, RequestLine};
use crate::airflow::model::ApiVersion::{self, V1, V2};
use crate::airflow::verdict::{Asked, judge};
use crate::airflow::{v1, v2};

/// Every key that some version from 2.8 on does not send.
const MISSING_FROM_2: [&str; 9] = [
    "dag_display_name",
    "max_consecutive_failed_dag_runs",
    "dataset_expression",
    "aliases",
    "executor",
    "rendered_map_index",
    "task_display_name",
    "doc_md",
    "total_entries",
];

/// Every key that some version from 3.0 on does not send.
const MISSING_FROM_3: [&str; 17] = [
    "duration",
    "triggering_user_name",
    "dag_display_name",
    "partition_key",
    "partition_date",
    "operator_name",
    "scheduled_dags",
    "consuming_tasks",
    "last_asset_event",
    "watchers",
    "is_favorite",
    "active_runs_count",
    "default_args",
    "last_parse_duration",
    "next_cursor",
    "previous_cursor",
    "total_entries_limit",
];

/// Takes keys away, however deep they are.
fn without(mut value: Value, keys: &[&str]) -> Value {
    match &mut value {
        Value::Object(entries) => {
            entries.retain(|key, _| !keys.contains(&key.as_str()));
            entries.values_mut().for_each(|entry| *entry = without(entry.take(), keys));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without(item.take(), keys)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// Reads a recording as it is, and as a version without these keys would send it.
fn both<T>(version: ApiVersion, name: &str, call: &Call<T>, keys: &[&str]) -> (T, T) {
    let whole = recording(version, name)["response"]["json"].clone();
    let older = without(whole.clone(), keys);
    assert_ne!(older, whole, "{name} holds none of the keys");
    let read = (call.read)(older.to_string().as_bytes());
    (hear(version, name, call), read.unwrap_or_else(|error| panic!("{version:?} {name}: {error:?}")))
}

/// The DAG as a version without names for people has it.
fn named_by_id(dag: Dag) -> Dag {
    Dag { dag_display_name: dag.dag_id.clone(), ..dag }
}

#[test]
fn airflow_2_8_sends_fewer_keys_and_reads_the_same() {
    let filter = DagFilter::default();
    let (new, old) = both(V1, "dag_get_odd", &v1::dag("d"), &MISSING_FROM_2);
    assert_ne!(new.dag_display_name, new.dag_id);
    assert_eq!(named_by_id(new), old);
    let (new, old) = both(V1, "dags_tags", &v1::dags(&filter, 0), &MISSING_FROM_2);
    assert_eq!(new.items.into_iter().map(named_by_id).collect::<Vec<_>>(), old.items);
    assert_eq!((new.total_entries.is_some(), old.total_entries), (true, None));
    let (new, old) = both(V1, "ti_list_mapped_dag", &v1::task_instances("d", "r", 0), &MISSING_FROM_2);
    assert_eq!(new.items, old.items);
    let (new, old) = both(V1, "datasets", &v1::datasets(0), &MISSING_FROM_2);
    assert_eq!(new.items, old.items);
    let page = EventsPage { offset: 0, limit: 5 };
    let (new, old) = both(V1, "events_with_runs", &v1::dataset_events(3, page), &MISSING_FROM_2);
    assert_eq!(new.items, old.items);
}

#[test]
fn airflow_3_0_sends_fewer_keys_and_reads_the_same() {
    let filter = DagFilter::default();
    let (new, old) = both(V2, "dag_get", &v2::dag("d"), &MISSING_FROM_3);
    assert_eq!(new, old);
    let (new, old) = both(V2, "dags_tags", &v2::dags(&filter, 0), &MISSING_FROM_3);
    assert_eq!(new.items.into_iter().map(named_by_id).collect::<Vec<_>>(), old.items);
    let (new, old) = both(V2, "run_get_done", &v2::dag_run("d", "r"), &MISSING_FROM_3);
    assert_eq!(new, old);
    let (new, old) = both(V2, "ti_list_mapped_dag", &v2::task_instances("d", "r", 0), &MISSING_FROM_3);
    let untimed = |task: TaskInstance| TaskInstance { duration: None, ..task };
    assert_eq!(new.items.into_iter().map(untimed).collect::<Vec<_>>(), old.items);
    let (new, old) = both(V2, "assets", &v2::assets(None, 0), &MISSING_FROM_3);
    assert_eq!(new.items.len(), old.items.len());
    assert!(old.items.iter().all(|dataset| dataset.consumers.is_empty()));
}

#[test]
fn a_task_that_waits_for_its_first_try_is_at_try_0_before_2_10() {
    let body = json!({ "task_instances": [
        { "task_id": "t", "map_index": -1, "try_number": 0, "state": "queued" },
        { "task_id": "u", "map_index": -1, "try_number": 0, "state": null },
        { "task_id": "v", "map_index": -1, "try_number": 1, "state": "up_for_retry" },
    ], "total_entries": 3 });
    for read in [v1::task_instances("d", "r", 0).read, v2::task_instances("d", "r", 0).read] {
        let tries: Vec<_> = read(body.to_string().as_bytes()).expect("it reads").items.into_iter().collect();
        assert_eq!(tries.iter().map(|task| task.try_number).collect::<Vec<_>>(), [0, 0, 1]);
        assert_eq!(tries[1].state, None);
    }
}

fn log() -> TaskLogRequest {
    let [dag_id, dag_run_id, task_id] = ["d", "r", "t"].map(str::to_owned);
    TaskLogRequest { dag_id, dag_run_id, task_id, try_number: 1, map_index: -1 }
}

#[test]
fn a_log_of_airflow_2_10_has_no_group_round_its_source() {
    let text = "vm\n*** Found local files:\n***   * /home/logs/dag_id=fail_dag/run_id=r/task_id=bad/attempt=1.log\n\
                [2026-11-25T02:33:55.601+0000] {local_task_job_runner.py:123} INFO - ::group::Pre task execution logs\n\
                [2026-11-25T02:33:55.687+0000] {taskinstance.py:731} INFO - ::endgroup::\n\
                [2026-11-25T02:33:55.688+0000] {logging_mixin.py:190} INFO - about to fail\n\
                [2026-11-25T02:33:55.688+0000] {taskinstance.py:3311} ERROR - Task failed with exception\n\
                Traceback (most recent call last):\n\
                ValueError: boom: this task always fails\n";
    let lines = (v1::task_log(&log()).read)(text.as_bytes()).expect("it reads").lines;
    assert_eq!(
        lines,
        [
            "[2026-11-25T02:33:55.688+0000] {logging_mixin.py:190} INFO - about to fail",
            "[2026-11-25T02:33:55.688+0000] {taskinstance.py:3311} ERROR - Task failed with exception",
            "Traceback (most recent call last):",
            "ValueError: boom: this task always fails",
        ]
    );
}

#[test]
fn a_log_of_airflow_3_0_has_its_sources_in_the_first_entry() {
    let body = json!({ "content": [
        { "event": "::group::Log message source details", "sources": ["/home/logs/dag_id=fail_dag/attempt=1.log"] },
        { "event": "::endgroup::" },
        { "timestamp": "2026-11-25T02:33:56.211927Z", "event": "DAG bundles loaded: dags-folder", "level": "info",
          "logger": "airflow.dag_processing.bundles.manager.DagBundlesManager" },
        { "timestamp": "2026-11-25T02:33:56.257353Z", "event": "Task failed with exception", "level": "error",
          "logger": "task", "error_detail": [{ "exc_type": "ValueError", "exc_value": "boom: this task always fails",
            "exc_notes": [], "syntax_error": null, "is_cause": false, "is_group": false, "exceptions": [],
            "frames": [{ "filename": "named_dags.py", "lineno": 52, "name": "bad" }] }] },
        { "timestamp": "2026-11-25T02:33:56.258063Z", "event": "about to fail", "level": "info", "chan": "stdout",
          "logger": "task" },
    ], "continuation_token": null });
    let lines = (v2::task_log(&log()).read)(body.to_string().as_bytes()).expect("it reads").lines;
    assert_eq!(
        lines,
        [
            "DAG bundles loaded: dags-folder",
            "Task failed with exception",
            "ValueError: boom: this task always fails",
            "about to fail",
        ]
    );
}

/// Judges an answer in JSON as v2's answer to a trigger.
fn refused(status: u16, body: &Value) -> ApiError {
    let headers = json!([["content-type", "application/json"]]);
    let refusal = answer(&json!({ "response": { "status": status, "headers": headers, "json": body } }));
    let url = "https://h.example/api/v2/dags/d/dagRuns".parse().expect("a good URL");
    let request = RequestLine::new(&reqwest::Method::POST, &url);
    let now = "2026-11-23T00:00:00Z".parse().expect("a good timestamp");
    let asked = Asked { request: &request, version: V2, now, masker: &crate::secret::Masker::new() };
    judge(&asked, &v2::dag_run("d", "r"), &refusal).expect_err("it is refused")
}

#[test]
fn a_conflict_of_airflow_3_0_says_what_is_taken_and_shows_no_sql() {
    let table = [
        (
            "UNIQUE constraint failed: dag_run.dag_id, dag_run.run_id",
            ": UNIQUE constraint failed: dag_run.dag_id, dag_run.run_id",
        ),
        ("UNIQUE constraint failed: dag_run.dag_id, dag_run.logical_date", {
            ": UNIQUE constraint failed: dag_run.dag_id, dag_run.logical_date"
        }),
        ("hidden", ""),
    ];
    for (cause, shown) in table {
        let error = refused(
            409,
            &json!({ "detail": {
            "reason": "Unique constraint violation",
            "statement": "INSERT INTO dag_run (dag_id, queued_at) VALUES (?, ?)",
            "orig_error": cause,
            "message": "Serious error when handling your request. Check logs for more details",
        } }),
        );
        let expected = format!("409 Conflict for POST /api/v2/dags/d/dagRuns: Unique constraint violation{shown}");
        assert_eq!(error.message, expected);
        assert!(!format!("{error:?}").contains("INSERT"), "{error:?}");
    }
    let bare = refused(409, &json!({ "detail": { "statement": "INSERT INTO dag_run" } }));
    assert_eq!(bare.message, "409 Conflict for POST /api/v2/dags/d/dagRuns");
}
