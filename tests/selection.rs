//! Which steps are run, what becomes of a failure that is ignored, and what `no_log` keeps back.

use crate::run::{BOTH, Run, is_golden_on_both};

const TAGGED: &str = "
    name: tagged
    steps:
      - {id: read, tags: [read, morning], list_dags: {}, capture: all}
      - {id: load, tags: load, name: Load it, trigger_dag: {dag_id: daily_loan_run}}
      - {id: told, tags: [read], print: \"{{ all.total }}\"}
      - {id: careful, tags: never, print: only when asked}
      - {id: done, tags: always, print: done}
";

/// The ids of the steps that a run with these words has, and its exit code.
fn runs(words: &[&str]) -> (Vec<String>, i32) {
    let run = Run::playbook(TAGGED).args(&["--sandbox", "--output", "json"]).args(words);
    let ended = run.end();
    ended.has_no_bug();
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    let steps = report["steps"].as_array().cloned().unwrap_or_default();
    (steps.iter().map(|step| step["id"].as_str().unwrap_or_default().to_owned()).collect(), ended.code)
}

#[test]
fn tags_and_the_first_step_choose_what_is_run() {
    let table: [(&[&str], &[&str]); 7] = [
        (&[], &["read", "load", "told", "done"]),
        (&["-t", "read"], &["read", "told", "done"]),
        (&["--tags", "read,never"], &["read", "told", "careful", "done"]),
        (&["--tags", "load", "--tags", "morning"], &["read", "load", "done"]),
        (&["--skip-tags", "read,always"], &["load"]),
        (&["--start-at", "load", "--skip-tags", "read"], &["load", "done"]),
        (&["--start-at", "Load it", "-t", "load"], &["load", "done"]),
    ];
    for (words, expected) in table {
        assert_eq!(runs(words), (expected.iter().map(|id| (*id).to_owned()).collect(), 0), "{words:?}");
    }
}

#[test]
fn a_selection_that_matches_nothing_is_told_with_a_near_name() {
    let table: [(&str, &[&str]); 4] = [
        ("unknown_tag", &["-t", "raed"]),
        ("unknown_tag_to_skip", &["--skip-tags", "nothing_like_it"]),
        ("unknown_step", &["--start-at", "laod"]),
        ("nothing_left", &["-t", "load", "--skip-tags", "load,always"]),
    ];
    for (name, words) in table {
        let run = Run::playbook(TAGGED).args(&["--sandbox"]).args(words);
        assert_eq!(run.end().code, 6, "{words:?}");
        run.end().is_golden(&format!("selection/{name}"));
    }
}

#[test]
fn a_capture_that_the_selection_leaves_unmade_is_told_before_anything_is_sent() {
    let run = Run::playbook(TAGGED).args(&["--sandbox", "--start-at", "told"]);
    assert_eq!(run.end().code, 2);
    run.end().is_golden("selection/unmade");
    let guarded = TAGGED.replace("all.total", "all.total if all is defined else 'none'");
    let ended = Run::playbook(&guarded).args(&["--sandbox", "--start-at", "told"]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "none\ndone\n"), "{}", ended.transcript());
}

#[test]
fn steps_are_listed_without_any_airflow() {
    let run = Run::playbook(TAGGED).args(&["--list-steps", "--skip-tags", "load"]);
    assert_eq!(run.end().code, 0);
    run.end().is_golden("selection/list_steps");
}

#[test]
fn ids_do_not_depend_on_the_selection() {
    let playbook = "
        name: ids
        steps:
          - {print: one, tags: a}
          - {print: two, tags: b}
    ";
    let report = Run::playbook(playbook).args(&["--sandbox", "-t", "b"]).report();
    assert_eq!(report["steps"][0]["id"], "print_2");
}

