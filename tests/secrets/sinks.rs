//! Every way out of the program, with secrets in every form: standard output and error, the journal, the history, commands.

use std::fmt::Write as _;
use std::fs;

use proptest::prelude::{ProptestConfig, Strategy, proptest};
use serde_json::json;

use crate::run::{BOTH, Run};

const WORLD: &str = "
    auth: {key: key-0f-the-t3am}
    dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed}]}}, {dag_id: ok}]
    datasets: [{uri: d}]
    variables: [{key: pw, value: 'Hunter2!Qxcvbz/ab+9'}, {key: two, value: 'An0ther$kwyjibo?of~mine'}]
";

/// Every text that left a run: its streams, its journal, and what the history says of it.
fn everything(run: &Run) -> String {
    let mut all = run.end().transcript();
    let folder = run.folder().join(".state/myaf-run/runs");
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        all.push_str(&fs::read_to_string(file.path()).expect("a journal"));
        let id = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
        for words in
            [&["runs", "show", &id][..], &["runs", "report", &id], &["runs", "list", "--json"], &["runs", "list"]]
        {
            let mut command = run.command();
            let program = command.get_program().to_owned();
            command = std::process::Command::new(program);
            command.env_clear().env("XDG_STATE_HOME", run.folder().join(".state")).args(words);
            let output = command.output().expect("it starts");
            let _ = writeln!(all, "{}", String::from_utf8_lossy(&output.stdout));
            let _ = writeln!(all, "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    all
}

/// Whether six characters of the secret in a row are shown, as they are or in base64.
fn shows_a_part(all: &str, secret: &str) -> Option<String> {
    use base64::Engine as _;
    let letters: Vec<char> = secret.chars().collect();
    let parts = letters.windows(6).map(|part| part.iter().collect::<String>());
    let encoded =
        ["", "x", "xy"].map(|lead| base64::engine::general_purpose::STANDARD.encode(format!("{lead}{secret}")));
    let encoded = encoded.iter().flat_map(|text| {
        let inner = &text[4..text.len() - 4];
        (0..inner.len().saturating_sub(8)).map(|at| inner[at..at + 8].to_owned()).collect::<Vec<_>>()
    });
    parts.chain(encoded).find(|part| all.contains(part.as_str()))
}

fn shows_nothing(secrets: &[&str], make: impl Fn() -> Run) {
    for output in ["text", "json", "quiet"] {
        for version in BOTH {
            let run = make().api(version).args(&["--output", output]);
            let all = everything(&run);
            for secret in secrets {
                assert_eq!(shows_a_part(&all, secret), None, "{version} {output}:\n{all}");
            }
        }
    }
}

/// A secret of many characters, no six of which occur anywhere else.
fn long_secret(length: usize) -> String {
    (0..length).map(|at| char::from(b"QZXJKqzxjk0123456789"[(at * 7 + at / 20 * 3 + at / 7) % 20])).collect()
}

#[test]
fn a_secret_that_is_longer_than_what_is_shown_leaves_no_part_of_itself() {
    let book = "
        name: m
        inputs: {tok: {secret: true, from_env: TOK}}
        steps:
          - {ignore_errors: true, assert: \"tok == 'x'\"}
          - {ignore_errors: true, assert: {that: \"('a' * 150 ~ tok) == 'x'\", message: \"it is {{ tok }}\"}}
          - {ignore_errors: true, assert: tok}
          - {ignore_errors: true, assert: \"[{tok: 1}, {'b': tok}] == 1\"}
          - {ignore_errors: true, assert_no_import_errors: {filename_pattern: \"{{ tok }}\"}}
          - {ignore_errors: true, pause: \"{{ tok }}\"}
          - {ignore_errors: true, get_dag: {dag_id: \"x{{ tok }}\"}}
          - {ignore_errors: true, trigger_dag: {dag_id: ok, logical_date: \"{{ tok }}\"}}
          - {ignore_errors: true, trigger_dag: {dag_id: ok, note: \"{{ 'n' * 700 ~ tok }}\", conf: {p: \"{{ tok }}\"}}}
          - {ignore_errors: true, list_dag_runs: {dag_id: ok, state: [\"{{ tok }}\"]}}
          - {ignore_errors: true, trigger_dag: {dag_id: ok, once_per: \"{{ tok }}\"}}
    ";
    for length in [30, 250, 400, 1300] {
        let secret = long_secret(length);
        shows_nothing(&[&secret], || Run::playbook(book).scenario(WORLD).var("TOK", &secret));
        shows_nothing(&[&secret], || Run::playbook(book).scenario(WORLD).var("TOK", &secret).args(&["-C", "--curl"]));
    }
}

#[test]
fn a_secret_that_stands_in_the_playbook_itself_is_not_drawn_in_pieces() {
    let secret = long_secret(300);
    for at in [0, 100, 190, 250] {
        let filler = "w".repeat(at);
        let book =
            format!("name: m\nsteps:\n  - print: ok\n    {filler}{secret}: 1\n    nte: \"{filler}{secret}{filler}\"\n");
        let make = || Run::playbook(&book).var("A_TOKEN", &secret);
        for format in ["human", "json", "github"] {
            let run = Run::new().file("b.yaml", &book).var("A_TOKEN", &secret).args(&[
                "check",
                "--message-format",
                format,
                "b.yaml",
            ]);
            let all = run.end().transcript();
            assert_eq!(shows_a_part(&all, &secret), None, "{format} {at}:\n{all}");
        }
        assert_eq!(shows_a_part(&everything(&make()), &secret), None);
    }
}

#[test]
fn secrets_that_are_keys_are_masked_and_stay_different() {
    let book = "
        name: k
        steps:
          - {get_variable: {key: pw}, capture: {pw: value}}
          - {get_variable: {key: two}, capture: {second: value}}
          - set_vars: {k: \"{{ {pw: 1, second: 2, 'plain': 3} }}\"}
          - print: \"{{ k | tojson }} {{ k | string | tojson }}\"
          - {ignore_errors: true, assert: k == 1}
          - trigger_dag: {dag_id: ok, conf: {m: \"{{ k }}\"}}
          - post_dataset_event: {dataset_uri: d, extra: {m: \"{{ k }}\"}, consumers: ignore}
        outputs: {out: \"{{ k }}\"}
    ";
    let make = || Run::playbook(book).scenario(WORLD);
    shows_nothing(&["Hunter2!Qxcvbz/ab+9", "An0ther$kwyjibo?of~mine"], make);
    let report = make().report();
    assert_eq!(report["outputs"]["out"], json!({"***": 1, "***.2": 2, "plain": 3}));
}

#[test]
fn what_stands_in_a_secret_that_is_json_is_shown_nowhere() {
    let book = "
        name: j
        inputs: {js: {secret: true}, m: {type: map, secret: true}}
        vars: {inner: \"{{ js | fromjson }}\"}
        steps:
          - print: \"{{ inner.password }} {{ inner.deep[0].pin }} {{ env.DB_CREDENTIALS }}\"
          - print: \"{{ (env.DB_CREDENTIALS | fromjson).user.name }} {{ m.a.b }}\"
          - {ignore_errors: true, assert: \"inner.deep[0].pin == 1\"}
          - set_vars: {n: \"{{ inner.deep[0].pin }}\", all: \"{{ inner }}\"}
    ";
    let make = || {
        Run::playbook(book)
            .scenario(WORLD)
            .var("DB_CREDENTIALS", "{\"user\": {\"name\": \"Zephyr~Kludge\"}}")
            .args(&["-e", "js={\"password\": \"Quagga8!crossing\", \"deep\": [{\"pin\": 83649175}]}"])
            .args(&["-e", "m={\"a\": {\"b\": \"Vexing%Jabot\"}}"])
    };
    shows_nothing(&["Quagga8!crossing", "83649175", "Zephyr~Kludge", "Vexing%Jabot"], make);
}

fn secrets() -> impl Strategy<Value = String> {
    "[A-Z]{2}[a-zA-Z0-9/+ '\"<>\\\\&%=_ä€-]{8,60}[A-Z]{2}".prop_map(|text| format!("Qj{text}Zx"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 6 } else { 40 }))]

    #[test]
    fn no_secret_leaves_whatever_it_is_made_of(secret in secrets()) {
        let book = "
            name: m
            inputs: {p: {secret: true, from_env: TOK}}
            steps:
              - print: \"{{ p }} {{ p | b64encode }} {{ p | b64encode | b64encode }} {{ p | tojson | b64encode }} {{ p | urlencode }}\"
              - print: \"{{ p | tojson | tojson }} {{ p | e }} {{ [p] | string }} {{ {p: p} | tojson }} {{ p | tojson | urlencode }}\"
              - print: \"{{ p | replace(' ', '\\n') }} {{ p | e | tojson }} {{ p | urlencode | urlencode }} {{ ('x' ~ p) | b64encode }}\"
              - {name: \"named {{ p }}\", trigger_dag: {dag_id: ok, note: \"of {{ p }}\", conf: {a: \"{{ {p: p} }}\", b: \"{{ p | b64encode }}\"}}}
              - {ignore_errors: true, assert: [p == 1, {that: false, message: \"{{ p | e }}\"}]}
              - {ignore_errors: true, get_dag: {dag_id: \"{{ p }}\"}}
            outputs: {o: \"{{ {'k': [p, {p: 1}]} }}\"}
        ";
        for words in [&["--output", "text"][..], &["--output", "json"], &["-C", "--curl"]] {
            let run = Run::playbook(book).scenario(WORLD).var("TOK", &secret).args(words);
            let all = everything(&run);
            // Runs of letters between what encodings change.
            let telling = secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() >= 6);
            for part in telling.chain([secret.as_str()]) {
                assert!(!all.contains(part), "{part} of {secret:?} is in\n{all}");
            }
        }
    }
}
