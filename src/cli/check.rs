//! `check`: every mistake in playbooks, without running them. Also how any command reads a playbook.

use std::path::Path;

use crate::cli::args::CheckArgs;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::streams::{Streams, is_coloured};
use crate::diagnostic::{Diagnostic, draw, summary};
use crate::playbook::{Loaded, load};

/// Commands that come later; until then they look like playbooks.
const LATER: [&str; 8] = ["runs", "resume", "doctor", "init", "schedule", "explain", "completions", "man"];

/// Checks playbooks.
pub(super) fn check(args: &CheckArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let colour = is_coloured(environment, environment.terminals.stderr, args.no_color);
    let mut code = ExitCode::Success;
    for path in &args.playbooks {
        match read(path, environment, streams, colour) {
            Some(loaded) => {
                let steps = loaded.playbook.steps.len();
                let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
                streams.err_line(&format!("{}: ok, {steps}", path.display()));
            }
            None => code = ExitCode::Usage,
        }
    }
    code
}

/// Reads a playbook; what is wrong with it is said.
pub(super) fn read(path: &Path, environment: &Environment, streams: &mut Streams, colour: bool) -> Option<Loaded> {
    let bytes = match bytes(&environment.cwd.join(path)) {
        Ok(bytes) => bytes,
        Err(reason) => {
            streams.err_line(&format!("error: the playbook `{}` can't be read: {reason}", path.display()));
            if path.to_str().is_some_and(|word| LATER.contains(&word)) {
                streams.err_line(&format!("  = help: the command `{}` is not supported yet", path.display()));
            }
            return None;
        }
    };
    match load(&path.display().to_string(), bytes) {
        Ok(loaded) => Some(loaded),
        Err(mistakes) => {
            say(&mistakes, streams, colour);
            None
        }
    }
}

/// Draws mistakes, and says how many there are.
pub(super) fn say(mistakes: &[Diagnostic], streams: &mut Streams, colour: bool) {
    streams.err_styled(&draw(mistakes, colour));
    let file = mistakes.first().map(|mistake| mistake.file.name().to_owned()).unwrap_or_default();
    streams.err_line(&format!("\n{file}: {}; nothing was run", summary(mistakes)));
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let about = std::fs::metadata(path).map_err(|error| plain(&error))?;
    if about.is_dir() {
        return Err("it is a folder".to_owned());
    }
    std::fs::read(path).map_err(|error| plain(&error))
}

/// The system's reason in plain words.
pub(super) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    }
}
