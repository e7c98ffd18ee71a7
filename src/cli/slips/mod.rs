//! Slips of the command line: what was typed, and what to type instead.
//!
//! In: an error of the argument parser with the arguments, or a playbook that can't be read. Out: a message with the
//! literal words that help, in the form of all others. Values behind a `=` are never shown: they may be secrets. What
//! is not known here is left to the parser's own words.

mod files;
mod options;
mod words;

pub(super) use files::{cannot_read, other_kind};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use crate::cli::args::Cli;
use crate::cli::environment::Environment;
use crate::diagnostic::near_name;
use words::Words;

/// A message and its way out.
struct Slip {
    message: String,
    help: String,
}

/// An error of the argument parser, as it is told.
pub(super) fn told(error: &clap::Error, environment: &Environment) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return error.render().to_string();
    }
    let mut command = Cli::command();
    command.build();
    let words = Words::of(&command, &environment.args);
    let slip = match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::ArgumentConflict | ErrorKind::InvalidSubcommand => {
            match (context(error, ContextKind::InvalidArg), context(error, ContextKind::InvalidSubcommand)) {
                (Some(option), None) if option.starts_with('-') && error.kind() == ErrorKind::UnknownArgument => {
                    Some(options::unknown(&command, &words, option, context(error, ContextKind::SuggestedArg)))
                }
                (Some(_), None) if error.kind() == ErrorKind::ArgumentConflict => None,
                _ => words::one_too_many(&command, &words, environment),
            }
        }
        ErrorKind::MissingRequiredArgument if words.path.is_empty() => {
            Some(files::no_playbook_given(&words, environment))
        }
        _ => None,
    };
    match slip {
        Some(Slip { message, help }) => format!("error: {message}\n  = help: {help}\n"),
        None => in_our_form(&error.render().to_string(), &words),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        _ => None,
    }
}

/// The parser's own words, with its tips as help and without its usage.
fn in_our_form(rendered: &str, words: &Words) -> String {
    let kept = rendered.split("\n\nUsage:").next().unwrap_or(rendered);
    let kept = kept.split("\n\nFor more information").next().unwrap_or(kept).trim_end();
    let lines = kept.lines().filter(|line| !line.is_empty()).map(|line| line.replacen("  tip: ", "  = help: ", 1));
    let mut lines: Vec<String> = lines.collect();
    if !lines.iter().any(|line| line.starts_with("  = help: ")) {
        lines.push(format!("  = help: {}", words.where_options_are()));
    }
    lines.join("\n") + "\n"
}

/// Words of other programs for our commands, each with what to type.
const COMMANDS: [(&[&str], &str); 9] = [
    (&["validate", "lint", "verify", "syntax-check", "syntax"], "check"),
    (&["list", "ls", "history", "log", "logs"], "runs list"),
    (&["show", "status", "inspect", "describe"], "runs show"),
    (&["report"], "runs report"),
    (&["continue", "retry", "rerun", "restart"], "resume"),
    (&["new", "create", "generate", "setup"], "init"),
    (&["serve", "server", "mock"], "sandbox"),
    (&["health", "ping", "config", "diagnose", "whoami"], "doctor"),
    (&["cron", "crontab", "systemd"], "schedule"),
];

/// Words for running a playbook, which needs none.
const RUNNING: [&str; 9] = ["run", "start", "exec", "execute", "apply", "play", "playbook", "launch", "trigger"];

/// The command that a word was likely meant to be, by its letters or by what it means elsewhere.
fn command_meant(command: &Command, word: &str) -> Option<String> {
    let names = command.get_subcommands().map(Command::get_name);
    if let Some(near) = near_name(word, names) {
        return Some(near.to_owned());
    }
    let lower = word.to_ascii_lowercase();
    let foreign = COMMANDS.iter().find(|(words, _)| words.contains(&lower.as_str()));
    foreign.map(|(_, meant)| (*meant).to_owned())
}

/// What is shown of a word: nothing of what follows a `=`.
fn shown(word: &str) -> String {
    word.split_once('=').map_or_else(|| word.to_owned(), |(name, _)| format!("{name}=…"))
}
