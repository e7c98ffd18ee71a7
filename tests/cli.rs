//! The command line, from outside: what is missing, what is wrong, which exit code.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use crate::run::{BOTH, Run, is_golden, is_golden_on_each};
use crate::served::Served;

const PRINTS: &str = "name: p\nsteps: [{print: one}, {print: two}]";
const LISTS: &str = "name: l\nsteps: [{list_dags: {}, retry: {attempts: 2, delay: 1ms}}]";

#[test]
fn a_mistake_on_the_command_line_is_told_as_written_down() {
    for (name, args) in [
        ("nothing", [].as_slice()),
        ("unknown_flag", &["--sandbx", "p.yaml"]),
        ("duration", &["--max-time", "5", "p.yaml"]),
        ("sandbox_and_url", &["--sandbox", "--url", "http://localhost", "p.yaml"]),
    ] {
        Run::new().args(args).end().is_golden(&format!("cli/{name}"));
    }
}

#[test]
fn the_version_is_the_packages() {
    let ended = Run::new().args(&["--version"]).end();
    assert_eq!((ended.code, ended.stdout), (0, format!("myaf-run {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_schema_is_json_on_stdout_and_is_the_one_of_the_library() {
    let run = Run::new().args(&["schema"]);
    let schema = run.named(&format!("{:#}\n", myaf_run::playbook::schema()));
    let ended = run.end();
    assert_eq!((ended.code, ended.stdout, ended.stderr), (0, schema, String::new()));
}

#[test]
fn every_shell_is_told_what_to_complete_and_every_command_has_a_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = Run::new().args(&["completions", shell]).end();
        assert!(ended.code == 0 && ended.stdout.contains("on-overlap"), "{shell}: {}", ended.stderr);
        assert!(ended.stdout.contains("resume"), "{shell}");
    }
    let run = Run::new().args(&["man", "pages"]);
    assert_eq!(run.end().code, 0);
    let page = |name: &str| std::fs::read_to_string(run.folder().join("pages").join(name)).expect("a page");
    assert!(page("myaf-run.1").contains("\\-\\-start\\-at"));
    assert!(page("myaf-run-runs-list.1").contains("myaf\\-run\\-runs\\-list"));
    assert_eq!(Run::new().args(&["man"]).end().stdout, page("myaf-run.1"));
    let nowhere = Run::new().file("pages", "").args(&["man", "pages"]).end();
    assert!(nowhere.code == 74 && nowhere.stderr.contains("can't be written"), "{}", nowhere.stderr);
}

#[test]
fn a_playbook_that_cannot_be_read_is_told_with_the_reason() {
    let run = || Run::new().args(&["--sandbox"]);
    run().args(&["nope.yaml"]).end().is_golden("cli/no_file");
    run().file("d/x", "").args(&["d"]).end().is_golden("cli/folder");
    run().file("empty.yaml", "").args(&["empty.yaml"]).end().is_golden("cli/empty");
    run()
        .file("latin.yaml", "name: x")
        .args(&["latin.yaml"])
        .with_bytes("latin.yaml", b"name: caf\xe9\n")
        .end()
        .is_golden("cli/not_utf8");
    run().file("text.yaml", "just some text").args(&["text.yaml"]).end().is_golden("cli/not_a_playbook");
}

#[test]
fn check_tells_of_every_playbook_and_runs_none() {
    let good = "name: g\nsteps: [{print: x}]";
    let bad = "nam: b\nsteps: [{prnt: x}, {print: \"{{ nope }}\"}]";
    let run = |args: &[&str]| Run::new().file("good.yaml", good).file("bad.yaml", bad).args(args);
    run(&["check", "good.yaml"]).end().is_golden("cli/check_good");
    run(&["check", "good.yaml", "bad.yaml", "missing.yaml"]).end().is_golden("cli/check_bad");
    run(&["check"]).end().is_golden("cli/check_nothing");
}

#[test]
fn what_this_version_does_not_have_is_said_to_be_not_supported_yet() {
    let playbook = "
        name: n
        lock: {key: x}
        steps:
          - {print: x, loop: [1]}
          - pause_dag: {dag_id: a}
          - parallel: {steps: []}
        rescue: [{print: y}]
    ";
    Run::playbook(playbook).args(&["check"]).end().is_golden("cli/not_yet");
}

#[test]
fn without_a_url_or_a_key_the_names_and_places_that_were_looked_at_are_told() {
    Run::playbook(PRINTS).end().is_golden("cli/no_url");
    Run::playbook(PRINTS).args(&["--target", "team"]).end().is_golden("cli/no_url_team");
    Run::playbook(PRINTS).var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1").end().is_golden("cli/no_key");
    Run::playbook(PRINTS).args(&["--url", "http://127.0.0.1:9/api/v1"]).end().is_golden("cli/no_key_with_url");
    Run::playbook(PRINTS)
        .file("orchestrate/.env", "MY_AIRFLOW_API_KEY = 'some-key-of-mine'")
        .var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1")
        .end()
        .is_golden("cli/mixed_places");
}

/// A port of this machine on which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn an_api_that_cannot_be_reached_is_exit_code_3_with_host_and_reason() {
    let url = format!("http://127.0.0.1:{}/api/v1", closed_port());
    let run = Run::playbook(LISTS).var("MY_AIRFLOW_API_URL", &url).var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    let ended = run.args(&["--output", "quiet"]).end();
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert!(ended.stderr.contains("can't reach 127.0.0.1:PORT: connection refused"), "{ended:#?}");
}

