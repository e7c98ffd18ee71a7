//! What a run asks of Airflow: nothing that the oldest version we speak to does not know. Airflow 2 refuses what it does not
//! know, Airflow 3 ignores it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use myaf_run::outcome::StepOutcome;

use crate::between::{Asked, Then};
use crate::stage::Stage;

/// Every action with every key that changes what is asked.
const EVERYTHING: &str = "
    name: everything
    steps:
      - list_dags: {tags: [a, b], tags_match: all, dag_id_pattern: gen, paused: false, only_active: false}
      - assert_dag: {dag_id: lonas, within: 1s}
        ignore_errors: true
      - id: own
        trigger_dag:
          {dag_id: asleep, dag_run_id: own, if_exists: use, if_active: wait, unpause: true, note: n, conf: {x: 1},
           logical_date: '2026-10-01T00:00:00Z', wait: true}
      - id: once
        trigger_dag: {dag_id: bad, once_per: k, if_failed: clear, wait: true}
        ignore_errors: true
      - id: tell_once
        post_dataset_event: {dataset_uri: d, extra: {x: 1}, once_per: k}
      - id: tell
        post_dataset_event: {dataset_uri: d}
      - get_dag: {dag_id: bad}
      - get_dag_run: {dag_id: asleep, dag_run_id: own}
      - list_dag_runs:
          {dag_id: asleep, state: [success, queued], logical_date_gte: '2026-01-01T00:00:00Z', limit: 5,
           logical_date_lte: '2027-01-01T00:00:00Z', start_date_gte: '2026-01-01T00:00:00Z',
           start_date_lte: '2027-01-01T00:00:00Z', end_date_gte: '2026-01-01T00:00:00Z',
           end_date_lte: '2027-01-01T00:00:00Z'}
      - list_task_instances: {dag_id: asleep, dag_run_id: own, state: success, task_id: t}
      - get_task_log: {dag_id: asleep, dag_run_id: own, task_id: t, try_number: 1}
      - get_xcom: {dag_id: asleep, dag_run_id: own, task_id: t}
      - list_datasets: {uri_pattern: d}
      - assert_dataset: {dataset_uri: d, within: 1s}
      - list_dataset_events: {dataset_uri: d, timestamp_gte: '2026-01-01T00:00:00Z', limit: 5}
      - assert_healthy: {within: 1s}
      - assert_no_import_errors: {filename_pattern: fine}
      - get_variable: {key: nope}
        ignore_errors: true
      - assert_connection: {connection_id: nope}
        ignore_errors: true
      - assert_pool: {pool_name: nope}
        ignore_errors: true
";

const EVERYBODY: &str = "
    dags:
      - {dag_id: asleep, is_paused: true, run: {tasks: [{task_id: t, xcoms: {return_value: 1}}]}}
      - {dag_id: bad, run: {tasks: [{task_id: t, outcome: failed}]}}
      - {dag_id: consumer, schedule_on: [d]}
    import_errors: [{filename: broken.py, stack_trace: oops}]
    generate_dags: {count: 120}
    faults: [{on: {method: POST, path: events}, fault: lost_answer}]
";

/// What Airflow 2.8 knows of what is asked: the call, its parameters, the keys of its body.
const KNOWN_TO_2_8: [(&str, &[&str]); 20] = [
    ("GET /dags/ID/details", &[]),
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID", &[]),
    ("GET /variables", &["limit", "offset"]),
    ("GET /variables/ID", &[]),
    ("GET /connections", &["limit", "offset"]),
    ("GET /connections/ID", &[]),
    ("GET /pools", &["limit", "offset"]),
    ("GET /pools/ID", &[]),
    ("GET /health", &[]),
    ("GET /dags", &["limit", "offset", "tags", "only_active", "paused", "dag_id_pattern"]),
    ("GET /dags/ID", &[]),
    ("PATCH /dags/ID", &["update_mask", "is_paused"]),
    (
        "GET /dags/ID/dagRuns",
        &[
            "limit",
            "offset",
            "order_by",
            "state",
            "execution_date_gte",
            "execution_date_lte",
            "start_date_gte",
            "start_date_lte",
            "end_date_gte",
            "end_date_lte",
        ],
    ),
    ("POST /dags/ID/dagRuns", &["dag_run_id", "logical_date", "conf", "note"]),
    ("GET /dags/ID/dagRuns/ID", &[]),
    ("GET /dags/ID/dagRuns/ID/taskInstances", &["limit", "offset"]),
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID/logs/ID", &["full_content"]),
    ("POST /dags/ID/clearTaskInstances", &["dry_run", "dag_run_id", "only_failed", "reset_dag_runs"]),
    ("GET /importErrors", &["limit", "offset"]),
    ("GET /datasets", &["limit", "offset"]),
];

/// Since 2.9; the list of events is there in 2.8, too.
const KNOWN_TO_2_9: [(&str, &[&str]); 2] = [
    ("GET /datasets/events", &["limit", "offset", "dataset_id", "order_by"]),
    ("POST /datasets/events", &["dataset_uri", "extra"]),
];

