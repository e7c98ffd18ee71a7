//! A DAG is made ready before a run of it: unpaused, and its active runs skipped, waited for or told.

use myaf_run::event::{EventKind, WriteFate};
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_both};
use crate::stage::Stage;

const PAUSED: &str = "{dags: [{dag_id: a, is_paused: true, schedule: '@daily'}]}";
const LONG: &str = "{dags: [{dag_id: a, run: {duration: 5m}}]}";

/// A playbook whose one step triggers `a` so.
fn trigger(keys: &str) -> String {
    format!("name: r\nsteps: [{{id: load, trigger_dag: {{dag_id: a, {keys}}}}}]")
}

/// A stage on which somebody else's run `theirs` of `a` is active.
async fn with_a_run(version: &'static str, scenario: &str) -> Stage {
    let stage = Stage::new(version, scenario).await.max_time(10);
    stage.send("POST", "/dags/a/dagRuns", r#"{"dag_run_id": "theirs", "logical_date": "2026-10-01T00:00:00Z"}"#).await;
    stage
}

#[test]
fn a_paused_dag_is_unpaused_and_the_step_says_so() {
    is_golden_on_both("ready/unpause", || Run::playbook(&trigger("unpause: true, wait: true")).scenario(PAUSED));
    is_golden_on_both("ready/paused", || Run::playbook(&trigger("wait: true")).scenario(PAUSED));
}

#[tokio::test]
async fn a_dag_that_is_not_paused_is_sent_nothing_but_the_trigger() {
    for version in BOTH {
        let ran = Stage::new(version, LONG).await.run(&trigger("unpause: true")).await;
        assert_eq!(ran.step(0).writes.len(), 1, "{version}: {ran:#?}");
        assert!(ran.step(0).warnings.is_empty(), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_to_an_unpausing_the_dag_is_unpaused_and_has_one_run() {
    let faults = [
        "lost_answer",
        "lost_answer, late: 3s",
        "reset",
        "truncated",
        "not_json",
        "status, status: 500",
        "status, status: 503, carried_out: true",
        "html, carried_out: true",
        "delay, delay: 15s",
    ];
    for version in BOTH {
        for fault in faults {
            let scenario = format!(
                "{{dags: [{{dag_id: a, is_paused: true}}], faults: [{{on: {{method: PATCH, path: dags}}, fault: {fault}}}]}}"
            );
            let stage = Stage::new(version, &scenario).await.max_time(10);
            let ran = stage.run(&trigger("unpause: true, wait: true")).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            assert_eq!(ran.write().identity, "unpause a", "{version} {fault}");
            let fate = ran.write().fate;
            assert!(matches!(fate, Some(WriteFate::Accepted | WriteFate::Found)), "{version} {fault}: {fate:?}");
            assert_eq!(stage.runs("a").await.len(), 1, "{version} {fault}");
        }
    }
}

#[tokio::test]
async fn an_unpausing_that_is_refused_or_unknown_makes_no_run() {
    for version in BOTH {
        for (faults, kind, fate) in [
            (
                "{on: {method: PATCH, path: dags}, fault: status, status: 403}",
                FailureKind::Authentication,
                WriteFate::Refused,
            ),
            (
                "{on: {method: PATCH, path: dags, always: true}, fault: reset}",
                FailureKind::OutcomeUnknown,
                WriteFate::Unknown,
            ),
        ] {
            let scenario = format!("{{dags: [{{dag_id: a, is_paused: true}}], faults: [{faults}]}}");
            let stage = Stage::new(version, &scenario).await;
            let ran = stage.run(&trigger("unpause: true")).await;
            assert_eq!((ran.kind(), ran.write().fate), (kind, Some(fate)), "{version}: {ran:#?}");
            assert!(stage.runs("a").await.is_empty(), "{version}");
        }
    }
}

#[tokio::test]
async fn an_unpausing_that_no_sink_has_taken_is_not_sent() {
    let announcement = |kind: &EventKind| matches!(kind, EventKind::WriteAnnounced(_));
    for version in BOTH {
        let stage = Stage::new(version, PAUSED).await;
        let ran = stage.run_watched(&trigger("unpause: true"), &announcement, &|_| None).await;
        assert!(ran.result.is_err(), "{version}");
        assert_eq!(stage.send("GET", "/dags/a", "").await["is_paused"], true, "{version}");
    }
}

#[tokio::test]
async fn an_active_run_lets_a_step_skip_and_the_captures_are_not_made() {
    let playbook = format!("{}\n", trigger("if_active: skip").replace("}}]", "}, capture: {id: dag_run_id}}]"));
    let playbook = playbook.replace("}}]", "}}, {print: '{{ id }}'}]");
    for version in BOTH {
        let stage = with_a_run(version, LONG).await;
        let ran = stage.run(&playbook).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Skipped), "{version}: {ran:#?}");
        let expected = "the DAG `a` has the active run `theirs`, it is running; no run was made";
        assert_eq!(ran.step(0).warnings, [expected], "{version}");
        assert!(ran.failure().message.contains(&format!("step `load` was skipped: {expected}")), "{version}: {ran:#?}");
        assert_eq!(stage.runs("a").await, ["theirs"], "{version}");
    }
}

#[tokio::test]
async fn an_active_run_lets_a_step_fail_before_anything_is_sent() {
    for version in BOTH {
        let stage = with_a_run(version, &LONG.replace("duration", "queued_for")).await;
        let ran = stage.run(&trigger("if_active: fail, unpause: true")).await;
        assert_eq!(ran.kind(), FailureKind::NotReady, "{version}: {ran:#?}");
        let expected = "the DAG `a` has the active run `theirs`, it is queued; no run was made";
        assert_eq!(ran.failure().message, expected, "{version}");
        assert!(ran.failure().location.is_some() && ran.step(0).writes.is_empty(), "{version}: {ran:#?}");
        assert_eq!(stage.runs("a").await, ["theirs"], "{version}");
    }
}

#[tokio::test]
async fn a_run_is_made_once_no_other_is_active() {
    for version in BOTH {
        let stage = with_a_run(version, LONG).await;
        let ran = stage.run(&trigger("if_active: wait, wait: true")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        assert!(ran.step(0).elapsed_ms.is_some_and(|took| took >= 600_000), "{version}: {ran:#?}");
        assert_eq!(stage.runs("a").await.len(), 2, "{version}");
    }
}

#[tokio::test]
async fn the_wait_for_active_runs_is_bounded_by_the_step_and_names_the_run() {
    for version in BOTH {
        for bound in ["timeout: 1m, ", ""] {
            let playbook = trigger("if_active: wait").replace("id: load, ", &format!("id: load, {bound}"));
            let playbook = format!("{playbook}\ndefaults: {{timeout: 1m}}");
            let stage = with_a_run(version, LONG).await;
            let ran = stage.run(&playbook).await;
            assert_eq!((ran.kind(), ran.step(0).elapsed_ms), (FailureKind::TimedOut, Some(60_000)), "{version}");
            let expected =
                "the DAG `a` has the active run `theirs`, it is running, still so after 1m00s; no run was made";
            assert_eq!(ran.failure().message, expected, "{version}");
            assert_eq!(stage.runs("a").await, ["theirs"], "{version}");
        }
    }
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_active_runs() {
    let seen = |kind: &EventKind| matches!(kind, EventKind::Waiting { .. }).then_some(15);
    for version in BOTH {
        let stage = with_a_run(version, LONG).await;
        let ran = stage.run_watched(&trigger("if_active: wait"), &|_| false, &seen).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Interrupted), "{version}: {ran:#?}");
        assert_eq!(stage.runs("a").await, ["theirs"], "{version}");
    }
}

#[tokio::test]
async fn runs_that_have_ended_are_not_active_and_the_default_does_not_look() {
    for version in BOTH {
        let stage = with_a_run(version, "{dags: [{dag_id: a}]}").await;
        assert_eq!(stage.runs("a").await, ["theirs"]);
        let ran = stage.run(&trigger("if_active: skip")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let ran = with_a_run(version, LONG).await.run(&trigger("if_active: trigger")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}
