//! Every code is explained, and what its explanation shows is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use myaf_run::diagnostic::Code;
use tempfile::TempDir;

/// The fenced blocks of an explanation: their language and text.
fn blocks(explanation: &str) -> Vec<(String, String)> {
    let mut parts = explanation.split("\n```");
    parts.next();
    let opened = parts.step_by(2);
    opened
        .filter_map(|part| part.split_once('\n'))
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .collect()
}

/// The words after `myaf-run` with which the mistake is seen.
fn words(explanation: &str) -> Vec<String> {
    let seen = explanation.split("Seen with `myaf-run ").nth(1).and_then(|rest| rest.split('`').next());
    seen.unwrap_or("check p.yaml").split(' ').map(str::to_owned).collect()
}

/// Runs the program in a folder; its exit code and the codes of its diagnostics.
fn codes(folder: &Path, words: &[String]) -> (Option<i32>, BTreeSet<String>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    let output = command.args(words).current_dir(folder).env_clear().output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let heads = told.lines().filter_map(|line| line.strip_prefix("error[").or_else(|| line.strip_prefix("warning[")));
    let codes = heads.filter_map(|head| head.split(']').next()).map(str::to_owned).collect();
    (output.status.code(), codes, told)
}

#[test]
fn every_wrong_example_makes_its_own_mistake_alone_and_every_mend_none() {
    for code in Code::ALL {
        let (folder, words) = (TempDir::new().expect("a folder"), words(code.explanation));
        let blocks = blocks(code.explanation);
        let [wrong, right] = blocks.as_slice() else { panic!("{}: a wrong example and its mend", code.id) };
        let path = folder.path().join("p.yaml");
        if wrong.0 == "sh" {
            let made = Command::new("sh").args(["-c", &wrong.1]).current_dir(folder.path()).status();
            assert!(made.is_ok_and(|status| status.success()), "{}", code.id);
        } else {
            fs::write(&path, format!("{}\n", wrong.1)).expect("it is written");
        }
        let (_, found, told) = codes(folder.path(), &words);
        assert_eq!(found, BTreeSet::from([code.id.to_owned()]), "{}\n{told}", code.id);

        fs::write(&path, format!("{}\n", right.1)).expect("it is written");
        let (exit, found, told) = codes(folder.path(), &words);
        assert_eq!((exit, found), (Some(0), BTreeSet::new()), "{}\n{told}", code.id);
        let strictly = ["check", "--strict", "p.yaml"].map(str::to_owned);
        let (exit, found, told) = codes(folder.path(), &strictly);
        assert_eq!((exit, found), (Some(0), BTreeSet::new()), "{}\n{told}", code.id);
    }
}

#[test]
fn every_action_is_named_where_a_step_without_one_is_explained() {
    for kind in myaf_run::outcome::ActionKind::keys() {
        assert!(Code::NO_ACTION.explanation.contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn an_explanation_is_short_and_begins_with_its_code() {
    for code in Code::ALL {
        assert!(code.explanation.starts_with(&format!("# {}: ", code.id)), "{}", code.id);
        assert!(code.explanation.lines().count() < 40, "{}", code.id);
    }
}

#[test]
fn explain_takes_a_code_in_any_case_lists_all_and_names_a_near_one() {
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        let output = command.arg("explain").args(words).env_clear().output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(run(&["e021"]), (Some(0), Code::UNDEFINED_NAME.explanation.to_owned(), String::new()));
    let (exit, all, _) = run(&[]);
    assert_eq!((exit, all.lines().count()), (Some(0), Code::ALL.len()));
    let (exit, out, told) = run(&["E2O1"]);
    assert_eq!((exit, out.as_str()), (Some(2), ""));
    assert!(told.starts_with("error: there is no code `E2O1`\n  = help: "), "{told}");
}
