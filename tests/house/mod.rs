//! The house itself: which way imports run, who may touch the process, and what every file says of itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may import. `airflow::model` and the like name one part of a room.
const MAY_IMPORT: [(&str, &[&str]); 21] = [
    ("source", &[]),
    ("clock", &[]),
    ("file", &[]),
    ("json", &[]),
    ("secret", &[]),
    ("diagnostic", &["source"]),
    ("yaml", &["json", "source", "diagnostic"]),
    ("http", &["clock", "secret"]),
    ("airflow", &["http", "clock", "json", "secret"]),
    ("outcome", &["airflow::model", "source"]),
    ("event", &["outcome", "source"]),
    ("record", &["event", "outcome"]),
    ("journal", &["event", "record", "clock", "file"]),
    ("playbook", &["json", "source", "secret", "diagnostic", "yaml", "outcome", "airflow::model"]),
    ("plan", &["source", "diagnostic", "yaml", "outcome", "playbook", "record"]),
    ("preflight", &["source", "clock", "secret", "diagnostic", "yaml", "airflow", "outcome", "playbook", "plan"]),
    ("sandbox", &["yaml", "source", "diagnostic", "clock", "airflow::model"]),
    ("reporter", &["event", "record", "outcome", "source", "diagnostic"]),
    ("executor", &["plan", "playbook", "airflow", "http", "event", "outcome", "source", "clock", "secret"]),
    (
        "cli",
        &[
            "source",
            "clock",
            "file",
            "secret",
            "diagnostic",
            "yaml",
            "http",
            "airflow",
            "outcome",
            "event",
            "record",
            "journal",
            "playbook",
            "plan",
            "preflight",
            "sandbox",
            "reporter",
            "executor",
        ],
    ),
    ("lib", &[]),
];

/// Every Rust file under `src`, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
    path.display().to_string().replace(root, "")
}

/// The room of a file: the folder under `src`, or the file's own name.
fn room(path: &Path) -> String {
    let path = relative(path);
    path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// What follows each `crate::` in code: `airflow::model`, `clock`, …
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.collect();
    let code = code.join("\n");
    let found = code.match_indices("crate::").map(|(at, _)| &code[at + "crate::".len()..]);
    found
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            rest[..end].trim_end_matches(':').to_owned()
        })
        .collect()
}

fn is_allowed(import: &str, allowed: &[&str]) -> bool {
    allowed.iter().any(|room| import == *room || import.starts_with(&format!("{room}::")))
}

#[test]
fn imports_run_down_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        if room == "main" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: the room `{room}` is not in the table", relative(&path)));
            continue;
        };
        for import in imports(&text) {
            let is_own = import == room || import.starts_with(&format!("{room}::"));
            if !is_own && !is_allowed(&import, allowed) {
                wrong.push(format!("{}: `{room}` may not import `{import}`", relative(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_circle() {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (room, allowed) in MAY_IMPORT {
        for import in allowed {
            let base = import.split("::").next().unwrap_or(import);
            assert!(known.contains(base), "`{room}` imports `{import}`, which stands above it");
        }
        known.insert(room);
        if room == "http" {
            known.insert("airflow");
        }
    }
}

#[test]
fn only_main_asks_the_process() {
    let forbidden = ["std::env::var", "std::env::args", "std::env::current_dir", "process::exit", "std::env::set_var"];
    for (path, text) in sources() {
        if relative(&path) == "main.rs" {
            continue;
        }
        for word in forbidden {
            assert!(!text.contains(word), "{} has `{word}`, which only main.rs may have", relative(&path));
        }
    }
}

#[test]
fn only_the_streams_hold_stdout_and_stderr() {
    for (path, text) in sources() {
        let path = relative(&path);
        if path == "main.rs" || path == "cli/stream.rs" {
            continue;
        }
        for word in ["io::stdout()", "io::stderr()", "println!", "eprintln!"] {
            assert!(!text.contains(word), "{path} has `{word}`");
        }
    }
}

#[test]
fn time_passes_through_the_clock_only() {
    for (path, text) in sources() {
        let path = relative(&path);
        if path == "clock.rs" {
            continue;
        }
        for word in ["tokio::time::sleep", "thread::sleep", "Instant::now", "SystemTime::now"] {
            let is_test = text.find("#[cfg(test)]").is_some_and(|tests| text.find(word).is_some_and(|at| at > tests));
            assert!(!text.contains(word) || is_test || path == "cli/git.rs", "{path} has `{word}`");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not begin with `//!`", relative(&path));
        assert!(
            !text.contains("use super::*;") || text.contains("mod tests {"),
            "{} has a glob import",
            relative(&path)
        );
    }
}

#[test]
fn no_file_is_named_for_nothing() {
    for (path, _) in sources() {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let empty = ["util", "utils", "helpers", "common", "manager", "types", "imp", "misc"];
        assert!(!empty.contains(&name.as_str()), "{}", relative(&path));
    }
}
