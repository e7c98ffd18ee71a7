//! What is tried again, how often, after which pause, and what is not.

use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_both};
use crate::stage::{Ran, Stage};

/// A playbook whose one step reads, with this `retry`.
fn reading(retry: &str) -> String {
    format!("name: r\nsteps: [{{list_dags: {{}}, retry: {retry}}}]")
}

/// Runs it against an Airflow with these faults on `/dags`.
async fn read_with(version: &'static str, faults: &str, retry: &str) -> Ran {
    let stage = Stage::new(version, &format!("{{dags: [{{dag_id: a}}], faults: [{faults}]}}")).await.max_time(10);
    stage.run(&reading(retry)).await
}

#[tokio::test]
async fn every_kind_that_may_pass_is_tried_again() {
    let kinds = [
        ("fault: reset", None),
        ("fault: lost_answer", None),
        ("fault: truncated", Some(200)),
        ("fault: delay, delay: 30s", None),
        ("fault: rate_limit", Some(429)),
        ("fault: status, status: 408", Some(408)),
        ("fault: status, status: 500", Some(500)),
        ("fault: status, status: 502", Some(502)),
        ("fault: status, status: 503", Some(503)),
        ("fault: status, status: 504", Some(504)),
        ("fault: html", Some(502)),
    ];
    for version in BOTH {
        for (fault, status) in kinds {
            let ran = read_with(version, &format!("{{on: {{path: /dags, times: 2}}, {fault}}}"), "{attempts: 3}").await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            assert_eq!(ran.tried(0), [status, status], "{version} {fault}");
            assert_eq!(ran.step(0).requests, 3, "{version} {fault}");
        }
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    let kinds = [
        ("status, status: 400", FailureKind::Rejected),
        ("status, status: 401", FailureKind::Authentication),
        ("status, status: 403", FailureKind::Authentication),
        ("status, status: 405", FailureKind::Rejected),
        ("status, status: 409", FailureKind::Rejected),
        ("status, status: 422", FailureKind::Rejected),
        ("status, status: 501", FailureKind::ServerError),
        ("status, status: 302", FailureKind::Rejected),
        ("not_json", FailureKind::Rejected),
    ];
    for version in BOTH {
        for (fault, kind) in kinds {
            let ran =
                read_with(version, &format!("{{on: {{path: /dags, always: true}}, fault: {fault}}}"), "{attempts: 9}")
                    .await;
            assert_eq!(ran.kind(), kind, "{version} {fault}: {ran:#?}");
            assert_eq!(ran.step(0).requests, 1, "{version} {fault}");
        }
    }
}

#[tokio::test]
async fn attempts_are_counted_for_each_request() {
    let scenario = "
        generate_dags: {count: 250}
        faults:
          - {on: {path: /dags, nth: [1, 2, 4, 5, 7, 8]}, fault: status, status: 503}
    ";
    for version in BOTH {
        let ran = Stage::new(version, scenario).await.run(&reading("{attempts: 3}")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{ran:#?}");
        assert_eq!(ran.step(0).tries.len(), 6);
    }
}

#[tokio::test]
async fn a_request_that_never_succeeds_is_sent_as_often_as_attempts_say() {
    for (retry, requests) in [("{attempts: 4}", 4), ("{attempts: 1}", 1), ("false", 1), ("{}", 3)] {
        for version in BOTH {
            let ran = read_with(version, "{on: {path: /dags, always: true}, fault: status, status: 500}", retry).await;
            assert_eq!((ran.kind(), ran.step(0).requests), (FailureKind::ServerError, requests), "{retry}");
        }
    }
}

#[tokio::test]
async fn pauses_grow_or_stay_as_the_playbook_says() {
    let failing = "{on: {path: /dags, times: 5}, fault: status, status: 503}";
    let cases = [
        ("{attempts: 6, jitter: false}", [1000, 2000, 4000, 8000, 16_000]),
        ("{attempts: 6, jitter: false, delay: 3s, max_delay: 10s}", [3000, 6000, 10_000, 10_000, 10_000]),
        ("{attempts: 6, jitter: false, delay: 3s, backoff: constant}", [3000; 5]),
        ("{attempts: 6, jitter: false, delay: 500ms, backoff: exponential}", [500, 1000, 2000, 4000, 8000]),
    ];
    for (retry, pauses) in cases {
        let ran = read_with("v1", failing, retry).await;
        assert_eq!(ran.pauses(0), pauses.map(Some), "{retry}");
        assert_eq!(ran.step(0).elapsed_ms, Some(pauses.iter().sum()), "{retry}");
    }
}

#[tokio::test]
async fn chance_only_shortens_a_pause() {
    let ran = read_with("v2", "{on: {path: /dags, times: 9}, fault: status, status: 503}", "{attempts: 10}").await;
    let pauses = ran.pauses(0);
    assert_eq!(pauses.len(), 9);
    for (pause, most) in pauses.iter().zip([1, 2, 4, 8, 16, 30, 30, 30, 30]) {
        assert!(pause.is_some_and(|pause| pause <= most * 1000), "{pauses:?}");
    }
}

#[tokio::test]
async fn retry_after_wins_over_the_pause() {
    for version in BOTH {
        for fault in ["rate_limit", "status"] {
            let faults = format!("{{on: {{path: /dags, times: 2}}, fault: {fault}, retry_after: 17s}}");
            let ran = read_with(version, &faults, "{delay: 1s, max_delay: 2s}").await;
            assert_eq!(ran.pauses(0), [Some(17_000), Some(17_000)], "{version} {fault}");
            assert_eq!(ran.step(0).elapsed_ms, Some(34_000));
        }
    }
}

#[tokio::test]
async fn only_and_unless_decide_what_is_tried_again() {
    let cases = [
        ("{only: [transport]}", "fault: status, status: 503", 1),
        ("{only: [server_error]}", "fault: status, status: 503", 3),
        ("{only: [server_error]}", "fault: status, status: 522", 3),
        ("{only: [server_error]}", "fault: status, status: 599", 3),
        ("{only: [server_error]}", "fault: status, status: 507", 3),
        ("{only: [server_error]}", "fault: status, status: 505", 1),
        ("{only: [transport]}", "fault: status, status: 530", 1),
        ("{only: [server_error]}", "fault: reset", 1),
        ("{only: [timeout]}", "fault: delay, delay: 30s", 3),
        ("{only: [timeout]}", "fault: status, status: 408", 3),
        ("{only: [rate_limited]}", "fault: rate_limit", 3),
        ("{unless: error.status == 503}", "fault: status, status: 503", 1),
        ("{unless: error.status == 503}", "fault: status, status: 502", 3),
        ("{unless: \"error.kind == 'transport'\"}", "fault: reset", 1),
        ("{unless: \"'fault' in error.message\"}", "fault: status, status: 502", 1),
        ("{unless: error.status is none}", "fault: reset", 1),
    ];
    for version in BOTH {
        for (retry, fault, requests) in cases {
            let ran = read_with(version, &format!("{{on: {{path: /dags, always: true}}, {fault}}}"), retry).await;
            assert_eq!(ran.step(0).requests, requests, "{version} {retry} {fault}: {ran:#?}");
        }
    }
}

#[tokio::test]
async fn an_unless_that_does_not_work_out_gives_up_and_hides_no_error() {
    let cases = [
        ("error.status", "`retry.unless` gave `503`, not true or false"),
        ("error.message / 7 > 1", "`retry.unless` can't be worked out: "),
    ];
    for (unless, note) in cases {
        let faults = "{on: {path: /dags, always: true}, fault: status, status: 503}";
        let ran = read_with("v1", faults, &format!("{{unless: {unless}}}")).await;
        assert_eq!((ran.kind(), ran.step(0).requests), (FailureKind::ServerError, 1), "{ran:#?}");
        assert!(ran.failure().notes.iter().any(|said| said.starts_with(note)), "{:?}", ran.failure());
    }
}

#[tokio::test]
async fn a_steps_retry_is_set_over_the_defaults_key_by_key() {
    let scenario = "{dags: [{dag_id: a}], faults: [{on: {always: true, path: /dags}, fault: status}]}";
    let playbook = "
        name: r
        defaults: {retry: {attempts: 5, delay: 7s, jitter: false, backoff: constant}}
        steps: [{list_dags: {}, retry: {delay: 2s}}]
    ";
    for version in BOTH {
        let ran = Stage::new(version, scenario).await.run(playbook).await;
        assert_eq!(ran.pauses(0), [Some(2000), Some(2000), Some(2000), Some(2000), None]);
    }
}

#[tokio::test]
async fn a_reading_action_is_repeated_as_a_whole_when_the_playbook_asks_for_it() {
    let scenario = "{dags: [{dag_id: a, is_paused: true}]}";
    let cases = [
        ("{assert_dag: {dag_id: nope}, retry: {only: [not_found], attempts: 4, jitter: false}}", FailureKind::NotFound),
        ("{list_dags: {}, expect: total > 1, retry: {only: [expect], attempts: 4, jitter: false}}", {
            FailureKind::Expectation
        }),
    ];
    for version in BOTH {
        for (step, kind) in cases {
            let ran = Stage::new(version, scenario).await.run(&format!("name: r\nsteps: [{step}]")).await;
            assert_eq!(ran.kind(), kind);
            assert_eq!(ran.step(0).elapsed_ms, Some(7000), "{ran:#?}");
            assert_eq!(ran.pauses(0).iter().flatten().copied().collect::<Vec<_>>(), [1000, 2000, 4000]);
        }
    }
}

#[tokio::test]
async fn without_being_asked_for_an_expectation_or_a_missing_dag_is_not_repeated() {
    for step in ["{assert_dag: {dag_id: nope}}", "{list_dags: {}, expect: total > 1}"] {
        let ran = Stage::new("v1", "{dags: [{dag_id: a}]}").await.run(&format!("name: r\nsteps: [{step}]")).await;
        assert_eq!(ran.step(0).elapsed_ms, Some(0), "{ran:#?}");
    }
}

#[test]
fn tries_are_told_and_a_step_that_passed_later_says_so() {
    is_golden_on_both("retry/passed_later", || {
        Run::playbook(&reading("{jitter: false}"))
            .scenario("{dags: [{dag_id: a}], faults: [{on: {path: /dags, times: 2}, fault: status, status: 504}]}")
    });
}

#[test]
fn a_request_that_was_given_up_says_after_how_many_tries() {
    is_golden_on_both("retry/given_up", || {
        Run::playbook(&reading("{jitter: false}"))
            .scenario("{dags: [{dag_id: a}], faults: [{on: {path: /dags, always: true}, fault: reset}]}")
    });
}

#[test]
fn a_rate_limit_that_is_longer_than_the_step_has_fails_at_once_and_says_so() {
    is_golden_on_both("retry/rate_limit_too_long", || {
        Run::playbook("name: r\nsteps: [{list_dags: {}, timeout: 1m}]")
            .scenario("{faults: [{on: {path: /dags}, fault: rate_limit, retry_after: 1h}]}")
    });
}

#[test]
fn a_request_that_takes_longer_than_max_time_is_told_as_a_time_out() {
    is_golden_on_both("retry/max_time", || {
        Run::playbook(&reading("false"))
            .scenario("{faults: [{on: {path: /dags}, fault: delay, delay: 1m}]}")
            .args(&["--max-time", "5s"])
    });
}

#[test]
fn a_step_that_takes_longer_than_its_timeout_says_so() {
    is_golden_on_both("retry/step_timeout", || {
        Run::playbook("name: r\nsteps: [{list_dags: {}, timeout: 20s, retry: {attempts: 9, jitter: false}}]")
            .scenario("{faults: [{on: {path: /dags, always: true}, fault: status}]}")
    });
}

#[test]
fn tries_are_in_the_report() {
    let report = Run::playbook(&reading("{jitter: false}"))
        .scenario("{dags: [{dag_id: a}], faults: [{on: {path: /dags}, fault: status, status: 504}]}")
        .report();
    let tries = report["steps"][0]["tries"].as_array().expect("tries");
    assert_eq!(tries.len(), 1);
    let first = &tries[0];
    assert_eq!((&first["try_number"], &first["attempts"], &first["status"]), (&1.into(), &3.into(), &504.into()));
    assert_eq!(first["retry_in_ms"], 1000);
    assert!(first["request"].as_str().is_some_and(|request| request.starts_with("GET http://")), "{first}");
    assert_eq!(report["outcome"], "passed");
}
