//! No secret leaves, in whatever form it travels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::run::{BOTH, Run, is_golden_on_both};

/// A secret with characters that every encoding changes.
const SECRET: &str = "s3cr?t/\"w+rd ü\\n";

const WORLD: &str = "
    auth: {key: key-0f-the-t3am}
    dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed, log: ['it was s3cr?t/\"w+rd ü\\n here']}]}}, {dag_id: ok}]
    datasets: [{uri: d}]
";

/// Every form in which a secret could be seen.
fn forms(secret: &str) -> Vec<String> {
    let json = json!(secret).to_string();
    let mut forms = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        json!(json).to_string().trim_matches('"').to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
    ];
    // Base64 in its three alignments, without the characters that depend on what stands beside the secret.
    for before in ["", "x", "xy"] {
        let encoded = STANDARD.encode(format!("{before}{secret}"));
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    forms
}

/// Runs it with every kind of output, and looks for every form of the secret.
fn shows_nothing(secret: &str, run: impl Fn() -> Run) {
    for output in ["text", "json", "quiet"] {
        for version in BOTH {
            let run = run().api(version).args(&["--output", output]);
            let ended = run.end();
            ended.has_no_bug();
            for form in forms(secret) {
                let all = ended.transcript();
                assert!(!all.contains(&form), "{version} {output} shows {form}:\n{all}");
            }
        }
    }
}

