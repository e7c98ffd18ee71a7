//! `init`: what it makes works, and what is there is left alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::run::{Run, as_cron_does, is_golden};

fn init(run: Run) -> Run {
    run.args(&["init"])
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("it can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn it_makes_what_is_missing_once_and_then_keeps_everything() {
    for (name, run) in [("plain", Run::new()), ("datacoves", Run::new().file("orchestrate/dags/d.py", ""))] {
        let run = init(run);
        let ended = run.end();
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:#?}");
        is_golden(&format!("init/{name}"), &ended.stdout.replace(env!("CARGO_BIN_EXE_myaf-run"), "/opt/myaf-run"));
        let made = files(run.folder());
        let again = run.end();
        assert!(again.code == 0 && !again.stdout.contains("made ") && !again.stdout.contains("added "), "{again:#?}");
        assert_eq!(files(run.folder()), made);
    }
}

#[test]
fn what_it_makes_is_in_order_runs_on_the_sandbox_and_is_run_by_cron() {
    let run = init(Run::new().file("orchestrate/dags/d.py", ""));
    let printed = run.end().stdout;
    let folder = run.folder().canonicalize().expect("it is there");
    let myaf_run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        let output = command.args(args).current_dir(run.folder()).env_clear().output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:#?}");
    };
    myaf_run(&["check", "--strict", "orchestrate/playbooks"]);
    for api in ["v1", "v2"] {
        myaf_run(&["--sandbox", "--api", api, "orchestrate/playbooks/first.yaml"]);
    }
    let line = printed.lines().find_map(|line| line.strip_prefix("0 6 * * *  ")).expect("a line for cron");
    let line = line.replace("FOLDER", folder.to_str().expect("UTF-8")).replace("--output", "--sandbox --output");
    let output = as_cron_does(&line, run.folder());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{line}: {output:#?}");
    let mode = fs::metadata(folder.join("orchestrate/.env.example")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o7777 & !0o022, 0o644);
}

#[test]
fn a_line_is_added_to_what_git_ignores_as_the_file_is_written() {
    for (before, after, word) in [
        ("target", "target\n.env\n", "added"),
        ("target\n", "target\n.env\n", "added"),
        ("a\r\nb\r\n", "a\r\nb\r\n.env\r\n", "added"),
        (".envrc\n", ".envrc\n.env\n", "added"),
        ("# .env\n", "# .env\n.env\n", "added"),
        ("", ".env\n", "added"),
        (".env \r\nx", ".env \r\nx", "kept"),
        ("**/.env\n", "**/.env\n", "kept"),
    ] {
        let run = init(Run::new().with_bytes(".gitignore", before.as_bytes()));
        let ended = run.end();
        assert!(ended.stdout.contains(&format!("{word:<6} .gitignore")), "{before:?}: {ended:#?}");
        assert_eq!(fs::read_to_string(run.folder().join(".gitignore")).as_deref().ok(), Some(after), "{before:?}");
    }
}

#[test]
fn no_link_is_written_through() {
    let outside = tempfile::tempdir().expect("a folder");
    let run = init(Run::new());
    symlink(outside.path().join("elsewhere"), run.folder().join(".env.example")).expect("a link");
    fs::write(outside.path().join("ignored"), "x").expect("it is written");
    symlink(outside.path().join("ignored"), run.folder().join(".gitignore")).expect("a link");
    let ended = run.end();
    assert_eq!(ended.code, 74, "{ended:#?}");
    assert!(ended.stdout.contains("kept   .env.example"), "{ended:#?}");
    assert!(ended.stderr.contains("`.gitignore` can't be written"), "{ended:#?}");
    assert!(!outside.path().join("elsewhere").exists());
    assert_eq!(fs::read_to_string(outside.path().join("ignored")).as_deref().ok(), Some("x"));
}

#[test]
fn what_can_not_be_written_is_exit_code_74_with_its_path() {
    let ended = init(Run::new().file("playbooks", "a file")).end();
    assert_eq!(ended.code, 74, "{ended:#?}");
    assert!(ended.stderr.starts_with("error: `playbooks/first.yaml` can't be written: "), "{ended:#?}");
}

#[test]
fn below_the_root_of_a_repository_it_says_where_github_looks() {
    let run = Run::new().file(".git/HEAD", "").file("sub/x", "").args(&["init", "sub"]);
    let ended = run.end();
    assert!(
        ended.stdout.contains("move `sub/.github/workflows/playbooks.yaml` to `FOLDER/.github/workflows`"),
        "{ended:#?}"
    );
    assert!(ended.stdout.contains("myaf-run --sandbox sub/playbooks/first.yaml\n"), "{ended:#?}");
}
