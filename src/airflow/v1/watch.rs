//! What a wait asks Airflow 2 besides the run itself.

use super::audit::AuditLog;
use super::{run_path, wire};
use crate::airflow::answer::{DagRun, DatasetEvent, SetByHand};
use crate::airflow::call::{Call, Path, Rows, read_json};

/// `GET /dags/{dag_id}/dagRuns`, the newest first.
pub(in super::super) fn newest_runs(dag_id: &str, count: u32) -> Call<Rows<DagRun>> {
    let call = Call::get(Path::of("/dags").id(dag_id).then("/dagRuns"), read_json::<wire::DagRuns, _>);
    call.with("order_by", "-execution_date").page(0, count)
}

/// `GET …/upstreamDatasetEvents`; it has no pages.
pub(in super::super) fn upstream_events(dag_id: &str, dag_run_id: &str) -> Call<Rows<DatasetEvent>> {
    Call::get(run_path(dag_id, dag_run_id).then("/upstreamDatasetEvents"), read_json::<wire::DatasetEvents, _>)
}

/// `GET /eventLogs` of a run, the newest first: who set its state, or that of a task. It takes a right of its own, which
/// a viewer has not.
pub(in super::super) fn set_by_hand(dag_id: &str, dag_run_id: &str, count: u32) -> Call<Rows<SetByHand>> {
    let call = Call::get(Path::of("/eventLogs"), read_json::<AuditLog, _>);
    call.with("dag_id", dag_id).with("run_id", dag_run_id).with("order_by", "-when").page(0, count)
}
