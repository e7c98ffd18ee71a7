//! What a wait asks Airflow 3 besides the run itself.

use std::time::Duration;

use serde::Deserialize;

use super::audit::AuditLog;
use super::{run_path, wire};
use crate::airflow::answer::{DagRun, DatasetEvent, SetByHand};
use crate::airflow::call::{Call, Path, Rows, Unreadable, read_json};
use crate::airflow::model::RunState;

/// `GET …/wait` (3.1 and later): a line of JSON at once, and one each interval until the run has ended. It has no end of its
/// own: 576 seconds were seen on a paused DAG.
pub(in super::super) fn held_state(dag_id: &str, dag_run_id: &str, every: Duration) -> Call<RunState> {
    let call = Call::get(run_path(dag_id, dag_run_id).then("/wait"), last_state);
    call.with("interval", every.as_secs_f64())
}

/// Whether the lines tell something new: the run has ended, or is in another state than the one that is known.
pub(in super::super) fn is_news(lines: &[u8], known: RunState) -> bool {
    last_state(lines).is_ok_and(|last| last.is_final() || last != known)
}

/// `GET /dags/{dag_id}/dagRuns`, the newest first.
pub(in super::super) fn newest_runs(dag_id: &str, count: u32) -> Call<Rows<DagRun>> {
    let call = Call::get(Path::of("/dags").id(dag_id).then("/dagRuns"), read_json::<wire::DagRuns, _>);
    call.with("order_by", "-run_after").page(0, count)
}

/// `GET …/upstreamAssetEvents`; it has no pages, and is a 500 while the run has no start date.
pub(in super::super) fn upstream_events(dag_id: &str, dag_run_id: &str) -> Call<Rows<DatasetEvent>> {
    Call::get(run_path(dag_id, dag_run_id).then("/upstreamAssetEvents"), read_json::<wire::AssetEvents, _>)
}

/// `GET /eventLogs` of a run, the newest first: who set its state, or that of a task. It takes a right of its own, which
/// a viewer has.
pub(in super::super) fn set_by_hand(dag_id: &str, dag_run_id: &str, count: u32) -> Call<Rows<SetByHand>> {
    let call = Call::get(Path::of("/eventLogs"), read_json::<AuditLog, _>);
    call.with("dag_id", dag_id).with("run_id", dag_run_id).with("order_by", "-when").page(0, count)
}

/// The state in the last line that is whole.
fn last_state(lines: &[u8]) -> Result<RunState, Unreadable> {
    let last = lines.split(|byte| *byte == b'\n').rev().find_map(seen);
    last.ok_or_else(|| Unreadable { reason: "no line tells a state".to_owned(), is_cut: true })
}

fn seen(line: &[u8]) -> Option<RunState> {
    serde_json::from_slice::<Seen>(line).ok().map(|seen| seen.state)
}

#[derive(Deserialize)]
struct Seen {
    state: RunState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_line_tells_the_state() {
        for (lines, state) in [
            ("{\"state\": \"queued\"}", Some(RunState::Queued)),
            ("{\"state\": \"queued\"}\n{\"state\": \"run", Some(RunState::Queued)),
            ("{\"state\": \"running\"}\n{\"state\": \"success\", \"results\": {\"t\": 1}}\n", Some(RunState::Success)),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(last_state(lines.as_bytes()).ok(), state, "{lines}");
        }
        for (lines, is_new) in [
            ("{\"state\": \"failed\"}", true),
            ("{\"state\": \"running\"}\n{\"state\": \"running\"}\n", false),
            ("{\"state\": \"queued\"}\n{\"state\": \"running\"}\n", false),
            ("{\"state\": \"queued\"}\n", true),
            ("", false),
        ] {
            assert_eq!(is_news(lines.as_bytes(), RunState::Running), is_new, "{lines}");
        }
    }
}
