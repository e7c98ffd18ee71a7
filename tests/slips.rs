//! Slips of the command line: each is told with the words that help, and with exit code 2.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::run::{Ended, Run};

const PLAYBOOK: &str = "name: p\ninputs: {month: {default: x}}\nsteps: [{print: \"{{ month }}\"}]";

/// A folder with playbooks, a scenario and another file.
fn folder() -> Run {
    Run::new()
        .file("month_end.yaml", PLAYBOOK)
        .file("other.yml", PLAYBOOK)
        .file("jobs/load.yaml", PLAYBOOK)
        .file("empty/x", "")
        .file("world.yaml", "dags: []")
        .file("script.py", "import os")
}

/// What is typed; the message and the help.
type Row = (&'static str, &'static str, &'static str);

fn are_told(rows: &[Row]) {
    for (typed, message, help) in rows {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let ended = folder().args(&words).end();
        let expected = format!("error: {message}\n  = help: {help}\n");
        assert_eq!((ended.code, ended.stderr), (2, expected), "{typed}");
        assert_eq!(ended.stdout, "", "{typed}");
    }
}

#[test]
fn a_command_that_is_none_leads_to_the_one_that_is_meant() {
    are_told(&[
        ("run month_end.yaml", "there is no command `run`", "a playbook is run without one: `myaf-run month_end.yaml`"),
        (
            "run",
            "the playbook `run` can't be read: there is no such file",
            "a playbook is run without a command: `myaf-run PLAYBOOK`",
        ),
        ("chek month_end.yaml", "there is no command `chek`", "did you mean `myaf-run check month_end.yaml`?"),
        ("validate jobs", "there is no command `validate`", "did you mean `myaf-run check jobs`?"),
        (
            "docter",
            "the playbook `docter` can't be read: there is no such file",
            "did you mean the command `myaf-run doctor`?",
        ),
        (
            "list",
            "the playbook `list` can't be read: there is no such file",
            "did you mean the command `myaf-run runs list`?",
        ),
        (
            "month_end.yaml check",
            "the command `check` stands behind the playbook",
            "write the command first: `myaf-run check month_end.yaml`",
        ),
        ("help chek", "there is no command `chek`", "did you mean `myaf-run check`?"),
        ("runs shwo", "there is no command `runs shwo`", "did you mean `myaf-run runs show`?"),
        ("runs ls", "there is no command `runs ls`", "did you mean `myaf-run runs list`?"),
        ("runs latest", "there is no command `runs latest`", "did you mean `myaf-run runs show latest`?"),
        (
            "resume month_end.yaml --state-dir s",
            "there is no run `month_end.yaml`",
            "`myaf-run runs list --playbook month_end.yaml` lists its runs, `myaf-run resume latest month_end.yaml` goes on with the newest",
        ),
    ]);
}

#[test]
fn words_beside_a_playbook_are_told_what_they_were_meant_as() {
    let one = "run each by itself; `myaf-run check` takes several, and folders";
    let input = "the value of an input is given with `-e`: write `-e month=…`";
    are_told(&[
        ("month_end.yaml other.yml", "one playbook is run at a time, found `month_end.yaml` and `other.yml`", one),
        (
            "--sandbox month_end.yaml other.yml",
            "one playbook is run at a time, found `month_end.yaml` and `other.yml`",
            one,
        ),
        (
            "--sandbox world.yaml month_end.yaml",
            "one playbook is run at a time, found `world.yaml` and `month_end.yaml`",
            "a scenario is joined to its option by `=`: write `--sandbox=world.yaml month_end.yaml`",
        ),
        (
            "--sandbox=month_end.yaml",
            "no playbook is given",
            "what follows `--sandbox=` is a scenario: write `--sandbox month_end.yaml`",
        ),
        ("month_end.yaml month=hunter2", "`month=…` is not a playbook", input),
        ("--target my month=hunter2 month_end.yaml", "`month=…` is not a playbook", input),
        ("month=hunter2", "the playbook `month=…` can't be read: there is no such file", input),
        (
            "-t a,b month_end.yaml -e month=x more.yaml",
            "one playbook is run at a time, found `month_end.yaml` and `more.yaml`",
            one,
        ),
    ]);
}

#[test]
fn a_playbook_that_is_not_there_is_looked_for_beside_it() {
    are_told(&[
        (
            "month_ned.yaml",
            "the playbook `month_ned.yaml` can't be read: there is no such file",
            "did you mean `month_end.yaml`?",
        ),
        (
            "month_end",
            "the playbook `month_end` can't be read: there is no such file",
            "did you mean `month_end.yaml`?",
        ),
        (
            "month_end.yml",
            "the playbook `month_end.yml` can't be read: there is no such file",
            "did you mean `month_end.yaml`?",
        ),
        (
            "./jobs/laod.yaml",
            "the playbook `./jobs/laod.yaml` can't be read: there is no such file",
            "did you mean `./jobs/load.yaml`?",
        ),
        (
            "elsewhere/x.yaml",
            "the playbook `elsewhere/x.yaml` can't be read: there is no such file",
            "the playbooks here are `month_end.yaml` and `other.yml`",
        ),
        (
            "jobs/",
            "the playbook `jobs/` can't be read: it is a folder",
            "run one playbook of it, such as `jobs/load.yaml`; `myaf-run check jobs` checks all playbooks below it",
        ),
        (
            "empty",
            "the playbook `empty` can't be read: it is a folder",
            "`myaf-run check empty` checks all playbooks below it",
        ),
        (
            "script.py",
            "`script.py` is not a playbook: a playbook is a YAML file with `steps:`",
            "`myaf-run init` makes a first one",
        ),
    ]);
    let ended = folder().args(&["check", "month_ned.yaml"]).end();
    assert!(ended.code == 2 && ended.stderr.contains("did you mean `month_end.yaml`?"), "{}", ended.stderr);
    are_told(&[(
        "",
        "no playbook is given",
        "write `myaf-run month_end.yaml`; `myaf-run --help` tells what else there is",
    )]);
}

#[test]
fn options_of_other_programs_lead_to_ours() {
    for (options, help) in [
        (&["--dry-run", "-n", "--diff"][..], "`-C` does the reads"),
        (&["--limit", "-i", "--inventory"], "`--target NAME`"),
        (&["--ask-pass", "-u", "--token=hunter2"], "a credential is never an option"),
        (&["--become", "-b", "-K"], "there is nobody to become"),
        (&["--list-tasks"], "`--list-steps`"),
        (&["--start-at-task"], "`--start-at STEP`"),
        (&["--syntax-check"], "`myaf-run check PLAYBOOK`"),
        (&["--var", "--param"], "`-e NAME=VALUE`"),
        (&["--json"], "`--output json`"),
        (&["--insecure"], "`--ca-cert FILE`"),
        (&["--sandbx"], "did you mean `--sandbox`?"),
        (&["--exta-vars"], "did you mean `--extra-vars`?"),
        (&["--nothing-like-it"], "`myaf-run help` lists every option"),
    ] {
        for option in options {
            let ended = folder().args(&[option, "month_end.yaml"]).end();
            let name = option.split('=').next().unwrap_or_default();
            assert!(
                ended.stderr.starts_with(&format!("error: there is no option `{name}`\n  = help: ")),
                "{}",
                ended.stderr
            );
            assert!(ended.code == 2 && ended.stderr.contains(help), "{option}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        }
    }
    let ended = folder().args(&["check", "--tags", "x", "month_end.yaml"]).end();
    assert!(
        ended.stderr.ends_with("help: it is an option of a run; `myaf-run check --help` lists its options\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_prints_to_a_full_disk_says_so_in_its_exit_code() {
    let words = [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["help", "check"],
        &["check", "--help"],
        &["--version"],
        &["schema"],
        &["completions", "bash"],
        &["man"],
        &["explain"],
        &["explain", "E001"],
        &["runs", "list", "--json"],
    ];
    for words in words {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command.args(words).env_clear().env("MYAF_RUN_STATE_DIR", folder.path());
        let status = command.stdout(full).status().expect("it starts");
        assert_eq!(status.code(), Some(74), "{words:?}");
    }
}

/// Runs it with a history of its own, against no Airflow.
fn with_history(words: &[&str], state: &str) -> Ended {
    let run = Run::new().file("q.yaml", PLAYBOOK).args(words).args(&["--state-dir", state]);
    run.var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v2").var("MY_AIRFLOW_API_KEY", "some-key-of-mine").end()
}

#[test]
fn the_newest_run_is_meant_by_latest_and_by_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("s");
    let state = state.to_str().expect("UTF-8");
    let runs = |words: &[&str]| with_history(&[&["runs"], words].concat(), state);
    assert_eq!(runs(&["show"]).stderr, "error: there are no runs yet\n");
    assert_eq!(with_history(&["q.yaml"], state).code, 0);
    let shown = runs(&["show", "latest"]);
    assert!(shown.code == 0 && shown.stdout.contains("status    passed"), "{shown:#?}");
    assert_eq!(runs(&["show"]).stdout, shown.stdout);
    let report: serde_json::Value = serde_json::from_str(&runs(&["report", "latest"]).stdout).expect("JSON");
    assert_eq!(report["playbook"], "p");
    for (since, lines) in [("1h", 2), ("yesterday", 2), ("2026-01-01", 2), ("2999-01-01", 0), ("2d", 2)] {
        let listed = runs(&["list", "--since", since]);
        assert_eq!((listed.code, listed.stdout.lines().count()), (0, lines), "{since}: {listed:#?}");
    }
    let wrong = runs(&["list", "--since", "soon"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("expected 1h, 2d, today, yesterday"), "{}", wrong.stderr);
    assert!(runs(&["list", "--utc"]).stdout.contains("STARTED (UTC)"));
}

#[test]
fn a_playbook_is_read_from_stdin_when_it_is_called_so() {
    for (words, text, code) in [
        (
            &["--sandbox", "-"][..],
            "inputs: {month: {default: x}}\nsteps: [{print: \"{{ month }} {{ playbook.name }}\"}]",
            0,
        ),
        (&["check", "-"], "steps: [{prnt: x}]", 2),
        (&["check", "-"], "", 2),
        (&["schedule", "-", "--cron", "0 6 * * *", "--as", "crontab"], PLAYBOOK, 2),
    ] {
        let run = Run::new().args(words);
        let mut command = run.command();
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(text.as_bytes()).expect("it is taken");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(code != 0 || out == "x stdin\n", "{out}");
    }
}
