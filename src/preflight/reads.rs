//! What the check has read of an Airflow: each thing once.
//!
//! In: ids. Out: what Airflow has under them, kept for the next step that needs it. A request that fails for a reason that
//! may pass is sent again, as in a run; one that Airflow answers is not. What only helps a message may fail in silence.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::airflow::answer::{Dag, DagFilter, Dataset, ImportError, Page, Param};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind, RetryKind};
use crate::plan::RetryPolicy;
use crate::preflight::{Asked, Tools};

/// As many pages are read of a list; a server that gives the same one for ever ends there.
const MOST_PAGES: usize = 1000;

/// The params of a DAG, by name.
pub(super) type Params = BTreeMap<String, Param>;

/// What was read so far.
pub(super) struct Reads<'a> {
    tools: Tools<'a>,
    dags: BTreeMap<String, Option<Dag>>,
    params: BTreeMap<String, Params>,
    datasets: Option<Vec<Dataset>>,
    dag_ids: Option<Vec<String>>,
    import_errors: Option<Vec<ImportError>>,
    has: BTreeMap<(Stock, String), bool>,
    stock: BTreeMap<Stock, Option<Vec<String>>>,
    /// Whether anything was answered that needs a right.
    was_answered: Cell<bool>,
}

/// What Airflow keeps beside DAGs and datasets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stock {
    /// Variables.
    Variable,
    /// Connections.
    Connection,
    /// Pools.
    Pool,
}

impl Stock {
    /// What one of them is called.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Connection => "connection",
            Self::Pool => "pool",
        }
    }

    /// What several of them are called.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Variable => "variables",
            Self::Connection => "connections",
            Self::Pool => "pools",
        }
    }
}

/// A thing that is there, or an error of the API.
pub(super) type Read<T> = Result<T, Box<ApiError>>;

impl<'a> Reads<'a> {
    pub(super) const fn new(tools: Tools<'a>) -> Self {
        Self {
            tools,
            dags: BTreeMap::new(),
            params: BTreeMap::new(),
            datasets: None,
            dag_ids: None,
            import_errors: None,
            has: BTreeMap::new(),
            stock: BTreeMap::new(),
            was_answered: Cell::new(false),
        }
    }

    /// One DAG; none when it is not there.
    pub(super) async fn dag(&mut self, dag_id: &str) -> Read<Option<Dag>> {
        if let Some(known) = self.dags.get(dag_id) {
            return Ok(known.clone());
        }
        let max_time = self.tools.max_time;
        let found = found(self.ask(async |client| client.dag(dag_id, max_time).await).await)?;
        self.dags.insert(dag_id.to_owned(), found.clone());
        Ok(found)
    }

    /// The params of a DAG; none of one that is not there.
    pub(super) async fn params(&mut self, dag_id: &str) -> Read<Params> {
        if let Some(known) = self.params.get(dag_id) {
            return Ok(known.clone());
        }
        let max_time = self.tools.max_time;
        let read = self.ask(async |client| client.dag_details(dag_id, max_time).await).await;
        let params = found(read)?.map(|details| details.params).unwrap_or_default();
        self.params.insert(dag_id.to_owned(), params.clone());
        Ok(params)
    }

    /// Every dataset.
    pub(super) async fn datasets(&mut self) -> Read<Vec<Dataset>> {
        if self.datasets.is_none() {
            let max_time = self.tools.max_time;
            let all = self.pages(async |client, offset| client.datasets(None, offset, max_time).await).await?;
            self.datasets = Some(all);
        }
        Ok(self.datasets.clone().unwrap_or_default())
    }

    /// The id of every DAG, for near names; none where they can't be read.
    pub(super) async fn dag_ids(&mut self) -> Vec<String> {
        if self.dag_ids.is_none() {
            let max_time = self.tools.max_time;
            let filter = DagFilter { only_active: false, ..DagFilter::default() };
            let all = self.pages(async |client, offset| client.dags(&filter, offset, max_time).await).await;
            self.dag_ids = Some(all.unwrap_or_default().into_iter().map(|dag| dag.dag_id).collect());
        }
        self.dag_ids.clone().unwrap_or_default()
    }

    /// The newest import errors; none where they can't be read.
    pub(super) async fn import_errors(&mut self) -> Vec<ImportError> {
        if self.import_errors.is_none() {
            let max_time = self.tools.max_time;
            let read = self.ask(async |client| client.import_errors(0, max_time).await).await;
            self.import_errors = Some(read.map(|page| page.items).unwrap_or_default());
        }
        self.import_errors.clone().unwrap_or_default()
    }

