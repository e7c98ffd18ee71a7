//! A DAG that is paused while its run is followed.

use std::cell::Cell;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::BOTH;
use crate::stage::{Ran, Stage};
use crate::wait::{waiting, warnings};

/// When the DAG is unpaused again.
#[derive(Clone, Copy, PartialEq)]
enum Unpaused {
    Never,
    /// Before anybody has looked.
    AtOnce,
    /// When the pause was told.
    WhenTold,
}

/// Follows a run of `a` with these tasks; its DAG is paused at once.
async fn paused(version: &'static str, tasks: &str, unpaused: Unpaused) -> Ran {
    let stage = Stage::new(version, &format!("{{dags: [{{dag_id: a, run: {{tasks: [{tasks}]}}}}]}}")).await;
    let playbook = waiting("{timeout: 2h}");
    let is_told = Cell::new(false);
    let watch = |kind: &EventKind| {
        is_told.set(is_told.get() || matches!(kind, EventKind::Warned { .. }));
        false
    };
    let somebody = async {
        stage.until_there_is_a_run("a").await;
        stage.send("PATCH", "/dags/a", r#"{"is_paused": true}"#).await;
        while unpaused == Unpaused::WhenTold && !is_told.get() {
            tokio::task::yield_now().await;
        }
        if unpaused != Unpaused::Never {
            stage.send("PATCH", "/dags/a", r#"{"is_paused": false}"#).await;
        }
    };
    tokio::join!(stage.run_watched(&playbook, &watch, &|_| None), somebody).0
}

#[tokio::test]
async fn a_run_whose_last_task_is_active_is_followed_to_its_end_and_that_is_told_once() {
    for version in BOTH {
        for (state, duration) in [("running", "30m"), ("queued", "5m"), ("deferred", "1h")] {
            let ran =
                paused(version, &format!("{{task_id: last, state: {state}, duration: {duration}}}"), Unpaused::Never)
                    .await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {state}: {ran:#?}");
            let told = warnings(&ran);
            assert_eq!(told.len(), 1, "{version}: {told:?}");
            assert!(told[0].contains(&format!("(`last` is {state})")), "{version}: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_last_task_that_fails_on_a_paused_dag_is_a_failed_run() {
    for version in BOTH {
        let ran =
            paused(version, "{task_id: last, outcome: failed, duration: 5m}, {task_id: after}", Unpaused::Never).await;
        assert_eq!(ran.kind(), FailureKind::DagRunFailed, "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn what_waits_for_the_scheduler_ends_the_wait_and_is_named() {
    for version in BOTH {
        for state in ["scheduled", "up_for_retry", "up_for_reschedule"] {
            let ran = paused(version, &format!("{{task_id: t, state: {state}, duration: 1h}}"), Unpaused::Never).await;
            assert_eq!(ran.kind(), FailureKind::DagPaused, "{version} {state}: {ran:#?}");
            let note = &ran.failure().notes[0];
            assert!(note.starts_with(&format!("task `t` is {state}")), "{version}: {note}");
            assert!(ran.step(0).elapsed_ms.is_some_and(|took| took <= 60_000), "{version} {state}: {ran:#?}");
        }
    }
}

#[tokio::test]
async fn a_task_that_is_not_scheduled_ends_the_wait_once_the_one_before_it_is_done() {
    for version in BOTH {
        let ran =
            paused(version, "{task_id: first, duration: 10m}, {task_id: second, duration: 1m}", Unpaused::Never).await;
        assert_eq!(ran.kind(), FailureKind::DagPaused, "{version}: {ran:#?}");
        assert_eq!(ran.failure().notes, ["task `second` is not scheduled yet"], "{version}");
        assert_eq!(ran.failure().help.as_deref(), Some("unpause the DAG: the run goes on then"));
        let took = ran.step(0).elapsed_ms.expect("it ended");
        assert!((600_000..=600_000 + 240_000).contains(&took), "{version}: {took} ms");
    }
}

#[tokio::test]
async fn a_dag_that_is_unpaused_again_is_followed_as_before() {
    for version in BOTH {
        for (unpaused, told) in [(Unpaused::AtOnce, 0), (Unpaused::WhenTold, 2)] {
            let tasks = "{task_id: first, duration: 10m}, {task_id: second, duration: 10m}";
            let ran = paused(version, tasks, unpaused).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {told}: {ran:#?}");
            let warnings = warnings(&ran);
            assert_eq!(warnings.len(), told, "{version}: {warnings:?}");
            assert!(told == 0 || warnings[1] == "the DAG `a` is not paused any more", "{version}: {warnings:?}");
        }
    }
}

#[tokio::test]
async fn a_given_run_of_a_paused_dag_is_followed_while_a_task_of_it_is_active() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {tasks: [{task_id: t, duration: 10m}]}}]}").await;
        let body = r#"{"dag_run_id": "theirs", "logical_date": "2026-11-22T12:00:00Z"}"#;
        stage.send("POST", "/dags/a/dagRuns", body).await;
        stage.send("PATCH", "/dags/a", r#"{"is_paused": true}"#).await;
        let ran = stage.run("name: w\nsteps: [{wait_for_dag_run: {dag_id: a, dag_run_id: theirs, timeout: 1h}}]").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}
