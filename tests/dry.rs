//! `-C`: reads are real, nothing that changes anything is sent, and what can't be known is not guessed.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use myaf_run::outcome::{FailureKind, StepOutcome};
use serde_json::{Value, json};

use crate::between::Then;
use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::served::Served;
use crate::stage::{Ran, Stage};

const WORLD: &str = "
    dags:
      - {dag_id: loans, tags: [daily], run: {duration: 5s}}
      - {dag_id: loan_marts, schedule_on: [s3://lake/loans]}
      - {dag_id: archive, is_paused: true}
      - {dag_id: failing, run: {tasks: [{task_id: t, outcome: failed}]}}
    datasets: [{uri: s3://lake/loans}]
";

/// What touches an unknown, in every place that a value can stand in.
const FLOW: &str = "
    name: flow
    steps:
      - {list_dags: {tags: [daily]}, capture: deployed}
      - id: load
        name: Load
        trigger_dag:
          dag_id: loans
          note: it's of {{ playbook.name }}
          conf: {dags: \"{{ deployed.total }}\"}
          wait: {timeout: 1h}
        expect: [state == 'success', dag_run_id is string]
        capture: {run_id: dag_run_id, run_state: state}
      - print: \"{{ run_id }} is {{ run_state }}\"
      - id: marts
        name: Marts after {{ run_state }}
        trigger_dag:
          dag_id: loan_marts
          conf: {run: \"{{ run_id }}\", was: \"{{ run_state }}\", deep: [{state: \"is {{ run_state }}\"}]}
        when: run_state == 'success'
        capture: marts
      - id: tell
        post_dataset_event: {dataset_uri: s3://lake/loans, extra: {run: \"{{ run_id }}\"}}
      - assert: [deployed.total == 1, run_state == 'success', \"marts.dag_run_id is string\"]
      - pause: 10m
      - id: wake
        trigger_dag: {dag_id: archive, unpause: true}
      - assert_dag: {dag_id: archive, is_paused: false}
      - trigger_dag: {dag_id: \"{{ marts.dag_id }}\"}
      - set_vars: {known: \"{{ run_id | length > 0 }}\", open: \"{{ run_state }}\"}
      - {print: known, when: known}
      - {print: open, when: open == 'success'}
      - {print: never, when: deployed.total == 2}
      - assert_dag: {dag_id: loans, tags: [weekly], within: 5m}
      - list_dags: {}
        until: total == 99
      - {print: \"{{ steps.load.outcome }}\"}
    outputs: {run: \"{{ run_id }}\", state: \"{{ run_state }}\"}
";

fn flow() -> Run {
    Run::playbook(FLOW).scenario(WORLD).args(&["-C"])
}

#[test]
fn each_write_is_shown_and_what_touches_an_unknown_is_unknown() {
    is_golden_on_each("dry/flow", flow);
}

#[test]
fn curl_commands_are_on_stdout_and_everything_else_is_not() {
    is_golden_on_each("dry/curl", || flow().args(&["--curl"]));
}

#[test]
fn the_report_holds_the_requests_and_what_is_left_open() {
    for version in BOTH {
        let ended = flow().api(version).args(&["--output", "json"]).end();
        crate::run::is_golden(&format!("dry/report.{version}"), &ended.stdout);
    }
}

#[test]
fn a_quiet_check_that_passes_prints_nothing_and_one_that_fails_one_line() {
    let ended = flow().args(&["--output", "quiet"]).end();
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""));
    is_golden_on_both("dry/quiet_failure", || {
        let playbook = "name: q\nsteps: [{trigger_dag: {dag_id: loans}}, {trigger_dag: {dag_id: archive}}]";
        Run::playbook(playbook).scenario(WORLD).args(&["-C", "--output", "quiet"])
    });
}

/// A check of a playbook: what came of it, and how often the server was asked with which method, logins left out.
async fn checked(version: &'static str, scenario: &str, playbook: &str) -> (Ran, BTreeMap<String, usize>) {
    let stage = Stage::behind(version, scenario, |_| Then::Forward).await.that_only_reads();
    let ran = stage.run(playbook).await;
    assert_eq!(ran.result, Ok(()));
    let mut methods = BTreeMap::new();
    for asked in stage.asked().iter().filter(|asked| asked.path != "/auth/token") {
        *methods.entry(asked.method.clone()).or_default() += 1;
    }
    (ran, methods)
}

#[tokio::test(flavor = "current_thread")]
async fn no_check_sends_anything_but_reads() {
    let builtin = include_str!("../src/sandbox/builtin.yaml");
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut count = 0;
    for version in BOTH {
        for entry in fs::read_dir(examples).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let (ran, methods) = checked(version, builtin, &fs::read_to_string(&path).expect("text")).await;
            assert_eq!(ran.record.first_failure().map(|(_, failure)| failure), None, "{}", path.display());
            assert_eq!(methods.keys().collect::<Vec<_>>(), ["GET"], "{version}: {}", path.display());
            assert!(ran.record.steps.iter().all(|step| step.writes.is_empty()), "{ran:#?}");
            count += ran.record.steps.iter().map(|step| step.would.len()).sum::<usize>();
        }
        let (_, methods) = checked(version, WORLD, FLOW).await;
        assert_eq!(methods.keys().collect::<Vec<_>>(), ["GET"], "{version}");
    }
    // quickstart 1, seed 2, dataset_event 1, kitchen_sink 5
    assert_eq!(count, 2 * 9);
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_run_of_a_key_would_become_is_looked_up() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await;
        let made = stage
            .run(
                "
                name: keys
                steps:
                  - {id: good, trigger_dag: {dag_id: loans, once_per: k, wait: true}}
                  - {id: bad, ignore_errors: true, trigger_dag: {dag_id: failing, once_per: k, wait: true}}
                  - {id: told, post_dataset_event: {dataset_uri: s3://lake/loans, once_per: k}}
                ",
            )
            .await;
        assert_eq!(
            [0, 1, 2].map(|at| made.outcome(at)),
            [Some(StepOutcome::Passed), Some(StepOutcome::Ignored), Some(StepOutcome::Passed)]
        );
        let (runs, events) = (stage.runs("failing").await, stage.events().await);
        let stage = stage.that_only_reads();
        let ran = stage
            .run(
                "
                name: keys
                steps:
                  - {id: good, trigger_dag: {dag_id: loans, once_per: k, wait: true}}
                  - {id: bad, trigger_dag: {dag_id: failing, once_per: k, if_failed: clear, wait: true}, capture: cleared}
                  - {id: told, post_dataset_event: {dataset_uri: s3://lake/loans, once_per: k}}
                  - {print: \"{{ cleared.dag_run_id }}\"}
                  - {id: bad2, trigger_dag: {dag_id: failing, dag_run_id: \"{{ cleared.dag_run_id }}\", if_exists: use}}
                ",
            )
            .await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Already), "{version}: {ran:#?}");
        assert_eq!(ran.outcome(2), Some(StepOutcome::Already), "{version}");
        let shown = &ran.step(1).would[0];
        assert!(shown.request.url.ends_with("/dags/failing/clearTaskInstances"), "{shown:?}");
        assert_eq!(shown.request.body.as_ref().map(|body| &body["dry_run"]), Some(&json!(false)));
        assert_eq!(ran.outcome(3), Some(StepOutcome::Passed), "the id of the cleared run is known");
        // It is still failed, as nothing was cleared: that is a failure as in a run.
        assert_eq!(ran.kind(), FailureKind::DagRunFailed);
        assert_eq!((stage.runs("failing").await, stage.events().await), (runs, events));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_check_takes_no_time_and_ends_at_the_first_failure() {
    for version in BOTH {
        let stage = Stage::new(version, WORLD).await.that_only_reads();
        let before = stage.clock.elapsed();
        let ran = stage
            .run(
                "
                name: failing
                steps:
                  - pause: 5m
                  - {trigger_dag: {dag_id: loans, wait: true, if_active: wait}, timeout: 3h}
                  - {assert_dag: {dag_id: loans, is_paused: true, within: 1h}}
                  - {trigger_dag: {dag_id: archive}}
                  - {print: not reached}
                ",
            )
            .await;
        assert_eq!(stage.clock.elapsed(), before, "{version}");
        assert_eq!(ran.kind(), FailureKind::NotReady);
        assert_eq!(ran.failure().message, "the DAG `archive` is paused; no run was made");
        assert_eq!([2, 4].map(|at| ran.outcome(at)), [Some(StepOutcome::Unknown), None]);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_step_that_may_not_run_fails_no_check() {
    let stage = Stage::new("v2", WORLD).await.that_only_reads();
    let ran = stage
        .run(
            "
            name: may be
            steps:
              - {id: load, trigger_dag: {dag_id: loans}, capture: {state: state}}
              - {id: other, assert_dag: {dag_id: nowhere}, when: state == 'failed', capture: found}
              - {assert: found.is_paused}
            ",
        )
        .await;
    assert_eq!([1, 2].map(|at| ran.outcome(at)), [Some(StepOutcome::Unknown); 2], "{ran:#?}");
    assert_eq!(ran.step(1).condition.as_deref(), Some("state == 'failed'"));
    assert_eq!(ran.step(1).left_open[1], "it would fail: there is no DAG `nowhere`");
    assert_eq!(ran.step(1).unknown, ["found"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_capture_that_may_not_be_made_is_not_taken_for_made() {
    let stage = Stage::new("v2", WORLD).await.that_only_reads();
    let ran = stage
        .run(
            "
            name: ignored
            steps:
              - {id: load, trigger_dag: {dag_id: loans}, ignore_errors: true, capture: {id: dag_run_id}}
              - {print: there, when: id is defined}
              - {print: \"{{ id }}\"}
            ",
        )
        .await;
    assert_eq!([0, 1, 2].map(|at| ran.outcome(at)), [Some(StepOutcome::Unknown); 3], "{ran:#?}");
    assert_eq!(ran.step(0).unknown, ["id"]);
}

#[tokio::test(flavor = "current_thread")]
async fn what_may_mend_a_failure_is_shown_and_mends_none() {
    let stage = Stage::new("v2", WORLD).await.that_only_reads();
    let ran = stage
        .run(
            "
            name: sections
            steps: [{assert_dag: {dag_id: nowhere}}]
            rescue: [{id: mend, trigger_dag: {dag_id: loans, conf: {why: \"{{ failure.kind }}\"}}}, {print: mended}]
            always: [{id: tell, post_dataset_event: {dataset_uri: s3://lake/loans}, when: failure is not none}]
            ",
        )
        .await;
    assert_eq!(ran.kind(), FailureKind::NotFound, "{ran:#?}");
    assert_eq!([1, 3].map(|at| ran.step(at).would.len()), [1, 1]);
    let body = ran.step(1).would[0].request.body.as_ref().expect("a body");
    assert_eq!(body["conf"], json!({ "why": "not_found" }));
    let ran = stage
        .run(
            "
            name: sections
            steps: [{trigger_dag: {dag_id: loans}}]
            rescue: [{trigger_dag: {dag_id: loan_marts}}]
            always: [{print: good, when: failure is none}, {print: always}]
            ",
        )
        .await;
    let outcomes = [0, 1, 2, 3].map(|at| ran.outcome(at));
    let (unknown, passed) = (Some(StepOutcome::Unknown), Some(StepOutcome::Passed));
    assert_eq!(outcomes, [unknown, None, unknown, passed], "{ran:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_false_assertion_fails_beside_one_that_can_not_be_judged() {
    let stage = Stage::new("v2", WORLD).await.that_only_reads();
    let ran = stage
        .run(
            "
            name: wrong
            steps:
              - {id: load, trigger_dag: {dag_id: loans}, capture: {state: state, id: dag_run_id}}
              - assert: [state == 'success', {that: id == 'x', message: \"it is {{ state }}\"}]
            ",
        )
        .await;
    assert_eq!(ran.kind(), FailureKind::Expectation);
    assert_eq!(ran.failure().message, "it is <unknown: state of step load>");
}

#[test]
fn a_step_with_no_log_shows_nothing_of_its_arguments() {
    let playbook = "
        name: silent
        steps:
          - {id: load, no_log: true, trigger_dag: {dag_id: loans, conf: {word: xyzzy}, note: plugh}, capture: {id_of_run: dag_run_id, state: state}}
          - {id: tell, no_log: true, when: state == 'success', post_dataset_event: {dataset_uri: s3://lake/loans, extra: {word: xyzzy}}}
          - {print: done}
    ";
    for version in BOTH {
        for more in [&["-C"][..], &["-C", "--curl"], &["-C", "--output", "json"]] {
            let ended = Run::playbook(playbook).scenario(WORLD).api(version).args(more).end();
            assert_eq!(ended.code, 0, "{ended:#?}");
            for word in ["xyzzy", "plugh", "dags/loans", "s3://lake"] {
                assert!(!ended.transcript().contains(word), "{word}: {ended:#?}");
            }
        }
    }
    is_golden_on_both("dry/no_log", || Run::playbook(playbook).scenario(WORLD).args(&["-C"]));
}

#[test]
fn a_secret_in_a_body_is_masked_and_said() {
    let playbook = "
        name: secret
        inputs: {word: {secret: true}}
        steps: [{id: load, trigger_dag: {dag_id: loans, conf: {word: \"{{ word }}\"}, note: ''}}]
    ";
    let run = || Run::playbook(playbook).scenario(WORLD).args(&["-C", "-e", "word=hunter2-hunter2"]);
    is_golden_on_each("dry/secret", || run().args(&["--curl"]));
    let report = run().report();
    assert_eq!(report["steps"][0]["would"][0]["is_masked"], true);
    assert_eq!(report["steps"][0]["would"][0]["request"]["body"]["conf"], json!({ "word": "***" }));
}

/// The commands of a check on a served sandbox, run by a shell with the credential in its environment.
fn run_by_a_shell(run: &Run, key: &str) -> String {
    let output = run.command().output().expect("the program starts");
    let script = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && !script.contains(key), "{script}");
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &script]).env("MY_AIRFLOW_API_KEY", key).env_remove("http_proxy").stdin(Stdio::null());
    let done = shell.output().expect("a shell");
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
    script
}

#[test]
fn the_commands_do_what_the_run_would_do() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let playbook = "
        name: by hand
        steps:
          - id: load
            trigger_dag: {dag_id: a, note: \"it's $HOME & \\\"so\\\"\", conf: {text: 'don''t `ls` \\ %'}}
            capture: {id_of_run: dag_run_id, state: state}
          - {id: wake, trigger_dag: {dag_id: asleep, unpause: true}}
          - {id: not, trigger_dag: {dag_id: a, conf: {state: \"{{ state }}\"}}}
          - {id: may, trigger_dag: {dag_id: a}, when: state == 'success'}
          - {id: tell, post_dataset_event: {dataset_uri: d, extra: {run: \"{{ id_of_run }}\", by: 'O''Brien'}}}
    ";
    let world = "{dags: [{dag_id: a, schedule_on: [d]}, {dag_id: asleep, is_paused: true}], datasets: [{uri: d}]}";
    for version in BOTH {
        let served = Served::new(world);
        let run = Run::playbook(playbook)
            .args(&["-C", "--curl", "--url", &served.url(version)])
            .var("MY_AIRFLOW_API_KEY", &served.key);
        let script = run_by_a_shell(&run, &served.key);
        let runs = served.get("/api/v1/dags/a/dagRuns");
        let body: Value = serde_json::from_str(runs.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
        let runs: Vec<&Value> =
            body["dag_runs"].as_array().expect("runs").iter().filter(|run| run["run_type"] == "manual").collect();
        assert_eq!(runs.len(), 1, "what is not known and what may not run is a comment: {script}\n{body:#}");
        assert_eq!(runs[0]["note"], "it's $HOME & \"so\"");
        assert_eq!(runs[0]["conf"], json!({ "text": "don't `ls` \\ %" }));
        assert!(served.get("/api/v1/dags/asleep/dagRuns").contains("by_hand__wake"), "{script}");
        assert!(served.get("/api/v1/dags/asleep").contains("\"is_paused\":false"), "{script}");
        let events = served.get("/api/v1/datasets/events");
        assert!(events.contains("O'Brien") && events.contains("/tell/0"), "{events}");
    }
}

#[test]
fn a_check_has_no_history_and_no_lock() {
    let run = Run::playbook("name: h\nsteps: [{trigger_dag: {dag_id: a}}]");
    let served = Served::new("{dags: [{dag_id: a}]}");
    let run = run.args(&["--url", &served.url("v1"), "--check"]).var("MY_AIRFLOW_API_KEY", &served.key);
    let ended = run.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(!run.folder().join(".state").exists());
    assert!(!served.get("/api/v1/dags/a/dagRuns").contains("dag_run_id"));
}

#[test]
fn curl_needs_a_check_and_a_resumed_run_has_none() {
    let ended = Run::playbook("steps: [{print: x}]").args(&["--sandbox", "--curl"]).end();
    assert_eq!(ended.code, 2, "{ended:#?}");
    for run in [Run::new().args(&["resume", "-C"]), Run::new().args(&["resume"]).var("MYAF_RUN_CHECK", "1")] {
        let ended = run.end();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(ended.stderr.starts_with("error: `--check` cannot be used with `resume`"), "{ended:#?}");
    }
}

#[test]
fn the_variables_mean_the_same_as_the_options() {
    let run = Run::playbook("steps: [{trigger_dag: {dag_id: loans}}]").scenario(WORLD);
    let ended = run.var("MYAF_RUN_CHECK", "1").var("MYAF_RUN_CURL", "true").end();
    assert!(ended.code == 0 && ended.stdout.contains("curl --fail-with-body"), "{ended:#?}");
}

#[test]
fn a_check_tells_no_webhook_and_says_whom_a_run_would_tell() {
    let playbook = "
        name: n
        inputs: {hook: {secret: true, from_env: HOOK}}
        steps:
          - {id: load, trigger_dag: {dag_id: a}, capture: {state: state}}
          - {notify: {webhook: \"{{ hook }}\", text: \"it is {{ state }}\"}}
    ";
    // Nobody listens there: a try to tell it would be warned of.
    let run = Run::playbook(playbook).scenario("{dags: [{dag_id: a}]}").args(&["-C"]);
    let ended = run.var("HOOK", "http://127.0.0.1:1/services/T000/secret").end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let said = "`127.0.0.1` would be told: it is <unknown: state of step load>";
    assert!(ended.stderr.contains(said) && !ended.stderr.contains("not told"), "{ended:#?}");
    assert!(!ended.stderr.contains("secret"), "{ended:#?}");
}
