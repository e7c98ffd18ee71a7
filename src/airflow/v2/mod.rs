//! Airflow 3: what `/api/v2` is asked, and how.
//!
//! In: neutral requests. Out: [`Call`]s in v2's words. Seen on 3.0 to 3.3: an unknown query parameter is silently
//! ignored, so what a filter must hold is checked again after the answer; `logical_date` is sent even when it is null.

mod audit;
pub(super) mod dag_details;
pub(super) mod refusal;
pub(super) mod stock;
pub(super) mod watch;
pub(super) mod xcom;

mod log;
mod wire;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::answer::{
    Dag, DagFilter, DagRun, Dataset, DatasetEvent, EventsPage, ImportError, NewDagRun, RunFilter, TaskInstance,
    TaskLog, TaskLogRequest, TaskPlace,
};
use super::auth::{AuthScheme, Credential};
use super::call::{Call, PAGE_ROWS, Path, Rows, escape, read_json};

/// Where a name and a password are exchanged for a token; outside the API.
pub(super) const LOGIN: &str = "/auth/token";

/// How a credential is shown here unless the user says otherwise.
pub(super) const fn usual_scheme(credential: &Credential) -> AuthScheme {
    match credential {
        Credential::Key(_) | Credential::Password { .. } => AuthScheme::Exchange,
        Credential::Token(_) => AuthScheme::Bearer,
    }
}

/// `POST /auth/token`, under the root and not under `/api/v2`: 201 with a token that lives for a day by default.
pub(super) fn login(username: &str, password: &SecretString) -> Call<SecretString> {
    let body = json!({ "username": username, "password": password.expose_secret() });
    Call::post(Path::under_root(LOGIN), body, read_json::<wire::Login, _>)
}

/// The page of a run in the UI of Airflow 3.
pub(super) fn run_link(dag_id: &str, dag_run_id: &str) -> String {
    format!("/dags/{}/runs/{}", escape(dag_id), escape(dag_run_id))
}

/// Where the newest events of an asset are.
pub(super) fn events_path(asset_id: i64) -> String {
    format!("/assets/events?asset_id={asset_id}&order_by=-timestamp")
}

/// `GET /version`.
pub(super) fn version() -> Call<String> {
    Call::get(Path::of("/version"), read_json::<wire::Version, _>)
}

/// `GET /dags`; tags are repeated, a comma would find nothing.
pub(super) fn dags(filter: &DagFilter, offset: u64) -> Call<Rows<Dag>> {
    let all = Some("all").filter(|_| filter.tags_match_all && !filter.tags.is_empty());
    let call = Call::get(Path::of("/dags"), read_json::<wire::Dags, _>)
        .with("exclude_stale", filter.only_active)
        .with_some("paused", filter.paused)
        .with_some("dag_id_pattern", filter.dag_id_pattern.as_ref())
        .with_some("tags_match_mode", all);
    filter.tags.iter().fold(call, |call, tag| call.with("tags", tag)).page(offset, PAGE_ROWS)
}

/// `GET /dags/{dag_id}`.
pub(super) fn dag(dag_id: &str) -> Call<Dag> {
    Call::get(Path::of("/dags").id(dag_id), read_json::<wire::Dag, _>)
}

/// `PATCH /dags/{dag_id}`.
pub(super) fn set_paused(dag_id: &str, is_paused: bool) -> Call<Dag> {
    let body = json!({ "is_paused": is_paused });
    Call::patch(Path::of("/dags").id(dag_id), body, read_json::<wire::Dag, _>)
}

/// `GET /importErrors`.
pub(super) fn import_errors(offset: u64) -> Call<Rows<ImportError>> {
    Call::get(Path::of("/importErrors"), read_json::<wire::ImportErrors, _>).page(offset, PAGE_ROWS)
}

/// `POST /dags/{dag_id}/dagRuns`; the key `logical_date` is required, `conf: null` is a 422 in 3.0.
pub(super) fn create_dag_run(run: &NewDagRun) -> Call<DagRun> {
    let mut body = Map::from_iter([
        ("dag_run_id".to_owned(), json!(run.dag_run_id)),
        ("logical_date".to_owned(), json!(run.logical_date)),
    ]);
    if let Some(note) = &run.note {
        body.insert("note".to_owned(), json!(note));
    }
    if let Some(conf) = &run.conf {
        body.insert("conf".to_owned(), json!(conf));
    }
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

/// `GET /dags/{dag_id}/dagRuns`, the newest first: `id` orders by when they were made.
pub(super) fn dag_runs(dag_id: &str, filter: &RunFilter, offset: u64) -> Call<Rows<DagRun>> {
    let call = Call::get(Path::of("/dags").id(dag_id).then("/dagRuns"), read_json::<wire::DagRuns, _>)
        .with_some("logical_date_gte", filter.logical_date.gte)
        .with_some("logical_date_lte", filter.logical_date.lte)
        .with_some("start_date_gte", filter.start_date.gte)
        .with_some("start_date_lte", filter.start_date.lte)
        .with_some("end_date_gte", filter.end_date.gte)
        .with_some("end_date_lte", filter.end_date.lte)
        .with("order_by", "-id");
    filter.states.iter().fold(call, |call, state| call.with("state", state.as_str())).page(offset, PAGE_ROWS)
}

/// `GET …/taskInstances`.
pub(super) fn task_instances(dag_id: &str, dag_run_id: &str, offset: u64) -> Call<Rows<TaskInstance>> {
    let path = run_path(dag_id, dag_run_id).then("/taskInstances");
    Call::get(path, read_json::<wire::TaskInstances, _>).page(offset, PAGE_ROWS)
}

/// `GET …/taskInstances/{task_id}`, with the index of a mapped one; 404 without the index for a mapped one.
pub(super) fn task_instance(task: &TaskPlace<'_>) -> Call<TaskInstance> {
    Call::get(task_path(task), read_json::<wire::TaskInstance, _>)
}

/// `GET …/logs/{try_number}` as JSON; text is a 406, a task that never ran a 404.
pub(super) fn task_log(request: &TaskLogRequest) -> Call<TaskLog> {
    let path = run_path(&request.dag_id, &request.dag_run_id).then("/taskInstances").id(&request.task_id);
    let path = path.then("/logs").id(&request.try_number.to_string());
    let mapped = Some(request.map_index).filter(|index| *index >= 0);
    Call::get(path, read_json::<log::Log, _>).with("full_content", true).with_some("map_index", mapped)
}

/// `GET /assets`; the filter finds the text anywhere in the URI, so the caller compares.
pub(super) fn assets(uri_filter: Option<&str>, offset: u64) -> Call<Rows<Dataset>> {
    Call::get(Path::of("/assets"), read_json::<wire::Assets, _>)
        .with_some("uri_pattern", uri_filter)
        .page(offset, PAGE_ROWS)
}

/// `POST /assets/events`, by the asset's id; the URI is a 422.
pub(super) fn create_asset_event(dataset: &Dataset, extra: &Map<String, Value>) -> Call<DatasetEvent> {
    let body = json!({ "asset_id": dataset.id, "extra": extra });
    Call::post(Path::of("/assets/events"), body, read_json::<wire::AssetEvent, _>)
}

/// `GET /assets/events`, newest first; 500 while an event on the page has started a run that has no start date.
pub(super) fn asset_events(asset_id: i64, page: EventsPage) -> Call<Rows<DatasetEvent>> {
    Call::get(Path::of("/assets/events"), read_json::<wire::AssetEvents, _>)
        .with("asset_id", asset_id)
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
