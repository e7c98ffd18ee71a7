//! The client: one method is one request to one Airflow, whatever its version.
//!
//! In: Airflow's words and a time limit. Out: an answer in the shape both versions share, or an [`ApiError`]. A login, its
//! renewal and the question for the version are the only requests that are made besides. Nothing is repeated here, no
//! pages are put together, and no waiting is done.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::answer::{
    Dag, DagFilter, DagRun, Dataset, DatasetEvent, EventsPage, ImportError, NewDagRun, Page, RunFilter, TaskInstance,
    TaskLog, TaskLogRequest,
};
use super::auth::{AuthScheme, BadCredential, Credential};
use super::base_url::BaseUrl;
use super::call::{Call, Rows, escape};
use super::error::{ApiError, ErrorKind, RequestLine};
use super::model::ApiVersion;
use super::sender::Sender;
use super::session::Session;
use super::unsent::{Shelf, UnsentRequest};
use super::verdict::{self, Received};
use super::{v1, v2};
use crate::clock::Clock;
use crate::http::{Deadline, HttpClient, HttpOptions, SetupError, Telling};
use crate::secret::Masker;

/// What a client is made of.
#[derive(Clone)]
pub struct ClientOptions {
    /// Where the Airflow is.
    pub base_url: BaseUrl,
    /// The version to speak; else the URL's, else the server is asked.
    pub version: Option<ApiVersion>,
    /// What proves who we are.
    pub credential: Option<Credential>,
    /// How it is shown.
    pub auth: AuthScheme,
    /// TLS, connect time-out, body limit.
    pub http: HttpOptions,
    /// Time.
    pub clock: Clock,
    /// Learns every secret that is made from the credential: tokens, the basic header's value. What Airflow says is masked
    /// before it is cut.
    pub masker: Masker,
}

