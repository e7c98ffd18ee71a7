//! From the words of the command line and the variables of its options to a command.
//!
//! In: argv and the environment. Out: the command, or what clap says of it. A variable that is set but empty counts as not
//! set, and a variable never contradicts a word that was typed: of two options that exclude each other, the typed one counts.
//! The variables of other commands than the one that is given are not looked at.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _, Id};

use crate::cli::args::Cli;
use crate::cli::environment::Environment;

/// What the names of all these variables begin with.
const PREFIX: &str = "MYAF_RUN_";

/// Options that mean nothing without another one; typed without it, they are a mistake.
const COMPANIONS: [(&str, &str); 1] = [("curl", "check")];

/// Reads the command line.
///
/// # Errors
/// When it is wrong, or asks for help or the version.
pub(super) fn parse(environment: &Environment) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    if environment.vars.keys().any(|name| name.starts_with(PREFIX)) {
        let without_variables = with_every_command(command.clone(), &|command| command.mut_args(without_variable));
        // What is wrong with the words is told below.
        let typed = without_variables.ignore_errors(true).try_get_matches_from(&environment.args);
        command = match &typed {
            Ok(typed) => settled(command, typed, environment),
            Err(_) => with_every_command(command, &|command| command.mut_args(without_variable)),
        };
    }
    let mut matches = command.try_get_matches_from_mut(&environment.args)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

fn with_every_command(command: Command, change: &impl Fn(Command) -> Command) -> Command {
    change(command).mut_subcommands(|below| with_every_command(below, change))
}

fn without_variable(arg: Arg) -> Arg {
    arg.env(None::<&str>)
}

/// The command with the variables that count for the words in `typed`.
fn settled(command: Command, typed: &ArgMatches, environment: &Environment) -> Command {
    if let Some((name, below)) = typed.subcommand() {
        // What every command takes is given to the one below with its variable.
        let command = command.mut_args(|arg| if arg.is_global_set() { arg } else { without_variable(arg) });
        return command.mut_subcommand(name, |command| settled(command, below, environment));
    }
    let idle = Options { command: &command, typed, environment }.idle();
    command.mut_args(|arg| if idle.contains(arg.get_id()) { without_variable(arg) } else { arg })
}

/// The options of a command, by what was typed and what is set.
struct Options<'a> {
    command: &'a Command,
    typed: &'a ArgMatches,
    environment: &'a Environment,
}

impl Options<'_> {
    /// Those whose variables don't count.
    fn idle(&self) -> Vec<Id> {
        let mut idle: Vec<Id> = Vec::new();
        for arg in self.command.get_arguments() {
            if !self.is_set(arg) {
                idle.push(arg.get_id().clone());
            }
            // Which of two counts when both are variables is said by the one that names the other: the sandbox is safe.
            for other in self.command.get_arg_conflicts_with(arg) {
                let loser = if self.is_typed(other) { arg } else { other };
                if self.is_typed(arg) || self.is_typed(other) || self.is_set(arg) {
                    idle.push(loser.get_id().clone());
                }
            }
        }
        for (name, companion) in COMPANIONS {
            let is_there = |arg: &Arg| self.is_typed(arg) || self.is_set(arg);
            let companion = self.command.get_arguments().find(|arg| arg.get_id() == companion);
            if companion.as_ref().is_none_or(|arg| !is_there(arg)) {
                idle.push(Id::from(name));
            }
        }
        idle
    }

    fn is_typed(&self, arg: &Arg) -> bool {
        self.typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    }

    /// Whether its variable is set to something.
    fn is_set(&self, arg: &Arg) -> bool {
        let Some(name) = arg.get_env().and_then(|name| name.to_str()) else { return false };
        self.environment.var(name).is_some() || self.environment.not_unicode.iter().any(|other| other == name)
    }
}