#[test]
fn plain_http_to_another_machine_needs_to_be_allowed() {
    Run::playbook(PRINTS)
        .var("MY_AIRFLOW_API_URL", "http://airflow.example/api/v1")
        .var("MY_AIRFLOW_API_KEY", "some-key-of-mine")
        .end()
        .is_golden("cli/plain_http");
}

#[test]
fn a_credential_that_airflow_refuses_is_exit_code_4_and_is_not_shown() {
    is_golden_on_each("cli/key_rejected", || Run::playbook(LISTS).scenario("{auth: {key_rejected: true}}"));
    let read_only = "{auth: {read_only: true}, dags: [{dag_id: a}]}";
    is_golden_on_each("cli/read_only", || {
        Run::playbook("name: t\nsteps: [{trigger_dag: {dag_id: a}}]").scenario(read_only)
    });
}

#[test]
fn inputs_are_checked_before_anything_is_asked() {
    let playbook = "
        name: i
        inputs:
          month: {pattern: '^[0-9]{4}-[0-9]{2}$', description: which month}
          count: {type: integer, minimum: 1, default: 3}
          kind: {enum: [full, delta], default: full}
          tags: {type: list, default: []}
          note: {required: false}
        steps: [{print: \"{{ month }} {{ count }} {{ kind }} {{ tags | tojson }} {{ 'no note' if note is none else note }}\"}]
    ";
    let run = |words: &[&str]| {
        let args: Vec<&str> = words.iter().flat_map(|word| ["-e", *word]).collect();
        Run::playbook(playbook).scenario("{description: x}").args(&args)
    };
    run(&["month=2026-10"]).end().is_golden("cli/inputs_good");
    run(&["month=2026-10", "count=7", "kind=delta", "tags=[1, \"a\"]", "note=x"]).end().is_golden("cli/inputs_all");
    run(&["month=2026-10", "month=2026-11"]).end().is_golden("cli/inputs_last_wins");
    run(&[]).end().is_golden("cli/inputs_missing");
    run(&["mont=2026-10"]).end().is_golden("cli/inputs_unknown");
    run(&["month=october", "count=0", "kind=all", "tags={}"]).end().is_golden("cli/inputs_wrong");
    run(&["month"]).end().is_golden("cli/inputs_no_value");
    run(&["@more.yaml"]).file("more.yaml", "month: 2026-10\ncount: 9\ntags: [x]").end().is_golden("cli/inputs_file");
    run(&["@more.yaml"]).file("more.yaml", "month: 7\nkinds: full").end().is_golden("cli/inputs_file_wrong");
    run(&["@nope.yaml"]).end().is_golden("cli/inputs_no_file");
}

#[test]
fn every_flag_has_a_variable() {
    let ended = Run::playbook("name: v\ninputs: {x: {}}\nsteps: [{print: \"{{ x }} {{ target.url }}\"}]")
        .file("s.yaml", "time: virtual")
        .var("MYAF_RUN_SANDBOX", "s.yaml")
        .var("MYAF_RUN_API", "v1")
        .var("MYAF_RUN_EXTRA_VARS", "x=7")
        .var("MYAF_RUN_OUTPUT", "text")
        .end();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "7 http://127.0.0.1:PORT/api/v1\n"), "{ended:#?}");
    let quiet = Run::playbook(PRINTS).scenario("{description: x}").var("MYAF_RUN_OUTPUT", "quiet").end();
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
    let flag_wins = Run::playbook(PRINTS)
        .scenario("{description: x}")
        .var("MYAF_RUN_OUTPUT", "quiet")
        .args(&["--output", "text"])
        .end();
    assert_eq!(flag_wins.stdout, "one\ntwo\n");
}

/// A shell that runs the program with its streams as the line says.
fn shell(run: &Run, line: &str) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_myaf-run");
    let mut command = Command::new("/bin/bash");
    command.current_dir(run.folder()).env_clear().env("PATH", "/usr/bin:/bin").env("RUN", program);
    command.args(["-c", line]).output().expect("a shell")
}