/// Why a client could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The HTTP client.
    #[error(transparent)]
    Http(#[from] SetupError),
    /// The credential.
    #[error(transparent)]
    Credential(#[from] BadCredential),
}

/// A client for one Airflow; clones share login and connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>, Option<Shelf>, Telling);

#[derive(Debug)]
struct Inner {
    sender: Sender,
    session: Session,
    version: OnceCell<ApiVersion>,
    clock: Clock,
}

impl Client {
    /// Makes a client; no request is sent.
    ///
    /// # Errors
    /// When the credential can't be shown as asked, or TLS can't be set up.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let http = HttpClient::new(&options.base_url.under_root("/"), &options.http)?;
        let session = Session::new(options.auth, options.credential, options.masker.clone())?;
        let version = OnceCell::new_with(options.version.or(options.base_url.version()));
        let sender = Sender { http, base_url: options.base_url, masker: options.masker };
        Ok(Self(Arc::new(Inner { sender, session, version, clock: options.clock }), None, Telling::default()))
    }

    /// The same client, but unable to change anything: what is no `GET` is laid aside, and its method fails. A login is made
    /// all the same.
    #[must_use]
    pub fn that_only_reads(self) -> Self {
        Self(self.0, Some(Shelf::default()), self.2)
    }

    /// The same client, whose requests are told of so to whoever looks on.
    #[must_use]
    pub fn told(&self, telling: Telling) -> Self {
        Self(Arc::clone(&self.0), self.1.clone(), telling)
    }

    /// Whether it is unable to change anything.
    #[must_use]
    pub const fn only_reads(&self) -> bool {
        self.1.is_some()
    }

    /// The request that was laid aside last, which is forgotten.
    #[must_use]
    pub fn take_unsent(&self) -> Option<UnsentRequest> {
        self.1.as_ref()?.take()
    }

    /// Where the Airflow is.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.sender.base_url
    }

    /// The API version; asked of the server, without credentials, when neither options nor URL say it.
    ///
    /// # Errors
    /// When neither version answers.
    pub async fn api_version(&self, limit: Duration) -> Result<ApiVersion, ApiError> {
        self.version(&self.deadline(limit)).await
    }

    /// The scheme in which the credential is shown to this version; none without a credential.
    #[must_use]
    pub fn auth_scheme(&self, version: ApiVersion) -> Option<AuthScheme> {
        self.0.session.scheme(version)
    }

    /// The page of a DAG run in Airflow's UI, whose base URL is `ui`.
    #[must_use]
    pub fn run_link(&self, ui: &str, dag_id: &str, dag_run_id: &str) -> String {
        let path = match self.0.version.get() {
            Some(ApiVersion::V1) => v1::run_link(dag_id, dag_run_id),
            Some(ApiVersion::V2) | None => v2::run_link(dag_id, dag_run_id),
        };
        format!("{}{path}", ui.trim_end_matches('/'))
    }

    /// Where the API shows a DAG run.
    #[must_use]
    pub fn run_url(&self, dag_id: &str, dag_run_id: &str) -> String {
        format!("{}/dags/{}/dagRuns/{}", self.api_base(), escape(dag_id), escape(dag_run_id))
    }

    /// Where the API shows a DAG.
    #[must_use]
    pub fn dag_url(&self, dag_id: &str) -> String {
        format!("{}/dags/{}", self.api_base(), escape(dag_id))
    }

    /// Where the API shows the newest events of a dataset.
    #[must_use]
    pub fn events_url(&self, dataset_id: i64) -> String {
        let path = match self.0.version.get() {
            Some(ApiVersion::V1) => v1::events_path(dataset_id),
            Some(ApiVersion::V2) | None => v2::events_path(dataset_id),
        };
        format!("{}{path}", self.api_base())
    }

    /// Where a credential is exchanged for a token, on an Airflow that has this.
    #[must_use]
    pub fn login_url(&self) -> String {
        self.base_url().under_root(v2::LOGIN).to_string()
    }

    fn api_base(&self) -> String {
        match self.0.version.get() {
            Some(version) => self.base_url().with_version(*version).to_string(),
            None => self.base_url().to_string(),
        }
    }

    /// The version of Airflow itself, as `2.11.2`.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn airflow_version(&self, limit: Duration) -> Result<String, ApiError> {
        let deadline = self.deadline(limit);
        let version = self.version(&deadline).await?;
        Ok(self.0.sender.send(&version_call(version), version, None, &deadline).await?.value)
    }

    /// A page of DAGs, at most 100.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn dags(&self, filter: &DagFilter, offset: u64, limit: Duration) -> Result<Page<Dag>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::dags(filter, offset),
            ApiVersion::V2 => v2::dags(filter, offset),
        };
        let mut page = self.page(call, limit).await?;
        page.items.retain(|dag| filter.admits(dag));
        Ok(page)
    }

    /// One DAG.
    ///
    /// # Errors
    /// As [`ApiError`] says; a DAG that can't be imported is not found.
    pub async fn dag(&self, dag_id: &str, limit: Duration) -> Result<Dag, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::dag(dag_id),
                ApiVersion::V2 => v2::dag(dag_id),
            };
            call.about(&[dag_id], |dag: &Dag| vec![&dag.dag_id])
        };
        self.one(call, limit).await
    }

    /// Pauses or unpauses a DAG.
    ///
    /// # Errors
    /// As [`ApiError`] says; ask it for its [`delivery`](ApiError::delivery).
    pub async fn set_paused(&self, dag_id: &str, is_paused: bool, limit: Duration) -> Result<Dag, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::set_paused(dag_id, is_paused),
                ApiVersion::V2 => v2::set_paused(dag_id, is_paused),
            };
            call.about(&[dag_id], |dag: &Dag| vec![&dag.dag_id])
        };
        self.one(call, limit).await
    }

    /// A page of files that can't be imported, at most 100.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn import_errors(&self, offset: u64, limit: Duration) -> Result<Page<ImportError>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::import_errors(offset),
            ApiVersion::V2 => v2::import_errors(offset),
        };
        self.page(call, limit).await
    }

    /// Makes a DAG run under the id that is given.
    ///
    /// # Errors
    /// As [`ApiError`] says; ask it for its [`delivery`](ApiError::delivery).
    pub async fn create_dag_run(&self, run: &NewDagRun, limit: Duration) -> Result<DagRun, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::create_dag_run(run),
                ApiVersion::V2 => v2::create_dag_run(run),
            };
            call.about(&[&run.dag_id, &run.dag_run_id], names_of)
        };
        self.one(call, limit).await
    }

    /// One DAG run.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn dag_run(&self, dag_id: &str, dag_run_id: &str, limit: Duration) -> Result<DagRun, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::dag_run(dag_id, dag_run_id),
                ApiVersion::V2 => v2::dag_run(dag_id, dag_run_id),
            };
            call.about(&[dag_id, dag_run_id], names_of)
        };
        self.one(call, limit).await
    }

    /// Clears the failed tasks of a run, so that they run again; the run is queued then.
    ///
    /// # Errors
    /// As [`ApiError`] says; ask it for its [`delivery`](ApiError::delivery).
    pub async fn clear_failed_tasks(&self, dag_id: &str, dag_run_id: &str, limit: Duration) -> Result<(), ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::clear_failed_tasks(dag_id, dag_run_id),
            ApiVersion::V2 => v2::clear_failed_tasks(dag_id, dag_run_id),
        };
        self.one(call, limit).await
    }

    /// A page of a DAG's runs, at most 100, those that were made last first.
    ///
    /// # Errors
    /// As [`ApiError`] says; v1 gives an empty page for a DAG that doesn't exist.
    pub async fn dag_runs(
        &self,
        dag_id: &str,
        filter: &RunFilter,
        offset: u64,
        limit: Duration,
    ) -> Result<Page<DagRun>, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::dag_runs(dag_id, filter, offset),
                ApiVersion::V2 => v2::dag_runs(dag_id, filter, offset),
            };
            call.about(&[dag_id], |runs: &Rows<DagRun>| runs.items.iter().map(|run| run.dag_id.as_str()).collect())
        };
        let mut page = self.page(call, limit).await?;
        page.items.retain(|run| filter.admits(run));
        Ok(page)
    }

    /// A page of a run's task instances, at most 100; v1 gives an empty page for a run that doesn't exist.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn task_instances(
        &self,
        dag_id: &str,
        dag_run_id: &str,
        offset: u64,
        limit: Duration,
    ) -> Result<Page<TaskInstance>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::task_instances(dag_id, dag_run_id, offset),
            ApiVersion::V2 => v2::task_instances(dag_id, dag_run_id, offset),
        };
        self.page(call, limit).await
    }

    /// The log of a try.
    ///
    /// # Errors
    /// As [`ApiError`] says; v1 answers a try that never was with a line of text, v2 with a 404.
    pub async fn task_log(&self, request: &TaskLogRequest, limit: Duration) -> Result<TaskLog, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::task_log(request),
            ApiVersion::V2 => v2::task_log(request),
        };
        self.one(call, limit).await
    }

    /// A page of datasets, at most 100; the filter only narrows what v2 sends, so compare what comes.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn datasets(
        &self,
        uri_filter: Option<&str>,
        offset: u64,
        limit: Duration,
    ) -> Result<Page<Dataset>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::datasets(offset),
            ApiVersion::V2 => v2::assets(uri_filter, offset),
        };
        self.page(call, limit).await
    }

    /// Records an event of a dataset.
    ///
    /// # Errors
    /// As [`ApiError`] says; ask it for its [`delivery`](ApiError::delivery).
    pub async fn create_dataset_event(
        &self,
        dataset: &Dataset,
        extra: &Map<String, Value>,
        limit: Duration,
    ) -> Result<DatasetEvent, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::create_dataset_event(dataset, extra),
            ApiVersion::V2 => v2::create_asset_event(dataset, extra),
        };
        self.one(call, limit).await
    }

    /// A page of a dataset's events, newest first.
    ///
    /// # Errors
    /// As [`ApiError`] says; v2 answers 500 while an event on the page has a run without a start date.
    pub async fn dataset_events(
        &self,
        dataset_id: i64,
        page: EventsPage,
        limit: Duration,
    ) -> Result<Page<DatasetEvent>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::dataset_events(dataset_id, page),
            ApiVersion::V2 => v2::asset_events(dataset_id, page),
        };
        self.page(call, limit).await
    }

    pub(super) async fn one<T>(&self, call: impl Fn(ApiVersion) -> Call<T>, limit: Duration) -> Result<T, ApiError> {
        Ok(self.send(call, limit).await?.value)
    }

    pub(super) async fn page<T>(
        &self,
        call: impl Fn(ApiVersion) -> Call<Rows<T>>,
        limit: Duration,
    ) -> Result<Page<T>, ApiError> {
        let Received { value: Rows { items, total_entries }, server_time } = self.send(call, limit).await?;
        Ok(Page { received: items.len(), items, total_entries, server_time })
    }

    /// Sends a call; if the token of a login is refused, the call had no effect and is sent once more with a new one.
    async fn send<T>(&self, call: impl Fn(ApiVersion) -> Call<T>, limit: Duration) -> Result<Received<T>, ApiError> {
        let Inner { sender, session, .. } = &*self.0;
        let deadline = self.deadline(limit);
        let version = self.version(&deadline).await?;
        let call = call(version);
        let shown = session.shown(sender, version, &deadline).await?;
        if let Some(shelf) = self.1.as_ref().filter(|_| call.method != Method::GET) {
            let request = sender.request(&call, version, None)?;
            let line = RequestLine::new(&request.method, &request.url);
            shelf.lay_aside(UnsentRequest::of(&request, call.body, session.scheme_of(version, &shown)));
            return Err(verdict::only_reads(&line));
        }
        let answer = sender.send(&call, version, shown.header, &deadline).await;
        let refused = answer.as_ref().is_err_and(|error| error.kind == ErrorKind::Unauthorized);
        let Some(login) = shown.login.filter(|_| refused) else { return answer };
        let renewed = session.renew(sender, login, &deadline).await?;
        sender.send(&call, version, renewed.header, &deadline).await
    }

    /// The version, once it is known.
    pub(super) fn known_version(&self) -> Option<ApiVersion> {
        self.0.version.get().copied()
    }

    /// Who sends, and who we are.
    pub(super) fn parts(&self) -> (&Sender, &Session) {
        (&self.0.sender, &self.0.session)
    }

    pub(super) async fn version(&self, deadline: &Deadline) -> Result<ApiVersion, ApiError> {
        let asked = self.0.version.get_or_try_init(|| self.ask_version(deadline)).await;
        asked.copied().map_err(ApiError::before_anything_was_sent)
    }

    /// Asks v1, then v2; only an answer that speaks against v1 leads to the second question.
    async fn ask_version(&self, deadline: &Deadline) -> Result<ApiVersion, ApiError> {
        let Inner { sender, .. } = &*self.0;
        let first = sender.send(&version_call(ApiVersion::V1), ApiVersion::V1, None, deadline).await;
        let Err(error) = first else { return Ok(ApiVersion::V1) };
        if error.is_unreachable() || error.retry_kind().is_some_and(|_| error.kind != ErrorKind::NotFound) {
            return Err(error);
        }
        sender.send(&version_call(ApiVersion::V2), ApiVersion::V2, None, deadline).await?;
        Ok(ApiVersion::V2)
    }

    pub(super) fn deadline(&self, limit: Duration) -> Deadline {
        Deadline::after(&self.0.clock, limit).told(self.2)
    }
}

/// What a run is known by.
fn names_of(run: &DagRun) -> Vec<&str> {
    vec![&run.dag_id, &run.dag_run_id]
}

fn version_call(version: ApiVersion) -> Call<String> {
    match version {
        ApiVersion::V1 => v1::version(),
        ApiVersion::V2 => v2::version(),
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("base_url", &self.base_url)
            .field("version", &self.version)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}
