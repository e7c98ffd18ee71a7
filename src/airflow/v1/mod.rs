//! Airflow 2: what `/api/v1` is asked, and how.
//!
//! In: neutral requests. Out: [`Call`]s in v1's words. Seen on 2.8 to 2.11: an unknown query parameter is a 400, so
//! nothing is sent that 2.8 doesn't know (`fields`, `dag_ids`); no null is sent in a body.

mod audit;
pub(super) mod dag_details;
pub(super) mod refusal;
pub(super) mod stock;
pub(super) mod watch;
pub(super) mod xcom;

mod wire;

use serde_json::{Map, Value, json};

use super::answer::{
    Dag, DagFilter, DagRun, Dataset, DatasetEvent, EventsPage, ImportError, NewDagRun, RunFilter, TaskInstance,
    TaskLog, TaskLogRequest, TaskPlace,
};
use super::auth::{AuthScheme, Credential};
use super::call::{Call, PAGE_ROWS, Path, Rows, TEXT, Unreadable, escape, read_json};
use super::log;

/// How a credential is shown here unless the user says otherwise.
pub(super) const fn usual_scheme(credential: &Credential) -> AuthScheme {
    match credential {
        Credential::Key(_) => AuthScheme::Token,
        Credential::Token(_) => AuthScheme::Bearer,
        Credential::Password { .. } => AuthScheme::Basic,
    }
}

/// The page of a run in the UI of Airflow 2.
pub(super) fn run_link(dag_id: &str, dag_run_id: &str) -> String {
    format!("/dags/{}/grid?dag_run_id={}", escape(dag_id), escape(dag_run_id))
}

/// Where the newest events of a dataset are.
pub(super) fn events_path(dataset_id: i64) -> String {
    format!("/datasets/events?dataset_id={dataset_id}&order_by=-timestamp")
}

/// `GET /version`.
pub(super) fn version() -> Call<String> {
    Call::get(Path::of("/version"), read_json::<wire::Version, _>)
}

/// `GET /dags`; tags are repeated and mean any of them, `tags_match_all` doesn't exist.
pub(super) fn dags(filter: &DagFilter, offset: u64) -> Call<Rows<Dag>> {
    let call = Call::get(Path::of("/dags"), read_json::<wire::Dags, _>)
        .with("only_active", filter.only_active)
        .with_some("paused", filter.paused)
        .with_some("dag_id_pattern", filter.dag_id_pattern.as_ref());
    filter.tags.iter().fold(call, |call, tag| call.with("tags", tag)).page(offset, PAGE_ROWS)
}

/// `GET /dags/{dag_id}`.
pub(super) fn dag(dag_id: &str) -> Call<Dag> {
    Call::get(Path::of("/dags").id(dag_id), read_json::<wire::Dag, _>)
}

/// `PATCH /dags/{dag_id}`; an empty body is a 500, a text for the flag a 400.
pub(super) fn set_paused(dag_id: &str, is_paused: bool) -> Call<Dag> {
    let body = json!({ "is_paused": is_paused });
    Call::patch(Path::of("/dags").id(dag_id), body, read_json::<wire::Dag, _>).with("update_mask", "is_paused")
}

/// `GET /importErrors`.
pub(super) fn import_errors(offset: u64) -> Call<Rows<ImportError>> {
    Call::get(Path::of("/importErrors"), read_json::<wire::ImportErrors, _>).page(offset, PAGE_ROWS)
}

/// `POST /dags/{dag_id}/dagRuns`; every null is refused with 400.
pub(super) fn create_dag_run(run: &NewDagRun) -> Call<DagRun> {
    let mut body = Map::from_iter([("dag_run_id".to_owned(), json!(run.dag_run_id))]);
    let optional = [
        ("note", run.note.as_ref().map(|note| json!(note))),
        ("conf", run.conf.as_ref().map(|conf| json!(conf))),
        ("logical_date", run.logical_date.map(|date| json!(date))),
    ];
    body.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Call::post(Path::of("/dags").id(&run.dag_id).then("/dagRuns"), Value::Object(body), read_json::<wire::DagRun, _>)
}

/// `GET /dags/{dag_id}/dagRuns/{dag_run_id}`.
pub(super) fn dag_run(dag_id: &str, dag_run_id: &str) -> Call<DagRun> {
    Call::get(run_path(dag_id, dag_run_id), read_json::<wire::DagRun, _>)
}

