//! What a check asks of Airflow before a run: what it finds, and that it only reads.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use myaf_run::diagnostic::{Code, Severity};
use myaf_run::preflight::Report;
use serde_json::{Value, json};

use myaf_run::clock::Clock;
use myaf_run::sandbox::{Sandbox, Scenario};
use myaf_run::source::SourceFile;
use myaf_run::yaml::parse;
use myaf_run::yaml::schema::Foreign;

use crate::between::{Asked, Between, Then};
use crate::run::{BOTH, Ended, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::Stage;

const SCENARIO: &str = include_str!("playbooks/online/scenario.yaml");
const DAGS: &str = include_str!("playbooks/online/dags.yaml");
const CONF: &str = include_str!("playbooks/online/conf.yaml");
const DATASETS: &str = include_str!("playbooks/online/datasets.yaml");
const DOUBTS: &str = include_str!("playbooks/online/doubts.yaml");
const GOOD: &str = include_str!("playbooks/online/good.yaml");
const STOCK: &str = include_str!("playbooks/online/stock.yaml");
const LATER: &str = include_str!("playbooks/online/later.yaml");

/// `check --online` of a playbook on the scenario.
fn checked(playbook: &str) -> Run {
    Run::new().file("s.yaml", SCENARIO).file("p.yaml", playbook).args(&["check", "--online", "--sandbox=s.yaml"])
}

/// A run of a playbook on the scenario after a check.
fn run_checked(playbook: &str) -> Run {
    Run::playbook(playbook).scenario(SCENARIO).args(&["--preflight"])
}

/// Code and line of each finding.
fn found(report: &Report) -> Vec<(&'static str, usize)> {
    report.findings.iter().map(|one| (one.code.id, one.file.line_column(one.span.start).0)).collect()
}

/// Runs the program against a server on this scenario; what it said, and everything that it sent there.
pub(crate) async fn counted(version: &str, scenario: &str, run: Run) -> (Ended, Vec<Asked>) {
    let scenario = Scenario::load(&SourceFile::new("s.yaml", scenario)).expect("a good scenario");
    let sandbox = Sandbox::start(scenario, Clock::system(), 0).await.expect("a free port");
    let between = Between::start(sandbox.root_url(), Box::new(|_| Then::Forward)).await;
    let url = format!("{}/api/{version}", between.root_url);
    let run = run.var("MY_AIRFLOW_API_URL", &url).var("MY_AIRFLOW_API_KEY", sandbox.key());
    let ended = tokio::task::spawn_blocking(move || run.end()).await.expect("no panic");
    (ended, between.asked())
}

/// The requests that were sent, by method; the login counts apart.
pub(crate) fn methods(asked: &[Asked]) -> BTreeMap<String, usize> {
    asked.iter().filter(|one| one.path != "/auth/token").fold(BTreeMap::new(), |mut counted, one| {
        *counted.entry(one.method.clone()).or_default() += 1;
        counted
    })
}

#[test]
fn every_mistake_is_told_at_its_place_as_the_run_would_tell_it() {
    is_golden_on_both("online/dags", || checked(DAGS));
    is_golden_on_both("online/conf", || checked(CONF));
    is_golden_on_both("online/datasets", || checked(DATASETS));
}

#[test]
fn variables_connections_and_pools_are_looked_for_by_their_names_and_no_value_is_shown() {
    is_golden_on_both("online/stock", || checked(STOCK));
    for version in BOTH {
        let told = checked(STOCK).args(&["--message-format", "json"]).api(version).end().transcript();
        assert!(!told.contains("hunter2222"), "{version}: {told}");
    }
}

#[test]
fn what_stands_in_rescue_is_a_warning_and_in_always_an_error() {
    let playbook = "
        steps: [{trigger_dag: {dag_id: loans}}]
        rescue: [{trigger_dag: {dag_id: laons}}]
        always: [{trigger_dag: {dag_id: laons, conf: {x: '{{ failure }}'}}}]
    ";
    is_golden_on_both("online/sections", || checked(playbook));
}

#[test]
fn where_the_run_may_do_without_it_a_mistake_is_a_warning_and_an_error_when_strict() {
    is_golden_on_both("online/doubts", || checked(DOUBTS));
    assert_eq!(checked(DOUBTS).args(&["--strict"]).end().code, 2);
}

#[test]
fn a_file_that_can_not_be_imported_is_shown_beside_a_dag_that_is_not_there() {
    let scenario = "{dags: [{dag_id: a}], import_errors: [{filename: b.py, stack_trace: 'E: no module'}]}";
    let run = || {
        Run::new().file("s.yaml", scenario).file("p.yaml", "steps: [{trigger_dag: {dag_id: b}}]").args(&[
            "check",
            "--online",
            "--sandbox=s.yaml",
        ])
    };
    is_golden_on_each("online/import_error", run);
}

#[test]
fn what_is_right_or_made_right_by_an_earlier_step_is_not_told() {
    is_golden_on_both("online/good", || checked(GOOD));
}

#[test]
fn what_depends_on_a_capture_is_counted_and_never_guessed() {
    is_golden_on_both("online/later", || checked(LATER));
}

#[test]
fn programs_read_the_findings_as_they_read_those_of_the_file() {
    is_golden_on_both("online/json", || checked(CONF).args(&["--message-format", "json"]));
    is_golden_on_both("online/github", || checked(DATASETS).args(&["--message-format", "github"]));
}

#[test]
fn a_run_is_checked_first_and_a_mistake_lets_nothing_be_run() {
    is_golden_on_both("online/preflight_bad", || run_checked(&LATER.replace("rows: 0", "rows: x")));
    is_golden_on_both("online/preflight_good", || run_checked("name: r\nsteps: [{trigger_dag: {dag_id: loans}}]"));
    let late = "name: r\nsteps: [{print: a}, {trigger_dag: {dag_id: laons}}]";
    assert_eq!(run_checked(late).end().stdout, "", "not even the first step");
    let quiet =
        run_checked("name: r\nsteps: [{post_dataset_event: {dataset_uri: lonely}}]").args(&["--output", "quiet"]);
    assert_eq!((quiet.end().code, quiet.end().stderr.as_str()), (0, ""));
    let strict = run_checked("name: r\nsteps: [{post_dataset_event: {dataset_uri: lonely}}]").args(&["--strict"]);
    assert_eq!(strict.end().code, 2);
}

#[test]
fn the_report_on_stdout_is_alone_whatever_the_check_warns_of() {
    let run = run_checked("name: r\nsteps: [{post_dataset_event: {dataset_uri: lonely}}]");
    let report = run.args(&["--message-format", "json"]).report();
    assert_eq!(report["outcome"], json!("passed"));
}

#[test]
fn an_airflow_that_can_not_be_asked_ends_the_check_as_it_would_end_the_run() {
    let playbook = "steps: [{trigger_dag: {dag_id: loans}}]";
    for (scenario, code) in [
        ("{auth: {key_rejected: true}}", 4),
        ("{time: virtual, faults: [{on: {always: true}, fault: html, status: 503}]}", 3),
        ("{time: virtual, faults: [{on: {path: dags, always: true}, fault: status, status: 403}]}", 4),
        ("{time: virtual, faults: [{on: {path: dags, always: true}, fault: not_json}]}", 1),
    ] {
        for version in BOTH {
            for words in [["check", "--online"].as_slice(), &["--preflight"]] {
                let run = Run::playbook(playbook).file("s.yaml", scenario).args(words);
                let ended = run.args(&["--sandbox=s.yaml"]).api(version).end();
                assert_eq!(ended.code, code, "{version} {words:?} {scenario} {ended:#?}");
                assert!(ended.stderr.contains("can't be checked online: "), "{ended:#?}");
            }
        }
    }
}

/// A scenario in which these paths are refused.
fn refusing(paths: &[&str]) -> String {
    let fault = |path: &&str| format!("{{on: {{path: {path}, always: true}}, fault: status, status: 403}}");
    let faults: Vec<String> = paths.iter().map(fault).collect();
    let world = "time: virtual, variables: [{key: region, value: secret-of-ours}, {key: other, value: v}], datasets: [{uri: d}], dags: [{dag_id: ok_dag}]";
    format!("{{{world}, faults: [{}]}}", faults.join(", "))
}

#[test]
fn what_may_not_be_read_is_said_and_the_rest_is_checked() {
    for (path, step, line) in [
        ("variables", "get_variable: {key: region}", "not judged: variables (`region`): 403 Forbidden for GET"),
        ("connections", "assert_connection: {connection_id: c}", "not judged: connections (`c`): 403"),
        ("pools", "assert_pool: {pool_name: p}", "not judged: pools (`p`): 403"),
        ("details", "trigger_dag: {dag_id: ok_dag}", "not judged: params of DAGs (`ok_dag`): 403"),
        ("dags/ok_dag", "trigger_dag: {dag_id: ok_dag}", "not judged: DAGs (`ok_dag`): 403"),
    ] {
        for version in BOTH {
            let playbook = format!("steps: [{{{step}}}, {{trigger_dag: {{dag_id: ok_dgg}}}}]");
            let run = Run::playbook(&playbook).file("s.yaml", &refusing(&[path]));
            let ended = run.args(&["check", "--online", "--sandbox=s.yaml"]).api(version).end();
            assert_eq!(ended.code, 2, "{version} {ended:#?}");
            assert!(ended.stderr.contains(line) || ended.stdout.contains(line), "{version} {ended:#?}");
            assert!(ended.stderr.contains("did you mean `ok_dag`?"), "{version} {ended:#?}");
        }
    }
    for words in [["check", "--online"].as_slice(), &["check", "--online", "--strict"], &["--preflight", "-C"]] {
        let playbook =
            "steps: [{get_variable: {key: region}}, {post_dataset_event: {dataset_uri: d, consumers: ignore}}]";
        let refused = refusing(&["variables", "datasets"]);
        let run = Run::playbook(playbook).file("s.yaml", &refused).args(words).args(&["--sandbox=s.yaml"]).api("v1");
        let ended = run.end();
        let (variables, datasets) = ("not judged: variables (`region`): 403", "not judged: datasets (`d`): 403");
        let told = ended.transcript();
        assert!(told.contains(variables) && told.contains(datasets), "{ended:#?}");
        assert!(ended.code == 0 || words[0] == "--preflight", "{ended:#?}");
    }
}

#[tokio::test]
async fn a_variable_is_asked_for_by_its_name_and_a_list_only_for_near_names() {
    let scenario = "{variables: [{key: region, value: v}, {key: a/b c, value: v}], dags: [{dag_id: a}]}";
    for version in BOTH {
        let stage = Stage::behind(version, scenario, |_| Then::Forward).await;
        let read =
            "steps: [{get_variable: {key: region}}, {get_variable: {key: a/b c}}, {get_variable: {key: region}}]";
        let report = stage.check(read).await.expect("it can be asked");
        assert!(report.findings.is_empty(), "{version} {:?}", found(&report));
        let asked = |stage: &Stage| stage.asked().iter().filter(|one| one.path.contains("variables")).count();
        assert_eq!(asked(&stage), 2, "{version}");
        let report = stage.check("steps: [{get_variable: {key: regoin}}]").await.expect("it can be asked");
        assert_eq!((found(&report).len(), asked(&stage)), (1, 4), "{version}");
    }
}

#[tokio::test]
async fn a_check_only_reads_and_reads_each_thing_once() {
    let all = [DAGS, GOOD, LATER, STOCK];
    let steps: Vec<&str> =
        all.iter().filter_map(|playbook| playbook.split_once("steps:\n")).map(|(_, steps)| steps).collect();
    let everything = format!("inputs: {{ month: {{ default: '2026-10' }} }}\nsteps:\n{}", steps.concat());
    for version in BOTH {
        let stage = Stage::behind(version, SCENARIO, |_| Then::Forward).await;
        let report = stage.check(&everything).await.expect("it can be asked");
        assert!(report.findings.len() > 8, "{version}: {:?}", found(&report));
        let asked = stage.asked();
        assert_eq!(methods(&asked).keys().collect::<Vec<_>>(), ["GET"], "{version}");
        let mut paths: Vec<String> = asked.iter().map(|one| format!("{} {:?}", one.path, one.query)).collect();
        let sent = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), sent, "{version}: {paths:#?}");
        assert!(stage.runs("loans").await.is_empty() && stage.events().await.is_empty(), "{version}");
    }
}

