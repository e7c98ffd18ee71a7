//! What a playbook would meet in Airflow: for `check --online`, and before a run with `--preflight`.
//!
//! In: a plan, the playbook's tree and a client. Out: what was found, told; and whether the playbook can be run there.

use std::path::Path;

use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::cli::args::CheckArgs;
use crate::cli::check::{self, Manner};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::invocation::{Named, planned};
use crate::cli::place::{self, Place};
use crate::cli::problem::remedy;
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::Streams;
use crate::cli::{connect, inputs};
use crate::diagnostic::Diagnostic;
use crate::plan::{self, GivenInput, NotSelected, Plan, Selection};
use crate::playbook::Loaded;
use crate::preflight::{self, Asked, Report, Tools};
use crate::yaml::Node;

/// The id of the run that is only thought of.
const RUN_ID: &str = "00000000t000000z-00000000";

/// An Airflow to be asked.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) place: &'a Place,
    pub(super) client: &'a Client,
    pub(super) max_time: std::time::Duration,
}

/// The Airflows that `check --online` asks.
pub(super) struct Online<'a> {
    args: &'a CheckArgs,
    environment: &'a Environment,
    given: Vec<GivenInput>,
    /// Airflows that could not be asked, which are not asked again.
    away: Vec<String>,
}

/// What an Airflow said of a playbook.
#[derive(Default)]
pub(super) struct Answered {
    /// Which one it was, and how much of it was looked at, for the end of a line.
    pub(super) on: String,
    /// What was found.
    pub(super) report: Report,
}

impl<'a> Online<'a> {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Every one that can't be read.
    pub(super) fn new(args: &'a CheckArgs, environment: &'a Environment) -> Result<Self, Vec<Diagnostic>> {
        let given = inputs::given(&args.extra_vars, &environment.cwd)?;
        Ok(Self { args, environment, given, away: Vec::new() })
    }

    /// Holds a playbook against its Airflow; `Err` is the exit code of what was said, when it can't be.
    pub(super) async fn ask(
        &mut self,
        path: &Path,
        loaded: &mut Loaded,
        streams: &mut Streams,
        manner: Manner,
    ) -> Result<Answered, ExitCode> {
        let connection = &self.args.connection;
        let named = place::Named { path: Some(path), target: loaded.playbook.target.as_deref(), is_quiet: false };
        let place = place::find(connection, named, self.environment, streams).await?;
        let plan = self.plan(path, loaded, &place, streams).map_err(|mistakes| {
            check::say(&mistakes, streams, manner);
            ExitCode::Usage
        })?;
        if self.away.contains(&plan.base_url) {
            let message = format!("{}: not checked: `{}` can't be asked", plan.path, plan.base_url);
            streams.err_line(&message);
            return Err(ExitCode::Unreachable);
        }
        let client = connect::client(connection, &place, self.environment, streams)?;
        let asking = Asking { place: &place, client: &client, max_time: connection.max_time };
        let report = ask((&plan, &loaded.tree), asking, streams).await;
        let mut report = report.inspect_err(|_| self.away.push(plan.base_url.clone()))?;
        report.findings.extend(self.given_to(loaded).into_iter().flat_map(|input| input.warnings));
        let on = format!(", on `{}` ({}){}", plan.target, plan.base_url, has(report.asked));
        Ok(Answered { on, report })
    }

    fn plan(
        &self,
        path: &Path,
        loaded: &mut Loaded,
        place: &Place,
        streams: &mut Streams,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let selected = plan::select(loaded, &Selection::default());
        let selected = selected.map_err(|error| match error {
            NotSelected::Mistakes(mistakes) => mistakes,
            NotSelected::Selection(_) => Vec::new(),
        })?;
        let path = path.display().to_string();
        let named = Named {
            run_id: RUN_ID,
            is_id_given: false,
            started_at: place.clock.now(),
            path: &path,
            file: path.as_ref(),
        };
        let given = self.given_to(loaded);
        let plan = planned(loaded, (selected, &given), named, (place, self.environment))?;
        plan.secrets.iter().for_each(|secret| streams.masker().learn(secret));
        Ok(plan)
    }

    /// The inputs for a playbook; of several playbooks, each takes those that it has.
    fn given_to(&self, loaded: &Loaded) -> Vec<GivenInput> {
        let one = self.args.playbooks.as_slice();
        let is_alone = matches!(one, [only] if !self.environment.cwd.join(only).is_dir());
        let has = |given: &&GivenInput| is_alone || loaded.playbook.inputs.contains_key(&given.name);
        self.given.iter().filter(has).cloned().collect()
    }
}

/// Asks; `Err` is the exit code of what was said, when Airflow can't be asked.
pub(super) async fn ask(
    (plan, tree): (&Plan, &Node),
    asking: Asking<'_>,
    streams: &mut Streams,
) -> Result<Report, ExitCode> {
    let masker = streams.masker().clone();
    let Asking { place, client, max_time } = asking;
    // Whatever the check asks for, it changes nothing.
    let client = &client.clone().that_only_reads();
    let tools = Tools { client, clock: &place.clock, masker: &masker, max_time };
    preflight::check(plan, tree, tools).await.map_err(|error| cannot_be_asked(plan, &error, streams))
}

fn cannot_be_asked(plan: &Plan, error: &ApiError, streams: &mut Streams) -> ExitCode {
    streams.err_line(&format!("error: `{}` can't be checked online: {}", plan.path, error.message));
    streams.err_line(&format!("  = help: {}", remedy(error)));
    ExitCode::of_error(error)
}

/// Asks before a run, until a signal comes; `Err` is the exit code when the run must not begin. With `is_quiet`, nothing is
/// said when all is well.
pub(super) async fn before_run(
    subject: (&Plan, &Node),
    asking: Asking<'_>,
    (manner, is_quiet, signals): (Manner, bool, &Signals),
    streams: &mut Streams,
) -> Result<(), ExitCode> {
    let plan = subject.0;
    let asked = tokio::select! {
        biased;
        signal = wait(signals.first.clone()) => Err(ExitCode::of_signal(signal)),
        asked = ask(subject, asking, streams) => Ok(asked?),
    };
    let report = match asked {
        Ok(report) => report,
        Err(code) => {
            streams.err_line(&format!("{}: stopped while it was checked; nothing was run", plan.playbook));
            return Err(code);
        }
    };
    if report.has_mistakes() || (manner.strict && !report.findings.is_empty()) {
        check::say(&report.findings, streams, manner);
        return Err(ExitCode::Usage);
    }
    if !is_quiet {
        check::tell(&report.findings, streams, manner);
        let warnings = check::warned(&report.findings);
        let (target, url) = (&plan.target, &plan.base_url);
        let asked = has(report.asked);
        streams.err_line(&format!("{}: checked on `{target}` ({url}): ok{warnings}{asked}", plan.playbook));
        report.not_judged.iter().for_each(|line| streams.err_line(&format!("  {line}")));
    }
    Ok(())
}

/// Such as `; 2 DAGs looked at`; empty where nothing is used.
pub(super) fn has(asked: Asked) -> String {
    let some = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let dags = (asked.dags > 0).then(|| format!("{} looked at", some(asked.dags, "DAG")));
    let datasets = asked.datasets.map(|count| format!("{} listed", some(count, "dataset")));
    let parts: Vec<String> = dags.into_iter().chain(datasets).collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}
