//! The program: takes argv and the environment, calls the command line, exits.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use myaf_run::cli::dispatch;
use myaf_run::cli::environment::{Environment, Terminals};
use myaf_run::cli::exit_code::ExitCode as Code;
use myaf_run::cli::streams::Streams;
use myaf_run::secret::{Masker, SHORT, url_secrets};

fn main() -> ExitCode {
    let terminals =
        Terminals { stdin: stdin().is_terminal(), stdout: stdout().is_terminal(), stderr: stderr().is_terminal() };
    let cwd = std::env::current_dir().unwrap_or_default();
    let environment =
        Environment::new(std::env::vars_os(), std::env::args_os().collect(), cwd).with_terminals(terminals);
    let masker = Masker::new();
    masker.learn_env(environment.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let in_urls = environment.vars.values().flat_map(|value| url_secrets(value));
    in_urls.filter(|secret| secret.len() >= SHORT).for_each(|secret| masker.learn(&secret));
    exit_70_on_panic(&environment, &masker);
    let mut streams = Streams::of_process(&environment, masker);
    if let Err(error) = has_room() {
        streams.err_line(&format!(
            "error: too few files may be open here: {error}\n  = help: `ulimit -n 256` allows more"
        ));
        return Code::CannotWrite.into();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            streams.err_line(&format!("error: the system gives no event loop: {error}"));
            return Code::CannotWrite.into();
        }
    };
    runtime.block_on(dispatch(&environment, &mut streams, exit_by_signal)).into()
}

/// Whether as many files may be open as a run needs; the runtime does not get on with fewer.
#[cfg(unix)]
fn has_room() -> std::io::Result<()> {
    use std::os::fd::AsFd as _;
    const FILES: usize = 24;
    let clones: std::io::Result<Vec<_>> = (0..FILES).map(|_| stderr().as_fd().try_clone_to_owned()).collect();
    clones.map(drop)
}

/// Where there is no such bound.
#[cfg(not(unix))]
fn has_room() -> std::io::Result<()> {
    Ok(())
}

/// Ends a process that was told twice to stop and did not.
fn exit_by_signal(signal: i32) {
    std::process::exit(i32::from(Code::of_signal(signal).as_u8()));
}

/// A bug ends in one masked line and exit code 70.
fn exit_70_on_panic(environment: &Environment, masker: &Masker) {
    let (environment, masker) = (environment.clone(), masker.clone());
    std::panic::set_hook(Box::new(move |panic| {
        let line = panic.to_string().replace('\n', ": ");
        let mut streams = Streams::of_process(&environment, masker.clone());
        streams.err_line(&format!("error: a bug in myaf-run, please report it: {line}"));
        std::process::exit(i32::from(Code::Bug.as_u8()));
    }));
}
