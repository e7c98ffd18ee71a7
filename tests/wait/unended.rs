//! What is said of a run that has not ended when the wait for it does.

use std::time::Duration;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::{BOTH, is_golden_on_each};
use crate::stage::Stage;
use crate::wait::{on, wait_while, waiting};

#[tokio::test]
async fn the_tasks_that_are_not_done_are_named_with_their_states() {
    let table = [
        ("{task_id: t, state: up_for_retry, retries: 3, duration: 2h}", "task `t` is up_for_retry", ", try 1 of 4"),
        ("{task_id: t, state: scheduled, pool: tiny, duration: 2h}", "task `t` is scheduled", ", pool `tiny`"),
        ("{task_id: t, state: queued, duration: 2h}", "task `t` is queued since 2026-11-22T12:00:00Z", "default_pool`"),
        ("{task_id: t, state: deferred, duration: 2h}", "task `t` is deferred since 2026-11-22T12:00:00Z", "Z"),
        ("{task_id: t, state: up_for_reschedule, duration: 2h}", "task `t` is up_for_reschedule", "up_for_reschedule"),
        ("{task_id: t, duration: 2h}", "task `t` is running since 2026-11-22T12:00:00Z", "Z"),
    ];
    for version in BOTH {
        for (task, begins, ends) in table {
            let scenario = format!("{{dags: [{{dag_id: a, run: {{tasks: [{task}]}}}}]}}");
            let ran = wait_while(version, &scenario, "{timeout: 30m}").await;
            assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version} {task}: {ran:#?}");
            let [stands, note] = &ran.failure().notes[..] else { panic!("{version}: {:?}", ran.failure()) };
            assert_eq!(stands, "the run goes on in Airflow");
            assert!(note.starts_with(begins) && note.ends_with(ends), "{version}: {note}");
            assert_eq!(ran.failure().unfinished_tasks.len(), 1, "{version}");
            assert_eq!(ran.failure().unfinished_tasks[0].task_id, "t");
        }
    }
}

#[test]
fn tasks_that_are_done_are_left_out_and_those_to_come_are_told_together() {
    let scenario = "
        dags:
          - dag_id: a
            run:
              tasks:
                - {task_id: done, duration: 1m}
                - {task_id: now, duration: 3h}
                - {task_id: b}
                - {task_id: c}
                - {task_id: d}
                - {task_id: e}
                - {task_id: f}
                - {task_id: g}
    ";
    is_golden_on_each("wait/unended", || on(scenario, "{timeout: 90m}"));
}

#[tokio::test]
async fn a_queued_run_says_that_another_one_is_running() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {queued_for: 10m, duration: 2h}}]}").await;
        let body = r#"{"dag_run_id": "theirs", "logical_date": "2026-11-22T11:00:00Z"}"#;
        stage.send("POST", "/dags/a/dagRuns", body).await;
        stage.clock.sleep(Duration::from_secs(660)).await;
        let ran = stage.run(&waiting("{queued_for: 1m}")).await;
        assert_eq!(ran.kind(), FailureKind::QueuedTooLong, "{version}: {ran:#?}");
        let note = "1 other run of the DAG is running: `max_active_runs` may let no more start";
        assert_eq!(ran.failure().notes, ["the run goes on in Airflow", note], "{version}");
    }
}

#[tokio::test]
async fn a_signal_and_the_deadline_name_them_too_within_the_grace() {
    let scenario = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, duration: 2h}, {task_id: u}]}}]}";
    let seen = |kind: &EventKind| matches!(kind, EventKind::Waiting { state, .. } if state == "running").then_some(15);
    let never = |_: &EventKind| None;
    for version in BOTH {
        for (by_signal, kind) in [(true, FailureKind::Interrupted), (false, FailureKind::DeadlinePassed)] {
            let stage = Stage::new(version, scenario).await.deadline(600);
            let signals: &dyn Fn(&EventKind) -> Option<i32> = if by_signal { &seen } else { &never };
            let ran = stage.run_watched(&waiting("{timeout: 2h}"), &|_| false, signals).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Interrupted), "{version}: {ran:#?}");
            let failure = ran.step(0).failure.as_ref().expect("it failed");
            assert_eq!(failure.kind, kind, "{version}");
            assert!(failure.message.ends_with("of `a` goes on"), "{}", failure.message);
            assert!(failure.notes[0].starts_with("task `t` is running since "), "{version}: {failure:?}");
            assert_eq!(failure.notes[1], "task `u` is not scheduled yet", "{version}");
            assert_eq!(failure.unfinished_tasks.len(), 2, "{version}");
        }
    }
}

#[tokio::test]
async fn what_can_not_be_asked_leaves_the_verdict_as_it_is() {
    let scenario = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, duration: 2h}]}}], FAULT}";
    for version in BOTH {
        for fault in ["status, status: 403", "reset", "delay, delay: 10s"] {
            let fault = format!("faults: [{{on: {{path: taskInstances, always: true}}, fault: {fault}}}]");
            let ran = wait_while(version, &scenario.replace("FAULT", &fault), "{timeout: 30m}").await;
            assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version}: {ran:#?}");
            assert_eq!(ran.failure().notes, ["the run goes on in Airflow"], "{version}");
            let took = ran.step(0).elapsed_ms.expect("it ended");
            assert!(took <= 1_800_000 + 12_000, "{version} {fault}: {took} ms");
        }
    }
}
