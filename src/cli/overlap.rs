//! What to do when the same playbook is running already: leave it, wait, or fail.

use std::time::Duration;

use clap::ValueEnum;

use crate::cli::exit_code::ExitCode;
use crate::cli::history;
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::Streams;
use crate::clock::Clock;
use crate::executor::sha256;
use crate::journal::{Lock, Locked, Store};
use crate::plan::Plan;
use crate::playbook::model::OnOverlap;
use crate::reporter::progress::seconds;

/// The time between two looks at a lock that another process has.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// `--on-overlap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OverlapArg {
    /// Run nothing, and end well.
    Skip,
    /// Wait until it has ended.
    Wait,
    /// Run nothing, and fail.
    Fail,
}

impl From<OverlapArg> for OnOverlap {
    fn from(arg: OverlapArg) -> Self {
        match arg {
            OverlapArg::Skip => Self::Skip,
            OverlapArg::Wait => Self::Wait,
            OverlapArg::Fail => Self::Fail,
        }
    }
}

/// What came of it.
pub(super) enum Overlap {
    /// Nobody else runs the playbook until this is dropped.
    None(Lock),
    /// This process does, and it is left alone.
    With(String),
}

/// Whether the process that has the lock says that it is at this run.
pub(super) fn is_of(held_by: &str, run_id: &str) -> bool {
    held_by.strip_prefix("run ").and_then(|rest| rest.strip_prefix(run_id)).is_some_and(|rest| rest.starts_with(' '))
}

/// Takes the lock of the playbook, by the deadline of the run at the latest; `Err` is the code of what was said already.
pub(super) async fn take(
    store: &Store,
    plan: &Plan,
    (on_overlap, deadline): (OnOverlap, Option<Duration>),
    (clock, signals): (&Clock, &Signals),
    streams: &mut Streams,
) -> Result<Overlap, ExitCode> {
    let key = plan.lock.key.as_deref().unwrap_or_default();
    let name = sha256(&format!("{}\n{key}\n{}", plan.playbook, plan.base_url));
    let name = name.get(..32).unwrap_or(&name);
    let holder =
        format!("run {} (process {}, {}, since {})", plan.run_id, std::process::id(), plan.operator, clock.now());
    let end = clock.elapsed().saturating_add(plan.lock.wait).min(deadline.unwrap_or(Duration::MAX));
    let mut is_told = false;
    loop {
        let held = match store.lock(name, &holder).map_err(|error| history::say(&error, streams))? {
            Locked::Ours(lock) => {
                streams.still();
                if !lock.is_real {
                    streams.err_line("warning: this file system has no locks: a run that overlaps is not noticed");
                }
                return Ok(Overlap::None(lock));
            }
            Locked::Held(held) => held,
        };
        let left = end.saturating_sub(clock.elapsed());
        match on_overlap {
            OnOverlap::Skip => return Ok(Overlap::With(held)),
            OnOverlap::Wait if !left.is_zero() => {}
            OnOverlap::Wait | OnOverlap::Fail => {
                streams.err_line(&format!(
                    "error: the playbook `{}` is running already: {held}; nothing was run",
                    plan.playbook
                ));
                return Err(ExitCode::Locked);
            }
        }
        if !std::mem::replace(&mut is_told, true) {
            streams.err_line(&format!("{}: waiting, since it is running already: {held}", plan.playbook));
        }
        let does = format!("{} left, waiting for the run that goes on", seconds(left.as_secs()));
        streams.progress((&plan.playbook, &does));
        tokio::select! {
            biased;
            signal = wait(signals.first.clone()) => {
                streams.err_line(&format!("{}: stopped while it waited; nothing was run", plan.playbook));
                return Err(ExitCode::of_signal(signal));
            }
            () = clock.sleep(LOOK_EVERY.min(left)) => {}
        }
    }
}
