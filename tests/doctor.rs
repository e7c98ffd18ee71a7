//! `doctor`, as a person sees it, on the sandbox that another process serves and on the one in its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use regex_lite::Regex;
use serde_json::Value;

use crate::online::counted;
use crate::run::{BOTH, Run, is_golden, is_golden_on_each};

/// A sandbox that another process serves.
struct Served {
    process: Child,
    /// `http://127.0.0.1:PORT`.
    root: String,
    key: String,
}

impl Served {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command
            .args(["sandbox", "--port", "0"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let stdout = process.stdout.take().expect("it is piped");
        let lines: Vec<String> = BufReader::new(stdout).lines().take(3).map(|line| line.expect("a line")).collect();
        let value = |name: &str| {
            let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.expect("it says where it is").to_owned()
        };
        let root = value("MY_AIRFLOW_API_URL").trim_end_matches("/api/v2").to_owned();
        Self { process, root, key: value("MY_AIRFLOW_API_KEY") }
    }

    fn env_file(&self, version: &str) -> String {
        format!("MY_AIRFLOW_API_URL='{}/api/{version}/'\nMY_AIRFLOW_API_KEY='{}'\n", self.root, self.key)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it ends");
    }
}

/// On a sandbox in its own process.
fn on(scenario: &str) -> Run {
    Run::new().file("s.yaml", scenario).args(&["doctor", "--sandbox=s.yaml"])
}

fn git(run: &Run, words: &[&str]) {
    let mut command = Command::new("git");
    command.args(words).current_dir(run.folder()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    assert!(command.status().expect("git starts").success(), "{words:?}");
}

/// The text with what each run takes another time for named.
fn timeless(text: &str) -> String {
    let text = Regex::new(r"\d+\.\d ms").expect("a good pattern").replace_all(text, "TIME ms").into_owned();
    Regex::new(r"heard of \d+ s ago").expect("a good pattern").replace_all(&text, "heard of TIME ago").into_owned()
}

#[test]
fn everything_that_would_be_used_is_said_with_its_place_and_whether_it_works() {
    let served = Served::start();
    for version in BOTH {
        let run = Run::new().file(".env", &served.env_file(version)).args(&["doctor"]);
        fs::set_permissions(run.folder().join(".env"), fs::Permissions::from_mode(0o600)).expect("it is ours");
        is_golden(&format!("doctor/good.{version}"), &timeless(&run.end().transcript()));
    }
}

#[test]
fn an_env_file_that_others_or_git_can_read_is_a_warning_with_its_remedy() {
    let served = Served::start();
    let run =
        Run::new().file(".env", &served.env_file("v1")).args(&["doctor"]).var("PATH", "/usr/local/bin:/usr/bin:/bin");
    fs::set_permissions(run.folder().join(".env"), fs::Permissions::from_mode(0o644)).expect("it is ours");
    git(&run, &["init", "-q"]);
    git(&run, &["add", ".env"]);
    is_golden("doctor/env_file", &timeless(&run.end().transcript()));
}

#[test]
fn a_key_that_is_refused_is_exit_code_4() {
    is_golden_on_each("doctor/key_rejected", || on("{auth: {key_rejected: true}}"));
}

#[test]
fn an_airflow_that_sleeps_or_is_not_there_is_exit_code_3() {
    is_golden_on_each("doctor/asleep", || on("{faults: [{on: {always: true}, fault: html, status: 503}]}"));
    let run = Run::new().var("MY_AIRFLOW_API_URL", "http://127.0.0.1:1").var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    run.args(&["doctor"]).end().is_golden("doctor/refused");
}

#[test]
fn the_target_of_a_playbook_counts_and_a_broken_playbook_is_told() {
    let run = Run::new().file("p.yaml", "target: team\nsteps: [{print: a}]").args(&["doctor", "p.yaml"]);
    run.end().is_golden("doctor/target");
    let run = Run::new().file("p.yaml", "steps: [{pint: a}]").args(&["doctor", "p.yaml"]);
    run.end().is_golden("doctor/broken_playbook");
}

#[test]
fn as_json_every_key_is_there_and_no_credential() {
    let served = Served::start();
    let run = Run::new().file(".env", &served.env_file("v2")).args(&["doctor", "--json"]);
    fs::set_permissions(run.folder().join(".env"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    let ended = run.end();
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((ended.code, found["problems"].as_array().map(Vec::len)), (0, Some(0)), "{ended:#?}");
    assert_eq!((&found["credential"], &found["dags"]), (&"API key".into(), &10.into()));
    assert!(found["latency_seconds"].as_f64().is_some_and(|latency| latency > 0.0));
    assert!(!ended.stdout.contains(&served.key) && ended.stderr.is_empty(), "{ended:#?}");
    let refused = on("{auth: {key_rejected: true}}").args(&["--json"]).end();
    let with_problem: Value = serde_json::from_str(&refused.stdout).expect("JSON");
    assert_eq!((refused.code, &with_problem["problems"][0]["level"]), (4, &"error".into()));
    let keys = |found: &Value| found.as_object().expect("a map").keys().cloned().collect::<Vec<String>>();
    assert_eq!(keys(&found), keys(&with_problem));
}

#[test]
fn a_client_certificate_that_can_not_be_used_is_named() {
    let with = |words: &[&str]| {
        let run = Run::new().with_bytes("c.pem", b"no certificate").with_bytes("k.pem", b"\xff\xfe");
        let run =
            run.var("MY_AIRFLOW_API_URL", "https://127.0.0.1:1/api/v1").var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
        run.args(&["doctor"]).args(words).end()
    };
    for (name, words) in [
        ("cert_alone", ["--client-cert", "c.pem"].as_slice()),
        ("cert_missing", &["--client-cert", "none.pem", "--client-key", "k.pem"]),
        ("cert_bad", &["--client-cert", "c.pem", "--client-key", "c.pem"]),
        ("key_bad", &["--client-cert", "c.pem", "--client-key", "k.pem"]),
    ] {
        with(words).is_golden(&format!("doctor/{name}"));
    }
}

#[tokio::test]
async fn what_is_sent_to_find_the_rights_out_can_not_succeed_and_nothing_else_writes() {
    let scenario = "{dags: [{dag_id: a}, {dag_id: b, schedule_on: [d]}], auth: {read_only: READ_ONLY}}";
    for version in BOTH {
        for (read_only, may) in [("false", "may"), ("true", "may not")] {
            let scenario = scenario.replace("READ_ONLY", read_only);
            let (ended, asked) = counted(version, &scenario, Run::new().args(&["doctor"])).await;
            let line = format!("rights      {may} trigger DAGs, {may} post dataset events, in general; ");
            assert!(ended.code == 0 && ended.stdout.contains(&line), "{version}: {ended:#?}");
            let writes: Vec<_> = asked.iter().filter(|one| one.method != "GET" && one.path != "/auth/token").collect();
            let paths: Vec<&str> =
                writes.iter().map(|one| one.path.rsplit("/api/").next().unwrap_or_default()).collect();
            let event = if version == "v1" { "v1/datasets/events" } else { "v2/assets/events" };
            let run = format!("{version}/dags/myaf-run%20doctor%3A%20no%20DAG/dagRuns");
            assert_eq!(paths, [run.as_str(), event], "{version}");
            let body = &writes[1].body;
            assert!(body["asset_id"] == -1 || body["dataset_uri"] == "airflow://myaf-run/doctor/no-dataset", "{body}");
        }
    }
}

#[test]
fn an_airflow_that_is_not_well_is_told_with_a_way_on_and_is_no_failure() {
    let faults = "{on: {path: ealth, always: true}, fault: status, status: 404}, {on: {path: importErrors, always: true}, fault: status, status: 403}";
    let run = || on(&format!("{{dags: [{{dag_id: a}}], faults: [{faults}]}}"));
    for version in BOTH {
        is_golden(&format!("doctor/not_told.{version}"), &timeless(&run().api(version).end().transcript()));
    }
}

#[test]
fn a_scheduler_or_database_that_is_dead_is_exit_code_1_and_a_triggerer_a_warning() {
    for (part, code, level) in [
        ("scheduler", 1, "error"),
        ("metadatabase", 1, "error"),
        ("triggerer", 0, "warning"),
        ("dag_processor", 0, "warning"),
    ] {
        for version in BOTH {
            let ended = on(&format!("{{dags: [{{dag_id: a}}], health: {{{part}: unhealthy}}}}"))
                .api(version)
                .args(&["--json"])
                .end();
            let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
            let problem = &found["problems"][0];
            assert_eq!((ended.code, problem["level"].as_str()), (code, Some(level)), "{version} {part} {found:#}");
            assert!(problem["message"].as_str().is_some_and(|text| text.contains("unhealthy")), "{version} {part}");
        }
    }
}

#[test]
fn a_key_that_may_not_read_dags_ends_with_4_and_the_rest_is_told() {
    let scenario =
        "{dags: [{dag_id: a}], faults: [{on: {path: dags, method: GET, always: true}, fault: status, status: 403}]}";
    for version in BOTH {
        let ended = on(scenario).api(version).args(&["--json"]).end();
        let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!((ended.code, &found["dags"], &found["may_trigger"]), (4, &Value::Null, &true.into()), "{found:#}");
        assert!(found["health"].as_array().is_some_and(|parts| parts.len() == 4), "{found:#}");
    }
}

#[tokio::test]
async fn the_dags_are_read_once_and_an_import_error_is_told_with_its_exception() {
    let trace =
        "Traceback (most recent call last):\n  File \"/dags/x.py\", line 3, in <module>\nmy.errors.Wrong: two\nlines";
    let scenario = format!("{{dags: [{{dag_id: a}}], import_errors: [{{filename: x.py, stack_trace: {trace:?}}}]}}");
    for version in BOTH {
        let (ended, asked) = counted(version, &scenario, Run::new().args(&["doctor", "--json"])).await;
        let lists = asked.iter().filter(|one| one.path.ends_with("/dags")).count();
        assert_eq!((ended.code, lists), (0, 1), "{ended:#?}");
        let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(found["import_errors"]["errors"][0]["reason"], "Wrong: two", "{found:#}");
    }
}

#[test]
fn the_places_that_were_looked_in_are_said_with_what_each_lacked() {
    let served = Served::start();
    let run = Run::new()
        .file("books/p.yaml", "steps: [{print: a}]")
        .file("books/.env", "TEAM_AIRFLOW_API_URL=https://x.example/api/v1\n")
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .file("orchestrate/.env", "MY_AIRFLOW_API_KEY=\n")
        .file(".env", &served.env_file("v1"))
        .args(&["doctor", "books/p.yaml"]);
    for name in [".env", "books/.env", "orchestrate/.env"] {
        fs::set_permissions(run.folder().join(name), fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
    is_golden("doctor/looked_in", &timeless(&run.end().transcript()));
}

#[test]
fn a_history_that_can_not_be_kept_is_told_before_a_run_meets_it() {
    let run = on("{dags: [{dag_id: a}]}").args(&["--state-dir", "state"]);
    fs::create_dir(run.folder().join("state")).expect("a folder");
    let mode =
        |mode| fs::set_permissions(run.folder().join("state"), fs::Permissions::from_mode(mode)).expect("it is ours");
    mode(0o700);
    let told = run.end();
    assert!(told.stdout.contains("state` (mode 0700), can be written to, has locks\n"), "{told:#?}");
    assert_eq!(fs::read_dir(run.folder().join("state")).expect("it is there").count(), 0, "nothing is left there");
    mode(0o777);
    let told = run.end();
    assert!(told.stdout.contains("warning: runs can't be recorded: ") && told.code == 0, "{told:#?}");
}
