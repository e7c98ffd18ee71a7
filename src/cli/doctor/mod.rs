//! `doctor`: which Airflow would be used, where each value comes from, and whether it can be used.
//!
//! In: the same options as for a run. Out: findings on stdout, as lines or as JSON, and the exit code that a run would fail
//! with; 1 where no run goes on, since Airflow's database or scheduler is not well. Each thing is asked once and without retry. Nothing is made, here or there: what is sent to find the rights out can't
//! succeed, and the file that tries the lock is removed at once.

mod ask;
mod findings;
mod here;
mod rights;

use std::path::Path;

use crate::cli::args::DoctorArgs;
use crate::cli::check::{self, Manner};
use crate::cli::connect;
use crate::cli::doctor::findings::{Findings, Problem};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::place::{self, Named};
use crate::cli::problem::remedy;
use crate::cli::streams::Streams;

/// Says what would be used and whether it works.
pub(super) async fn doctor(args: &DoctorArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    match examine(args, environment, streams).await {
        Ok((findings, code)) => {
            if args.json {
                streams.out_json(findings.to_json());
            } else {
                findings.to_lines().iter().for_each(|line| streams.out_painted(line));
            }
            code
        }
        Err(code) => code,
    }
}

/// `Err` is the exit code of what was said already.
async fn examine(
    args: &DoctorArgs,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<(Findings, ExitCode), ExitCode> {
    let target = playbook_target(args.playbook.as_deref(), environment, streams)?;
    let named = Named { path: args.playbook.as_deref(), target: target.as_deref(), is_quiet: false };
    let place = place::find(&args.connection, named, environment, streams).await?;
    let client = connect::client(&args.connection, &place, environment, streams)?;
    let mut findings = here::here(&place, args, environment);
    let code = match ask::ask(&client, &args.connection, &place.clock, &mut findings).await {
        Ok(code) => code,
        Err(error) => {
            findings.problems.push(Problem::error(&error.message, remedy(&error)));
            ExitCode::of_error(&error)
        }
    };
    Ok((findings, code))
}

/// The `target` of the playbook, if one is named and says so.
fn playbook_target(
    playbook: Option<&Path>,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Option<String>, ExitCode> {
    let Some(path) = playbook else { return Ok(None) };
    let manner = Manner::for_people(streams.look().err.colour);
    let loaded = check::read(path, environment, streams, manner).ok_or(ExitCode::Usage)?;
    Ok(loaded.playbook.target)
}