    /// Whether there is a variable, connection or pool of this name; nothing but this is kept of it.
    pub(super) async fn has(&mut self, stock: Stock, name: &str) -> Read<bool> {
        if let Some(known) = self.has.get(&(stock, name.to_owned())) {
            return Ok(*known);
        }
        let max_time = self.tools.max_time;
        let read = match stock {
            Stock::Variable => self.ask(async |client| client.variable(name, max_time).await.map(|_| ())).await,
            Stock::Connection => self.ask(async |client| client.connection(name, max_time).await.map(|_| ())).await,
            Stock::Pool => self.ask(async |client| client.pool(name, max_time).await.map(|_| ())).await,
        };
        let has = found(read)?.is_some();
        self.has.insert((stock, name.to_owned()), has);
        Ok(has)
    }

    /// The names of all variables, connections or pools, for near names; none where they can't be read. No value is kept.
    pub(super) async fn stock(&mut self, stock: Stock) -> Option<Vec<String>> {
        if let Some(known) = self.stock.get(&stock) {
            return known.clone();
        }
        let max_time = self.tools.max_time;
        let names = match stock {
            Stock::Variable => self.pages(async |client, offset| client.variable_keys(offset, max_time).await).await,
            Stock::Connection => {
                let all = self.pages(async |client, offset| client.connections(offset, max_time).await).await;
                all.map(|all| all.into_iter().map(|one| one.connection_id).collect())
            }
            Stock::Pool => {
                let all = self.pages(async |client, offset| client.pools(offset, max_time).await).await;
                all.map(|all| all.into_iter().map(|one| one.name).collect())
            }
        };
        self.stock.insert(stock, names.as_ref().ok().cloned());
        names.ok()
    }

    /// Whether anything was answered that needs a right.
    pub(super) const fn was_answered(&self) -> bool {
        self.was_answered.get()
    }

    /// Asks for DAGs, to see whether the credential is good for anything.
    ///
    /// # Errors
    /// When it is not.
    pub(super) async fn may_read_dags(&self) -> Read<()> {
        let max_time = self.tools.max_time;
        self.ask(async |client| client.dags(&DagFilter::default(), 0, max_time).await.map(|_| ())).await
    }

    /// How much of Airflow the steps were held against.
    pub(super) fn asked(&self) -> Asked {
        let dags = self.dags.values().flatten().count();
        Asked { dags, datasets: self.datasets.as_ref().map(Vec::len) }
    }

    async fn pages<T>(&self, page: impl AsyncFn(&Client, u64) -> Result<Page<T>, ApiError>) -> Read<Vec<T>> {
        let mut all = Vec::new();
        let mut offset: u64 = 0;
        for _ in 0..MOST_PAGES {
            let Page { items, received, total_entries, .. } =
                self.ask(async |client| page(client, offset).await).await?;
            all.extend(items);
            offset = offset.saturating_add(u64::try_from(received).unwrap_or(u64::MAX));
            if received == 0 || total_entries.is_some_and(|total| offset >= total) {
                break;
            }
        }
        Ok(all)
    }

    /// Asks, and asks again as a step without a `retry` of its own does.
    async fn ask<T>(&self, request: impl AsyncFn(&Client) -> Result<T, ApiError>) -> Read<T> {
        let policy = RetryPolicy::default();
        let mut number = 1;
        loop {
            let error = match request(self.tools.client).await {
                Ok(answer) => {
                    self.was_answered.set(true);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if error.kind == ErrorKind::NotFound {
                self.was_answered.set(true);
            }
            let pause = error.retry_after.unwrap_or_else(|| policy.pause_before(number + 1));
            let attempts = if error.is_away() { policy.away_attempts } else { policy.attempts };
            if !may_pass(&error) || number >= attempts || pause > policy.max_delay {
                return Err(Box::new(error));
            }
            self.tools.clock.sleep(pause).await;
            number += 1;
        }
    }
}

/// Whether another try may go better.
fn may_pass(error: &ApiError) -> bool {
    match error.retry_kind() {
        Some(RetryKind::Transport | RetryKind::RateLimited | RetryKind::ServerError | RetryKind::Timeout) => true,
        Some(RetryKind::NotFound) | None => false,
    }
}

/// What is there; Airflow's own 404 is none.
fn found<T>(answer: Read<T>) -> Read<Option<T>> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
