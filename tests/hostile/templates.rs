//! Hostile templates, held when a step renders them: the step fails, and the message names the place in the template.

use super::bounded;

/// Renders an expression as text and alone, where it keeps its type.
fn fails(expression: &str) {
    fails_in(&format!("- print: \"before {{{{ {expression} }}}}\""), expression);
    fails_in(
        &format!("- trigger_dag: {{ dag_id: daily_loan_run, conf: {{ x: \"{{{{ {expression} }}}}\" }} }}"),
        expression,
    );
}

fn fails_in(step: &str, name: &str) {
    let told = bounded(&format!("steps:\n{step}\n"), &["--sandbox", "--api", "v1"]);
    let start: String = told.stderr.chars().take(1000).collect();
    let name: String = name.chars().take(60).collect();
    assert_eq!(told.code, Some(1), "{name} {}: {start}", told.ended);
    assert!(told.stderr.contains("error[E041]: "), "{name} {}: {start}", told.ended);
    assert!(told.stderr.contains("--> p.yaml:2:"), "{name} {}: {start}", told.ended);
}

#[test]
fn loops_without_end_are_stopped() {
    for text in [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% for a in range(10 ** 12) %}x{% endfor %}",
    ] {
        fails_in(&format!("- print: \"{text}\""), text);
    }
}

#[test]
fn texts_that_grow_without_end_are_stopped() {
    let replaced = format!("'a'{}", " | replace('a', 'aaaaaaaaaa')".repeat(12));
    let encoded = format!("'x'{}", " | b64encode".repeat(100));
    for expression in [
        "'x' * 10 ** 9",
        "('x' * 100000) * 100000",
        "range(100000000) | join('x')",
        "'x' | indent(1000000000)",
        "'%1000000000d' | format(1)",
        "10 ** 1000000000",
        replaced.as_str(),
        encoded.as_str(),
    ] {
        fails(expression);
    }
}

#[test]
fn lists_that_grow_without_end_are_stopped() {
    for expression in [
        "('[' ~ ('1,' * 1000) ~ '1]') | fromjson | map('tojson') | join | replace('1', 'x' * 100000)",
        "('[' * 100000) | fromjson",
        "range(100000000) | list | length",
        "range(100000000) | tojson",
    ] {
        fails(expression);
    }
}

#[test]
fn a_pattern_that_grows_is_stopped() {
    fails("'a' | regex_search('((a{100}){100}){100}')");
}

#[test]
fn what_is_or_could_be_a_list_is_not_multiplied() {
    for (expression, message) in [
        ("[1] * 100000000", "a list can't be multiplied"),
        ("([1] * 100000000) ~ 'x'", "a list can't be multiplied"),
        ("([1] * 100000000) == ([1] * 100000000)", "a list can't be multiplied"),
        ("2 in [1] * 100000000", "a list can't be multiplied"),
        ("(('[1]' | fromjson) * 100000000) ~ 'x'", "this is multiplied and could be a list, which can't be"),
        ("(('[1]' | fromjson) * 10000) * 10000", "this is multiplied and could be a list, which can't be"),
        ("2 in (('[1]' | fromjson) * 100000000)", "this is multiplied and could be a list, which can't be"),
        ("([[1]] | first) * 100000000 == 1", "this is multiplied and could be a list, which can't be"),
        ("([1] if 1 == 1 else 2) * 100000000 == 1", "this is multiplied and could be a list, which can't be"),
    ] {
        let told = bounded(&format!("steps:\n- assert: \"{expression}\"\n"), &["--sandbox", "--api", "v1"]);
        assert_eq!(told.code, Some(2), "{expression} {}: {}", told.ended, told.stderr);
        assert!(told.stderr.contains(&format!("error[E012]: {message}\n")), "{expression}: {}", told.stderr);
    }
}
