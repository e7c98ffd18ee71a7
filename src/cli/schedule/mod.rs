//! `schedule`: what a scheduler needs to run a playbook: a crontab line, a systemd timer, a `CronJob`, a GitHub workflow.
//!
//! In: a playbook and a cron expression. Out: text on stdout. Nothing is asked and nothing is written.

mod calendar;
mod cron;
mod crontab;
mod field;
mod github;
mod job;
mod kubernetes;
mod quote;
mod systemd;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::check::{Manner, read, say};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::identity::user_name;
use crate::cli::streams::Streams;
use crate::playbook::Loaded;

pub(super) use github::FETCH;
use job::Job;
pub(super) use job::lexically;
pub(super) use quote::shell;

/// Running a playbook at certain times.
#[derive(Debug, Args)]
pub(super) struct ScheduleArgs {
    /// The playbook; it is checked first
    pub(super) playbook: PathBuf,
    /// When: minute, hour, day, month, day of the week; or @daily
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    pub(super) cron: String,
    /// For which scheduler
    #[arg(long = "as", value_enum, value_name = "SCHEDULER")]
    pub(super) scheduler: Scheduler,
    /// The image that has the program; for kubernetes
    #[arg(long, default_value = concat!("myaf-run:", env!("CARGO_PKG_VERSION")))]
    pub(super) image: String,
}

/// What runs things at certain times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Scheduler {
    /// A line of a crontab.
    Crontab,
    /// A timer and a service.
    Systemd,
    /// A `CronJob`.
    Kubernetes,
    /// A workflow of GitHub Actions.
    Github,
}

/// Prints what the scheduler needs.
pub(super) fn schedule(args: &ScheduleArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let manner = Manner::for_people(streams.look().err.colour);
    let loaded = read(&args.playbook, environment, streams, manner);
    let cron = cron::parse(&args.cron);
    if let Err(mistakes) = &cron {
        say(mistakes, streams, manner);
    }
    let (Some(loaded), Ok(cron)) = (loaded, cron) else { return ExitCode::Usage };
    let rendered = Job::new(&args.playbook, &loaded, cron, environment).and_then(|job| match args.scheduler {
        Scheduler::Crontab => Ok(crontab::render(&job)),
        Scheduler::Systemd => Ok(systemd::render(&job, &user_name(environment))),
        Scheduler::Kubernetes => kubernetes::render(&job, &args.image),
        Scheduler::Github => github::render(&job),
    });
    match rendered {
        Ok(text) => {
            streams.out_text(&text);
            ExitCode::Success
        }
        Err(reason) => {
            streams.err_line(&format!("error: {reason}"));
            ExitCode::Usage
        }
    }
}

/// The crontab line of a playbook that is in order, without its comments.
pub(super) fn daily_line(path: &Path, loaded: &Loaded, environment: &Environment) -> Option<String> {
    let cron = cron::parse("0 6 * * *").ok()?;
    Job::new(path, loaded, cron, environment).ok().map(|job| crontab::line(&job))
}
