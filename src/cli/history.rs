//! Where the history of runs is kept, and what the command line says of it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::identity::home_of_user;
use crate::cli::playbooks::is_yaml;
use crate::cli::streams::Streams;
use crate::journal::{JournalError, Store};

/// Where runs are recorded.
#[derive(Debug, Args)]
pub(super) struct StateArgs {
    /// Keep the history of runs in this folder
    ///
    /// Else it is in ~/.local/state/myaf-run.
    #[arg(long, value_name = "DIR", env = "MYAF_RUN_STATE_DIR", hide_env = true)]
    pub(super) state_dir: Option<PathBuf>,
}

/// The history; where it should be is said to be unknown by `Err`.
pub(super) fn store(args: &StateArgs, environment: &Environment, streams: &mut Streams) -> Result<Store, ExitCode> {
    if let Some(store) = usual_store(args, environment) {
        return Ok(store);
    }
    streams.err_line("error: there is no home for the history of runs");
    streams.err_line("  = help: name a folder with `--state-dir`, or record nothing with `--no-journal`");
    Err(ExitCode::CannotWrite)
}

/// The history; none where nobody says where it should be.
pub(super) fn usual_store(args: &StateArgs, environment: &Environment) -> Option<Store> {
    let folder = args.state_dir.as_ref().map(|folder| environment.cwd.join(folder));
    folder.or_else(|| usual_folder(environment)).map(|folder| Store::new(&folder))
}

/// `$XDG_STATE_HOME/myaf-run`, else below the home of the environment or of the user database.
fn usual_folder(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| environment.var(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").or_else(home_of_user).map(|home| home.join(".local/state")))?;
    Some(state.join("myaf-run"))
}

/// Says what is wrong with the history, and what to do about it.
pub(super) fn say(error: &JournalError, streams: &mut Streams) -> ExitCode {
    streams.err_line(&format!("error: {error}"));
    let (help, code) = match error {
        JournalError::Io { .. } => (
            "nothing was sent; name another folder with `--state-dir`, or record nothing with `--no-journal`",
            ExitCode::CannotWrite,
        ),
        JournalError::NotOurs { .. } => {
            ("name a folder of your own with `--state-dir`, or make this one yours alone", ExitCode::CannotWrite)
        }
        JournalError::NotAJournal { .. } | JournalError::NoFile(_) => {
            ("it was changed by something else; move it away", ExitCode::CannotWrite)
        }
        JournalError::NoSuchRun(id) if is_yaml(Path::new(id)) => {
            streams.err_line(&format!(
                "  = help: `myaf-run runs list --playbook {id}` lists its runs, `myaf-run resume latest {id}` goes on with the newest"
            ));
            return ExitCode::Usage;
        }
        JournalError::Version { .. } => ("use the version of myaf-run that wrote it", ExitCode::CannotWrite),
        JournalError::NoSuchRun(_) => ("`myaf-run runs list` shows the runs there are", ExitCode::Usage),
        JournalError::AlreadyThere(id) => {
            let help = format!("`myaf-run resume {id}` goes on with it; or give another id");
            streams.err_line(&format!("  = help: {help}"));
            return ExitCode::Usage;
        }
        JournalError::Running(_) => ("wait until it has ended", ExitCode::Locked),
    };
    streams.err_line(&format!("  = help: {help}"));
    code
}
