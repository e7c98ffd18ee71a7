//! Every mistake in a playbook as its author sees it: each `tests/playbooks/invalid/NAME.yaml` is checked, and what
//! comes out on stderr is `NAME.stderr`, whole.
//!
//! `MYAF_RUN_BLESS=1 cargo test invalid_playbooks` writes the `.stderr` files anew; read each of them critically.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FOLDER: &str = "tests/playbooks/invalid";

/// Checks a playbook from inside its folder, so that messages show its bare name.
fn check(playbook: &Path) -> Output {
    let name = playbook.file_name().expect("a playbook has a name");
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    command.arg("check").arg(name).current_dir(FOLDER).env_clear();
    command.output().expect("the program starts")
}

fn playbooks() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths
}

#[test]
fn every_mistake_is_told_as_it_was_agreed() {
    let bless = std::env::var_os("MYAF_RUN_BLESS").is_some();
    let mut wrong = Vec::new();
    for playbook in playbooks() {
        let output = check(&playbook);
        let told = String::from_utf8(output.stderr).expect("stderr is text");
        let golden = playbook.with_extension("stderr");
        if bless {
            std::fs::write(&golden, &told).expect("the golden file can be written");
        }
        let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
        if told != agreed {
            wrong.push(format!("{}\n--- agreed\n{agreed}\n--- told\n{told}", playbook.display()));
        }
        if output.status.code() != Some(2) || !output.stdout.is_empty() {
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            wrong.push(format!("{}: {}, stdout {stdout:?}", playbook.display(), output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_makes_one_mistake_but_those_that_make_many() {
    for playbook in playbooks() {
        let told = std::fs::read_to_string(playbook.with_extension("stderr")).expect("each has its golden file");
        let mistakes = told.lines().filter(|line| line.starts_with("error[")).count();
        let is_many = playbook.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("many_"));
        assert_eq!(mistakes > 1, is_many, "{}: {mistakes} mistakes", playbook.display());
    }
}

#[test]
fn mistakes_are_told_in_the_order_of_the_file() {
    let told = std::fs::read_to_string(Path::new(FOLDER).join("many_mistakes.stderr")).expect("it has its golden file");
    let places = told.lines().filter_map(|line| line.trim_start().strip_prefix("--> many_mistakes.yaml:"));
    let lines: Vec<usize> = places.filter_map(|place| place.split(':').next()?.parse().ok()).collect();
    assert!(lines.len() > 10 && lines.is_sorted(), "{lines:?}");
}

#[test]
fn no_message_speaks_of_the_machinery() {
    for playbook in playbooks() {
        let told = std::fs::read_to_string(playbook.with_extension("stderr")).expect("each has its golden file");
        for word in ["oneOf", "anyOf", "schema", "null", "serde", "minijinja", "Option", "struct"] {
            assert!(!told.contains(word), "{}: {word}", playbook.display());
        }
    }
}

const WARNED: &str = "tests/playbooks/warned";

/// Checks a playbook of the folder of those that are valid and warned of.
fn check_warned(name: &str, strict: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    command.arg("check").args(strict.then_some("--strict")).arg(name).current_dir(WARNED).env_clear();
    command.output().expect("the program starts")
}

#[test]
fn every_warning_is_told_as_it_was_agreed_and_fails_only_strictly() {
    let bless = std::env::var_os("MYAF_RUN_BLESS").is_some();
    let entries = std::fs::read_dir(WARNED).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let names: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    assert!(names.len() >= 7, "{names:?}");
    for path in names {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let output = check_warned(name, false);
        let told = String::from_utf8(output.stderr).expect("stderr is text");
        let golden = path.with_extension("stderr");
        if bless {
            std::fs::write(&golden, &told).expect("the golden file can be written");
        }
        assert_eq!(told, std::fs::read_to_string(&golden).unwrap_or_default(), "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
        let is_warned = told.contains("warning[W");
        assert_eq!(is_warned, name != "nothing_to_warn_of.yaml", "{name}");
        assert_eq!(check_warned(name, true).status.code(), Some(if is_warned { 2 } else { 0 }), "{name}");
        assert!(!told.contains("hunter2") && !told.contains("AKIA"), "a credential is not shown: {told}");
    }
}
