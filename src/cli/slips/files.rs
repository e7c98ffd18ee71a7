//! Playbooks that are not there, or are none.

use std::path::Path;

use clap::CommandFactory;

use super::words::Words;
use super::{RUNNING, Slip, command_meant, shown};
use crate::cli::args::Cli;
use crate::cli::environment::Environment;
use crate::cli::playbooks::{is_playbook, is_yaml};
use crate::diagnostic::{alternatives, near_name};
use crate::file;

/// As many files of a folder are looked at.
const MOST_FILES: usize = 1000;
/// As many playbooks are named.
const NAMED: usize = 3;
/// The start of a file in which `steps:` is looked for.
const LOOKED_AT: u64 = 256 * 1024;
/// Files of these kinds are no playbooks, whatever is in them.
const OTHER_KINDS: [&str; 12] = ["py", "sh", "ipynb", "toml", "ini", "cfg", "txt", "md", "sql", "csv", "env", "log"];

/// What is said of a playbook that can't be read.
pub(in crate::cli) fn cannot_read(path: &Path, reason: &str, environment: &Environment) -> String {
    let word = path.display().to_string();
    let message = format!("error: the playbook `{}` can't be read: {reason}\n", shown(&word));
    let full = environment.cwd.join(path);
    let help = if full.is_dir() { Some(in_folder(&full, &word)) } else { elsewhere(&full, &word, environment) };
    match help {
        Some(help) => format!("{message}  = help: {help}\n"),
        None => message,
    }
}

/// What a file was likely meant to be that is no playbook by its kind.
pub(in crate::cli) fn other_kind(path: &Path) -> Option<String> {
    let kind = path.extension()?.to_str()?.to_ascii_lowercase();
    OTHER_KINDS.contains(&kind.as_str()).then(|| {
        let shown = path.display();
        format!(
            "error: `{shown}` is not a playbook: a playbook is a YAML file with `steps:`\n  = help: `myaf-run init` makes a first one\n"
        )
    })
}

fn in_folder(full: &Path, word: &str) -> String {
    let shown = word.trim_end_matches('/');
    let names = playbooks_in(full);
    let all = format!("`myaf-run check {shown}` checks all playbooks below it");
    let Some(name) = names.first() else { return all };
    format!("run one playbook of it, such as `{shown}/{name}`; {all}")
}

/// A file of another name, an input, a command.
fn elsewhere(full: &Path, word: &str, environment: &Environment) -> Option<String> {
    if full.exists() {
        return None;
    }
    if let Some((name, _)) = word.split_once('=') {
        return Some(format!("the value of an input is given with `-e`: write `-e {name}=…`"));
    }
    if let Some(near) = near_file(full) {
        let near = Path::new(word).with_file_name(near);
        return Some(format!("did you mean `{}`?", near.display()));
    }
    if !looks_like_file(word) {
        if RUNNING.contains(&word) {
            return Some("a playbook is run without a command: `myaf-run PLAYBOOK`".to_owned());
        }
        let mut command = Cli::command();
        command.build();
        if let Some(meant) = command_meant(&command, word) {
            return Some(format!("did you mean the command `myaf-run {meant}`?"));
        }
    }
    let here = playbooks_in(&environment.cwd);
    (!here.is_empty()).then(|| format!("the playbooks here are {}", alternatives(&here).replacen(" or ", " and ", 1)))
}

/// No playbook at all.
pub(super) fn no_playbook_given(words: &Words, environment: &Environment) -> Slip {
    let scenario = environment.args.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--sandbox=")).next_back();
    let message = "no playbook is given".to_owned();
    if let Some(playbook) = scenario.filter(|file| words.rest.is_empty() && is_playbook_at(environment, file)) {
        let help = format!("what follows `--sandbox=` is a scenario: write `--sandbox {playbook}`");
        return Slip { message, help };
    }
    let help = match playbooks_in(&environment.cwd).first() {
        Some(name) => format!("write `myaf-run {name}`; `myaf-run --help` tells what else there is"),
        None => {
            "write `myaf-run PLAYBOOK`; `myaf-run init` makes a first one, and `myaf-run --help` tells more".to_owned()
        }
    };
    Slip { message, help }
}

/// Whether a word is rather the name of a file than a command.
pub(super) fn looks_like_file(word: &str) -> bool {
    word.contains(['/', '\\', '.'])
}

/// Whether there is a playbook of this name.
pub(super) fn is_playbook_at(environment: &Environment, name: &str) -> bool {
    begins_as_playbook(&environment.cwd.join(name))
}

fn begins_as_playbook(path: &Path) -> bool {
    file::read_start(path, LOOKED_AT).is_ok_and(|start| is_playbook(&start))
}

/// The names of the playbooks right in a folder, sorted, the first few.
fn playbooks_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = yaml_files(folder);
    names.sort();
    names.into_iter().filter(|name| begins_as_playbook(&folder.join(name))).take(NAMED).collect()
}

/// The file beside it that was likely meant: of the same name with another ending, or of a near name.
fn near_file(full: &Path) -> Option<String> {
    let (folder, name) = (full.parent()?, full.file_name()?.to_str()?);
    let names = yaml_files(folder);
    let stem = |name: &str| Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let wanted = stem(name);
    let same = names.iter().find(|other| stem(other) == wanted || stem(other).as_deref() == Some(name));
    if let Some(same) = same {
        return Some(same.clone());
    }
    let stems: Vec<(String, &String)> = names.iter().filter_map(|name| Some((stem(name)?, name))).collect();
    let near = near_name(&wanted?, stems.iter().map(|(stem, _)| stem.as_str()))?;
    stems.iter().find(|(stem, _)| stem == near).map(|(_, name)| (*name).clone())
}

fn yaml_files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(MOST_FILES).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| is_yaml(Path::new(name)) && !name.starts_with('.')).collect()
}
