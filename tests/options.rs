//! Options and the variables that stand for them: what is set but empty, and what contradicts a word that was typed.

use crate::run::{Ended, Run};

const PRINTS: &str = "name: p\nsteps: [{id: hi, print: hi}]";

/// A variable of each option that a run has.
const OF_A_RUN: [&str; 31] = [
    "TARGET",
    "URL",
    "API",
    "AUTH",
    "ENV_FILE",
    "CA_CERT",
    "CLIENT_CERT",
    "CLIENT_KEY",
    "ALLOW_HTTP",
    "CONNECT_TIMEOUT",
    "MAX_TIME",
    "SANDBOX",
    "EXTRA_VARS",
    "TAGS",
    "SKIP_TAGS",
    "START_AT",
    "LIST_STEPS",
    "CHECK",
    "CURL",
    "PREFLIGHT",
    "RUN_ID",
    "ON_OVERLAP",
    "NO_JOURNAL",
    "KEEP",
    "STATE_DIR",
    "DEADLINE",
    "GRACE",
    "OUTPUT",
    "STRICT",
    "MESSAGE_FORMAT",
    "NO_COLOR",
];

/// The other commands' options.
const OF_OTHERS: [&str; 6] = ["ONLINE", "JSON", "AGAIN", "CLEAR", "ALLOW_CHANGED", "PORT"];

fn with_all_empty(run: Run) -> Run {
    OF_A_RUN.iter().chain(&OF_OTHERS).fold(run, |run, name| run.var(&format!("MYAF_RUN_{name}"), ""))
}

fn ends_well(ended: &Ended) {
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.contains("rror")), (0, "hi\n", false), "{ended:#?}");
}

#[test]
fn a_variable_that_is_set_but_empty_counts_as_not_set_for_every_command() {
    ends_well(&with_all_empty(Run::playbook(PRINTS).args(&["--sandbox"])).end());
    for name in OF_A_RUN {
        ends_well(&Run::playbook(PRINTS).args(&["--sandbox"]).var(&format!("MYAF_RUN_{name}"), "").end());
    }
    for words in [
        &["check", "p.yaml"][..],
        &["check", "--online", "--sandbox", "p.yaml"],
        &["doctor", "--sandbox"],
        &["runs", "list"],
        &["explain", "E001"],
        &["schema"],
        &["init", "made"],
        &["schedule", "--cron", "0 6 * * *", "--as", "crontab", "p.yaml"],
    ] {
        let plain = Run::playbook(PRINTS).args(words).end();
        let run = with_all_empty(Run::playbook(PRINTS)).args(words);
        assert_eq!(run.end().code, plain.code, "{words:?}: {:#?}", run.end());
    }
}

#[test]
fn what_a_variable_says_does_not_contradict_a_word_that_was_typed() {
    for (name, value) in
        [("TARGET", "team"), ("URL", "http://127.0.0.1:1"), ("AUTH", "token"), ("ENV_FILE", "none.env"), ("CURL", "1")]
    {
        ends_well(&Run::playbook(PRINTS).args(&["--sandbox"]).var(&format!("MYAF_RUN_{name}"), value).end());
    }
    // The other way round: whoever types a target does not mean the sandbox of the environment.
    let run = Run::playbook(PRINTS).var("MYAF_RUN_SANDBOX", "builtin");
    let ended = run.args(&["--target", "team"]).end();
    assert!(ended.code == 2 && ended.stderr.contains("for target `team`"), "{ended:#?}");
    // Of two variables, the sandbox counts: it changes nothing.
    ends_well(&Run::playbook(PRINTS).var("MYAF_RUN_SANDBOX", "builtin").var("MYAF_RUN_TARGET", "team").end());
}

#[test]
fn two_words_that_contradict_each_other_are_a_mistake_whatever_the_variables_are() {
    for words in [&["--sandbox", "--target", "team"][..], &["--sandbox", "--url", "http://127.0.0.1:1"], &["--curl"]] {
        for name in ["MYAF_RUN_TARGET", "MYAF_RUN_CURL", "MYAF_RUN_KEEP"] {
            let ended = Run::playbook(PRINTS).args(words).var(name, "1").end();
            assert!(ended.code == 2 && ended.stdout.is_empty(), "{words:?} {name}: {ended:#?}");
        }
    }
}

#[test]
fn a_variable_of_another_command_is_not_looked_at() {
    let ended = Run::new().args(&["explain", "E001"]).var("MYAF_RUN_KEEP", "many").var("MYAF_RUN_PORT", "x").end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let ended = Run::playbook(PRINTS).args(&["--sandbox"]).var("MYAF_RUN_KEEP", "many").end();
    assert!(ended.code == 2 && ended.stderr.contains("--keep"), "{ended:#?}");
}

#[test]
fn an_input_whose_variable_is_empty_has_no_value_from_it() {
    let playbook = "
        name: p
        inputs:
          hook: { secret: true, from_env: HOOK, required: false }
          tag: { from_env: TAG, default: nightly }
        steps: [{print: \"{{ 'none' if hook is none else 'text' }} {{ tag }}\"}]";
    let ended = Run::playbook(playbook).args(&["--sandbox"]).var("HOOK", "").var("TAG", "").end();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "none nightly\n"), "{ended:#?}");
    let required = "name: p\ninputs: {hook: {from_env: HOOK, required: true}}\nsteps: [{print: hi}]";
    let ended = Run::playbook(required).args(&["--sandbox"]).var("HOOK", "").end();
    assert!(ended.code == 2 && ended.stderr.contains("`HOOK` is not set, or empty"), "{ended:#?}");
}

#[test]
fn a_url_that_is_nearly_right_is_told_with_what_to_write_wherever_it_stands() {
    for (url, meant) in [
        ("http://localhost:8080/home", "http://localhost:8080/api/v1"),
        ("http://localhost:8080/api/v1/dags", "http://localhost:8080/api/v1"),
        ("airflow.example.com/api/v1", "https://airflow.example.com/api/v1"),
        ("\u{201c}http://localhost:8080/api/v2\u{201d}", "http://localhost:8080/api/v2"),
        ("https://u:hunter2@air.example/api/v2", "https://air.example/api/v2"),
    ] {
        let playbook = "name: p\nsteps: [{list_dags: {}}]";
        let run = || Run::playbook(playbook).var("MY_AIRFLOW_API_KEY", "some-key");
        let typed = run().args(&["--url", url]).end();
        let variable = run().var("MY_AIRFLOW_API_URL", url).end();
        for (ended, write) in
            [(typed, format!("`--url {meant}`")), (variable, format!("`MY_AIRFLOW_API_URL='{meant}'`"))]
        {
            assert_eq!(ended.code, 2, "{ended:#?}");
            assert!(ended.stderr.contains(&format!("  = help: write {write}")), "{ended:#?}");
            assert!(!ended.stderr.contains("hunter2"), "{ended:#?}");
        }
    }
}
