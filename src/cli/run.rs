//! What a command line does; and running a playbook, from its file to the exit code.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::args::{Command, Output, RunArgs};
use crate::cli::command_line;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::invocation::{Invocation, Named, Recording};
use crate::cli::list_steps::{list_steps, selection};
use crate::cli::online::Asking;
use crate::cli::overlap::Overlap;
use crate::cli::signals::Signals;
use crate::cli::streams::Streams;
use crate::cli::{
    check, connect, curl, demo, doctor, explain, history, init, overlap, pages, place, resume, runs, sandbox, schedule,
    schema, slips,
};
use crate::journal::{JournalError, Store, is_run_id};
use crate::plan;
use crate::playbook::model::OnOverlap;
use crate::record::RunRecord;

/// Does what the command line says.
pub async fn dispatch(environment: &Environment, streams: &mut Streams, exit: fn(i32)) -> ExitCode {
    let cli = match command_line::parse(environment) {
        Ok(cli) => cli,
        Err(error) => {
            let code = help_or_mistake(&error, environment, streams);
            return ended(code, streams);
        }
    };
    streams.set_look(cli.look.look(environment));
    let code = match &cli.command {
        Some(Command::Check(args)) => check::check(args, environment, streams).await,
        Some(Command::Demo(args)) => demo::demo(args, &Signals::watch(exit), environment, streams).await,
        Some(Command::Doctor(args)) => doctor::doctor(args, environment, streams).await,
        Some(Command::Explain { code }) => explain::explain(code.as_deref(), streams),
        Some(Command::Init(args)) => init::init(args, environment, streams),
        Some(Command::Schedule(args)) => schedule::schedule(args, environment, streams),
        Some(Command::Schema { kind }) => schema::schema(*kind, streams),
        Some(Command::Sandbox { scenario, port }) => {
            let signals = Signals::watch(exit);
            sandbox::serve((scenario.as_deref(), *port), &signals, environment, streams).await
        }
        Some(Command::Completions { shell }) => pages::completions(*shell, streams),
        Some(Command::Man { folder }) => pages::man(folder.as_deref(), environment, streams),
        Some(Command::Resume(args)) => Box::pin(resume::resume(args, environment, streams, exit)).await,
        Some(Command::Runs(args)) => runs::runs(args, environment, streams),
        None => match &cli.run.playbook {
            Some(path) => {
                let ended = run(&cli.run, path, (environment, streams), Signals::watch(exit)).await;
                ended.unwrap_or_else(|code| code)
            }
            None => ExitCode::Usage,
        },
    };
    ended(code, streams)
}

/// Sees the last words out. Results that could not be written make a failure of what went well; what went wrong before
/// counts for more: a run that failed, or a write in doubt.
fn ended(code: ExitCode, streams: &mut Streams) -> ExitCode {
    streams.finish();
    if streams.out_failed() && code == ExitCode::Success { ExitCode::CannotWrite } else { code }
}

/// Help and version go to stdout, mistakes to stderr.
fn help_or_mistake(error: &clap::Error, environment: &Environment, streams: &mut Streams) -> ExitCode {
    if error.use_stderr() {
        streams.err_text(&without_values(&slips::told(error, environment), &environment.args));
        return ExitCode::Usage;
    }
    let text = error.render();
    if streams.look().out.colour {
        streams.out_own_styled(&text.ansi().to_string());
    } else {
        streams.out_own(&text.to_string());
    }
    ExitCode::Success
}

/// A message without what follows a `=` in the arguments: a forgotten `-e` may stand before a secret.
fn without_values(text: &str, args: &[OsString]) -> String {
    let pairs = args.iter().filter_map(|arg| arg.to_str()?.split_once('='));
    let values = pairs.map(|(_, value)| value).filter(|value| !value.is_empty());
    values.fold(text.to_owned(), |text, value| text.replace(&format!("={value}"), "=…"))
}

