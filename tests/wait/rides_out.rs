//! What a wait rides out, and what ends it.

use myaf_run::outcome::StepOutcome;

use crate::run::{BOTH, is_golden_on_each};
use crate::stage::Stage;
use crate::wait::{on, wait_while, waiting};

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
    let faults =
        ["reset", "status, status: 500", "status, status: 503", "html", "truncated", "rate_limit", "delay, delay: 70s"];
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
