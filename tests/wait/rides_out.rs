//! What a wait rides out, and what ends it.

use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::{BOTH, is_golden_on_each};
use crate::stage::Stage;
use crate::wait::{on, wait_while, waiting, warnings};

#[tokio::test]
async fn one_404_is_not_believed() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 20s}}], faults: [{on: {method: GET, path: '*/dagRuns/*', nth: [2]}, FAULT}]}";
    for version in BOTH {
        let stage = Stage::new(version, &scenario.replace("FAULT", "fault: status, status: 404")).await;
        let ran = stage.run(&waiting("true")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn an_api_that_is_away_is_ridden_out() {
    let faults = [
        "reset",
        "status, status: 500",
        "status, status: 501",
        "status, status: 503",
        "status, status: 522",
        "html",
        "truncated",
        "rate_limit",
        "delay, delay: 70s",
    ];
    for version in BOTH {
        for fault in faults {
            let scenario = format!(
                "{{dags: [{{dag_id: a, run: {{duration: 5m}}}}], \
                 faults: [{{on: {{method: GET, path: dagRuns, times: 6}}, fault: {fault}}}]}}"
            );
            let ran = wait_while(version, &scenario, "{timeout: 1h}").await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
        }
    }
}

#[test]
fn an_api_that_stays_away_ends_the_wait_after_unreachable_for() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], faults: [{on: {method: GET, path: dagRuns, always: true}, fault: reset}]}";
    is_golden_on_each("wait/unreachable", || on(scenario, "{timeout: 1h, unreachable_for: 5m}"));
}

#[tokio::test]
async fn a_login_that_runs_out_within_a_wait_is_renewed() {
    let scenario = "{auth: {token_life: 5m}, dags: [{dag_id: a, run: {duration: 1h}}]}";
    for version in BOTH {
        let ran = wait_while(version, scenario, "{timeout: 2h}").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[test]
fn a_credential_that_is_refused_for_good_ends_the_wait() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], faults: [{on: {method: GET, path: dagRuns, always: true}, fault: status, status: 403}]}";
    is_golden_on_each("wait/forbidden", || on(scenario, "{timeout: 1h}"));
}

#[tokio::test]
async fn a_credential_that_runs_out_within_a_wait_is_said_at_once_and_ridden_out_for_a_while() {
    let refused = "{on: {method: GET, path: '/api/*/dagRuns/*', nth: [NTH]}, fault: status, status: 401}";
    let nth = |numbers: std::ops::Range<u32>| numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    for version in BOTH {
        for (refusals, ends_well) in [(3..6, true), (3..500, false)] {
            let faults = refused.replace("NTH", &nth(refusals));
            let scenario = format!("{{dags: [{{dag_id: a, run: {{duration: 1h}}}}], faults: [{faults}]}}");
            let ran = wait_while(version, &scenario, "{timeout: 2h, unreachable_for: 5m}").await;
            let warnings = &ran.step(0).warnings;
            assert_eq!(warnings.len(), if ends_well { 2 } else { 1 }, "{version}: {ran:#?}");
            assert!(warnings[0].starts_with("authentication started failing while the DAG run `myaf__w__load__"));
            assert!(warnings[0].contains("it is asked again for up to 5m00s: 401 "), "{}", warnings[0]);
            if ends_well {
                assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
            } else {
                assert_eq!(ran.kind(), FailureKind::Authentication, "{version}: {ran:#?}");
                assert!(ran.failure().notes[0].ends_with("goes on without us"), "{version}: {ran:#?}");
            }
        }
    }
}

#[tokio::test]
async fn odd_answers_of_the_call_that_tells_the_state_are_no_verdict() {
    let faults = [
        "reset",
        "lost_answer",
        "truncated",
        "html",
        "not_json",
        "rate_limit",
        "status, status: 404",
        "status, status: 405",
        "status, status: 401",
        "status, status: 403",
        "status, status: 500",
        "delay, delay: 70s",
    ];
    for fault in faults {
        let scenario = format!(
            "{{dags: [{{dag_id: a, run: {{duration: 10m}}}}], faults: [{{on: {{path: /wait, always: true}}, fault: {fault}}}]}}"
        );
        let ran = wait_while("v2", &scenario, "{timeout: 1h}").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{fault}: {ran:#?}");
        assert!(ran.step(0).warnings.is_empty(), "{fault}: {ran:#?}");
    }
}

#[tokio::test]
async fn an_api_that_is_away_is_told_once_and_so_is_its_return() {
    for version in BOTH {
        for fault in ["reset", "status, status: 502", "status, status: 500"] {
            let scenario = format!(
                "{{dags: [{{dag_id: a, run: {{duration: 5m}}}}], \
                 faults: [{{on: {{method: GET, path: dagRuns, nth: [4, 5, 6, 7, 8, 9]}}, fault: {fault}}}]}}"
            );
            let ran = wait_while(version, &scenario, "{timeout: 1h}").await;
            let told = warnings(&ran);
            assert_eq!(told.len(), 2, "{version} {fault}: {told:?}");
            assert!(told[0].starts_with("Airflow stopped answering while the DAG run `myaf__w__load__"), "{told:?}");
            assert!(told[0].contains("it is asked again for up to 10m"), "{told:?}");
            assert!(told[1].starts_with("Airflow answers again after "), "{told:?}");
            assert!(told[1].ends_with("of `a` is running"), "{told:?}");
        }
    }
}

#[tokio::test]
async fn a_blip_is_not_told() {
    for version in BOTH {
        let scenario = "{dags: [{dag_id: a, run: {duration: 5m}}], \
                        faults: [{on: {method: GET, path: '/api/*/dagRuns/*', nth: [2, 4]}, fault: reset}]}";
        let ran = wait_while(version, scenario, "{timeout: 1h}").await;
        assert_eq!((ran.outcome(0), warnings(&ran).len()), (Some(StepOutcome::Passed), 0), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn unreachable_for_is_kept_to_the_second() {
    for version in BOTH {
        for fault in ["reset", "status, status: 503"] {
            for seconds in [7, 95, 600] {
                let scenario = format!(
                    "{{dags: [{{dag_id: a, run: {{duration: 3h}}}}], \
                     faults: [{{on: {{method: GET, path: dagRuns, always: true}}, fault: {fault}}}]}}"
                );
                let ran =
                    wait_while(version, &scenario, &format!("{{timeout: 2h, unreachable_for: {seconds}s}}")).await;
                let took = ran.step(0).elapsed_ms.expect("it ended");
                // The first look comes after two seconds, and a request has to wait for its second.
                let end = 2000 + seconds * 1000;
                assert!((end..end + 1000).contains(&took), "{version} {fault} {seconds}s: {took} ms");
            }
        }
    }
}
