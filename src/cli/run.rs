//! What a command line does; and running a playbook, from its file to the exit code.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;

use crate::airflow::client::Client;
use crate::cli::args::{Cli, Command, Output, RunArgs};
use crate::cli::check::Manner;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::list_steps::{list_steps, selection};
use crate::cli::place::{self, Named, Place};
use crate::cli::screen::Screen;
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::{Streams, is_coloured};
use crate::cli::{check, connect, doctor, explain, git, identity, inputs, sandbox, schema};
use crate::diagnostic::Diagnostic;
use crate::executor::{Interrupt, Limits, Tools, execute};
use crate::plan::{self, Context, GivenInput, NotSelected, Plan, Selected};
use crate::playbook::Loaded;
use crate::record::RunRecord;
use crate::reporter::json;
use crate::reporter::text::Text;

/// Does what the command line says.
pub async fn dispatch(environment: &Environment, streams: &mut Streams, exit: fn(i32)) -> ExitCode {
    let cli = match Cli::try_parse_from(&environment.args) {
        Ok(cli) => cli,
        Err(error) => return help_or_mistake(&error, environment, streams),
    };
    let code = match &cli.command {
        Some(Command::Check(args)) => check::check(args, environment, streams),
        Some(Command::Doctor(args)) => doctor::doctor(args, environment, streams).await,
        Some(Command::Explain { code }) => explain::explain(code.as_deref(), streams),
        Some(Command::Schema { kind }) => schema::schema(*kind, streams),
        Some(Command::Sandbox { scenario, port }) => {
            let signals = Signals::watch(exit);
            sandbox::serve((scenario.as_deref(), *port), &signals, environment, streams).await
        }
        None => match Invocation::new(&cli.run, environment, streams) {
            Some(invocation) => invocation.run(Signals::watch(exit)).await.unwrap_or_else(|code| code),
            None => ExitCode::Usage,
        },
    };
    // What went wrong before counts for more: a run that failed, or a write in doubt.
    if streams.out_failed() && code == ExitCode::Success { ExitCode::CannotWrite } else { code }
}

/// Help and version go to stdout, mistakes to stderr.
fn help_or_mistake(error: &clap::Error, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        streams.err_text(&without_values(&text, &environment.args));
        return ExitCode::Usage;
    }
    streams.out_text(&text);
    ExitCode::Success
}

/// A message without what follows a `=` in the arguments: a forgotten `-e` may stand before a secret.
fn without_values(text: &str, args: &[OsString]) -> String {
    let pairs = args.iter().filter_map(|arg| arg.to_str()?.split_once('='));
    let values = pairs.map(|(_, value)| value).filter(|value| !value.is_empty());
    values.fold(text.to_owned(), |text, value| text.replace(&format!("={value}"), "=…"))
}

/// A playbook that is to be run.
struct Invocation<'a> {
    args: &'a RunArgs,
    path: &'a Path,
    environment: &'a Environment,
    streams: &'a mut Streams,
    manner: Manner,
}

impl<'a> Invocation<'a> {
    /// None without a playbook, which the command line's parser has told.
    fn new(args: &'a RunArgs, environment: &'a Environment, streams: &'a mut Streams) -> Option<Self> {
        let colour = is_coloured(environment, environment.terminals.stderr, args.no_color);
        let manner = Manner { format: args.message_format, strict: args.strict, colour };
        Some(Self { args, path: args.playbook.as_deref()?, environment, streams, manner })
    }

    /// Loads, plans, runs and reports. `Err` is the code of what was said already.
    async fn run(mut self, signals: Signals) -> Result<ExitCode, ExitCode> {
        let mut loaded = check::read(self.path, self.environment, self.streams, self.manner).ok_or(ExitCode::Usage)?;
        let selection = selection(&self.args.tags, &self.args.skip_tags, self.args.start_at.as_ref());
        let selected = plan::select(&mut loaded, &selection).map_err(|error| self.not_selected(&error))?;
        if self.args.list_steps {
            list_steps(&selected, self.streams);
            return Ok(ExitCode::Success);
        }
        let given = inputs::given(&self.args.extra_vars, &self.environment.cwd);
        let given = given.map_err(|mistakes| self.mistaken(&mistakes))?;
        let connection = &self.args.connection;
        let named = Named { path: Some(self.path), target: loaded.playbook.target.as_deref() };
        let place = place::find(connection, named, self.environment, self.streams).await?;
        let plan = self.plan(&loaded, selected, &given, &place)?;
        drop(loaded);
        let client = connect::client(connection, &place, self.environment, self.streams)?;
        Ok(self.carry_out(&plan, &place, &client, signals).await)
    }

