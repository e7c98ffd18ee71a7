//! The words of a command line that are neither options nor their values.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::files::{is_playbook_at, looks_like_file};
use super::{RUNNING, Slip, command_meant, shown};
use crate::cli::environment::Environment;

/// What was typed, without options.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The command and the one below it, as far as they are known.
    pub(super) path: Vec<String>,
    /// The other words, in order.
    pub(super) rest: Vec<String>,
    /// The word right behind a `--sandbox` that has no `=`.
    pub(super) after_sandbox: Option<String>,
}

impl Words {
    /// Takes the arguments apart; the first is the program's own name.
    pub(super) fn of(command: &Command, args: &[OsString]) -> Self {
        let mut words = Self::default();
        let mut known = command;
        let mut args = args.iter().skip(1).map(|arg| arg.to_string_lossy());
        let mut is_after_sandbox = false;
        while let Some(arg) = args.next() {
            if arg.len() > 1 && arg.starts_with('-') {
                is_after_sandbox = arg == "--sandbox";
                if takes_the_next(known, command, &arg) {
                    args.next();
                }
                continue;
            }
            if std::mem::take(&mut is_after_sandbox) {
                words.after_sandbox = Some(arg.to_string());
            }
            match known.find_subcommand(arg.as_ref()).filter(|_| words.rest.is_empty()) {
                Some(below) => {
                    known = below;
                    words.path.push(arg.into_owned());
                }
                None => words.rest.push(arg.into_owned()),
            }
        }
        words
    }

    /// Where the options of the command are listed.
    pub(super) fn where_options_are(&self) -> String {
        match self.path.as_slice() {
            [] => "`myaf-run help` lists every option".to_owned(),
            path => format!("`myaf-run {} --help` lists its options", path.join(" ")),
        }
    }
}

/// Whether an option has its value in the next argument.
fn takes_the_next(known: &Command, root: &Command, arg: &str) -> bool {
    let takes = |option: &Arg| option.get_action().takes_values() && !option.is_require_equals_set();
    let find = |is_it: &dyn Fn(&Arg) -> bool| {
        known.get_arguments().find(|option| is_it(option)).or_else(|| root.get_arguments().find(|option| is_it(option)))
    };
    if let Some(long) = arg.strip_prefix("--") {
        return !long.contains('=') && find(&|option| option.get_long() == Some(long)).is_some_and(takes);
    }
    let mut letters = arg.chars().skip(1);
    while let Some(letter) = letters.next() {
        if find(&|option| option.get_short() == Some(letter)).is_some_and(takes) {
            return letters.next().is_none();
        }
    }
    false
}

/// A word where none may stand, or a command that is none.
pub(super) fn one_too_many(command: &Command, words: &Words, environment: &Environment) -> Option<Slip> {
    match (words.path.as_slice(), words.rest.as_slice()) {
        ([], [first, others @ ..]) => Some(among_playbooks(command, words, (first, others), environment)),
        ([help], [word, ..]) if help == "help" => Some(no_command(command, word, word)),
        ([above], [word, ..]) => {
            let below = command.find_subcommand(above).filter(|below| below.has_subcommands())?;
            Some(no_command_below(below, above, word))
        }
        ([..], _) => None,
    }
}

/// Words where one playbook is expected.
fn among_playbooks(
    command: &Command,
    words: &Words,
    (first, others): (&str, &[String]),
    environment: &Environment,
) -> Slip {
    let is_file = environment.cwd.join(first).exists();
    if RUNNING.contains(&first) && !is_file {
        let message = format!("there is no command `{first}`");
        let all: Vec<String> = others.iter().map(|word| shown(word)).collect();
        let playbook = if all.is_empty() { "PLAYBOOK".to_owned() } else { all.join(" ") };
        return Slip { message, help: format!("a playbook is run without one: `myaf-run {playbook}`") };
    }
    if !is_file && !looks_like_file(first) && !first.contains('=') && !others.is_empty() {
        return no_command(command, first, &[&[first.to_owned()], others].concat().join(" "));
    }
    let Some(second) = others.first() else {
        let help = words.where_options_are();
        return Slip { message: format!("`{}` is one word too many", shown(first)), help };
    };
    let value = [first, second.as_str()].into_iter().find(|word| is_pair(word));
    if let Some(value) = value {
        let message = format!("`{}` is not a playbook", shown(value));
        return Slip {
            message,
            help: format!("the value of an input is given with `-e`: write `-e {}`", shown(value)),
        };
    }
    if words.after_sandbox.as_deref() == Some(first) && !is_playbook_at(environment, first) {
        let message = format!("one playbook is run at a time, found `{first}` and `{second}`");
        let help = format!("a scenario is joined to its option by `=`: write `--sandbox={first} {second}`");
        return Slip { message, help };
    }
    if command.find_subcommand(second).is_some() {
        let message = format!("the command `{second}` stands behind the playbook");
        return Slip { message, help: format!("write the command first: `myaf-run {second} {first}`") };
    }
    let message = format!("one playbook is run at a time, found `{first}` and `{}`", shown(second));
    let help = "run each by itself; `myaf-run check` takes several, and folders".to_owned();
    Slip { message, help }
}

/// `name=value`, which is no file's name.
fn is_pair(word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_letter))
}

fn no_command(command: &Command, word: &str, typed: &str) -> Slip {
    let help = match command_meant(command, word) {
        Some(meant) => format!("did you mean `myaf-run {}`?", shown(&typed.replacen(word, &meant, 1))),
        None => "`myaf-run --help` lists the commands; a playbook is a file".to_owned(),
    };
    Slip { message: format!("there is no command `{}`", shown(word)), help }
}

fn no_command_below(below: &Command, above: &str, word: &str) -> Slip {
    let message = format!("there is no command `{above} {}`", shown(word));
    let is_run = word.starts_with(|c: char| c.is_ascii_digit()) || word == "latest";
    let help = match command_meant(below, word) {
        Some(meant) => {
            let last = meant.rsplit(' ').next().unwrap_or(&meant).to_owned();
            format!("did you mean `myaf-run {above} {last}`?")
        }
        None if is_run => format!("did you mean `myaf-run {above} show {}`?", shown(word)),
        None => format!("`myaf-run {above} --help` lists the commands"),
    };
    Slip { message, help }
}