#[tokio::test]
async fn a_request_that_fails_for_a_while_is_sent_again() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a}], faults: [{on: {path: dags/a}, fault: reset}]}").await;
        let report = stage.check("steps: [{trigger_dag: {dag_id: a}}]").await.expect("it can be asked");
        assert_eq!(found(&report), [], "{version}");
    }
}

/// Gives the param `x` of every DAG a schema.
fn with_schema(answer: &mut Value) {
    if let Some(params) = answer.get_mut("params") {
        *params = json!({ "x": { "value": 5, "schema": {
            "type": "integer", "multipleOf": 5, "title": "X", "oneOf": [{ "minimum": 1 }, { "maximum": 0 }]
        } } });
    }
}

#[tokio::test]
async fn a_word_of_a_schema_that_is_not_judged_is_said_once() {
    let playbook = "
        steps:
          - trigger_dag: {dag_id: a, conf: {x: 7}}
          - trigger_dag: {dag_id: a, conf: {x: 8}}
          - trigger_dag: {dag_id: a, conf: {x: a}}
    ";
    for version in BOTH {
        let stage = Stage::behind(version, "{dags: [{dag_id: a}]}", |asked| {
            let is_details = asked.last().is_some_and(|last| last.path.ends_with("/details"));
            if is_details { Then::Amend(with_schema) } else { Then::Forward }
        });
        let report = stage.await.check(playbook).await.expect("it can be asked");
        assert_eq!(found(&report), [(Code::CONF.id, 4)], "{version}");
        assert_eq!(report.not_judged, ["not judged: `multipleOf` of the param `x` of the DAG `a`"], "{version}");
    }
}

