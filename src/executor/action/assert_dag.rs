//! `assert_dag`: a DAG is there and as it must be. Other actions ask here, too, before they act on a DAG.

use serde_json::Value;

use crate::airflow::answer::{Dag, DagFilter, ImportError};
use crate::executor::Stop;
use crate::executor::action::list_dags::summary;
use crate::executor::near::{or_none, with_near};
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, Failure, FailureKind};
use crate::playbook::action::AssertDag;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn assert_dag(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertDag = self.arguments()?;
        let found = self.within(keys.within, may_come, async |step| step.dag_as_asked(&keys).await).await;
        match found {
            Err(Stop::Failed(failure)) => Err(self.with_near_names(&keys.dag_id.0, *failure).await?.into()),
            found => Ok(ActionResult::AssertDag(summary(found?))),
        }
    }

    /// The DAG, if it is there and has what the keys ask for.
    async fn dag_as_asked(&mut self, keys: &AssertDag) -> Result<Dag, Stop> {
        let dag = self.found_dag(&keys.dag_id.0).await?;
        if let Some(wanted) = keys.is_paused.filter(|wanted| wanted.0 != dag.is_paused) {
            let is = if wanted.0 { "not paused" } else { "paused" };
            let failure = Failure::new(FailureKind::NotReady, format!("the DAG `{}` is {is}", dag.dag_id));
            return Err(failure.at(self.location_of("is_paused")).into());
        }
        let wanted = keys.tags.iter().flat_map(|tags| &tags.0);
        let missing: Vec<String> =
            wanted.map(|tag| &tag.0).filter(|tag| !dag.tags.contains(tag)).map(|tag| format!("`{tag}`")).collect();
        if !missing.is_empty() {
            let word = if missing.len() == 1 { "tag" } else { "tags" };
            let message = format!("the DAG `{}` does not have the {word} {}", dag.dag_id, missing.join(" and "));
            let failure = Failure::new(FailureKind::NotReady, message).with_note(tags(&dag));
            return Err(failure.at(self.location_of("tags")).into());
        }
        Ok(dag)
    }

    /// A DAG that is there: found, not stale, without import error. One that is not is told with near names.
    pub(in crate::executor) async fn dag(&mut self, dag_id: &str) -> Result<Dag, Stop> {
        match self.found_dag(dag_id).await {
            Err(Stop::Failed(failure)) => Err(self.with_near_names(dag_id, *failure).await?.into()),
            found => found,
        }
    }

    /// A DAG that Airflow knows, whatever state it is in.
    pub(super) async fn known_dag(&mut self, dag_id: &str) -> Result<Dag, Stop> {
        match self.dag_there(dag_id).await {
            Err(Stop::Failed(failure)) => Err(self.with_near_names(dag_id, *failure).await?.into()),
            found => found,
        }
    }

    async fn with_near_names(&mut self, dag_id: &str, failure: Failure) -> Result<Failure, Stop> {
        if failure.kind == FailureKind::NotFound { self.no_such_dag(dag_id, failure).await } else { Ok(failure) }
    }

    async fn dag_there(&mut self, dag_id: &str) -> Result<Dag, Stop> {
        self.check_no_secret("dag_id", dag_id)?;
        let missing = Failure::new(FailureKind::NotFound, format!("there is no DAG `{dag_id}`"));
        let dag = self.found(|| missing, async |client, limit| client.dag(dag_id, limit).await).await?;
        let is_shown_unpaused = self.run.shown_unpaused.contains(dag_id);
        Ok(if is_shown_unpaused { Dag { is_paused: false, ..dag } } else { dag })
    }

    async fn found_dag(&mut self, dag_id: &str) -> Result<Dag, Stop> {
        let dag = self.dag_there(dag_id).await?;
        if dag.is_stale {
            let message = format!("the DAG `{dag_id}` is stale: its file is gone from the DAGs folder");
            return Err(self.blamed(message));
        }
        if dag.has_import_errors {
            return Err(self.broken(&dag).await?.into());
        }
        Ok(dag)
    }

    /// The failure of a DAG whose file can't be imported, with the reason where Airflow shows it.
    async fn broken(&mut self, dag: &Dag) -> Result<Failure, Stop> {
        let message = format!("the file of the DAG `{}` has an import error", dag.dag_id);
        let mut failure = Failure::new(FailureKind::NotReady, message).at(self.location_of("dag_id"));
        let file = dag.fileloc.as_deref().unwrap_or_default();
        for error in self.import_errors().await?.iter().filter(|error| file.ends_with(&error.filename)).take(1) {
            failure = failure.with_note(format!("`{}`: {}", error.filename, error.reason()));
        }
        Ok(failure)
    }

    /// The newest import errors; none where they can't be read.
    async fn import_errors(&mut self) -> Result<Vec<ImportError>, Stop> {
        match self.read(async |client, limit| client.import_errors(0, limit).await).await {
            Ok(page) => Ok(page.items),
            Err(Stop::Failed(_)) => Ok(Vec::new()),
            Err(stop) => Err(stop),
        }
    }

    fn blamed(&self, message: String) -> Stop {
        Failure::new(FailureKind::NotReady, message).at(self.location_of("dag_id")).into()
    }

    /// The failure of a DAG that is not there, with near names and the files that could not be imported.
    pub(super) async fn no_such_dag(&mut self, dag_id: &str, failure: Failure) -> Result<Failure, Stop> {
        let filter = DagFilter { only_active: false, ..DagFilter::default() };
        let dags = self.pages(async |client, offset, limit| client.dags(&filter, offset, limit).await).await;
        let mut failure = failure.with_location(self.location_of("dag_id").unwrap_or_else(|| self.location()));
        if let Some(dags) = or_none(dags)? {
            failure = with_near(failure, dag_id, dags.iter().map(|dag| dag.dag_id.as_str()), ("DAG", "DAGs"));
        }
        for error in self.import_errors().await?.iter().take(3) {
            failure = failure.with_note(format!("`{}` can't be imported: {}", error.filename, error.reason()));
        }
        Ok(failure)
    }

    /// A secret may not become part of an id, a URI or a name that Airflow shows to everybody.
    pub(in crate::executor) fn check_no_secret(&self, key: &str, value: &str) -> Result<(), Box<Failure>> {
        if !self.run.tools.masker.holds_secret(value) {
            return Ok(());
        }
        let failure = Failure::new(FailureKind::SecretLeak, format!("`{key}` holds a secret; nothing was sent"));
        let failure = failure.with_help("Airflow shows it to everybody; leave the secret out of it");
        Err(failure.at(self.location_of(key)).into())
    }

    /// A secret in what Airflow shows to everybody who may read is sent, and said.
    pub(in crate::executor) fn warn_of_secret(&mut self, key: &str, value: &Value) -> Result<(), Stop> {
        if self.run.tools.masker.holds_secret_in(value) {
            self.warn(format!("`{key}` holds a secret, and Airflow shows it to everybody who may read"))?;
        }
        Ok(())
    }
}

fn tags(dag: &Dag) -> String {
    match dag.tags.as_slice() {
        [] => "it has no tags".to_owned(),
        tags => format!("it has {}", tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ")),
    }
}
