//! The manual pages, made from the definitions of the command line.
//!
//! In: the commands with their options. Out: a page for each, as `man` reads it: every option with its text, and the
//! variables, files and exit codes that go with it.

use clap::{Arg, Command};
use clap_mangen::Man;

use crate::cli::exit_code::ExitCode;

/// Variables beside those of options.
const VARIABLES: [(&str, &str); 5] = [
    ("NAME_AIRFLOW_API_URL", "The URL of the target NAME, such as MY_AIRFLOW_API_URL."),
    (
        "NAME_AIRFLOW_API_KEY, NAME_AIRFLOW_API_TOKEN, NAME_AIRFLOW_API_USERNAME and NAME_AIRFLOW_API_PASSWORD",
        "The credential of the target NAME.",
    ),
    ("NAME_AIRFLOW_UI_URL", "The URL of the target's web interface, for links."),
    ("NO_COLOR, CLICOLOR_FORCE", "No colours; colours, also without a terminal."),
    ("XDG_STATE_HOME, HOME", "Where the history of runs is kept."),
];

/// Files that are read and written.
const FILES: [(&str, &str); 2] = [
    (
        ".env",
        "URL and credential of targets: beside the playbook, in its parents up to the root of the repository, and in the orchestrate folder of each.",
    ),
    ("~/.local/state/myaf-run", "The history of runs and the locks; below $XDG_STATE_HOME where that is set."),
];

/// The page of a command and of each below it, by its full name.
pub(super) fn pages(command: &Command) -> Vec<(String, Vec<u8>)> {
    let command = &with_long_texts(command.clone());
    let mut page = Vec::new();
    // Writing to memory can't fail.
    let _ = Man::new(command.clone()).render(&mut page);
    page.extend_from_slice(environment(command).as_bytes());
    page.extend_from_slice(
        section("FILES", FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))).as_bytes(),
    );
    page.extend_from_slice(exit_status().as_bytes());
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let below = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
    std::iter::once((name, page)).chain(below.flat_map(pages)).collect()
}

/// An option that the short help leaves out has its text in the page.
fn with_long_texts(command: Command) -> Command {
    command.mut_args(|arg| match (arg.get_long_help(), arg.get_help().cloned()) {
        (None, Some(text)) => arg.long_help(text),
        _ => arg,
    })
}

/// The variables of the command's options, and those of every command.
fn environment(command: &Command) -> String {
    let of_option = |arg: &Arg| {
        let (variable, long) = (arg.get_env()?.to_str()?, arg.get_long()?);
        (!arg.is_hide_set()).then(|| (variable.to_owned(), format!("The option --{long}.")))
    };
    let others = VARIABLES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    section("ENVIRONMENT", command.get_arguments().filter_map(of_option).chain(others))
}

fn exit_status() -> String {
    section("EXIT STATUS", ExitCode::ALL.into_iter().map(|code| (code.as_u8().to_string(), meaning(code).to_owned())))
}

const fn meaning(code: ExitCode) -> &'static str {
    match code {
        ExitCode::Success => "All passed, was skipped, rescued, ignored or done already.",
        ExitCode::Failed => "A step, an assertion or a DAG run failed.",
        ExitCode::Usage => "The command line or the playbook is wrong.",
        ExitCode::Unreachable => "The API can't be reached, after retries.",
        ExitCode::Denied => "Airflow refused the credential or the right.",
        ExitCode::TimedOut => "A wait or the deadline ran out while the DAG run goes on.",
        ExitCode::NothingSelected => "The selection matched no step.",
        ExitCode::OutcomeUnknown => "A write may or may not have happened.",
        ExitCode::Bug => "A bug in this program.",
        ExitCode::CannotWrite => "The history, a report or stdout can't be written.",
        ExitCode::Locked => "The playbook is running already.",
        ExitCode::HungUp => "Ended by SIGHUP.",
        ExitCode::Interrupted => "Ended by SIGINT.",
        ExitCode::Terminated => "Ended by SIGTERM.",
    }
}

/// A section of words, each with a text.
fn section(title: &str, entries: impl Iterator<Item = (String, String)>) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('-', "\\-");
    let entries = entries.map(|(word, text)| format!(".TP\n\\fB{}\\fR\n\\&{}\n", escape(&word), escape(&text)));
    format!(".SH \"{title}\"\n{}", entries.collect::<String>())
}