#[tokio::test]
async fn a_stale_dag_has_no_details_in_airflow_2_and_is_told_as_stale() {
    for version in BOTH {
        let stage = Stage::new(version, SCENARIO).await;
        let report =
            stage.check("steps: [{trigger_dag: {dag_id: gone, conf: {a: 1}}}]").await.expect("it can be asked");
        let [finding] = report.findings.as_slice() else { panic!("{version}: {report:#?}") };
        assert_eq!(finding.code.severity, Severity::Error);
        assert!(finding.message.contains("is stale"), "{version}: {}", finding.message);
    }
}

#[test]
fn a_folder_is_checked_with_the_inputs_that_each_playbook_has() {
    let run = || {
        Run::new()
            .file("s.yaml", SCENARIO)
            .file("book/a.yaml", "inputs: {dag: {}}\nsteps: [{trigger_dag: {dag_id: '{{ dag }}'}}]")
            .file("book/b.yaml", "steps: [{trigger_dag: {dag_id: loans}}]")
            .args(&["check", "--online", "--sandbox=s.yaml", "book", "-e", "dag=laons"])
    };
    is_golden_on_both("online/folder", run);
}

#[test]
fn a_secret_is_not_asked_for() {
    let playbook = "inputs: {s: {secret: true}}\nsteps: [{trigger_dag: {dag_id: 'x{{ s }}'}}]";
    is_golden_on_both("online/secret", || checked(playbook).args(&["-e", "s=hunter2222"]));
}

