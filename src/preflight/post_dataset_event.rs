//! `post_dataset_event`: the dataset is there, and a DAG would run for its event. `assert_dataset`: it is there.

use crate::airflow::answer::Dataset;
use crate::airflow::error::ErrorKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::near;
use crate::preflight::Checking;
use crate::preflight::dag::{did_you_mean, none_near};
use crate::preflight::earlier::Surely;
use crate::preflight::reads::Read;
use crate::preflight::step::{Said, Step};
use crate::yaml::Node;

/// Why it is no mistake that no DAG would run for an event.
const PERHAPS_POSTED: &str = "the event may have been posted already, and then none is";

impl Checking<'_> {
    pub(super) async fn post_dataset_event(&mut self, step: &Step<'_>) -> Read<()> {
        match self.dataset(step, None).await? {
            Some((said, dataset)) => self.consumers(step, &said, &dataset).await,
            None => Ok(()),
        }
    }

    /// `assert_dataset`; who is scheduled on it is left to the run.
    pub(super) async fn assert_dataset(&mut self, step: &Step<'_>) -> Read<()> {
        let waits = step.has("within").then_some("the step waits for it");
        self.dataset(step, waits).await.map(|_| ())
    }

    /// The dataset that the step names, by its URI or else by its name; `doubt` is why it need not be there.
    async fn dataset(&mut self, step: &Step<'_>, doubt: Option<&'static str>) -> Read<Option<(Said, Dataset)>> {
        self.tally.count(step.planned.action);
        let key = if step.has("uri") { "uri" } else { "dataset_uri" };
        let Some(said) = self.said(step, key) else { return Ok(None) };
        if self.denied.covers("datasets", &said.text) {
            return Ok(None);
        }
        let read = self.reads.datasets().await;
        let Some(all) = self.permitted("datasets", &said.text, read)? else { return Ok(None) };
        let by_uri = all.iter().find(|dataset| dataset.uri == said.text);
        if let Some(dataset) = by_uri.or_else(|| all.iter().find(|dataset| dataset.name == said.text)) {
            return Ok(Some((said, dataset.clone())));
        }
        let finding = self.no_such_dataset(&said, &all);
        self.find(step, finding, doubt);
        Ok(None)
    }

    fn no_such_dataset(&self, said: &Said, all: &[Dataset]) -> Diagnostic {
        let message = format!("there is no dataset `{}`", said.text);
        let finding = self.diagnostic(Code::NOT_IN_AIRFLOW, said.span, message);
        let names = near(&said.text, all.iter().map(|dataset| dataset.uri.as_str()));
        match did_you_mean(&names) {
            Some(help) => finding.with_help(help),
            None => finding
                .with_note(none_near(all.len(), "dataset"))
                .with_help("a dataset is there as soon as a DAG names it as its schedule or as an outlet"),
        }
    }

    /// What is said of an event for which not every DAG would run that listens.
    async fn consumers(&mut self, step: &Step<'_>, said: &Said, dataset: &Dataset) -> Read<()> {
        let word = step.arguments.get("consumers").and_then(Node::text).unwrap_or("warn");
        if word == "ignore" {
            return Ok(());
        }
        let mut idle = Vec::new();
        for dag_id in &dataset.consumers {
            idle.extend(self.idle(dag_id).await?);
        }
        let would_run = dataset.consumers.len() - idle.len();
        let message = match (would_run, idle.is_empty()) {
            (0, true) => format!("no DAG is scheduled on the dataset `{}`", dataset.uri),
            (0, false) => format!("no DAG would run for the dataset `{}`: {}", dataset.uri, idle.join(", ")),
            (_, true) => return Ok(()),
            (_, false) => format!("not every consumer of the dataset `{}` would run: {}", dataset.uri, idle.join(", ")),
        };
        let code = if word == "require" { Code::REFUSED } else { Code::NO_CONSUMER };
        let finding = self.diagnostic(code, said.span, message);
        self.find(step, finding, step.has("once_per").then_some(PERHAPS_POSTED));
        Ok(())
    }

    /// Why a consumer would not run, if it would not. One that may not be looked at is taken to run.
    async fn idle(&mut self, dag_id: &str) -> Read<Option<String>> {
        let dag = match self.reads.dag(dag_id).await {
            Err(error) if error.kind == ErrorKind::BadRequestPath => {
                let line = format!("not judged: the consumer `{dag_id}`: {}", error.message);
                self.report.not_judged.push(line);
                return Ok(None);
            }
            read => match self.permitted("consumers", dag_id, read)? {
                Some(dag) => dag,
                None => return Ok(None),
            },
        };
        let is_unpaused = self.earlier.is_unpaused(dag_id) == Some(Surely::Yes);
        Ok(match dag {
            None => Some(format!("`{dag_id}` is gone")),
            Some(dag) if dag.is_stale => Some(format!("`{dag_id}` is stale")),
            Some(dag) if dag.is_paused && !is_unpaused => Some(format!("`{dag_id}` is paused")),
            Some(_) => None,
        })
    }
}
