//! A run from its plan to the exit code; the first attempt and every other.

use std::cell::RefCell;
use std::path::Path;

use crate::airflow::client::Client;
use crate::cli::args::{MessageFormat, Output, RunningArgs};
use crate::cli::check::{self, Manner, blotted};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::online::{self, Asking};
use crate::cli::place::Place;
use crate::cli::screen::{Screen, Shared, keep_moving};
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::Streams;
use crate::cli::way_on::WayOnCommands;
use crate::cli::{git, identity, inputs, webhooks};
use crate::diagnostic::{Code, Diagnostic};
use crate::executor::{Interrupt, Limits, Tools, execute};
use crate::journal::Writer;
use crate::plan::{self, Context, GivenInput, NotSelected, Plan, Selected};
use crate::playbook::Loaded;
use crate::record::RunRecord;
use crate::reporter::curl::Curl;
use crate::reporter::json;
use crate::reporter::painted::Look;
use crate::reporter::text::Text;
use crate::yaml::Node;

/// Who runs a playbook how, and where it is shown.
pub(super) struct Invocation<'a> {
    pub(super) args: &'a RunningArgs,
    pub(super) environment: &'a Environment,
    pub(super) streams: &'a mut Streams,
    pub(super) manner: Manner,
    /// With `--curl`: what the commands need.
    pub(super) curl: Option<Curl>,
}

/// Which run it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) run_id: &'a str,
    pub(super) is_id_given: bool,
    pub(super) started_at: jiff::Timestamp,
    /// The playbook's path as it was given.
    pub(super) path: &'a str,
    /// Where the playbook is now.
    pub(super) file: &'a Path,
}

/// Where a run is recorded, and what is recorded of it already.
#[derive(Default)]
pub(super) struct Recording {
    pub(super) writer: Option<Writer>,
    /// Whether its Airflow ends with this process, so that it can't go on.
    pub(super) is_trial: bool,
    pub(super) record: RunRecord,
}

impl<'a> Invocation<'a> {
    pub(super) fn new(args: &'a RunningArgs, environment: &'a Environment, streams: &'a mut Streams) -> Self {
        let colour = streams.look().err.colour;
        let manner = Manner { format: args.message_format, strict: args.strict, colour };
        Self { args, environment, streams, manner, curl: None }
    }

    pub(super) fn plan(
        &mut self,
        loaded: &Loaded,
        (selected, given): (Selected, &[GivenInput]),
        named: Named<'_>,
        place: &Place,
    ) -> Result<Plan, ExitCode> {
        let plan = planned(loaded, (selected, given), named, (place, self.environment));
        let plan = plan.map_err(|mistakes| self.mistaken(&mistakes))?;
        plan.secrets.iter().for_each(|secret| self.streams.masker().learn(secret));
        plan.webhooks.iter().for_each(|url| self.streams.masker().learn_webhook(url));
        Ok(plan)
    }

    pub(super) fn not_selected(&mut self, error: &NotSelected) -> ExitCode {
        match error {
            NotSelected::Mistakes(mistakes) => self.mistaken(mistakes),
            NotSelected::Selection(error) => {
                self.streams.err_line(&format!("error: {error}\n  = help: {}", error.help()));
                ExitCode::NothingSelected
            }
        }
    }

    pub(super) fn mistaken(&mut self, mistakes: &[Diagnostic]) -> ExitCode {
        check::say(mistakes, self.streams, self.manner);
        ExitCode::Usage
    }

    /// The inputs that were given, with what there is to say of them.
    pub(super) fn given(&mut self, extra_vars: &[String]) -> Result<Vec<GivenInput>, ExitCode> {
        let given = inputs::given(extra_vars, &self.environment.cwd).map_err(|mistakes| self.mistaken(&mistakes))?;
        let warnings: Vec<Diagnostic> = given.iter().flat_map(|input| input.warnings.clone()).collect();
        if self.manner.strict && !warnings.is_empty() {
            return Err(self.mistaken(&warnings));
        }
        self.doubt(&warnings);
        Ok(given)
    }

    /// Tells, before anything is sent, of what is sent otherwise than it is written. Other warnings are told by a check.
    pub(super) fn doubt(&mut self, warnings: &[Diagnostic]) {
        let warnings: Vec<Diagnostic> =
            warnings.iter().filter(|warning| warning.code == Code::REWRITTEN).cloned().collect();
        if !warnings.is_empty() && self.args.output != Output::Quiet {
            check::tell(&warnings, self.streams, self.manner_beside_results());
        }
    }

    /// How mistakes are told while a run prints: stdout is the report's.
    fn manner_beside_results(&self) -> Manner {
        let is_taken = self.args.output == Output::Json;
        Manner { format: if is_taken { MessageFormat::Human } else { self.manner.format }, ..self.manner }
    }

    /// Whether the progress of the run is shown to somebody.
    fn is_watched(&self) -> bool {
        self.environment.terminals.stderr && self.args.output != Output::Quiet
    }