#[tokio::test]
async fn a_check_of_the_program_and_a_run_that_it_forbids_write_nothing_at_the_server() {
    for version in BOTH {
        for words in [["check", "--online"].as_slice(), &["--preflight", "--no-journal"]] {
            let run = Run::playbook(&format!("{LATER}{}", DAGS.replace("steps:\n", ""))).args(words);
            let (ended, asked) = counted(version, SCENARIO, run).await;
            assert_eq!(ended.code, 2, "{version} {words:?}: {ended:#?}");
            assert_eq!(methods(&asked).keys().collect::<Vec<_>>(), ["GET"], "{version} {words:?}");
            assert!(asked.len() > 8, "{version} {words:?}: {}", asked.len());
        }
    }
}

#[test]
fn a_secret_in_a_conf_that_does_not_fit_is_not_shown() {
    let playbook = "
        inputs: {long: {secret: true}, short: {secret: true}}
        steps:
          - trigger_dag: {dag_id: export, conf: {month: '{{ long }}', format: 'a-{{ short }}'}}
    ";
    for version in BOTH {
        for format in ["human", "json", "github"] {
            let run =
                checked(playbook).args(&["-e", "long=hunter2222", "-e", "short=xyz1", "--message-format", format]);
            let told = run.api(version).end().transcript();
            assert!(told.matches("does not fit").count() == 2, "{told}");
            assert!(!told.contains("hunter") && !told.contains("xyz1"), "{told}");
        }
    }
}

#[test]
fn a_signal_ends_the_check_before_a_run() {
    // It accepts the connection and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/api/v1", listener.local_addr().expect("an address"));
    let run = Run::playbook("name: w\nsteps: [{print: a}, {trigger_dag: {dag_id: a}}]").args(&["--preflight"]);
    let run = run.var("MY_AIRFLOW_API_URL", &url).var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let _held = listener.accept().expect("it asks for the DAG");
    let killed = Command::new("/bin/kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), told.as_ref()),
        (Some(130), "w: stopped while it was checked; nothing was run\n")
    );
    assert!(output.stdout.is_empty());
}

/// Schemas and values, each with the verdict of the Python packages `jsonschema` that Airflow 2.11.2 and 3.3.2 ask; both say
/// the same.
const VERDICTS: &str = include_str!("playbooks/online/verdicts.jsonl");

#[test]
fn a_value_is_judged_as_airflow_judges_it() {
    let mut judged = 0;
    for line in VERDICTS.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let (schema, value, accepted) = (&case[0], &case[1], case[2] == true);
        let file = SourceFile::new("v.json", value.to_string());
        let tree = parse(&file).expect("JSON is YAML");
        let foreign = Foreign::new(schema, value);
        let mistakes = foreign.schema.check(&file, &tree);
        if foreign.not_judged.is_empty() {
            judged += 1;
            assert_eq!(mistakes.is_empty(), accepted, "{line}: {mistakes:#?}");
        } else {
            assert!(mistakes.is_empty() || !accepted, "{line}: {mistakes:#?}");
        }
    }
    assert!(judged > 40, "{judged} cases are judged");
}
