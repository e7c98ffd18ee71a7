//! Values and waits without a DAG run: `until`, `within`, `pause`, `set_vars`, `steps.ID` and `outputs`.

use std::time::Duration;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};
use serde_json::json;

use crate::run::{BOTH, Run, is_golden_on_both};
use crate::stage::Stage;

const WORLD: &str =
    "{dags: [{dag_id: a, run: {duration: 1m}}, {dag_id: paused, is_paused: true}], datasets: [{uri: d}]}";

fn steps(text: &str) -> String {
    format!("name: v\nsteps: [{text}]")
}

#[tokio::test]
async fn until_looks_ever_more_rarely_and_its_verdict_comes_from_a_look_after_the_end() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let before = stage.clock.elapsed();
        let ran = stage
            .run(&steps("{list_dags: {}, until: total > 5, poll: {every: 2s, max_every: 4s, timeout: 10s}}"))
            .await;
        assert_eq!(ran.kind(), FailureKind::UntilNotTrue, "{ran:#?}");
        let failure = ran.failure();
        assert_eq!(failure.message, "`until` did not become true in 10s, looked 5 times");
        assert_eq!(failure.unmet[0].values, [("total".to_owned(), "2".to_owned())]);
        assert_eq!(ran.step(0).requests, 5, "at 0, 2, 5, 9 and 10 seconds");
        assert_eq!(stage.clock.elapsed().saturating_sub(before).as_secs(), 10);
        assert!(ran.step(0).tries.is_empty(), "a look is no try");
        assert!(ran.step(0).result.is_some(), "what was seen last is known");
    }
}

#[tokio::test]
async fn until_is_not_cut_by_the_default_timeout_when_it_has_its_own() {
    let stage = Stage::new("v2", WORLD).await;
    let playbook =
        format!("defaults: {{timeout: 3s}}\n{}", steps("{list_dags: {}, until: total > 5, poll: {timeout: 20s}}"));
    let ran = stage.run(&playbook).await;
    assert!(ran.failure().message.contains("in 20s"), "{ran:#?}");
    let without = format!("defaults: {{timeout: 3s}}\n{}", steps("{list_dags: {}, until: total > 5}"));
    let ran = stage.run(&without).await;
    assert!(ran.failure().message.contains("in 3s"), "{ran:#?}");
}

#[tokio::test]
async fn what_becomes_true_ends_the_looking() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let ran = stage.run(&steps("{list_dags: {}, until: total == 2 and result.total == 2, capture: all}")).await;
        assert_eq!((ran.outcome(0), ran.step(0).requests), (Some(StepOutcome::Passed), 1), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_dag_that_is_unpaused_within_the_time_is_there() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let playbook = steps("{assert_dag: {dag_id: paused, is_paused: false, within: 1m}}");
        let (ran, ()) = tokio::join!(stage.run(&playbook), async {
            stage.send("PATCH", "/dags/paused", r#"{"is_paused": false}"#).await;
        });
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_dag_that_never_comes_is_told_with_near_names_once() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let ran = stage.run(&steps("{assert_dag: {dag_id: pausd, within: 10s}}")).await;
        assert_eq!(ran.kind(), FailureKind::NotFound, "{ran:#?}");
        assert_eq!(ran.failure().message, "there is no DAG `pausd`, still so after 10s");
        assert_eq!(ran.failure().help.as_deref(), Some("did you mean `paused`?"));
    }
}

