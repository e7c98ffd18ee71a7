//! `list_datasets` and `assert_dataset`, and what other actions need: the dataset that is meant.

use std::cell::Cell;

use jiff::Timestamp;

use crate::airflow::answer::Dataset;
use crate::executor::Stop;
use crate::executor::near::with_near;
use crate::executor::pattern::is_like;
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, DatasetList, DatasetSummary, Failure, FailureKind};
use crate::playbook::action::{AssertDataset, ListDatasets};

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn list_datasets(&mut self) -> Result<ActionResult, Stop> {
        let keys: ListDatasets = self.arguments()?;
        self.read_datasets().await?;
        let all = self.run.datasets.iter().flatten();
        let is_wanted =
            |dataset: &&Dataset| keys.uri_pattern.as_ref().is_none_or(|pattern| is_like(&pattern.0, &dataset.uri));
        let mut datasets: Vec<DatasetSummary> = all.filter(is_wanted).cloned().map(summary).collect();
        datasets.sort_by(|one, other| one.dataset_uri.cmp(&other.dataset_uri));
        datasets.dedup();
        let dataset_uris = datasets.iter().map(|dataset| dataset.dataset_uri.clone()).collect();
        Ok(ActionResult::ListDatasets(DatasetList { total: datasets.len(), datasets, dataset_uris }))
    }

    pub(in crate::executor) async fn assert_dataset(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertDataset = self.arguments()?;
        self.check_no_secret(self.uri_key(), &keys.dataset_uri.0)?;
        let dataset = self.within(keys.within, may_come, async |step| step.dataset_as_asked(&keys).await).await?;
        Ok(ActionResult::AssertDataset(summary(dataset)))
    }

    async fn dataset_as_asked(&mut self, keys: &AssertDataset) -> Result<Dataset, Stop> {
        self.read_datasets().await?;
        let dataset = self.dataset(&keys.dataset_uri.0).await?;
        let wanted = keys.consumers.iter().flat_map(|consumers| &consumers.0).map(|dag_id| &dag_id.0);
        let missing: Vec<String> =
            wanted.filter(|dag_id| !dataset.consumers.contains(dag_id)).map(|dag_id| format!("`{dag_id}`")).collect();
        if missing.is_empty() {
            return Ok(dataset);
        }
        let word = if missing.len() == 1 { "DAG" } else { "DAGs" };
        let message = format!("the {word} {} not scheduled on the dataset `{}`", are(&missing), dataset.uri);
        let failure = Failure::new(FailureKind::NotReady, message).with_note(listeners(&dataset));
        Err(failure.at(self.location_of("consumers")).into())
    }

    /// The dataset with this URI, else with this name, as the run knows them.
    pub(in crate::executor) async fn dataset(&mut self, uri: &str) -> Result<Dataset, Stop> {
        if self.run.datasets.is_none() {
            self.read_datasets().await?;
        }
        let all = self.run.datasets.as_deref().unwrap_or_default();
        let by_uri = all.iter().find(|dataset| dataset.uri == uri);
        match by_uri.or_else(|| all.iter().find(|dataset| dataset.name == uri)) {
            Some(dataset) => Ok(dataset.clone()),
            None => Err(self.no_such_dataset(uri, all).into()),
        }
    }

    /// Reads them all, whatever the run knows, and the server's clock with them.
    pub(super) async fn read_datasets(&mut self) -> Result<(), Stop> {
        let server_time = Cell::new(None);
        let all = self.pages(async |client, offset, limit| {
            let page = client.datasets(None, offset, limit).await;
            server_time.set(page.as_ref().ok().and_then(|page| page.server_time));
            page
        });
        self.run.datasets = Some(all.await?);
        let now = self.run.tools.clock.now();
        self.run.server_ahead = server_time.get().map(|server: Timestamp| server.duration_since(now));
        Ok(())
    }

    fn no_such_dataset(&self, uri: &str, all: &[Dataset]) -> Failure {
        let failure = Failure::new(FailureKind::NotFound, format!("there is no dataset `{uri}`"))
            .with_location(self.location_of(self.uri_key()).unwrap_or_else(|| self.location()));
        let uris = all.iter().map(|dataset| dataset.uri.as_str());
        let failure = with_near(failure, uri, uris, ("dataset", "datasets"));
        if failure.help.is_some() {
            return failure;
        }
        failure.with_help("a dataset is there as soon as a DAG names it as its schedule or as an outlet")
    }

    /// The key in which the author gives the URI: the alias of the action has its own.
    pub(in crate::executor) fn uri_key(&self) -> &'static str {
        if self.location_of("uri").is_some() { "uri" } else { "dataset_uri" }
    }
}

fn summary(dataset: Dataset) -> DatasetSummary {
    let mut consumers = dataset.consumers;
    consumers.sort();
    DatasetSummary { dataset_uri: dataset.uri, name: dataset.name, consumers }
}

fn are(names: &[String]) -> String {
    format!("{} {}", names.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

fn listeners(dataset: &Dataset) -> String {
    match dataset.consumers.as_slice() {
        [] => "no DAG is scheduled on it".to_owned(),
        dags => format!("it starts {}", dags.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
    }
}
