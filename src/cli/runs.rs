//! `runs`: the history, to look at.

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::args::{RunsArgs, RunsCommand};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::history;
use crate::cli::moment::zone;
use crate::cli::streams::Streams;
use crate::cli::way_on::WayOnCommands;
use crate::clock::Clock;
use crate::journal::{Entry, Store};
use crate::outcome::Section;
use crate::record::{RunRecord, StepRecord, Verdict};
use crate::reporter::{history as shown, json};

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Status {
    /// It goes on.
    Running,
    /// It passed.
    Passed,
    /// The playbook was running already.
    Skipped,
    /// A step failed.
    Failed,
    /// A signal or its deadline ended it.
    Interrupted,
    /// Its process ended on the way.
    Unfinished,
}

impl Status {
    pub(super) fn of(entry: &Entry) -> Self {
        let record = &entry.journal.record;
        match record.verdict() {
            _ if entry.is_running => Self::Running,
            Verdict::Interrupted(_) | Verdict::DeadlinePassed => Self::Interrupted,
            Verdict::Failed(_) | Verdict::Unrecorded => Self::Failed,
            Verdict::Passed if record.elapsed_ms.is_none() => Self::Unfinished,
            Verdict::Passed if record.held_by.is_some() => Self::Skipped,
            Verdict::Passed => Self::Passed,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Does what `runs` is asked.
pub(super) fn runs(args: &RunsArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let state = match &args.command {
        RunsCommand::List(filter) => &filter.state,
        RunsCommand::Show(one) | RunsCommand::Report(one) => &one.state,
    };
    let store = match history::store(state, environment, streams) {
        Ok(store) => store,
        Err(code) => return code,
    };
    let way_on = WayOnCommands::of(environment);
    let done = match &args.command {
        RunsCommand::List(filter) => list(&store, filter, streams),
        RunsCommand::Show(of) => one(&store, &of.run, streams, |entry, streams| {
            let record = &entry.journal.record;
            let way_on = way_on.command(record).filter(|_| !entry.is_running);
            let how = (way_on.as_deref(), &zone(of.utc));
            for line in shown::lines(record, Status::of(entry).as_str(), how) {
                streams.out_painted(&line);
            }
        }),
        RunsCommand::Report(of) => one(&store, &of.run, streams, |entry, streams| {
            let record = &entry.journal.record;
            let code = ExitCode::of_verdict(record.verdict());
            let how_to_go_on = way_on.command(record).filter(|_| !entry.is_running);
            if let Ok(report) = json::report(record, code.as_u8(), how_to_go_on) {
                streams.out_json(report);
            }
        }),
    };
    done.err().unwrap_or(ExitCode::Success)
}

/// The word for the newest run.
const LATEST: &str = "latest";

fn one(
    store: &Store,
    run: &str,
    streams: &mut Streams,
    show: impl FnOnce(&Entry, &mut Streams),
) -> Result<(), ExitCode> {
    let run = if run == LATEST {
        let ids = store.ids().map_err(|error| history::say(&error, streams))?;
        ids.into_iter().next().ok_or_else(|| {
            streams.err_line("error: there are no runs yet");
            ExitCode::Usage
        })?
    } else {
        run.to_owned()
    };
    let entry = store.read(&run).map_err(|error| history::say(&error, streams))?;
    show(&entry, streams);
    Ok(())
}

fn list(store: &Store, filter: &crate::cli::args::ListArgs, streams: &mut Streams) -> Result<(), ExitCode> {
    let ids = store.ids().map_err(|error| history::say(&error, streams))?;
    let zone = zone(filter.utc);
    let since = filter.since.as_ref().map(|since| since.moment(Clock::system().now(), &zone));
    let mut rows = Vec::new();
    for id in ids {
        if rows.len() >= filter.limit {
            break;
        }
        let entry = match store.read(&id) {
            Ok(entry) => entry,
            Err(error) => {
                streams.err_line(&format!("warning: {error}"));
                continue;
            }
        };
        let (status, record) = (Status::of(&entry), &entry.journal.record);
        let is_wanted = filter.status.is_none_or(|wanted| wanted == status)
            && filter.playbook.as_ref().is_none_or(|wanted| *wanted == record.playbook || *wanted == record.path)
            && filter.target.as_ref().is_none_or(|wanted| *wanted == record.target)
            && since.is_none_or(|since| record.started_at.is_some_and(|at| at >= since));
        if is_wanted {
            rows.push(row(&id, status, record));
        }
    }
    if filter.json {
        streams.out_json(Value::Array(rows));
    } else if rows.is_empty() {
        streams.err_line("no runs");
    } else {
        // Cells are cut, and a part of a secret is not known for one.
        for row in &mut rows {
            streams.masker().mask_document(row);
        }
        for line in shown::table(&rows, &zone) {
            streams.out_painted(&line);
        }
    }
    Ok(())
}

fn row(id: &str, status: Status, record: &RunRecord) -> Value {
    let steps = record.section(Section::Steps);
    let done = steps.iter().filter(|step| StepRecord::is_done(step)).count();
    json!({
        "run_id": id,
        "status": status.as_str(),
        "playbook": record.playbook,
        "path": record.path,
        "target": record.target,
        "started_at": record.started_at.map(|at| at.to_string()),
        "elapsed_ms": record.elapsed_ms,
        "steps": steps.len(),
        "steps_done": done,
    })
}