/// Since 2.10; the audit log knows no `run_id` before, and what it refuses is done without.
const KNOWN_TO_2_10: [(&str, &[&str]); 2] = [
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID/xcomEntries/ID", &["stringify"]),
    ("GET /eventLogs", &["limit", "offset", "order_by", "dag_id", "run_id"]),
];

/// What Airflow 3.0 knows of what is asked.
const KNOWN_TO_3_0: [(&str, &[&str]); 25] = [
    ("GET /eventLogs", &["limit", "offset", "order_by", "dag_id", "run_id"]),
    ("GET /dags/ID/details", &[]),
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID", &[]),
    ("GET /variables", &["limit", "offset"]),
    ("GET /variables/ID", &[]),
    ("GET /connections", &["limit", "offset"]),
    ("GET /connections/ID", &[]),
    ("GET /pools", &["limit", "offset"]),
    ("GET /pools/ID", &[]),
    ("GET /monitor/health", &[]),
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID/xcomEntries/ID", &[]),
    ("POST /auth/token", &["username", "password"]),
    ("GET /dags", &["limit", "offset", "tags", "tags_match_mode", "exclude_stale", "paused", "dag_id_pattern"]),
    ("GET /dags/ID", &[]),
    ("PATCH /dags/ID", &["is_paused"]),
    (
        "GET /dags/ID/dagRuns",
        &[
            "limit",
            "offset",
            "order_by",
            "state",
            "logical_date_gte",
            "logical_date_lte",
            "start_date_gte",
            "start_date_lte",
            "end_date_gte",
            "end_date_lte",
        ],
    ),
    ("POST /dags/ID/dagRuns", &["dag_run_id", "logical_date", "conf", "note"]),
    ("GET /dags/ID/dagRuns/ID", &[]),
    ("GET /dags/ID/dagRuns/ID/taskInstances", &["limit", "offset"]),
    ("GET /dags/ID/dagRuns/ID/taskInstances/ID/logs/ID", &["full_content"]),
    ("POST /dags/ID/clearTaskInstances", &["dry_run", "dag_run_id", "only_failed", "reset_dag_runs"]),
    ("GET /importErrors", &["limit", "offset"]),
    ("GET /assets", &["limit", "offset"]),
    ("GET /assets/events", &["limit", "offset", "asset_id", "order_by"]),
    ("POST /assets/events", &["asset_id", "extra"]),
];

#[tokio::test]
async fn nothing_is_asked_that_the_oldest_airflow_does_not_know() {
    let of_two: BTreeMap<_, _> = KNOWN_TO_2_8.into_iter().chain(KNOWN_TO_2_9).chain(KNOWN_TO_2_10).collect();
    for (version, known) in [("v1", of_two), ("v2", KNOWN_TO_3_0.into_iter().collect())] {
        let stage = Stage::behind(version, EVERYBODY, |_| Then::Forward).await;
        // The second time the failed run of the key is there, and is cleared.
        for _ in 0..2 {
            let ran = stage.run(EVERYTHING).await;
            let count = |outcome| ran.record.count(outcome);
            let ended = (count(StepOutcome::Failed), count(StepOutcome::Ignored), ran.record.steps.len());
            assert!(ended.0 == 0 && ended.1 <= 5, "{version}: {ran:#?}");
        }
        let mut met = BTreeSet::new();
        for asked in stage.asked() {
            let call = call_of(&asked);
            let names = known.get(call.as_str()).unwrap_or_else(|| panic!("{version}: nobody knows {call}"));
            for name in words_of(&asked) {
                assert!(names.contains(&name.as_str()), "{version} {call}: `{name}` is not known");
            }
            met.insert(call);
        }
        let met: Vec<&str> = met.iter().map(String::as_str).collect();
        assert_eq!(met, known.keys().copied().collect::<Vec<_>>(), "{version}: every call is made");
    }
}

/// `GET /dags/ID/dagRuns`: the method and the path, with a word for each id.
fn call_of(asked: &Asked) -> String {
    let path = asked.path.replace("/api/v1", "").replace("/api/v2", "");
    let words = ["dags", "dagRuns", "taskInstances", "logs", "clearTaskInstances", "importErrors", "details"];
    let fixed = ["datasets", "assets", "events", "auth", "token", "wait", "queuedEvents"];
    let stock = ["xcomEntries", "variables", "connections", "pools", "health", "monitor", "eventLogs"];
    path.split('/').skip(1).fold(format!("{} ", asked.method), |mut call, piece| {
        let is_word = words.contains(&piece) || fixed.contains(&piece) || stock.contains(&piece);
        let _ = write!(call, "/{}", if is_word { piece } else { "ID" });
        call
    })
}

/// The names of a request's parameters, and of the keys of its body.
fn words_of(asked: &Asked) -> Vec<String> {
    let of_body = asked.body.as_object().into_iter().flat_map(|body| body.keys().cloned());
    asked.query.iter().map(|(name, _)| name.clone()).chain(of_body).collect()
}
