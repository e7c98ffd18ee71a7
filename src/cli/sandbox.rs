//! `sandbox`: serves the imitation of Airflow; and the one that `--sandbox` runs in this process.

use std::path::Path;

use crate::cli::check::{Manner, say};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::Streams;
use crate::clock::Clock;
use crate::file::{self, PATIENCE, TEXT_MAX};
use crate::sandbox::{Sandbox, Scenario, Time};
use crate::yaml;

/// The name of the scenario that ships with the program.
const BUILTIN: &str = "builtin";

/// Serves a scenario until a signal comes.
pub(super) async fn serve(
    (scenario, port): (Option<&Path>, u16),
    signals: &Signals,
    environment: &Environment,
    streams: &mut Streams,
) -> ExitCode {
    let Some(scenario) = read(scenario, environment, streams) else { return ExitCode::Usage };
    let sandbox = match Sandbox::start(scenario, Clock::system(), port).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            streams.err_line(&format!("error: the sandbox can't listen on port {port}: {error}"));
            return ExitCode::Usage;
        }
    };
    let root = sandbox.root_url();
    streams.out_line(&format!("# the sandbox answers until you stop it; Airflow 2 is at {root}/api/v1"));
    streams.out_line(&format!("MY_AIRFLOW_API_URL={root}/api/v2"));
    streams.out_line(&format!("MY_AIRFLOW_API_KEY={}", sandbox.key()));
    if streams.out_failed() {
        return ExitCode::CannotWrite;
    }
    ExitCode::of_signal(wait(signals.first.clone()).await)
}

/// Reads a scenario; what is wrong with it is said.
pub(super) fn read(path: Option<&Path>, environment: &Environment, streams: &mut Streams) -> Option<Scenario> {
    let Some(path) = path.filter(|path| *path != Path::new(BUILTIN)) else { return Some(Scenario::builtin()) };
    let bytes = match file::read_or_pipe(&environment.cwd.join(path), TEXT_MAX, PATIENCE) {
        Ok((bytes, _)) => bytes,
        Err(error) => {
            streams.err_line(&format!("error: the scenario `{}` can't be read: {error}", path.display()));
            return None;
        }
    };
    let file = yaml::decode(&path.display().to_string(), bytes).map_err(|mistake| vec![mistake]);
    match file.and_then(|file| Scenario::load(&file)) {
        Ok(scenario) => Some(scenario),
        Err(mistakes) => {
            let manner = Manner::for_people(streams.look().err.colour);
            say(&mistakes, streams, manner);
            None
        }
    }
}

/// The clock that a scenario wants: the machine's, or one on which nothing takes time.
pub(super) fn clock(scenario: &Scenario) -> Clock {
    match scenario.time() {
        Time::Real => Clock::system(),
        Time::Virtual => Clock::manual(jiff::Timestamp::now()),
    }
}