#[test]
fn a_reader_that_goes_away_changes_neither_the_run_nor_its_exit_code() {
    let many: Vec<String> = (0..200).map(|number| format!("  - print: line {number}")).collect();
    let good = Run::playbook(&format!("name: p\nsteps:\n{}", many.join("\n"))).scenario("{description: x}");
    let bad = Run::playbook(&format!("name: p\nsteps:\n{}\n  - assert: false", many.join("\n")));
    let bad = bad.scenario("{description: x}");
    for (run, code) in [(&good, 0), (&bad, 1)] {
        for closed in ["| true", "2> >(true) | true", "2>&1 | head -1", ">&-", "2>&-", ">&- 2>&-", "2>/dev/full"] {
            let pipes = format!("\"$RUN\" --sandbox=s.yaml p.yaml {closed}; exit ${{PIPESTATUS[0]}}");
            let output = shell(run, &pipes);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{closed}: {stderr}");
            assert!(!stderr.contains("panicked") && !stderr.contains("a bug in"), "{closed}: {stderr}");
        }
    }
}

#[test]
fn results_that_cannot_be_written_are_exit_code_74_unless_the_run_failed_anyway() {
    for (last, code) in [("print: x", 74), ("assert: false", 1)] {
        let run = Run::playbook(&format!("name: p\nsteps: [{{print: one}}, {{{last}}}]")).scenario("{description: x}");
        let output = shell(&run, "\"$RUN\" --sandbox=s.yaml p.yaml >/dev/full");
        assert_eq!(output.status.code(), Some(code), "{last}");
    }
}

#[test]
fn nothing_but_a_url_and_a_key_is_needed_of_the_environment() {
    for version in BOTH {
        let ended = Run::playbook(PRINTS).scenario("{description: x}").api(version).end();
        assert_eq!((ended.code, ended.stdout.as_str()), (0, "one\ntwo\n"), "{ended:#?}");
    }
    let ended = Run::playbook(PRINTS).scenario("{description: x}").var("HOME", "/nonexistent").var("LANG", "xx").end();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("/bin/kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn a_signal_ends_the_wait_and_the_last_line_names_the_run_that_goes_on() {
    for (name, version, code) in [("HUP", "v1", 129), ("INT", "v2", 130), ("TERM", "v1", 143)] {
        let served = Served::new("dags: [{dag_id: a, run: {duration: 1h}}]");
        let run = Run::playbook("name: w\nsteps: [{print: first}, {id: load, trigger_dag: {dag_id: a, wait: {timeout: 2h}}}, {print: never}]")
            .var("MY_AIRFLOW_API_URL", &served.url(version))
            .var("MY_AIRFLOW_API_KEY", &served.key);
        let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        served.until_there_is_a_run();
        signal(&child, name);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code), "{output:#?}");
        let stderr = run.named(&String::from_utf8(output.stderr).expect("UTF-8"));
        let times = regex_lite::Regex::new(r"\d+(ms|\.\ds)").expect("a good pattern");
        let stderr = times.replace_all(&stderr, "SOME_TIME").replace(version, "VERSION");
        is_golden("cli/signal", &stderr.replace(&format!("SIG{name}"), "SIGNAL"));
        assert_eq!(served.get("/api/v1/dags/a/dagRuns").matches("dag_run_id\"").count(), 1);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    // It accepts the connection and never answers: the write gets its grace, the second signal does not.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/api/v1", listener.local_addr().expect("an address"));
    let run = Run::playbook("name: w\nsteps: [{id: load, trigger_dag: {dag_id: a}}]")
        .var("MY_AIRFLOW_API_URL", &url)
        .var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let dag = r#"{"dag_id": "a", "is_paused": false, "is_active": true, "has_import_errors": false, "tags": [], "owners": []}"#;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let (mut stream, _) = listener.accept().expect("it asks for the DAG");
    read_head(&mut stream);
    write!(stream, "{head}Content-Length: {}\r\n\r\n{dag}", dag.len()).expect("it is answered");
    drop(stream);
    let (mut stream, _) = listener.accept().expect("it sends the run");
    read_head(&mut stream);
    signal(&child, "TERM");
    // Until the first signal is taken, the second may be merged with it by the system.
    let mut child = child;
    while child.try_wait().expect("its state").is_none() {
        signal(&child, "INT");
        std::thread::yield_now();
    }
    let output = child.wait_with_output().expect("it ends");
    let stderr = run.named(&String::from_utf8(output.stderr).expect("UTF-8"));
    assert!(matches!(output.status.code(), Some(130 | 143)), "{stderr}");
    assert!(stderr.contains("stopped at once by a second signal; run RUN"), "{stderr}");
}

fn read_head(stream: &mut TcpStream) {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
}

