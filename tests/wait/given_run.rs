//! `wait_for_dag_run`: a run that somebody else made.

use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_each};
use crate::stage::{Ran, Stage};

/// Makes a run in the first step and waits for it in the second, with these keys.
fn made_then_waited(keys: &str) -> String {
    format!(
        "name: w\nsteps: [{{trigger_dag: {{dag_id: a, dag_run_id: theirs}}}}, \
         {{id: wait, wait_for_dag_run: {{dag_id: a, dag_run_id: theirs{keys}}}}}]"
    )
}

async fn waited(version: &'static str, scenario: &str, keys: &str) -> Ran {
    Stage::new(version, scenario).await.run(&made_then_waited(keys)).await
}

#[tokio::test]
async fn a_run_of_somebody_else_is_followed_to_its_end() {
    for version in BOTH {
        let ran = waited(version, "{dags: [{dag_id: a, run: {queued_for: 20s, duration: 1h}}]}", ", timeout: 2h").await;
        assert_eq!(ran.outcome(1), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let Some(ActionResult::TriggerDag(run)) = &ran.step(1).result else { panic!("{version}: {ran:#?}") };
        assert_eq!((run.dag_run_id.as_str(), run.state.as_str()), ("theirs", "success"), "{version}");
        assert_eq!(run.duration_seconds, Some(3600.0), "{version}");
    }
}

#[tokio::test]
async fn its_verdicts_are_those_of_every_wait() {
    let table = [
        ("{duration: 2h}", ", timeout: 1h", FailureKind::WaitTimedOut),
        ("{queued_for: 2h}", ", timeout: 3h, queued_for: 10m", FailureKind::QueuedTooLong),
        ("{tasks: [{task_id: t, outcome: failed}]}", "", FailureKind::DagRunFailed),
        (
            "{outcome: success, tasks: [{task_id: t, outcome: failed}]}",
            ", tasks: all_success",
            FailureKind::DagRunFailed,
        ),
    ];
    for version in BOTH {
        for (run, keys, kind) in table {
            let ran = waited(version, &format!("{{dags: [{{dag_id: a, run: {run}}}]}}"), keys).await;
            assert_eq!(ran.kind(), kind, "{version} {run}{keys}: {ran:#?}");
        }
    }
}

#[test]
fn a_run_that_is_not_there_is_told_and_so_is_a_dag() {
    let wait = |dag: &str| {
        Run::playbook(&format!("name: w\nsteps: [{{wait_for_dag_run: {{dag_id: {dag}, dag_run_id: r, timeout: 1h}}}}]"))
            .scenario("{dags: [{dag_id: loans}]}")
    };
    is_golden_on_each("wait/no_such_run", || wait("loans"));
    is_golden_on_each("wait/no_such_dag_of_run", || wait("lonas"));
}

#[tokio::test]
async fn a_run_that_comes_later_is_found_when_not_found_is_tried_again() {
    let playbook = "
        name: w
        steps:
          - wait_for_dag_run: {dag_id: a, dag_run_id: theirs, timeout: 1h}
            retry: {attempts: 5, delay: 10s, only: [not_found], jitter: false}
    ";
    for version in BOTH {
        let stage = Stage::new(
            version,
            "{dags: [{dag_id: a}], faults: [{on: {path: dagRuns/theirs, times: 2}, fault: delay, delay: 1s}]}",
        )
        .await;
        let made = async {
            stage
                .send("POST", "/dags/a/dagRuns", r#"{"dag_run_id": "theirs", "logical_date": "2026-11-22T12:00:00Z"}"#)
                .await;
        };
        let (ran, ()) = tokio::join!(stage.run(playbook), made);
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn a_run_of_a_paused_dag_is_told_at_once() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, is_paused: true}]}").await;
        let body = r#"{"dag_run_id": "theirs", "logical_date": "2026-11-22T12:00:00Z"}"#;
        stage.send("POST", "/dags/a/dagRuns", body).await;
        let ran = stage.run("name: w\nsteps: [{wait_for_dag_run: {dag_id: a, dag_run_id: theirs, timeout: 1h}}]").await;
        assert_eq!(ran.kind(), FailureKind::DagPaused, "{version}: {ran:#?}");
        assert!(ran.step(0).elapsed_ms.is_some_and(|took| took <= 3000), "{version}: {ran:#?}");
    }
}