    fn plan(
        &mut self,
        loaded: &Loaded,
        selected: Selected,
        given: &[GivenInput],
        place: &Place,
    ) -> Result<Plan, ExitCode> {
        let started_at = place.clock.now();
        let run_id = run_id(started_at).ok_or_else(|| {
            self.streams.err_line("error: the system has no randomness for the run's id");
            ExitCode::CannotWrite
        })?;
        let operator = format!("{}@{}", identity::user_name(self.environment), identity::host_name(self.environment));
        let git_sha = git::git_sha(&self.environment.cwd.join(self.path), self.environment);
        let (path, base_url) = (self.path.display().to_string(), place.base_url.to_string());
        let context = Context {
            run_id: &run_id,
            started_at,
            path: &path,
            git_sha: git_sha.as_deref(),
            operator: &operator,
            target: &place.target,
            base_url: &base_url,
            environment: &self.environment.vars,
            given,
        };
        let plan = plan::plan(loaded, selected, &context).map_err(|mistakes| self.mistaken(&mistakes))?;
        plan.secrets.iter().for_each(|secret| self.streams.masker().learn(secret));
        Ok(plan)
    }

    fn not_selected(&mut self, error: &NotSelected) -> ExitCode {
        match error {
            NotSelected::Mistakes(mistakes) => self.mistaken(mistakes),
            NotSelected::Selection(error) => {
                self.streams.err_line(&format!("error: {error}\n  = help: {}", error.help()));
                ExitCode::NothingSelected
            }
        }
    }

    fn mistaken(&mut self, mistakes: &[Diagnostic]) -> ExitCode {
        check::say(mistakes, self.streams, self.manner);
        ExitCode::Usage
    }

    /// Runs the plan and reports.
    async fn carry_out(&mut self, plan: &Plan, place: &Place, client: &Client, signals: Signals) -> ExitCode {
        let tools = Tools {
            client,
            clock: place.clock.clone(),
            masker: self.streams.masker().clone(),
            interrupt: Interrupt::by(signals.first),
            limits: Limits { max_time: self.args.connection.max_time, ..Limits::default() },
            ui_url: place.ui_url.clone(),
        };
        let text = Text::new(plan.file.clone(), self.manner.colour);
        let is_terminal = self.environment.terminals.stderr;
        let mut screen = Screen::new(self.streams, self.args.output, text, is_terminal);
        let ended = tokio::select! {
            biased;
            signal = wait(signals.second) => Ok(Some(signal)),
            ended = execute(plan, &tools, &mut screen) => ended.map(|()| None),
        };
        let mut record = screen.into_record();
        let code = match ended {
            Ok(None) => ExitCode::of_verdict(record.verdict()),
            Ok(Some(signal)) => {
                record.signal = Some(signal);
                self.streams.err_line(&cut_short(&record, "stopped at once by a second signal"));
                ExitCode::of_verdict(record.verdict())
            }
            Err(error) => {
                record.is_broken = true;
                self.streams.err_line(&format!("error: {error}"));
                self.streams.err_line(&cut_short(&record, "stopped, since it can't be recorded"));
                ExitCode::of_verdict(record.verdict())
            }
        };
        self.report(&record, code);
        code
    }

    fn report(&mut self, record: &RunRecord, code: ExitCode) {
        if self.args.output != Output::Json {
            return;
        }
        match json::report(record, code.as_u8()) {
            Ok(report) => self.streams.out_json(report),
            Err(error) => self.streams.err_line(&format!("error: the report can't be written: {error}")),
        }
    }
}

/// The last line of a run that was stopped on the way: it names what may go on in Airflow.
fn cut_short(record: &RunRecord, how: &str) -> String {
    let open = record.open_writes().map(|write| format!("; `{}` on `{}` may go on", write.identity, write.subject));
    format!("{}: {how}; run {}{}", record.playbook, record.run_id, open.collect::<String>())
}

/// A run's id: when it started, and chance; lower case, sorted by time.
fn run_id(started_at: jiff::Timestamp) -> Option<String> {
    let mut chance = [0_u8; 4];
    getrandom::getrandom(&mut chance).ok()?;
    Some(format!("{}-{:08x}", started_at.strftime("%Y%m%dt%H%M%Sz"), u32::from_be_bytes(chance)))
}
