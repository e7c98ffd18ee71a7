//! The actions that read: what they give, the same on both versions, and what they say of what is not there.

use myaf_run::outcome::{FailureKind, StepOutcome};
use serde_json::{Value, json};

use crate::between::Then;
use crate::run::{BOTH, Run, is_golden_on_each};
use crate::stage::{Ran, Stage};

const WORLD: &str = "
    dags:
      - dag_id: load
        description: Loads
        tags: [b, a]
        schedule: '0 5 * * *'
        params: {n: {type: integer, default: 3, minimum: 1, description: how many}}
        run:
          duration: 3s
          tasks:
            - {task_id: extract, log: [one, two, three], xcoms: {return_value: {rows: 12, ok: true, who: \"it's me\"}, more: [1, null, x]}}
            - {task_id: check, outcome: failed, log: [about to fail, 'ValueError: no']}
            - {task_id: after}
      - {dag_id: later, run: {duration: 1m, tasks: [{task_id: work, xcoms: {return_value: 7}}]}}
      - {dag_id: consumer, schedule_on: [d], run: {queued_for: 1h}}
      - {dag_id: never}
    datasets: [{uri: d}, {uri: s3://lake/raw.csv, name: raw}]
    variables:
      - {key: schema, value: warehouse_one, description: where}
      - {key: a/b c, value: slashed value}
      - {key: settings, value: '{\"user\": \"loader\", \"pin\": \"open-sesame\", \"ports\": [5432]}'}
      - {key: db_password, value: hunter2-hunter2}
    connections: [{connection_id: warehouse, conn_type: postgres, description: the warehouse, host: h, login: ali}]
    pools: [{name: small, slots: 4, running_slots: 3, busy_for: 30s}]
";

/// A run that fails, and one that has not ended.
const RUNS: &str = "
      - trigger_dag: {dag_id: load, dag_run_id: one, logical_date: '2026-10-01T00:00:00Z', note: n, conf: {x: 1}, wait: {poll: {max_every: 2s}}}
        ignore_errors: true
      - trigger_dag: {dag_id: load, dag_run_id: two, logical_date: '2026-09-01T00:00:00Z', note: ''}
";

async fn ran(version: &'static str, steps: &str) -> Ran {
    on(&Stage::new(version, WORLD).await, steps).await
}

async fn on(stage: &Stage, steps: &str) -> Ran {
    stage.run(&format!("\n    name: reads\n    steps:{}\n", steps.trim_end())).await
}

fn result(ran: &Ran, step: usize) -> Value {
    let result = ran.step(step).result.as_ref().unwrap_or_else(|| panic!("no result: {:#?}", ran.step(step)));
    Value::Object(result.fields())
}

#[tokio::test]
async fn runs_and_tasks_are_read_the_same_from_both() {
    let steps = format!(
        "{RUNS}
      - get_dag: {{dag_id: load}}
      - get_dag_run: {{dag_id: load, dag_run_id: one}}
      - list_dag_runs: {{dag_id: load}}
      - list_dag_runs: {{dag_id: load, state: failed, logical_date_gte: '2026-09-15T00:00:00Z'}}
      - list_dag_runs: {{dag_id: load, state: [queued, running], end_date_lte: '2030-01-01T00:00:00Z'}}
      - list_dag_runs: {{dag_id: load, limit: 1}}
      - list_dag_runs: {{dag_id: never}}
      - list_task_instances: {{dag_id: load, dag_run_id: one}}
      - list_task_instances: {{dag_id: load, dag_run_id: one, state: [failed, upstream_failed]}}
      - list_task_instances: {{dag_id: load, dag_run_id: two, state: none}}
      - list_task_instances: {{dag_id: load, dag_run_id: one, task_id: extract}}
      - get_xcom: {{dag_id: load, dag_run_id: one, task_id: extract}}
      - get_xcom: {{dag_id: load, dag_run_id: one, task_id: extract, key: more}}
"
    );
    let [one, two] = [ran("v1", &steps).await, ran("v2", &steps).await];
    for step in 2..15 {
        assert_eq!(one.outcome(step), Some(StepOutcome::Passed), "{:#?}", one.step(step));
        assert_eq!(result(&one, step), result(&two, step), "step {step}");
    }
    let dag = result(&one, 2);
    assert_eq!((&dag["tags"], &dag["owners"]), (&json!(["a", "b"]), &json!(["airflow"])));
    assert_eq!(
        dag["params"]["n"],
        json!({ "value": 3, "schema": { "type": "integer", "minimum": 1 }, "description": "how many" })
    );
    assert_eq!((&dag["timezone"], &dag["schedule"]), (&json!("UTC"), &json!("0 5 * * *")));
    let run = result(&one, 3);
    assert_eq!((&run["state"], &run["note"], &run["conf"]), (&json!("failed"), &json!("n"), &json!({ "x": 1 })));
    assert_eq!(run["duration_seconds"], json!(2.0));
    let ids = |step| result(&one, step)["dag_run_ids"].clone();
    assert_eq!(
        [ids(4), ids(5), ids(6), ids(7), ids(8)],
        [json!(["two", "one"]), json!(["one"]), json!([]), json!(["two"]), json!([])]
    );
    let complete = |step| result(&one, step)["is_complete"].clone();
    assert_eq!([complete(4), complete(7), complete(8)], [json!(true), json!(false), json!(true)]);
    let states: Vec<_> =
        result(&one, 9)["task_instances"].as_array().into_iter().flatten().map(|task| task["state"].clone()).collect();
    assert_eq!(states, ["success", "failed", "upstream_failed"]);
    assert_eq!([9, 10, 11, 12].map(|step| result(&one, step)["total"].clone()), [3, 2, 2, 1].map(|total| json!(total)));
    assert_eq!(result(&one, 13)["value"], json!({ "rows": 12, "ok": true, "who": "it's me" }));
    assert_eq!(result(&one, 14)["value"], json!([1, null, "x"]));
}

#[tokio::test]
async fn a_log_is_the_last_lines_of_the_last_try_and_says_how_many_there_are() {
    for version in BOTH {
        let steps = format!(
            "{RUNS}
      - get_task_log: {{dag_id: load, dag_run_id: one, task_id: check}}
      - get_task_log: {{dag_id: load, dag_run_id: one, task_id: check, try_number: 1, log_lines: 1}}
"
        );
        let ran = ran(version, &steps).await;
        let [whole, last] = [result(&ran, 2), result(&ran, 3)];
        let lines: Vec<&str> = whole["lines"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(lines.iter().any(|line| line.ends_with("about to fail")), "{version}: {lines:?}");
        assert!(lines.contains(&"ValueError: no"), "{version}: {lines:?}");
        assert_eq!((&whole["try_number"], &whole["state"]), (&json!(1), &json!("failed")));
        assert_eq!(whole["total_lines"], json!(lines.len()));
        assert_eq!((last["lines"].as_array().map(Vec::len), &last["total_lines"]), (Some(1), &whole["total_lines"]));
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_words_on_both() {
    let table = [
        ("get_dag: {dag_id: laod}", "there is no DAG `laod`", "did you mean `load`?"),
        ("get_dag_run: {dag_id: laod, dag_run_id: one}", "there is no DAG `laod`", "did you mean `load`?"),
        ("get_dag_run: {dag_id: load, dag_run_id: oen}", "the DAG `load` has no run `oen`", "did you mean `one`?"),
        ("list_dag_runs: {dag_id: laod}", "there is no DAG `laod`", "did you mean `load`?"),
        ("list_task_instances: {dag_id: laod, dag_run_id: one}", "there is no DAG `laod`", "did you mean `load`?"),
        (
            "list_task_instances: {dag_id: load, dag_run_id: oen}",
            "the DAG `load` has no run `oen`",
            "did you mean `one`?",
        ),
        (
            "list_task_instances: {dag_id: load, dag_run_id: one, task_id: chek}",
            "the run `one` has no task `chek`",
            "did you mean `check`?",
        ),
        (
            "get_task_log: {dag_id: load, dag_run_id: one, task_id: chek}",
            "the run `one` has no task `chek`",
            "did you mean `check`?",
        ),
        (
            "get_task_log: {dag_id: load, dag_run_id: one, task_id: check, map_index: 2}",
            "the task `check` is not mapped, so it has no instance 2",
            "leave `map_index` out",
        ),
        (
            "get_task_log: {dag_id: load, dag_run_id: one, task_id: check, try_number: 2}",
            "the task `check` has no try 2, its last is 1",
            "",
        ),
        (
            "get_task_log: {dag_id: load, dag_run_id: one, task_id: after}",
            "the task `after` was not run, so it has no log; it is upstream_failed",
            "",
        ),
        (
            "get_xcom: {dag_id: laod, dag_run_id: one, task_id: extract}",
            "there is no DAG `laod`",
            "did you mean `load`?",
        ),
        (
            "get_xcom: {dag_id: load, dag_run_id: one, task_id: extract, key: nothing}",
            "the task `extract` of the run `one` has no XCom `nothing`",
            "",
        ),
        (
            "assert_dataset: {dataset_uri: s3://lake/raw.cvs}",
            "there is no dataset `s3://lake/raw.cvs`",
            "did you mean `s3://lake/raw.csv`?",
        ),
        (
            "list_asset_events: {uri: s3://lake/raw.cvs}",
            "there is no dataset `s3://lake/raw.cvs`",
            "did you mean `s3://lake/raw.csv`?",
        ),
        ("get_variable: {key: shcema}", "there is no variable `shcema`", "did you mean `schema`?"),
        (
            "assert_connection: {connection_id: warehose}",
            "there is no connection `warehose`",
            "did you mean `warehouse`?",
        ),
        ("assert_pool: {pool_name: smal}", "there is no pool `smal`", "did you mean `small`?"),
    ];
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        on(&stage, RUNS).await;
        for (step, message, help) in table {
            let ran = on(&stage, &format!("\n      - {step}\n")).await;
            assert_eq!(ran.kind(), FailureKind::NotFound, "{version} {step}: {ran:#?}");
            let failure = ran.failure();
            assert_eq!(
                (failure.message.as_str(), failure.help.as_deref().unwrap_or_default()),
                (message, help),
                "{version} {step}"
            );
            assert!(failure.location.is_some(), "{version} {step}: {failure:#?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_is_longer_than_a_page_is_whole_and_one_with_a_limit_says_so() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a}], datasets: [{uri: d}]}").await;
        for number in 0..130 {
            let body = json!({ "dag_run_id": format!("run_{number}"), "logical_date": format!("2026-01-01T00:{:02}:{:02}Z", number / 60, number % 60) });
            stage.send("POST", "/dags/a/dagRuns", &body.to_string()).await;
        }
        let ran = on(
            &stage,
            "
      - list_dag_runs: {dag_id: a, limit: 500}
      - list_dag_runs: {dag_id: a, limit: 120}
      - list_dag_runs: {dag_id: a}
      - list_dag_runs: {dag_id: a, limit: 130}
",
        )
        .await;
        let sizes =
            [0, 1, 2, 3].map(|step| (result(&ran, step)["total"].clone(), result(&ran, step)["is_complete"].clone()));
        let expected = [(130, true), (120, false), (100, false), (130, true)];
        assert_eq!(sizes, expected.map(|(total, is_complete)| (json!(total), json!(is_complete))), "{version}");
        assert_eq!(result(&ran, 1)["dag_run_ids"][0], json!("run_129"), "{version}: the newest first");
        assert_eq!(result(&ran, 1)["dag_run_ids"][119], json!("run_10"));
    }
}

const EVENTS: &str = "
      - post_dataset_event: {dataset_uri: s3://lake/raw.csv, extra: {n: 1}, consumers: ignore}
      - post_dataset_event: {dataset_uri: d, extra: {n: 1}}
      - pause: 2s
      - post_asset_event: {uri: d, extra: {n: 2}}
";

#[tokio::test]
async fn datasets_and_their_events_are_read_in_the_words_of_either_version() {
    let steps = format!(
        "{EVENTS}
      - list_datasets: {{uri_pattern: 'S3://%.csv'}}
      - list_assets: {{}}
      - assert_dataset: {{dataset_uri: d, consumers: [consumer]}}
      - assert_asset: {{uri: s3://lake/raw.csv}}
      - list_dataset_events: {{dataset_uri: s3://lake/raw.csv}}
"
    );
    for version in BOTH {
        let ran = ran(version, &steps).await;
        assert_eq!(result(&ran, 4)["dataset_uris"], json!(["s3://lake/raw.csv"]), "{version}");
        assert_eq!(result(&ran, 5)["total"], json!(2));
        assert_eq!(result(&ran, 6), json!({ "dataset_uri": "d", "name": "d", "consumers": ["consumer"] }));
        assert_eq!(result(&ran, 7)["name"], json!(if version == "v1" { "s3://lake/raw.csv" } else { "raw" }));
        let events = result(&ran, 8);
        assert_eq!(
            (&events["total"], &events["is_complete"], &events["unreadable"]),
            (&json!(1), &json!(true), &json!(0))
        );
        assert_eq!(
            (&events["events"][0]["extra"]["n"], &events["events"][0]["created_dag_runs"]),
            (&json!(1), &json!([]))
        );
    }
}

#[tokio::test]
async fn an_event_that_airflow_3_cannot_show_is_passed_over_and_said() {
    let steps = format!(
        "{EVENTS}
      - list_dataset_events: {{dataset_uri: d}}
      - list_asset_events: {{uri: d, limit: 1}}
      - list_asset_events: {{uri: d, timestamp_gte: '2026-11-22T12:00:01Z'}}
"
    );
    for (version, unreadable) in [("v1", 0), ("v2", 1)] {
        let ran = ran(version, &steps).await;
        let [all, newest, since] = [4, 5, 6].map(|step| result(&ran, step));
        assert_eq!(all["unreadable"], json!(unreadable), "{version}: {all}");
        assert_eq!(all["total"], json!(2 - unreadable), "{version}");
        assert_eq!(all["is_complete"], json!(unreadable == 0), "{version}");
        assert_eq!(ran.step(4).warnings.len(), unreadable, "{version}: {:?}", ran.step(4).warnings);
        // The newest event joined the run that the first one made; it can be shown.
        assert_eq!((&newest["total"], &newest["events"][0]["extra"]["n"]), (&json!(1), &json!(2)), "{version}");
        assert_eq!((&since["total"], &since["events"][0]["extra"]["n"]), (&json!(1), &json!(2)), "{version}");
    }
}

#[tokio::test]
async fn an_api_that_cannot_list_any_event_is_a_failure_and_not_an_empty_list() {
    let stage = Stage::behind("v2", WORLD, |asked| {
        let is_events = asked.last().is_some_and(|last| last.method == "GET" && last.path.ends_with("/events"));
        if is_events { Then::Say(500, "text/plain", "Internal Server Error".to_owned()) } else { Then::Forward }
    })
    .await;
    let ran = on(&stage, "\n      - list_dataset_events: {dataset_uri: d}\n").await;
    assert_eq!(ran.kind(), FailureKind::ServerError, "{ran:#?}");
    let asked = stage.asked().iter().filter(|asked| asked.path.ends_with("/events")).count();
    assert!(asked < 20, "it is given up soon: {asked}");
}

#[tokio::test]
async fn a_single_event_is_asked_for_again_when_airflow_was_away() {
    let world =
        "{datasets: [{uri: d}], faults: [{on: {method: GET, path: events, times: 2}, fault: status, status: 503}]}";
    for version in BOTH {
        let stage = Stage::new(version, world).await;
        let steps = "
      - post_dataset_event: {dataset_uri: d, consumers: ignore}
      - list_dataset_events: {dataset_uri: d, limit: 1}
";
        let ran = on(&stage, steps).await;
        assert_eq!(
            (result(&ran, 1)["total"].clone(), ran.tried(1)),
            (json!(1), vec![Some(503), Some(503)]),
            "{version}"
        );
    }
}

#[tokio::test]
async fn the_value_of_a_variable_can_be_used_and_is_seen_nowhere() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let ran = on(
            &stage,
            "
      - get_variable: {key: schema}
        capture: {where_to: value}
      - get_variable: {key: settings}
        capture: {pin: (value | fromjson).pin}
      - trigger_dag: {dag_id: load, dag_run_id: with_it, note: '', conf: {to: '{{ where_to }}', pin: '{{ pin }}'}}
      - get_variable: {key: a/b c, secret: false}
        capture: shown
      - get_variable: {key: nope, default: plain}
        expect: [value == 'plain', is_default]
",
        )
        .await;
        assert_eq!(ran.outcome(4), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let conf = stage.send("GET", "/dags/load/dagRuns/with_it", "").await["conf"].clone();
        assert_eq!(conf, json!({ "to": "warehouse_one", "pin": "open-sesame" }), "{version}: the value is sent");
        let seen = serde_json::to_string(&ran.events).expect("events are JSON");
        for secret in ["warehouse_one", "open-sesame", "loader"] {
            assert!(!seen.contains(secret), "{version}: `{secret}` is in an event");
        }
        assert!(seen.contains("slashed value"), "{version}: what is no secret is shown");
        assert_eq!(ran.step(0).withheld, ["where_to"], "{version}: `***` is no value for a later attempt");
        assert_eq!(result(&ran, 3)["description"], Value::Null);
    }
}

#[tokio::test]
async fn a_value_that_airflow_hides_is_no_value() {
    let step = "\n      - get_variable: {key: db_password}\n        capture: {password: value}\n";
    assert_eq!(ran("v1", step).await.outcome(0), Some(StepOutcome::Passed));
    let ran = ran("v2", step).await;
    assert_eq!(ran.kind(), FailureKind::Rejected);
    assert_eq!(ran.failure().message, "Airflow does not show the whole value of the variable `db_password`");
}

#[tokio::test]
async fn what_becomes_so_within_the_time_is_waited_for() {
    let world = "
    health: {scheduler: unhealthy, unhealthy_for: 40s}
    import_errors: [{filename: late.py, stack_trace: 'ImportError: x', mended_after: 40s}]
    pools: [{name: small, slots: 4, running_slots: 3, busy_for: 40s}]
    faults: [{on: {path: health, times: 2}, fault: status, status: 503}]
";
    for version in BOTH {
        for (action, keys) in [
            ("assert_healthy", ""),
            ("assert_no_import_errors", ""),
            ("assert_pool", "pool_name: small, min_open_slots: 2, "),
        ] {
            let stage = Stage::new(version, world).await;
            let ran = on(&stage, &format!("\n      - {action}: {{{keys}within: 2m}}\n")).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {action}: {ran:#?}");
            let waited = stage.clock.elapsed().as_secs();
            assert!((40..75).contains(&waited), "{version} {action}: waited {waited} s");
            let stage = Stage::new(version, world).await;
            let ran = on(&stage, &format!("\n      - {action}: {{{keys}within: 10s}}\n")).await;
            assert_eq!(ran.kind(), FailureKind::NotReady, "{version} {action}: {ran:#?}");
            assert!(ran.failure().message.ends_with(", still so after 10s"), "{:?}", ran.failure());
            assert!(ran.step(0).result.is_some(), "what was seen last is known");
        }
    }
}

#[tokio::test]
async fn reads_are_repeated_until_it_is_so() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let ran = on(
            &stage,
            "
      - trigger_dag: {dag_id: later, dag_run_id: r, note: ''}
      - get_dag_run: {dag_id: later, dag_run_id: r}
        until: state == 'success'
      - trigger_dag: {dag_id: later, dag_run_id: s, note: ''}
      - get_xcom: {dag_id: later, dag_run_id: s, task_id: work}
        retry: {attempts: 20, delay: 10s, jitter: false, backoff: constant, only: [not_found]}
        expect: value == 7
        capture: {seven: value}
      - list_dag_runs: {dag_id: later}
        retry: {attempts: 2, delay: 1s, only: [expect]}
        expect: total == 2
",
        )
        .await;
        assert_eq!(ran.outcome(4), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        assert_eq!(ran.step(3).captured["seven"], json!(7));
        let tries = ran.pauses(3).into_iter().flatten().count();
        assert_eq!(tries, 6, "{version}: it is there after a minute");
    }
}

#[tokio::test]
async fn a_check_reads_what_is_there_and_leaves_open_what_a_run_would_make() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await.that_only_reads();
        let ran = on(
            &stage,
            "
      - trigger_dag: {dag_id: later}
        capture: {made: dag_run_id}
      - get_dag_run: {dag_id: later, dag_run_id: '{{ made }}'}
        until: state == 'success'
      - get_xcom: {dag_id: later, dag_run_id: '{{ made }}', task_id: work}
      - list_dag_runs: {dag_id: later}
      - assert_healthy: {}
      - assert_pool: {pool_name: small, min_open_slots: 3, within: 5m}
      - get_dag_run: {dag_id: laod, dag_run_id: x}
",
        )
        .await;
        let outcomes: Vec<_> = (0..7).filter_map(|step| ran.outcome(step)).collect();
        let (open, passed) = (StepOutcome::Unknown, StepOutcome::Passed);
        let expected = [open, open, open, passed, passed, open, StepOutcome::Failed];
        assert_eq!(outcomes, expected, "{version}: {ran:#?}");
        assert_eq!(ran.kind(), FailureKind::NotFound);
        assert_eq!(stage.clock.elapsed().as_secs(), 0, "{version}: a check waits for nothing");
    }
}

#[tokio::test]
async fn a_pool_of_any_number_of_slots_has_room_and_airflow_2_can_not_show_it() {
    let world = "{pools: [{name: wide, slots: -1}]}";
    let step = "\n      - assert_pool: {pool_name: wide, min_open_slots: 1000}\n";
    let ran = on(&Stage::new("v2", world).await, step).await;
    assert_eq!(result(&ran, 0)["open_slots"], json!(-1));
    let ran = on(&Stage::new("v1", world).await, step).await;
    assert_eq!(ran.kind(), FailureKind::ServerError);
    assert!(
        ran.failure().message.ends_with("Airflow 2 can't show a pool of any number of slots (-1)"),
        "{:?}",
        ran.failure()
    );
}

#[tokio::test]
async fn a_secret_in_a_name_is_not_sent() {
    for step in [
        "get_dag_run: {dag_id: load, dag_run_id: '{{ w }}'}",
        "get_xcom: {dag_id: load, dag_run_id: one, task_id: '{{ w }}'}",
        "list_assets: {uri_pattern: '{{ w }}'}",
        "assert_asset: {uri: '{{ w }}'}",
        "get_variable: {key: '{{ w }}'}",
        "assert_connection: {connection_id: '{{ w }}'}",
        "assert_pool: {pool_name: '{{ w }}'}",
    ] {
        let stage = Stage::behind("v2", WORLD, |_| Then::Forward).await;
        let ran = on(
            &stage,
            &format!("\n      - get_variable: {{key: schema}}\n        capture: {{w: value}}\n      - {step}\n"),
        )
        .await;
        let is_sent = stage.asked().iter().any(|asked| format!("{asked:?}").contains("warehouse_one"));
        assert!(!is_sent, "{step}");
        assert!(step.starts_with("list_assets") || ran.kind() == FailureKind::SecretLeak, "{step}: {ran:#?}");
    }
}

#[test]
fn every_read_says_what_it_found() {
    is_golden_on_each("reads/found", || {
        Run::playbook(&format!(
            "
    name: reads
    steps:{RUNS}
      - get_dag: {{dag_id: load}}
      - get_dag_run: {{dag_id: load, dag_run_id: one}}
      - list_dag_runs: {{dag_id: load, limit: 1}}
      - list_task_instances: {{dag_id: load, dag_run_id: one}}
      - get_task_log: {{dag_id: load, dag_run_id: one, task_id: extract, log_lines: 2}}
        capture: log
      - print: \"{{{{ log.lines | length }}}}\"
      - get_xcom: {{dag_id: load, dag_run_id: one, task_id: extract}}
      - list_assets: {{}}
      - assert_asset: {{uri: d}}
      - list_asset_events: {{uri: d}}
      - assert_healthy: {{}}
      - assert_no_import_errors: {{}}
      - get_variable: {{key: schema}}
        capture: {{schema: value}}
      - print: \"{{{{ schema }}}}\"
      - get_variable: {{key: nope, default: x}}
      - assert_connection: {{connection_id: warehouse}}
      - assert_pool: {{pool_name: default_pool}}
"
        ))
        .scenario(WORLD)
    });
}

#[test]
fn what_is_not_as_it_must_be_is_said() {
    let world = "
    dags: [{dag_id: consumer, schedule_on: [d]}]
    health: {scheduler: unhealthy}
    connections: [{connection_id: warehouse, conn_type: postgres}]
    pools: [{name: small, slots: 4, running_slots: 3}]
    import_errors:
      - {filename: loans/a.py, stack_trace: \"Traceback\\n  import x\\nModuleNotFoundError: No module named 'x'\"}
      - {filename: other.py, stack_trace: 'SyntaxError: oops'}
";
    let playbook = "
    name: not so
    steps:
      - assert_healthy: {components: [scheduler, triggerer]}
        ignore_errors: true
      - assert_no_import_errors: {}
        ignore_errors: true
      - assert_no_import_errors: {filename_pattern: LOANS%.py}
        ignore_errors: true
      - assert_connection: {connection_id: warehouse, conn_type: snowflake}
        ignore_errors: true
      - assert_pool: {pool_name: small, min_open_slots: 2}
        ignore_errors: true
      - assert_pool: {pool_name: small, min_slots: 8}
        ignore_errors: true
      - assert_dataset: {dataset_uri: d, consumers: [consumer, other, third]}
        ignore_errors: true
      - assert_healthy: {components: [metadatabase]}
";
    is_golden_on_each("reads/not_so", || Run::playbook(playbook).scenario(world));
}
