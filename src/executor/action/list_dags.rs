//! `list_dags`: every DAG that fits, all pages, sorted.

use crate::airflow::answer::{Dag, DagFilter};
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, DagList, DagSummary};
use crate::playbook::action::{ListDags, TagsMatch};

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn list_dags(&mut self) -> Result<ActionResult, Stop> {
        let keys: ListDags = self.arguments()?;
        let filter = DagFilter {
            tags: keys.tags.map(|tags| tags.0.into_iter().map(|tag| tag.0).collect()).unwrap_or_default(),
            tags_match_all: keys.tags_match == Some(TagsMatch::All),
            dag_id_pattern: keys.dag_id_pattern.map(|pattern| pattern.0),
            paused: keys.paused.map(|paused| paused.0),
            only_active: keys.only_active.is_none_or(|only| only.0),
        };
        let dags = self.pages(async |client, offset, limit| client.dags(&filter, offset, limit).await).await?;
        let mut dags: Vec<DagSummary> = dags.into_iter().map(summary).collect();
        dags.sort_by(|a, b| a.dag_id.cmp(&b.dag_id));
        dags.dedup_by(|a, b| a.dag_id == b.dag_id);
        let dag_ids: Vec<String> = dags.iter().map(|dag| dag.dag_id.clone()).collect();
        Ok(ActionResult::ListDags(DagList { total: dags.len(), dags, dag_ids }))
    }
}

/// A DAG as results show it.
pub(in crate::executor) fn summary(dag: Dag) -> DagSummary {
    let mut tags = dag.tags;
    tags.sort();
    DagSummary {
        dag_id: dag.dag_id,
        description: dag.description,
        is_paused: dag.is_paused,
        is_stale: dag.is_stale,
        has_import_errors: dag.has_import_errors,
        tags,
        owners: dag.owners,
    }
}