#[test]
fn a_secret_input_is_shown_nowhere() {
    let playbook = "
        name: m
        inputs: {pass: {secret: true}}
        vars: {copy: \"{{ pass }}!\"}
        steps:
          - print: \"{{ pass }} {{ pass | b64encode }} {{ ('x' ~ pass) | b64encode }} {{ ('xy' ~ pass) | b64encode }}\"
          - print: \"{{ pass | urlencode }} {{ pass | tojson }} {{ [pass] | tojson }} {{ copy }}\"
          - {name: \"named {{ pass }}\", trigger_dag: {dag_id: ok, note: \"of {{ pass }}\", conf: {p: \"{{ pass }}\", q: [\"{{ copy }}\"]}}, capture: made}
          - post_dataset_event: {dataset_uri: d, extra: {p: \"{{ pass }}\"}, consumers: ignore}
          - print: \"{{ made.conf | tojson }} {{ made.note }}\"
          - {assert: true, when: pass != ''}
          - trigger_dag: {dag_id: a, wait: true}
    ";
    shows_nothing(SECRET, || Run::playbook(playbook).scenario(WORLD).args(&["-e", &format!("pass={SECRET}")]));
}

#[test]
fn a_failing_expectation_shows_no_secret_among_its_values() {
    let playbook = "
        name: m
        inputs: {pass: {secret: true}}
        steps:
          - assert: [pass == 'x', {that: pass | length == 1, message: \"it is {{ pass }}\"}, pass]
    ";
    shows_nothing(SECRET, || Run::playbook(playbook).scenario(WORLD).args(&["-e", &format!("pass={SECRET}")]));
}

#[test]
fn a_secret_that_is_printed_is_three_stars() {
    let playbook = "
        name: m
        inputs: {pass: {secret: true}, pin: {secret: true}}
        steps:
          - print: \"{{ pass }} and {{ pass | b64encode }}\"
          - print: \"{{ pin }}\"
    ";
    is_golden_on_both("masking/printed", || {
        Run::playbook(playbook).scenario(WORLD).args(&["-e", "pass=hunter2-hunter2", "-e", "pin=0815"])
    });
}

#[test]
fn secrets_of_the_environment_are_shown_nowhere() {
    let playbook = "
        name: m
        steps:
          - print: \"{{ env.PLAIN }} {{ env.DB_PASSWORD }} {{ env.SLACK_TOKEN }}\"
          - trigger_dag: {dag_id: ok, note: \"{{ env.PLAIN }}\"}
          - trigger_dag: {dag_id: a, wait: true}
    ";
    let run = || {
        Run::playbook(playbook)
            .scenario(WORLD)
            .var("PLAIN", &format!("in the middle {SECRET} of it"))
            .var("DB_PASSWORD", SECRET)
            .var("SLACK_TOKEN", "xoxb-1234567890")
    };
    shows_nothing(SECRET, run);
    shows_nothing("xoxb-1234567890", run);
}

#[test]
fn a_secret_input_from_the_environment_is_masked_whatever_its_variable_is_called() {
    let playbook = "
        name: m
        inputs: {hook: {secret: true, from_env: HOOK}}
        steps: [{print: \"{{ hook }}\"}, {assert: hook == ''}]
    ";
    shows_nothing(SECRET, || Run::playbook(playbook).scenario(WORLD).var("HOOK", SECRET));
}

#[test]
fn the_sandboxs_key_and_the_token_made_of_it_are_shown_nowhere() {
    let playbook = "name: m\nsteps: [{trigger_dag: {dag_id: ok, note: key-0f-the-t3am}}]";
    shows_nothing("key-0f-the-t3am", || Run::playbook(playbook).scenario(WORLD));
    for version in BOTH {
        let ended =
            Run::playbook("name: m\nsteps: [{trigger_dag: {dag_id: ok}}, {print: \"{{ 'key-0f-' ~ 'the-t3am' }}\"}]")
                .scenario(WORLD)
                .api(version)
                .end();
        assert_eq!(ended.stdout, "***\n");
    }
}

#[test]
fn a_secret_in_an_id_or_a_uri_fails_before_any_request() {
    for (name, step) in [
        ("dag_id", "trigger_dag: {dag_id: \"x-{{ pass }}\"}"),
        ("dag_run_id", "trigger_dag: {dag_id: ok, dag_run_id: \"x-{{ pass }}\"}"),
        ("assert_dag", "assert_dag: {dag_id: \"{{ pass }}\"}"),
        ("uri", "post_dataset_event: {dataset_uri: \"s3://{{ pass }}\"}"),
    ] {
        let playbook = format!("name: m\ninputs: {{pass: {{secret: true}}}}\nsteps:\n  - {step}");
        let run = || Run::playbook(&playbook).scenario(WORLD).args(&["-e", "pass=hunter2-hunter2"]);
        is_golden_on_both(&format!("masking/leak_{name}"), run);
        assert_eq!(run().report()["steps"][0]["requests"], 0);
    }
}

#[test]
fn a_secret_in_a_note_or_conf_or_extra_is_sent_and_warned_about() {
    let playbook = "
        name: m
        inputs: {pass: {secret: true}}
        steps:
          - trigger_dag: {dag_id: ok, note: \"with {{ pass }}\"}
          - trigger_dag: {dag_id: ok, conf: {deep: [\"{{ pass }}\"]}}
          - post_dataset_event: {dataset_uri: d, extra: {deep: {p: \"{{ pass }}\"}}, consumers: ignore}
    ";
    is_golden_on_both("masking/warned", || {
        Run::playbook(playbook).scenario(WORLD).args(&["-e", "pass=hunter2-hunter2"])
    });
}

#[test]
fn what_an_inputs_mistake_shows_is_never_its_secret_value() {
    let playbook = "
        name: m
        inputs: {pass: {secret: true, pattern: '^[a-z]+$'}, count: {type: integer, secret: true}}
        steps: [{print: x}]
    ";
    shows_nothing(SECRET, || {
        Run::playbook(playbook)
            .scenario(WORLD)
            .file("more.yaml", &format!("pass: {}\ncount: {}", json!(SECRET), json!(SECRET)))
            .args(&["-e", "@more.yaml"])
    });
    shows_nothing(SECRET, || {
        let inputs = json!({"count": 1, "pass": "abc", "pas": SECRET});
        Run::playbook(playbook).scenario(WORLD).file("more.json", &inputs.to_string()).args(&["-e", "@more.json"])
    });
    shows_nothing(SECRET, || {
        Run::playbook(playbook).scenario(WORLD).args(&[
            "-e",
            &format!("pass={SECRET}"),
            "-e",
            &format!("count={SECRET}"),
        ])
    });
}

#[test]
fn what_airflow_sends_cannot_move_the_terminals_cursor() {
    let scenario = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed, log: [\"\\e[2Jgone\\u202e\"]}]}}]}";
    for version in BOTH {
        let ended = Run::playbook("name: m\nsteps: [{trigger_dag: {dag_id: a, wait: true}}]")
            .scenario(scenario)
            .api(version)
            .end();
        assert!(ended.stderr.contains("\\x1b[2Jgone\\u{202e}"), "{}", ended.stderr);
        assert!(!ended.stderr.contains(['\u{1b}', '\u{202e}']), "{}", ended.stderr);
    }
}
