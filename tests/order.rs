//! The order of a step's parts, and what a step leaves to those after it.

use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::Stage;

const WORLD: &str = "{dags: [{dag_id: a, run: {duration: 5s}}, {dag_id: bad, run: {outcome: failed}}]}";

#[test]
fn a_step_whose_when_is_false_renders_and_asks_nothing() {
    let playbook = "
        name: o
        vars: {go: false, nothing: {}}
        steps:
          - {id: skipped, when: go, trigger_dag: {dag_id: \"{{ nothing.there }}\"}, expect: false, capture: {x: nothing.there}}
          - {id: ran, when: not go, print: ran}
          - {id: constant, when: false, print: never}
    ";
    is_golden_on_both("order/when", || Run::playbook(playbook).scenario(WORLD));
}

#[test]
fn a_when_that_is_neither_true_nor_false_is_a_failure_at_its_place() {
    let playbook = "name: o\nvars: {list: [1]}\nsteps:\n  - {when: list, print: never}";
    Run::playbook(playbook).scenario(WORLD).end().is_golden("order/when_not_boolean");
}

#[test]
fn a_capture_of_a_skipped_step_names_that_step_when_it_is_used() {
    let playbook = "
        name: o
        vars: {go: false}
        steps:
          - {id: load, when: go, list_dags: {}, capture: {count: total}}
          - {id: asks, print: \"{{ 'there' if count is defined else 'not there' }}\"}
          - {id: guards, when: count is defined, print: never}
          - {id: defaults, print: \"{{ count | default(7) }}\"}
          - {id: uses, print: \"{{ count }} DAGs\"}
    ";
    Run::playbook(playbook).scenario(WORLD).end().is_golden("order/skipped_capture");
}

#[test]
fn a_skipped_capture_in_a_condition_names_the_step_too() {
    let playbook = "
        name: o
        vars: {go: false}
        steps:
          - {id: load, when: go, list_dags: {}, capture: deployed}
          - {id: uses, assert: deployed.total > 3}
    ";
    Run::playbook(playbook).scenario(WORLD).end().is_golden("order/skipped_capture_in_assert");
}

#[test]
fn a_failing_expectation_comes_before_the_capture_and_shows_the_values() {
    let playbook = "
        name: o
        steps:
          - id: load
            trigger_dag: {dag_id: a, wait: true}
            expect:
              - state == 'success'
              - duration_seconds < 5
              - {that: conf.rows == 3, message: \"no rows in {{ dag_run_id }}\"}
            capture: {x: conf.nothing.there}
          - print: never
    ";
    is_golden_on_each("order/expect", || Run::playbook(playbook).scenario(WORLD));
}

#[test]
fn an_expectation_is_looked_at_after_the_wait() {
    let playbook = "name: o\nsteps: [{trigger_dag: {dag_id: a, wait: true}, expect: state == 'success'}]";
    is_golden_on_each("order/expect_after_wait", || Run::playbook(playbook).scenario(WORLD));
}

#[test]
fn a_failed_run_is_told_before_any_expectation() {
    let playbook = "name: o\nsteps: [{trigger_dag: {dag_id: bad, wait: true}, expect: false}]";
    is_golden_on_both("order/failed_run_first", || Run::playbook(playbook).scenario(WORLD));
}

#[test]
fn a_failing_capture_fails_the_step_and_the_run_stays_known() {
    let playbook = "
        name: o
        steps:
          - {id: load, trigger_dag: {dag_id: a}, capture: {x: conf.rows + 1}}
    ";
    is_golden_on_both("order/capture", || Run::playbook(playbook).scenario(WORLD));
    let report = Run::playbook(playbook).scenario(WORLD).report();
    let step = &report["steps"][0];
    assert_eq!(step["outcome"], "failed");
    assert!(step["result"]["dag_run_id"].is_string(), "{step:#}");
    assert_eq!(step["writes"][0]["fate"], "accepted");
}

#[tokio::test]
async fn values_keep_their_types_on_their_way() {
    let playbook = "
        name: o
        inputs: {count: {type: integer, default: 3}, flag: {type: boolean, default: true}}
        vars: {list: [1, two, {three: 3}], map: {k: [true, null]}, text: '7'}
        steps:
          - trigger_dag:
              dag_id: a
              conf:
                list: \"{{ list }}\"
                map: \"{{ map }}\"
                count: \"{{ count }}\"
                flag: \"{{ flag }}\"
                text: \"{{ text }}\"
                joined: \"{{ count }} of {{ text }}\"
                sum: \"{{ count + 1 }}\"
                half: \"{{ count / 2 }}\"
                raw: \"{% raw %}{{ ds }}{% endraw %}\"
                plain: {a: [1, 2.5, null, false]}
            capture: {sent: conf, sent_list: conf.list}
          - assert:
              - sent_list[2].three == 3
              - sent.count == 3
              - sent.flag is true
              - sent.text == '7'
    ";
    for version in BOTH {
        let ran = Stage::new(version, WORLD).await.run(playbook).await;
        let Some(ActionResult::TriggerDag(run)) = &ran.step(0).result else { panic!("{ran:#?}") };
        let expected = serde_json::json!({
            "list": [1, "two", {"three": 3}], "map": {"k": [true, null]}, "count": 3, "flag": true, "text": "7",
            "joined": "3 of 7", "sum": 4, "half": 1.5, "raw": "{{ ds }}", "plain": {"a": [1, 2.5, null, false]},
        });
        assert_eq!(run.conf, expected, "{version}");
        assert_eq!(ran.outcome(1), Some(StepOutcome::Passed), "{ran:#?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_told_at_its_place_and_nothing_is_sent() {
    for (name, keys) in [
        ("list_in_text", "note: \"rows {{ list }}\""),
        ("list_as_note", "note: \"{{ list }}\""),
        ("text_as_conf", "conf: \"{{ text }}\""),
        ("none", "note: \"{{ nothing }}\""),
        ("date", "logical_date: \"{{ text }}\""),
        ("naive_date", "logical_date: \"{{ '2026-10-01T00:00:00' }}\""),
    ] {
        let playbook = format!(
            "name: o\nvars: {{list: [1], text: some text, nothing: null}}\nsteps:\n  - trigger_dag:\n      dag_id: a\n      {keys}"
        );
        is_golden_on_both(&format!("order/type_{name}"), || Run::playbook(&playbook).scenario(WORLD));
    }
}

#[tokio::test]
async fn a_result_that_is_captured_whole_has_all_its_fields() {
    let playbook = "
        name: o
        steps:
          - {list_dags: {}, capture: all}
          - {id: load, trigger_dag: {dag_id: \"{{ all.dag_ids[0] }}\"}, capture: made}
          - assert:
              - all.total == 2
              - all.dags | map(attribute='dag_id') | list == all.dag_ids
              - made.dag_id == 'a'
              - made.conf == {}
    ";
    for version in BOTH {
        let ran = Stage::new(version, WORLD).await.run(playbook).await;
        assert_eq!(ran.record.verdict(), myaf_run::record::Verdict::Passed, "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn the_first_failure_ends_the_run() {
    let ran = Stage::new("v2", WORLD).await.run("name: o\nsteps: [{assert: false}, {trigger_dag: {dag_id: a}}]").await;
    assert_eq!(ran.kind(), FailureKind::Expectation);
    assert_eq!((ran.outcome(1), ran.step(1).requests), (None, 0));
}

#[tokio::test]
async fn now_and_today_are_the_runs_start_in_every_step() {
    let playbook = "
        name: o
        timezone: Europe/Lisbon
        vars: {at_start: \"{{ now() | date('%H:%M:%S') }}\"}
        steps:
          - trigger_dag: {dag_id: a, wait: true}
          - assert: \"now() | date('%H:%M:%S') == at_start\"
          - assert: \"today() | date('%Y-%m-%d') == '2026-11-22'\"
    ";
    let ran = Stage::new("v2", WORLD).await.run(playbook).await;
    assert_eq!(ran.record.verdict(), myaf_run::record::Verdict::Passed, "{ran:#?}");
}