#[tokio::test]
async fn a_pause_takes_its_time_and_a_signal_ends_it() {
    let stage = Stage::new("v2", WORLD).await;
    let before = stage.clock.elapsed();
    let ran = stage.run("name: v\ndefaults: {timeout: 1s}\nsteps: [{pause: 2h}, {print: done}]").await;
    assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{ran:#?}");
    assert_eq!(stage.clock.elapsed().saturating_sub(before), Duration::from_secs(7200));

    let stage = Stage::new("v2", WORLD).await;
    let at_start = |event: &EventKind| matches!(event, EventKind::StepStarted { .. }).then_some(15);
    let ran = stage.run_watched("name: v\nsteps: [{pause: 2h}, {print: done}]", &|_| false, &at_start).await;
    assert_eq!(ran.outcome(0), Some(StepOutcome::Interrupted), "{ran:#?}");
    assert_eq!(ran.record.signal, Some(15));
}

#[test]
fn outputs_keep_their_types_and_come_after_the_last_step() {
    let playbook = "
        name: v
        inputs: {pass: {secret: true, default: s3cret-value}}
        steps:
          - {id: list, list_dags: {}, capture: all}
          - set_vars: {n: \"{{ all.total }}\", pair: [1, \"{{ all.total }}\"]}
          - set_vars: {n: \"{{ n + 1 }}\"}
        outputs: {n: \"{{ n }}\", pair: \"{{ pair }}\", text: \"n is {{ n }}\", how: \"{{ steps.list.outcome }}\", p: \"{{ pass }}\"}
    ";
    is_golden_on_both("values/outputs", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
    let report = Run::playbook(playbook).scenario("dags: [{dag_id: a}]").report();
    assert_eq!(report["outputs"], json!({"n": 2, "pair": [1, 1], "text": "n is 2", "how": "passed", "p": "***"}));
}

#[test]
fn an_output_that_cannot_be_made_fails_the_run_and_names_the_step() {
    let playbook = "
        name: v
        steps:
          - {id: list, list_dags: {}, capture: all, when: 1 > 2}
        outputs: {n: \"{{ all.total }}\"}
    ";
    is_golden_on_both("values/output_unmade", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
    let report = Run::playbook(playbook).scenario("dags: [{dag_id: a}]").report();
    assert_eq!((&report["exit_code"], &report["failure"]["kind"]), (&json!(1), &json!("template")));
    let quiet = Run::playbook(playbook).scenario("dags: [{dag_id: a}]").args(&["--output", "quiet"]).end();
    assert!(quiet.stderr.contains("the output `n`"), "{}", quiet.transcript());
}

#[test]
fn no_outputs_are_made_when_a_step_has_failed() {
    let playbook = "
        name: v
        steps: [{assert: 1 > 2}]
        outputs: {n: 1}
    ";
    let report = Run::playbook(playbook).scenario("dags: [{dag_id: a}]").report();
    assert_eq!((&report["exit_code"], report.get("outputs")), (&json!(1), None));
}

#[test]
fn earlier_steps_tell_how_they_ended() {
    let playbook = "
        name: v
        steps:
          - {id: skipped, print: no, when: 1 > 2}
          - {id: gone-away, assert_dag: {dag_id: nope}, ignore_errors: true}
          - {id: quiet, assert_dag: {dag_id: nope}, ignore_errors: true, no_log: true}
          - print: \"{{ steps.skipped.outcome }} {{ steps.skipped.failure | tojson }} {{ steps['gone-away'].failure.kind }}\"
          - print: \"{{ steps['gone-away'].failure.message }} / {{ steps.quiet.failure.message }}\"
          - assert: steps.print.elapsed >= 0 and steps.print.outcome == 'passed'
    ";
    is_golden_on_both("values/earlier_steps", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
}

#[test]
fn a_name_that_set_vars_did_not_set_names_its_step() {
    let playbook = "
        name: v
        steps:
          - {id: set, set_vars: {x: 1}, when: 1 > 2}
          - print: \"{{ x }}\"
    ";
    is_golden_on_both("values/unset", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
}

#[test]
fn an_until_that_never_holds_is_drawn_with_its_values() {
    let playbook = "
        name: v
        steps:
          - list_dags: {}
            until: total > 5 and 'b' in dag_ids
            poll: {every: 1s, timeout: 5s}
    ";
    is_golden_on_both("values/until", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
}
