//! How long a wait lasts, and how often it looks.

use std::time::Duration;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::between::Then;
use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::Stage;
use crate::wait::{on, wait_while, waiting};

#[tokio::test]
async fn a_deadline_is_judged_only_after_a_look_at_it() {
    for version in BOTH {
        for (run, wait, elapsed) in [
            ("{duration: 60s}", "{timeout: 60s, poll: {every: 50s}}", 60_000),
            ("{queued_for: 30s, duration: 1s}", "{queued_for: 30s, poll: {every: 20s, max_every: 20s}}", 50_000),
        ] {
            let ran = wait_while(version, &format!("{{dags: [{{dag_id: a, run: {run}}}]}}"), wait).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {run}: {ran:#?}");
            // Where Airflow tells a state as it changes, a request may have to wait for its second.
            let late = ran.step(0).elapsed_ms.and_then(|took| took.checked_sub(elapsed));
            let allowed = if version == "v2" { 0..=2000 } else { 0..=0 };
            assert!(late.is_some_and(|late| allowed.contains(&late)), "{version} {run}: {late:?}");
        }
    }
}

#[tokio::test]
async fn looks_come_less_often_as_the_wait_goes_on() {
    for version in BOTH {
        let scenario = "{dags: [{dag_id: a, run: {duration: 1h}}]}";
        let stage = Stage::behind(version, scenario, |_| Then::Forward).await;
        let ran = stage.run(&waiting("{timeout: 2h, poll: {every: 4s, max_every: 9s}}")).await;
        let looks: Vec<i64> = ran
            .events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Waiting { .. }))
            .map(|event| event.at.as_second() - ran.events[0].at.as_second())
            .collect();
        assert_eq!(looks[..6], [0, 4, 10, 19, 28, 37], "{version}");
    }
}

#[test]
fn a_wait_that_runs_out_unanswered_says_when_the_run_was_last_seen() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], \
                    faults: [{on: {method: GET, path: dagRuns, nth: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65]}, fault: reset}]}";
    is_golden_on_each("wait/timed_out_unanswered", || on(scenario, "{timeout: 10m, poll: {max_every: 30s}}"));
}

#[tokio::test]
async fn the_default_timeout_of_a_step_does_not_cut_a_wait() {
    let playbook = "
        name: w
        defaults: {timeout: 1m}
        steps: [{trigger_dag: {dag_id: a, wait: {timeout: 3h}}}]
    ";
    for version in BOTH {
        let ran = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 2h}}]}").await.run(playbook).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[test]
fn a_timeout_of_the_step_cuts_its_wait_and_the_run_goes_on() {
    is_golden_on_both("wait/step_timeout", || {
        Run::playbook("name: w\nsteps: [{id: load, timeout: 30s, trigger_dag: {dag_id: a, wait: true}}]")
            .scenario("{dags: [{dag_id: a, run: {duration: 2h}}]}")
    });
}

#[test]
fn a_timeout_that_is_shorter_than_the_wait_in_it_is_a_mistake() {
    Run::playbook("name: w\nsteps: [{timeout: 30s, trigger_dag: {dag_id: a, wait: {timeout: 1m}}}]")
        .args(&["check"])
        .end()
        .is_golden("wait/timeout_too_short");
}

#[tokio::test]
async fn a_run_that_ended_while_nobody_could_ask_is_not_called_timed_out() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 9s}}], \
                    faults: [{on: {method: GET, path: dagRuns, nth: [3, 4, 5, 6]}, fault: status, status: 503}]}";
    for version in BOTH {
        let ran = wait_while(version, scenario, "{timeout: 10s, poll: {max_every: 2s}}").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn a_machine_that_sleeps_over_the_end_of_a_wait_asks_once_more_before_it_judges() {
    for version in BOTH {
        // Hours pass between two looks, far over every bound; the run has ended meanwhile, or it has not.
        for (duration, outcome) in [("1h", StepOutcome::Passed), ("100h", StepOutcome::Failed)] {
            let stage = Stage::new(version, &format!("{{dags: [{{dag_id: a, run: {{duration: {duration}}}}}]}}")).await;
            let playbook = waiting("{timeout: 10m, unreachable_for: 1m}");
            let sleep = async {
                stage.until_there_is_a_run("a").await;
                stage.clock.sleep(Duration::from_secs(5 * 3600)).await;
            };
            let (ran, ()) = tokio::join!(stage.run(&playbook), sleep);
            assert_eq!(ran.outcome(0), Some(outcome), "{version}: {ran:#?}");
            if outcome == StepOutcome::Failed {
                assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version}: {ran:#?}");
            }
        }
    }
}
