//! Runs that are there already, on a DAG that is paused: they get on only when it is unpaused.

use std::process::Command;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::{BOTH, Run};
use crate::served::Served;
use crate::stage::{Ran, Stage};

const BAD: &str = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed, recovers_after: 1}]}}]}";

fn keyed(unpause: &str) -> String {
    format!(
        "name: w\nsteps: [{{id: load, trigger_dag: {{dag_id: a, once_per: k, if_failed: clear, wait: true{unpause}}}}}]"
    )
}

fn own(keys: &str) -> String {
    format!("name: w\nsteps: [{{id: load, trigger_dag: {{dag_id: a, dag_run_id: theirs, if_exists: use{keys}}}}}]")
}

fn warned(ran: &Ran, words: &str) -> usize {
    let says = |kind: &EventKind| matches!(kind, EventKind::Warned { message, .. } if message.contains(words));
    ran.events.iter().filter(|event| says(&event.kind)).count()
}

async fn pause(stage: &Stage) {
    stage.send("PATCH", "/dags/a", r#"{"is_paused": true}"#).await;
}

#[tokio::test]
async fn a_failed_run_of_a_paused_dag_is_cleared_only_once_the_dag_is_unpaused() {
    for version in BOTH {
        let stage = Stage::new(version, BAD).await;
        assert_eq!(stage.run(&keyed("")).await.kind(), FailureKind::DagRunFailed, "{version}");
        pause(&stage).await;
        let refused = stage.run(&keyed("")).await;
        assert_eq!(refused.kind(), FailureKind::NotReady, "{version}: {refused:#?}");
        assert!(refused.failure().message.starts_with("the DAG `a` is paused; its run `myaf__w__load__k__"));
        assert!(refused.failure().help.as_deref().is_some_and(|help| help.contains("unpause: true")));
        assert!(refused.step(0).writes.is_empty(), "{version}: {refused:#?}");
        let cleared = stage.run(&keyed(", unpause: true")).await;
        assert_eq!(cleared.outcome(0), Some(StepOutcome::Passed), "{version}: {cleared:#?}");
        assert_eq!(warned(&cleared, "it is unpaused now"), 1, "{version}");
        assert_eq!(warned(&cleared, "were cleared and run again"), 1, "{version}");
    }
}

#[tokio::test]
async fn a_queued_run_of_a_paused_dag_is_taken_only_once_the_dag_is_unpaused() {
    let body = r#"{"dag_run_id": "theirs", "logical_date": "2026-11-22T12:00:00Z"}"#;
    for version in BOTH {
        for wait in ["", ", wait: true"] {
            let stage = Stage::new(version, "{dags: [{dag_id: a, is_paused: true}]}").await;
            stage.send("POST", "/dags/a/dagRuns", body).await;
            let refused = stage.run(&own(wait)).await;
            assert_eq!(refused.kind(), FailureKind::NotReady, "{version}: {refused:#?}");
            assert_eq!(refused.failure().message, "the DAG `a` is paused, and its run `theirs` is queued", "{version}");
            assert_eq!(refused.step(0).elapsed_ms, Some(0), "{version}");
            let taken = stage.run(&own(&format!("{wait}, unpause: true"))).await;
            let expected = if wait.is_empty() { StepOutcome::Already } else { StepOutcome::Passed };
            assert_eq!(taken.outcome(0), Some(expected), "{version}: {taken:#?}");
            assert_eq!(warned(&taken, "it is unpaused now"), 1, "{version}");
        }
    }
}

#[test]
fn resume_with_clear_unpauses_first_or_refuses() {
    for version in BOTH {
        for unpause in [false, true] {
            let served = Served::new(BAD);
            let keys = if unpause { ", unpause: true" } else { "" };
            let step = format!("{{id: load, trigger_dag: {{dag_id: a, wait: true{keys}}}}}");
            let run = Run::playbook(&format!("name: w\nsteps: [{step}]"))
                .var("MY_AIRFLOW_API_URL", &served.url(version))
                .var("MY_AIRFLOW_API_KEY", &served.key);
            assert_eq!(run.end().code, 1, "{version}");
            served.patch(&format!("/api/{version}/dags/a"), r#"{"is_paused": true}"#);
            let resumed = Command::new(env!("CARGO_BIN_EXE_myaf-run"))
                .current_dir(run.folder())
                .env_clear()
                .env("XDG_STATE_HOME", run.folder().join(".state"))
                .env("MY_AIRFLOW_API_URL", served.url(version))
                .env("MY_AIRFLOW_API_KEY", &served.key)
                .args(["resume", "--clear", "load"])
                .output()
                .expect("it starts");
            let told = String::from_utf8_lossy(&resumed.stderr);
            assert_eq!(resumed.status.code(), Some(i32::from(!unpause)), "{version} {unpause}: {told}");
            let expected = if unpause { "it is unpaused now" } else { "was not cleared" };
            assert!(told.contains(expected), "{version} {unpause}: {told}");
            let is_failed = served.get(&format!("/api/{version}/dags/a/dagRuns")).contains("\"failed\"");
            assert_eq!(is_failed, !unpause, "{version}: nothing is cleared that would stay queued");
        }
    }
}
