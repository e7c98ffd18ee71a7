//! Hostile texts, held by `check`.

use super::bounded;

/// Checks a text that must be refused with this code, with a place in the file.
fn is_refused(name: &str, text: &str, code: &str) -> String {
    let told = bounded(text, &["check"]);
    let start: String = told.stderr.chars().take(500).collect();
    assert_eq!(told.code, Some(2), "{name} {}: {start}", told.ended);
    assert!(told.stderr.starts_with(&format!("error[{code}]: ")), "{name}: {start}");
    assert!(told.stderr.contains("--> p.yaml"), "{name}: {start}");
    assert!(told.stderr.lines().all(|line| line.chars().count() < 1000), "{name} has a line that was not cut");
    told.stderr
}

/// Text made of a part for each number.
fn each(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

#[test]
fn files_that_grow_by_their_aliases_are_refused() {
    let laughs = |value: &str, row: &dyn Fn(usize) -> String| format!("a0: &a0 {value}\n{}", each(12, row));
    let list = |at: usize| format!("a{}: &a{} [{}]\n", at + 1, at + 1, vec![format!("*a{at}"); 9].join(", "));
    let map = |at: usize| format!("a{}: &a{} {{{}}}\n", at + 1, at + 1, each(9, |key| format!("k{key}: *a{at}, ")));
    is_refused("billion laughs", &laughs("[x, x]", &list), "E004");
    is_refused("billion laughs in maps", &laughs("{k: x}", &map), "E004");
    let deep = format!("a0: &a0 [x]\n{}", each(5000, |at| format!("a{}: &a{} [*a{at}]\n", at + 1, at + 1)));
    is_refused("deep aliases", &deep, "E004");
    let merged = format!(
        "a: &a {{{}}}\n{}",
        each(1000, |at| format!("k{at}: 1, ")),
        each(1000, |at| format!("m{at}: {{<<: *a}}\n"))
    );
    is_refused("merged again and again", &merged, "E004");
    let unknown = format!("vars:\n{}", each(60_000, |at| format!("  k{at}: *n{at}\n")));
    is_refused("unknown aliases", &unknown, "E003");
}

#[test]
fn files_that_nest_without_end_are_refused() {
    for (name, text) in [
        ("brackets", format!("steps: {}", "[".repeat(100_000))),
        ("closed brackets", format!("steps: {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("maps", "{a: ".repeat(100_000) + &"}".repeat(100_000)),
        ("maps by indentation", each(3900, |at| format!("{}a:\n", " ".repeat(at)))),
        ("dashes", format!("steps:\n{}a", "- ".repeat(100_000))),
        ("keys of keys", "? ".repeat(100_000)),
    ] {
        is_refused(name, &text, "E004");
    }
}

#[test]
fn large_files_are_refused_or_checked() {
    is_refused("50 MB", &"a".repeat(50_000_000), "E004");
    is_refused("10 MB in one scalar", &format!("steps: [{{print: {}}}]", "x".repeat(10_000_000)), "E004");
    for quote in ["", "\"", "'"] {
        let text = format!("steps:\n- print: {quote}{}{quote}\n  oops: 1\n", "x ".repeat(1_950_000) + "x");
        is_refused("nearly 4 MiB in one scalar", &text, "E010");
    }
    is_refused("100,000 steps", &format!("steps:\n{}", "- print: hi\n".repeat(100_000)), "E004");
    is_refused(
        "100,000 keys",
        &format!("steps:\n- print: hi\nvars:\n{}", each(100_000, |at| format!("  k{at}: 1\n"))),
        "E004",
    );
    is_refused("a key of 1 MB", &format!("steps:\n- print: hi\n? \"{}\"\n: 1\n", "k".repeat(1_000_000)), "E010");
}

#[test]
fn files_of_many_mistakes_are_told_in_part() {
    for (name, text, code) in [
        ("unknown keys", format!("steps:\n- print: hi\n{}", each(90_000, |at| format!("k{at}: 1\n"))), "E010"),
        ("the same key", format!("steps:\n- print: hi\n{}", "vars: {}\n".repeat(60_000)), "E002"),
        ("steps without action", format!("steps:\n{}", "- prnt: hi\n".repeat(60_000)), "E010"),
        ("undefined names", format!("steps:\n{}", "- print: \"{{ x }}\"\n".repeat(40_000)), "E021"),
        ("templates without quotes", format!("steps:\n{}", "- print: {{ x }}\n".repeat(100_000)), "E023"),
        (
            "names that are near",
            format!(
                "vars:\n{}steps:\n{}",
                each(9000, |at| format!("  abcdefgh{at}: 1\n")),
                "- print: \"{{ abcdefghx }}\"\n".repeat(9000)
            ),
            "E021",
        ),
    ] {
        let told = is_refused(name, &text, code);
        assert!(told.contains("more\n") || name.starts_with("templates"), "{name} does not say that there is more");
    }
}

#[test]
fn a_mistake_in_the_middle_of_a_long_line_is_drawn_with_little_of_it() {
    let text = format!("steps: [{{print: \"{}\"}}, {{prnt: \"{}\"}}]\n", "é".repeat(250_000), "x".repeat(500_000));
    let told = is_refused("a line of 1 MB", &text, "E010");
    assert!(told.len() < 2000 && told.contains("{prnt: ") && told.contains("^^^^\n"), "{told}");
    assert!(told.contains("--> p.yaml:1:250023"), "{told}");
}

#[test]
fn templates_too_large_or_too_deep_to_be_read_are_refused() {
    let in_text = |text: String| format!("steps:\n- print: \"{text}\"\n");
    for (name, text, code) in [
        ("many templates", "{{ x }}".repeat(500_000), "E020"),
        ("as many as are read", "{{ x }}".repeat(9_000), "E021"),
        ("parentheses", format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)), "E020"),
        ("short parentheses", format!("{{{{ {}1{} }}}}", "(".repeat(900), ")".repeat(900)), "E020"),
        ("sums", format!("{{{{ 1{} }}}}", " + 1".repeat(100_000)), "E020"),
        ("filters", format!("{{{{ 1{} }}}}", " | string".repeat(100_000)), "E020"),
        ("elif", format!("{{% if false %}}{}{{% endif %}}", "{% elif false %}".repeat(10_000)), "E020"),
        ("if in if", format!("{}{}", "{% if true %}".repeat(400), "{% endif %}".repeat(400)), "E020"),
        ("open braces", "{{ ".repeat(100_000), "E020"),
    ] {
        is_refused(name, &in_text(text), code);
    }
}

#[test]
fn patterns_that_grow_are_refused() {
    for (name, pattern) in [
        ("repeated", "((a{100}){100}){100}".to_owned()),
        ("nested", "(".repeat(100_000) + &")".repeat(100_000)),
        ("optional", "a?".repeat(100_000)),
    ] {
        let text = format!("inputs:\n  a: {{ pattern: \"{pattern}\" }}\nsteps:\n- print: hi\n");
        is_refused(name, &text, "E028");
    }
}