/// Loads, plans, runs and reports. `Err` is the code of what was said already.
async fn run(
    args: &RunArgs,
    path: &Path,
    (environment, streams): (&Environment, &mut Streams),
    signals: Signals,
) -> Result<ExitCode, ExitCode> {
    let mut invocation = Invocation::new(&args.running, environment, streams);
    let manner = invocation.manner;
    let mut loaded = check::read(path, environment, invocation.streams, manner).ok_or(ExitCode::Usage)?;
    let selection = selection(&args.tags, &args.skip_tags, args.start_at.as_ref());
    let selected = plan::select(&mut loaded, &selection).map_err(|error| invocation.not_selected(&error))?;
    if args.list_steps {
        list_steps(&selected, invocation.streams);
        return Ok(ExitCode::Success);
    }
    invocation.doubt(&loaded.warnings);
    let given = invocation.given(&args.extra_vars)?;
    let connection = &args.running.connection;
    let is_quiet = args.running.output == Output::Quiet;
    let named = place::Named { path: Some(path), target: loaded.playbook.target.as_deref(), is_quiet };
    let place = place::find(connection, named, environment, invocation.streams).await?;
    let started_at = place.clock.now();
    let run_id = run_id(args.run_id.as_deref(), started_at, invocation.streams)?;
    let is_id_given = args.run_id.is_some();
    let path = path.display().to_string();
    let named = Named { run_id: &run_id, is_id_given, started_at, path: &path, file: path.as_ref() };
    let mut plan = invocation.plan(&loaded, (selected, &given), named, &place)?;
    // Only a check needs the tree any longer.
    let tree = args.preflight.then_some(loaded.tree);
    let client = connect::client(connection, &place, environment, invocation.streams)?;
    let client = if args.check { client.that_only_reads() } else { client };
    invocation.curl = args.curl.then(|| curl::of(connection, &place, &client));
    let store = store(args, environment, invocation.streams)?;
    let mut lock = None;
    if let Some(store) = &store {
        let on_overlap = args.on_overlap.map_or(plan.lock.on_overlap, OnOverlap::from);
        let around = (&place.clock, &signals);
        let when = (on_overlap, args.running.deadline);
        match overlap::take(store, &plan, when, around, invocation.streams).await? {
            Overlap::None(taken) => lock = Some(taken),
            Overlap::With(held_by) if overlap::is_of(&held_by, &run_id) => {
                return Err(history::say(&JournalError::Running(run_id), invocation.streams));
            }
            Overlap::With(held_by) => plan.held_by = Some(held_by),
        }
    }
    if let Some(tree) = tree.filter(|_| plan.held_by.is_none()) {
        let asking = Asking { place: &place, client: &client, max_time: connection.max_time };
        let left = args.running.deadline.map_or(Duration::MAX, |end| end.saturating_sub(place.clock.elapsed()));
        let asked = place.clock.timeout(left, invocation.preflight((&plan, &tree), asking, &signals)).await;
        asked.unwrap_or_else(|_| {
            let message = "the deadline passed while Airflow was asked before the run; nothing was run";
            invocation.streams.err_line(&format!("{}: {message}", plan.playbook));
            Err(ExitCode::TimedOut)
        })?;
    }
    let begin =
        |store: &Store| if plan.held_by.is_some() { store.begin_skipped(&run_id) } else { store.begin(&run_id) };
    let writer = store.as_ref().map(begin).transpose();
    let writer = writer.map_err(|error| history::say(&error, invocation.streams))?;
    let recording = Recording { writer, is_trial: place.provenance.is_none(), record: RunRecord::default() };
    let code = invocation.carry_out(&plan, (&place, &client), signals, recording).await;
    drop(lock);
    if let Some(Err(error)) = store.map(|store| store.prune(args.keep, place.clock.now())) {
        invocation.streams.err_line(&format!("warning: the history can't be cleared of old runs: {error}"));
    }
    Ok(code)
}

/// The history, for a run that is recorded; a check is none. A trial in the sandbox is recorded only where the command line names
/// the folder: a variable does so for real runs, whose history must stay free of it.
fn store(args: &RunArgs, environment: &Environment, streams: &mut Streams) -> Result<Option<Store>, ExitCode> {
    let is_trial = args.running.connection.sandbox.is_some() && !names_history(environment);
    if args.check || args.no_journal || is_trial {
        return Ok(None);
    }
    history::store(&args.running.state, environment, streams).map(Some)
}

/// Whether the command line itself says where runs are recorded.
fn names_history(environment: &Environment) -> bool {
    let words = environment.args.iter().filter_map(|word| word.to_str());
    words.into_iter().any(|word| word == "--state-dir" || word.starts_with("--state-dir="))
}

/// The id that was given, or one that is made: when the run started, and chance; lower case, sorted by time.
fn run_id(given: Option<&str>, started_at: Timestamp, streams: &mut Streams) -> Result<String, ExitCode> {
    if let Some(given) = given {
        if is_run_id(given) {
            return Ok(given.to_owned());
        }
        streams.err_line(&format!("error: `{given}` can't be the id of a run"));
        streams.err_line("  = help: take lower-case letters, digits, `-` and `_`, at most 64 of them");
        return Err(ExitCode::Usage);
    }
    let mut chance = [0_u8; 4];
    getrandom::getrandom(&mut chance).map_err(|_| {
        streams.err_line("error: the system has no randomness for the run's id");
        ExitCode::CannotWrite
    })?;
    Ok(format!("{}-{:08x}", started_at.strftime("%Y%m%dt%H%M%Sz"), u32::from_be_bytes(chance)))
}
