//! What README, examples and help say is what the program does.

mod console;
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use myaf_run::cli::exit_code::ExitCode;
use myaf_run::outcome::ActionKind;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).expect("there is a README")
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = text.split(&fence).skip(1);
    after.map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn examples() -> Vec<PathBuf> {
    let folder = fs::read_dir(Path::new(ROOT).join("examples")).expect("there are examples");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// `myaf-run` with nothing of our own environment.
fn myaf_run() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    command.env_clear();
    command
}

#[test]
fn every_example_runs_to_its_end_on_both_versions() {
    let examples = examples();
    assert!(examples.len() >= 4, "{examples:?}");
    for example in examples {
        for api in ["v1", "v2"] {
            let run = myaf_run().args(["--sandbox", "--api", api]).arg(&example).output().expect("it runs");
            let told = String::from_utf8_lossy(&run.stderr).into_owned();
            assert_eq!(run.status.code(), Some(0), "{} on {api}:\n{told}", example.display());
        }
    }
}

#[test]
fn no_example_is_warned_of() {
    let check = myaf_run().args(["check", "--strict", "examples"]).current_dir(ROOT).output().expect("it runs");
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn the_playbooks_in_the_readme_run_and_its_scenario_loses_an_answer() {
    let folder = TempDir::new().expect("a folder");
    let blocks = blocks(&readme(), "yaml");
    let (playbooks, scenarios): (Vec<_>, Vec<_>) = blocks.iter().partition(|block| block.contains("steps:"));
    assert!(playbooks.len() >= 2 && scenarios.len() == 1, "{blocks:?}");
    let scenario = folder.path().join("scenario.yaml");
    fs::write(&scenario, scenarios[0]).expect("it is written");
    for (number, playbook) in playbooks.iter().enumerate() {
        let path = folder.path().join(format!("{number}.yaml"));
        fs::write(&path, playbook).expect("it is written");
        for sandbox in ["--sandbox".to_owned(), format!("--sandbox={}", scenario.display())] {
            let run = myaf_run().args([sandbox.as_str(), "--api", "v1"]).arg(&path).output().expect("it runs");
            let told = String::from_utf8_lossy(&run.stderr).into_owned();
            assert_eq!(run.status.code(), Some(0), "{sandbox}:\n{playbook}\n{told}");
            let is_lost = sandbox != "--sandbox";
            assert_eq!(told.contains("no answer came, but Airflow has it"), is_lost, "{sandbox}:\n{told}");
        }
    }
}

#[test]
fn the_playbook_that_stands_for_the_python_script_runs_from_the_layout_it_names() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/from-the-python-script.md")).expect("there is a page");
    let playbook = blocks(&page, "yaml").remove(0);
    let repository = TempDir::new().expect("a folder");
    let name = playbook.lines().next().and_then(|line| line.strip_prefix("# ")).expect("its first line names its file");
    let path = repository.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    fs::write(&path, &playbook).expect("it is written");
    for line in blocks(&page, "sh").concat().lines().filter(|line| line.contains("--sandbox")) {
        for api in ["v1", "v2"] {
            let words = line.split_whitespace().skip(1);
            let run = myaf_run().current_dir(repository.path()).args(words).args(["--api", api]).output();
            let run = run.expect("it runs");
            let told = String::from_utf8_lossy(&run.stderr).into_owned();
            assert_eq!(run.status.code(), Some(0), "{line} on {api}:\n{told}");
        }
    }
}

#[test]
fn the_first_playbook_of_the_readme_is_the_quickstart() {
    let shown = blocks(&readme(), "yaml").remove(0);
    let file = fs::read_to_string(Path::new(ROOT).join("examples/quickstart.yaml")).expect("it is there");
    let body = |text: &str| text.split_once('\n').map(|(_, body)| body.trim().to_owned());
    assert_eq!(body(&shown), body(&file));
}

#[test]
fn the_exit_codes_in_the_readme_are_those_of_the_program() {
    let readme = readme();
    let table = readme.split("## Exit codes").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a table");
    let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let shown: BTreeSet<u8> = cells.flat_map(|cell| cell.split(", ")).filter_map(|code| code.parse().ok()).collect();
    assert_eq!(shown, ExitCode::ALL.into_iter().map(ExitCode::as_u8).collect());
}

#[test]
fn the_readme_names_every_action_and_every_field_of_its_result() {
    let readme = readme();
    for kind in ActionKind::ALL {
        let start = format!("| `{}` |", kind.key());
        let row = readme.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"));
        for field in kind.result_fields() {
            assert!(row.contains(&format!("`{field}`")), "{} gives `{field}`, which its row does not say", kind.key());
        }
    }
}

#[test]
fn the_reference_says_of_every_action_what_each_field_of_its_result_is() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/actions.md")).expect("there is a page");
    for kind in ActionKind::ALL {
        let heading = format!("\n### `{}`\n", kind.key());
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("no section{heading}"));
        let section = section.split("\n### ").next().unwrap_or_default();
        let shown: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(field, _)| field)
            .filter(|field| !field.contains('.'))
            .collect();
        let is_told_elsewhere = shown.is_empty() && section.contains("(#trigger_dag)");
        assert!(is_told_elsewhere || shown == kind.result_fields(), "{}: {shown:?}", kind.key());
    }
}

#[test]
fn every_crate_that_is_used_has_its_sentence() {
    let readme = readme();
    let table = readme.split("## What it is built with").nth(1).expect("a table");
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("a manifest");
    let used = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[dev-dependencies]").next());
    let lines = used.expect("dependencies").lines().filter(|line| !line.starts_with(['#', '[']));
    for name in lines.filter_map(|line| line.split_once(" = ").map(|(name, _)| name)) {
        assert!(table.contains(name), "`{name}` has no sentence");
    }
}