/// `POST /dags/{dag_id}/clearTaskInstances`; without `dry_run: false` it only tells what it would clear.
pub(super) fn clear_failed_tasks(dag_id: &str, dag_run_id: &str) -> Call<()> {
    let body = json!({ "dry_run": false, "dag_run_id": dag_run_id, "only_failed": true, "reset_dag_runs": true });
    Call::post(Path::of("/dags").id(dag_id).then("/clearTaskInstances"), body, read_json::<wire::Cleared, _>)
}

/// `GET /dags/{dag_id}/dagRuns`, the newest first: `id` orders by when they were made, which nothing else does for every run.
/// 200 with no rows for a DAG that does not exist, and for a state that does not.
pub(super) fn dag_runs(dag_id: &str, filter: &RunFilter, offset: u64) -> Call<Rows<DagRun>> {
    let call = Call::get(Path::of("/dags").id(dag_id).then("/dagRuns"), read_json::<wire::DagRuns, _>)
        .with_some("execution_date_gte", filter.logical_date.gte)
        .with_some("execution_date_lte", filter.logical_date.lte)
        .with_some("start_date_gte", filter.start_date.gte)
        .with_some("start_date_lte", filter.start_date.lte)
        .with_some("end_date_gte", filter.end_date.gte)
        .with_some("end_date_lte", filter.end_date.lte)
        .with("order_by", "-id");
    filter.states.iter().fold(call, |call, state| call.with("state", state.as_str())).page(offset, PAGE_ROWS)
}

/// `GET …/taskInstances`; 200 with no rows for a run that doesn't exist.
pub(super) fn task_instances(dag_id: &str, dag_run_id: &str, offset: u64) -> Call<Rows<TaskInstance>> {
    let path = run_path(dag_id, dag_run_id).then("/taskInstances");
    Call::get(path, read_json::<wire::TaskInstances, _>).page(offset, PAGE_ROWS)
}

/// `GET …/taskInstances/{task_id}`, with the index of a mapped one; 404 without the index for a mapped one.
pub(super) fn task_instance(task: &TaskPlace<'_>) -> Call<TaskInstance> {
    Call::get(task_path(task), read_json::<wire::TaskInstance, _>)
}

/// `GET …/logs/{try_number}` as text; the JSON form holds a Python repr.
pub(super) fn task_log(request: &TaskLogRequest) -> Call<TaskLog> {
    let path = run_path(&request.dag_id, &request.dag_run_id).then("/taskInstances").id(&request.task_id);
    let path = path.then("/logs").id(&request.try_number.to_string());
    let mapped = Some(request.map_index).filter(|index| *index >= 0);
    let call = Call::get(path, read_log).with("full_content", true).with_some("map_index", mapped);
    Call { accept: TEXT, ..call }
}

/// `GET /datasets`, unfiltered: with `uri_pattern`, `total_entries` still counts every dataset.
pub(super) fn datasets(offset: u64) -> Call<Rows<Dataset>> {
    Call::get(Path::of("/datasets"), read_json::<wire::Datasets, _>).page(offset, PAGE_ROWS)
}

/// `POST /datasets/events`, by the dataset's URI; Airflow 2.8 has no such call and answers 405.
pub(super) fn create_dataset_event(dataset: &Dataset, extra: &Map<String, Value>) -> Call<DatasetEvent> {
    let body = json!({ "dataset_uri": dataset.uri, "extra": extra });
    Call::post(Path::of("/datasets/events"), body, read_json::<wire::DatasetEvent, _>)
}

/// `GET /datasets/events`, newest first; ordering by id is a 400.
pub(super) fn dataset_events(dataset_id: i64, page: EventsPage) -> Call<Rows<DatasetEvent>> {
    Call::get(Path::of("/datasets/events"), read_json::<wire::DatasetEvents, _>)
        .with("dataset_id", dataset_id)
        .with("order_by", "-timestamp")
        .page(page.offset, page.limit)
}

/// Where a task instance is; the API knows a mapped one by its index only.
fn task_path(task: &TaskPlace<'_>) -> Path {
    let path = run_path(task.dag_id, task.dag_run_id).then("/taskInstances").id(task.task_id);
    if task.map_index >= 0 { path.id(&task.map_index.to_string()) } else { path }
}

fn run_path(dag_id: &str, dag_run_id: &str) -> Path {
    Path::of("/dags").id(dag_id).then("/dagRuns").id(dag_run_id)
}

#[expect(clippy::unnecessary_wraps, reason = "the form of every reader")]
fn read_log(body: &[u8]) -> Result<TaskLog, Unreadable> {
    Ok(log::of_text(&String::from_utf8_lossy(body)))
}
