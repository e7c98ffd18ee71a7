//! `completions` and `man`: what a shell and `man` know of the command line, made from its own definitions.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::args::Cli;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::man;
use crate::cli::streams::Streams;

/// Prints what a shell completes.
pub(super) fn completions(shell: Shell, streams: &mut Streams) -> ExitCode {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    streams.out_own(&String::from_utf8_lossy(&script));
    ExitCode::Success
}

/// Prints the manual page, or writes it with those of all commands into a folder.
pub(super) fn man(folder: Option<&Path>, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let mut command = Cli::command();
    command.build();
    let pages = man::pages(&command);
    let Some(folder) = folder else {
        let main = pages.first().map(|(_, page)| String::from_utf8_lossy(page).into_owned());
        streams.out_own(&main.unwrap_or_default());
        return ExitCode::Success;
    };
    let folder = environment.cwd.join(folder);
    let made = std::fs::create_dir_all(&folder).and_then(|()| {
        pages.iter().try_for_each(|(name, page)| std::fs::write(folder.join(format!("{name}.1")), page))
    });
    if let Err(error) = made {
        streams.err_line(&format!("error: the pages can't be written to `{}`: {error}", folder.display()));
        return ExitCode::CannotWrite;
    }
    ExitCode::Success
}