    /// Checks the plan against Airflow before it is run; `Err` is the code when it must not be.
    pub(super) async fn preflight(
        &mut self,
        subject: (&Plan, &Node),
        asking: Asking<'_>,
        signals: &Signals,
    ) -> Result<(), ExitCode> {
        let (manner, is_quiet) = (self.manner_beside_results(), self.args.output == Output::Quiet);
        online::before_run(subject, asking, (manner, is_quiet, signals), self.streams).await
    }

    /// Runs the plan and reports.
    pub(super) async fn carry_out(
        &mut self,
        plan: &Plan,
        (place, client): (&Place, &Client),
        signals: Signals,
        recording: Recording,
    ) -> ExitCode {
        let tools = Tools {
            client,
            clock: place.clock.clone(),
            masker: self.streams.masker().clone(),
            interrupt: Interrupt::by(signals.first),
            limits: self.limits(),
            ui_url: place.ui_url.clone(),
            webhooks: webhooks::options(plan, &self.args.connection, place, self.environment),
            is_watched: self.is_watched(),
        };
        let is_kept = recording.writer.is_some() && !recording.is_trial;
        // Lines of the playbook are drawn in pieces, and a piece of a secret is not known for one.
        let file = blotted(&plan.file, self.streams.masker());
        let text = Text::new(file, self.look_of_lines()).with_curl(self.curl.clone());
        let way_on = WayOnCommands::of(self.environment);
        let shown = (recording, way_on.clone());
        let screen = RefCell::new(Screen::new(self.streams, self.args.output, text, shown));
        let mut sink = Shared(&screen);
        let ended = tokio::select! {
            biased;
            signal = wait(signals.second) => Ok(Some(signal)),
            ended = execute(plan, &tools, &mut sink) => ended.map(|()| None),
            () = keep_moving(&screen, &place.clock) => Ok(None),
        };
        let mut screen = screen.into_inner();
        if let Ok(Some(signal)) = ended {
            screen.interrupted(signal, place.clock.now());
        }
        let mut record = screen.into_record();
        record.is_broken = ended.is_err();
        let is_told = self.args.output == Output::Quiet && matches!(ended, Ok(None));
        match ended {
            Ok(None) => {}
            Ok(Some(_)) => self.streams.err_line(&cut_short(plan, &record, "stopped at once by a second signal")),
            Err(error) => {
                self.streams.err_line(&format!("error: {error}"));
                self.streams.err_line(&cut_short(plan, &record, "stopped, since it can't be recorded"));
            }
        }
        let code = ExitCode::of_verdict(record.verdict());
        let way_on = is_kept.then_some(way_on);
        self.report(&record, code, way_on.as_ref().and_then(|way_on| way_on.command(&record)));
        if let Some(line) = way_on.filter(|_| !is_told).and_then(|way_on| way_on.line(&record)) {
            self.streams.err_line(&line);
        }
        code
    }

    /// How a run's lines look: for a person they are shorter than for whoever keeps them.
    fn look_of_lines(&self) -> Look {
        let look = self.streams.look();
        let side = look.err;
        let is_short = side.is_for_people && look.verbosity == 0;
        let marks = side.is_for_people && side.is_unicode;
        Look { colour: side.colour, marks, links: side.links, short_ids: is_short }
    }

    fn limits(&self) -> Limits {
        let RunningArgs { deadline, grace, .. } = *self.args;
        Limits { max_time: self.args.connection.max_time, deadline, grace, ..Limits::default() }
    }

    fn report(&mut self, record: &RunRecord, code: ExitCode, how_to_go_on: Option<String>) {
        if self.args.output != Output::Json {
            return;
        }
        match json::report(record, code.as_u8(), how_to_go_on) {
            Ok(report) => self.streams.out_json(report),
            Err(error) => self.streams.err_line(&format!("error: the report can't be written: {error}")),
        }
    }
}

/// The plan of a playbook at a place.
pub(super) fn planned(
    loaded: &Loaded,
    (selected, given): (Selected, &[GivenInput]),
    named: Named<'_>,
    (place, environment): (&Place, &Environment),
) -> Result<Plan, Vec<Diagnostic>> {
    let operator = format!("{}@{}", identity::user_name(environment), identity::host_name(environment));
    let git_sha = git::git_sha(&environment.cwd.join(named.file), environment);
    let base_url = place.base_url.to_string();
    let context = Context {
        run_id: named.run_id,
        is_id_given: named.is_id_given,
        started_at: named.started_at,
        path: named.path,
        git_sha: git_sha.as_deref(),
        operator: &operator,
        target: &place.target,
        base_url: &base_url,
        environment: &environment.vars,
        given,
    };
    let folder = Some(environment.cwd.display().to_string());
    plan::plan(loaded, selected, &context).map(|plan| Plan { folder, ..plan })
}

/// The last line of a run that was stopped on the way: it names what may go on in Airflow.
fn cut_short(plan: &Plan, record: &RunRecord, how: &str) -> String {
    let open = record.open_writes().map(|write| format!("; `{}` on `{}` may go on", write.identity, write.subject));
    format!("{}: {how}; run {}{}", plan.playbook, plan.run_id, open.collect::<String>())
}