#[test]
fn the_documented_env_file_works_as_it_is() {
    for version in BOTH {
        let served = Served::new("dags: [{dag_id: a}]");
        let env =
            format!("MY_AIRFLOW_API_URL = \"{}/\"\nMY_AIRFLOW_API_KEY = \"{}\"\n", served.url(version), served.key);
        let run = |path: &str| {
            let run = Run::playbook(LISTS).file(path, &env);
            let file = run.folder().join(path);
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("its mode is set");
            run
        };
        for path in [".env", "orchestrate/.env"] {
            let ended = run(path).end();
            assert_eq!(ended.code, 0, "{path} {ended:#?}");
            assert!(ended.stderr.contains("1 DAG on 1 page"), "{ended:#?}");
        }
        let ended = run("other.env").args(&["--env-file", "other.env"]).end();
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
}

#[test]
fn a_playbook_that_was_run_on_a_real_clock_ends_alike() {
    for version in BOTH {
        let served = Served::new("dags: [{dag_id: a, run: {duration: 300ms}}]");
        let ended = Run::playbook(
            "name: w\nsteps: [{trigger_dag: {dag_id: a, wait: {poll: {every: 100ms}}}, expect: state == 'success'}]",
        )
        .var("MY_AIRFLOW_API_URL", &served.url(version))
        .var("MY_AIRFLOW_API_KEY", &served.key)
        .end();
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
}

#[test]
fn the_seed_example_runs_on_the_sandbox() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/seed.yaml");
    for version in BOTH {
        let ended = Run::new().args(&["--sandbox", "--api", version, example]).end();
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(ended.stdout.contains("daily_loan_run\n"), "{ended:#?}");
    }
}

#[test]
fn a_scenario_that_is_wrong_is_told_and_nothing_is_run() {
    let run = || Run::playbook(PRINTS).args(&["--sandbox=s.yaml"]);
    run().end().is_golden("cli/no_scenario");
    run().file("s.yaml", "dags: [{dag: a}]").end().is_golden("cli/wrong_scenario");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let ended = Run::new().args(&["sandbox", "--port", &port]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    let expected = format!("error: the sandbox can't listen on port {port}: ");
    assert!(ended.stderr.starts_with(&expected), "{ended:#?}");
}

#[test]
fn stdout_that_is_a_file_gets_the_report_and_nothing_else() {
    let run = Run::playbook(PRINTS).scenario("{description: x}").args(&["--output", "json"]);
    let path = run.folder().join("report.json");
    let file = File::create(&path).expect("a file");
    let stderr = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    let status = run.command().stdout(file).stderr(stderr).status().expect("it runs");
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).expect("text")).expect("JSON");
    assert_eq!((status.code(), &report["exit_code"]), (Some(0), &0.into()));
}

/// A folder with playbooks, one of them wrong, and with files that are none.
fn folder_of_playbooks() -> Run {
    let run = Run::new().file("books/b.yml", "steps:\n  - prnt: hi\n").file("books/a.yaml", "steps:\n  - print: hi\n");
    let run = run.file("books/values.yaml", "a: 1\n").file("books/.hidden/c.yaml", "steps:\n  - bad: 1\n");
    run.file("books/deep/d.yaml", "inputs: { x: { default: y } }\nsteps:\n  - print: hi\n")
        .file("books/notes.txt", "steps:")
}

#[test]
fn check_walks_folders_and_passes_over_what_is_no_playbook() {
    let run = folder_of_playbooks().args(&["check", "books"]);
    run.end().is_golden("cli/check_folder");
    let run = Run::new().file("empty/x.txt", "").args(&["check", "empty"]);
    run.end().is_golden("cli/check_empty_folder");
}

#[test]
fn mistakes_are_told_to_programs_on_stdout() {
    for format in ["json", "github"] {
        let run = folder_of_playbooks().args(&["check", "--message-format", format, "books"]);
        run.end().is_golden(&format!("cli/check_{format}"));
        let run = folder_of_playbooks().args(&["--sandbox", "--message-format", format, "books/b.yml"]);
        let ended = run.end();
        assert_eq!((ended.code, ended.stdout.lines().count()), (2, 1), "{}", ended.transcript());
    }
}

#[test]
fn a_strict_run_runs_nothing_that_is_warned_of_and_another_says_nothing_of_it() {
    let playbook = "inputs: {x: {default: y}}\nsteps: [{print: hi}]";
    let strict = Run::playbook(playbook).args(&["--sandbox", "--strict"]).end();
    assert_eq!((strict.code, strict.stdout.as_str()), (2, ""), "{}", strict.transcript());
    strict.is_golden("cli/strict_run");
    let plain = Run::playbook(playbook).args(&["--sandbox"]).end();
    assert!(plain.code == 0 && !plain.stderr.contains("W002"), "{}", plain.transcript());
}
