//! Ordinary variables whose names look secret, with values that our own output is made of.

use std::fs;

use serde_json::Value;

use crate::journal::World;
use crate::run::{BOTH, Run};

const WORLD: &str = "dags: [{dag_id: a}]\n";

/// Variables that somebody may well have.
const ORDINARY: [(&str, &str); 12] = [
    ("DISABLE_PASSWORD_AUTH", "0"),
    ("KEY_VERSION", "1"),
    ("TOKEN_LIFETIME", "86400"),
    ("X_KEY", "passed"),
    ("Y_KEY", "integer"),
    ("Z_KEY", "trigger_dag"),
    ("A_TOKEN", "true"),
    ("B_TOKEN", "dataset"),
    ("C_TOKEN", "exit_code"),
    ("D_TOKEN", "step_finished"),
    ("E_TOKEN", "string"),
    ("F_TOKEN", "playbook"),
];

/// A text without what changes from run to run.
fn plain(run: &Run, text: &str) -> String {
    let text = run.named(text);
    let number = regex_lite::Regex::new(r#"("(elapsed_ms|latency_seconds)": )[0-9.e-]+"#).expect("a good pattern");
    number.replace_all(&text, "${1}N").into_owned()
}

/// What is printed with these variables.
fn printed(make: impl Fn() -> Run, vars: &[(&str, &str)]) -> (String, String, i32) {
    let run = vars.iter().fold(make(), |run, (name, value)| run.var(name, value));
    let ended = run.end();
    (plain(&run, &ended.stdout), plain(&run, &ended.stderr), ended.code)
}

#[test]
fn whatever_the_environment_holds_what_a_program_reads_keeps_its_form() {
    let book = "name: tiny\nsteps:\n  - trigger_dag: {dag_id: a}\n  - {assert: 1 == 1}";
    let on_the_sandbox = |words: &'static [&'static str]| move || Run::playbook(book).scenario(WORLD).args(words);
    let alone = |words: &'static [&'static str]| move || Run::new().file("bad.yaml", "nme: x\nsteps: []").args(words);
    let runs: Vec<Box<dyn Fn() -> Run>> = vec![
        Box::new(on_the_sandbox(&["--output", "json"])),
        Box::new(on_the_sandbox(&["--output", "text"])),
        Box::new(on_the_sandbox(&["-C", "--output", "json"])),
        Box::new(alone(&["schema"])),
        Box::new(alone(&["schema", "scenario"])),
        Box::new(alone(&["explain"])),
        Box::new(alone(&["--help"])),
        Box::new(alone(&["help"])),
        Box::new(alone(&["--no-such-option"])),
        Box::new(alone(&["man"])),
        Box::new(alone(&["check", "--message-format", "json", "bad.yaml"])),
        Box::new(alone(&["check", "--message-format", "github", "bad.yaml"])),
    ];
    for make in runs {
        let without = printed(&make, &[]);
        assert_eq!(printed(&make, &ORDINARY), without);
    }
}

#[test]
fn a_long_secret_that_is_one_of_our_words_changes_nothing_that_a_program_reads() {
    let book = "name: tiny\ninputs: {a: {secret: true}}\nsteps:\n  - {id: one, trigger_dag: {dag_id: a}}";
    let make = |secret: &str| Run::playbook(book).scenario(WORLD).args(&["-e", &format!("a={secret}")]);
    for secret in ["passed", "trigger_dag", "outcome", "exit_code", "2026-11", "integer", "tiny", "one", "1", "true"] {
        let report = make(secret).report();
        assert_eq!((&report["v"], &report["exit_code"]), (&1.into(), &0.into()), "{secret}");
        assert_eq!((&report["outcome"], &report["playbook"]), (&"passed".into(), &"tiny".into()), "{secret}");
        let step = &report["steps"][0];
        assert_eq!((&step["id"], &step["action"]), (&"one".into(), &"trigger_dag".into()), "{secret}");
        assert_eq!(report["started_at"], "TIME", "{secret}");
    }
}

#[test]
fn a_history_can_be_read_and_gone_on_with_whatever_the_environment_holds() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        let book = "name: tiny\ninputs: {n: {type: integer, default: 1}}\nsteps: [{id: one, set_vars: {k: '{{ n }}', s: 'passed'}}, {id: two, assert: [1 == 2]}, {id: three, assert: [k == 1, s == 'passed', n == 1]}]";
        world.write("p.yaml", book);
        assert_eq!(world.run_with(&ORDINARY, &["p.yaml"]).code, 1);
        let journal = fs::read_to_string(world.journal()).expect("a journal");
        assert!(!journal.contains("***"), "{journal}");
        let list = world.run_with(&ORDINARY, &["runs", "list", "--json"]);
        let rows: Value = serde_json::from_str(&list.stdout).expect("JSON");
        assert_eq!((&rows[0]["status"], &rows[0]["steps"]), (&"failed".into(), &3.into()));
        world.write("p.yaml", &book.replace("1 == 2", "1 == 1"));
        let ended = world.run_with(&ORDINARY, &["resume", "--allow-changed"]);
        assert_eq!(ended.code, 0, "{version}: {}", ended.stderr);
    }
}
