//! What templates and expressions mean, seen from outside: playbooks run on the sandbox.

use std::process::{Command, Output};

/// Runs the steps of a playbook, with what stands before them, on the sandbox.
fn run(head: &str, steps: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let playbook = format!("name: words\n{head}steps:\n{steps}");
    std::fs::write(folder.path().join("p.yaml"), playbook).expect("a playbook");
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    command.args(["--sandbox", "p.yaml"]).current_dir(folder.path()).env_clear();
    command.output().expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("stdout is text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("stderr is text")
}

/// What the steps print; all of them pass.
fn printed(head: &str, steps: &str) -> String {
    let output = run(head, steps);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// The diagnostic of steps that end with this exit code.
fn refused(head: &str, steps: &str, code: i32) -> String {
    let output = run(head, steps);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    let from = told.find("error[").unwrap_or_else(|| panic!("no diagnostic in {told}"));
    told[from..].to_owned()
}

#[test]
fn one_expression_alone_keeps_its_type_and_more_is_text() {
    let head = "inputs:\n  many: {type: list, default: [b, a]}\n  count: {type: integer, default: 3}\nvars:\n  copy: \"{{ many }}\"\n  twice: \"{{ count * 2 }}\"\n  text: \"{{ count }}{{ twice }}\"\n";
    let steps = "  - print: \"{{ copy | sort | join('+') }} {{ twice + 1 }} {{ text + '1' }}\"\n";
    assert_eq!(printed(head, steps), "a+b 7 361\n");
}

#[test]
fn an_expression_may_stand_bare_or_in_braces() {
    let steps = "  - {when: 1 < 2, print: bare}\n  - {when: \"{{ 1 < 2 }}\", print: braced}\n  - {when: true, print: constant}\n  - {when: \"{{ 1 > 2 }}\", print: never}\n";
    assert_eq!(printed("", steps), "bare\nbraced\nconstant\n");
}

#[test]
fn a_condition_that_gives_no_boolean_fails_and_shows_what_it_gave() {
    let steps = "  - list_dags: {}\n    capture: {first: 'dag_ids[0]'}\n  - when: first\n    print: never\n";
    let told = refused("", steps, 1);
    assert!(told.starts_with("error[E041]: a condition must be true or false, this one gave text\n"), "{told}");
    assert!(told.contains("--> p.yaml:5:11\n"), "{told}");
}

#[test]
fn an_expectation_must_be_exactly_true() {
    for expect in ["dag_ids[0]", "dags[0]"] {
        let steps = format!("  - list_dags: {{}}\n    expect: \"{expect}\"\n");
        assert!(refused("", &steps, 1).starts_with("error[E040]"), "{expect}");
    }
}

#[test]
fn what_is_no_text_or_number_does_not_stand_in_text_when_it_is_known_only_then() {
    let first = "  - list_dags: {}\n    capture: {first: 'dags[0]'}\n";
    for (value, what) in [("first", "a map"), ("first.tags", "a list"), ("first.is_paused", "true or false")] {
        let told = refused("", &format!("{first}  - print: 'it is {{{{ {value} }}}}'\n"), 1);
        assert!(told.starts_with(&format!("error[E041]: {what} can't stand inside text; use `| tojson`\n")), "{told}");
        assert!(told.contains("--> p.yaml:5:22\n"), "{told}");
    }
}

#[test]
fn an_undefined_field_is_named_at_its_place() {
    let first = "  - list_dags: {}\n    capture: {first: 'dags[0]'}\n";
    for (print, place) in [("'{{ first.nope }}'", "5:16"), ("'it is {{ first.nope }}'", "5:22")] {
        let told = refused("", &format!("{first}  - print: {print}\n"), 1);
        assert!(told.starts_with("error[E041]: `first.nope` is not defined\n"), "{told}");
        assert!(told.contains(&format!("--> p.yaml:{place}\n")), "{told}");
    }
    assert_eq!(
        printed("", &format!("{first}  - print: \"{{{{ first.nope | default('none of it') }}}}\"\n")),
        "none of it\n"
    );
}

#[test]
fn jinja_meant_for_airflow_stays_in_raw() {
    let steps = "  - print: \"{% raw %}{{ ds }}{% endraw %} and {{ 1 + 1 }}\"\n";
    assert_eq!(printed("", steps), "{{ ds }} and 2\n");
}

#[test]
fn an_input_without_a_value_is_none_and_default_takes_its_place() {
    let head = "inputs:\n  hook: {required: false}\n";
    let steps = "  - print: \"{{ hook | default('nothing', true) }}\"\n  - {when: hook is not none, print: never}\n";
    assert_eq!(printed(head, steps), "nothing\n");
}

#[test]
fn a_skipped_step_captures_nothing_and_whoever_uses_it_is_told_which_step_it_was() {
    let skipped = "  - id: later\n    when: false\n    list_dags: {}\n    capture: found\n";
    let asks = format!(
        "{skipped}  - {{when: found is defined, print: never}}\n  - {{when: found is undefined, print: absent}}\n"
    );
    assert_eq!(printed("", &asks), "absent\n");
    let told = refused("", &format!("{skipped}  - print: '{{{{ found.total }}}}'\n"), 1);
    assert!(told.starts_with("error[E041]: `found` was not captured: step `later` was skipped\n"), "{told}");
}

#[test]
fn a_capture_may_be_made_again_by_a_capture_only() {
    let twice = "  - list_dags: {}\n    capture: {ids: dag_ids}\n  - list_dags: {tags: [dbt]}\n    capture: {ids: dag_ids}\n  - print: \"{{ ids | join(' ') }}\"\n";
    assert_eq!(printed("", twice), "dbt_daily\n");
    let told = refused("vars: {ids: x}\n", twice, 2);
    assert!(told.starts_with("error[E025]: `ids` is already the name of a var\n"), "{told}");
}

#[test]
fn a_field_wins_nothing_over_a_name_and_result_is_always_right() {
    let total = "  - list_dags: {}\n    capture: {total: total}\n";
    let clash = format!("{total}  - list_dags: {{tags: [dbt]}}\n    expect: result.total < total\n");
    assert!(refused("", &clash, 2).starts_with("error[E025]: `total` is both a field of this step's result"));
    let clear = format!("{total}  - list_dags: {{tags: [dbt]}}\n    expect: result.total == 1\n");
    assert_eq!(printed("", &clear), "");
}

#[test]
fn time_is_that_of_the_playbooks_zone_and_stands_still() {
    let steps = "  - print: \"{{ now() | date('%:z') }}\"\n  - assert: [\"(now() | date('%F')) == today()\", \"run.started_at | date('%FT%T') == now() | date('%FT%T')\"]\n";
    assert_eq!(printed("timezone: Pacific/Kiritimati\n", steps), "+14:00\n");
    assert_eq!(printed("", steps), "+00:00\n");
}

#[test]
fn a_template_gives_each_key_exactly_its_type() {
    let head = "inputs:\n  tags: {type: list, default: [dbt]}\n  paused: {type: boolean, default: false}\n  conf: {type: map, default: {a: 1}}\n";
    let steps = "  - list_dags: {tags: \"{{ tags }}\", paused: \"{{ paused }}\"}\n    expect: total == 1\n  - trigger_dag: {dag_id: dbt_daily, conf: \"{{ conf }}\"}\n    expect: result.conf.a == 1\n";
    printed(head, steps);
    let told = refused(head, "  - list_dags: {tags: \"{{ paused }}\"}\n", 1);
    assert!(told.contains("p.yaml:7:23\n") && told.contains("`tags`"), "{told}");
}