#[test]
fn an_ignored_failure_is_told_and_the_run_goes_on() {
    let playbook = "
        name: ignoring
        steps:
          - {id: gone, assert_dag: {dag_id: not_there}, ignore_errors: true, capture: dag}
          - {id: unmet, assert: 1 > 2, ignore_errors: true}
          - print: \"{{ 'none' if dag is not defined else dag.dag_id }}\"
    ";
    let world = "dags: [{dag_id: a}]";
    is_golden_on_both("selection/ignored", || Run::playbook(playbook).scenario(world));
    let report = Run::playbook(playbook).scenario(world).report();
    assert_eq!(report["exit_code"], 0, "{report:#}");
    assert_eq!(report["steps"][0]["outcome"], "ignored");
    assert_eq!(report["steps"][0]["failure"]["kind"], "not_found");
}

#[test]
fn a_capture_of_an_ignored_step_names_the_step_when_it_is_used() {
    let playbook = "
        name: ignoring
        steps:
          - {id: gone, assert_dag: {dag_id: not_there}, ignore_errors: true, capture: dag}
          - print: \"{{ dag.dag_id }}\"
    ";
    is_golden_on_both("selection/ignored_capture", || Run::playbook(playbook).scenario("dags: [{dag_id: a}]"));
}

#[test]
fn a_write_whose_outcome_is_unknown_is_never_ignored() {
    let playbook = "
        name: ignoring
        steps:
          - {id: load, trigger_dag: {dag_id: a}, ignore_errors: true, retry: false}
          - print: not reached
    ";
    let world = "
        dags: [{dag_id: a}]
        faults:
          - {on: {method: POST, path: /dagRuns}, fault: lost_answer}
          - {on: {method: GET, path: /dagRuns, times: 1000}, fault: reset}
    ";
    for version in BOTH {
        let ended = Run::playbook(playbook).scenario(world).api(version).end();
        assert_eq!(ended.code, 7, "{}", ended.transcript());
        assert!(!ended.stdout.contains("not reached"), "{}", ended.transcript());
    }
}

#[test]
fn what_a_step_with_no_log_does_is_shown_nowhere() {
    const VALUE: &str = "confidential-value-4711";
    let steps = [
        "trigger_dag: {dag_id: a, conf: {x: VALUE}, note: VALUE, wait: true}",
        "trigger_dag: {dag_id: broken, wait: true}",
        "trigger_dag: {dag_id: a}\n            capture: {c: \"'VALUE'\"}",
        "trigger_dag: {dag_id: a, note: VALUE}\n            expect: note == 'other'",
        "post_dataset_event: {dataset_uri: d, extra: {x: VALUE}}",
        "assert: [{that: \"'VALUE' == 'x'\", message: VALUE}]",
        "assert_dag: {dag_id: VALUE}",
    ];
    let world = format!(
        "
        dags: [{{dag_id: a}}, {{dag_id: broken, run: {{tasks: [{{task_id: t, outcome: failed, log: ['it was {VALUE}']}}]}}}}]
        datasets: [{{uri: d}}]
        "
    );
    for step in steps {
        let of = |no_log: bool| {
            let step = step.replace("VALUE", VALUE);
            format!("name: quiet\nsteps:\n          - id: it\n            no_log: {no_log}\n            {step}\n")
        };
        for (output, version) in [("text", "v1"), ("json", "v2"), ("quiet", "v1")] {
            let shown = |no_log| {
                let playbook = of(no_log);
                let run = Run::new().file("p.yaml", &playbook).scenario(&world).api(version);
                let ended = run.args(&["--output", output, "p.yaml"]).end();
                ended.has_no_bug();
                // The line of the playbook under which a failure is drawn is no secret.
                let told = ended.transcript();
                told.lines().filter(|line| !line.contains(" | ")).collect::<Vec<_>>().join("\n")
            };
            assert!(!shown(true).contains(VALUE), "{output} {step}:\n{}", shown(true));
            if output == "json" && !step.starts_with("assert_dag") {
                assert!(shown(false).contains(VALUE), "without `no_log` it is there: {step}");
            }
        }
    }
}
