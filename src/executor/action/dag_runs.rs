//! `get_dag_run` and `list_dag_runs`. A DAG that is not there has no runs on Airflow 2, which is told apart here.

use jiff::Timestamp;
use serde_json::Map;

use crate::airflow::answer::{DagRun, RunFilter, Span};
use crate::airflow::client::Client;
use crate::executor::Stop;
use crate::executor::near::{or_none, with_near};
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, DagRunList, DagRunResult, Failure, FailureKind};
use crate::playbook::action::{GetDagRun, ListDagRuns, RunStates};
use crate::playbook::field::Text;

/// How many runs are listed when nothing else is said, and how many are looked at for near names.
const USUAL: u64 = 100;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn get_dag_run(&mut self) -> Result<ActionResult, Stop> {
        let keys: GetDagRun = self.arguments()?;
        let run = self.known_run(&keys.dag_id.0, &keys.dag_run_id.0).await?;
        Ok(self.run_result(run))
    }

    pub(in crate::executor) async fn list_dag_runs(&mut self) -> Result<ActionResult, Stop> {
        let keys: ListDagRuns = self.arguments()?;
        let dag_id = &keys.dag_id.0;
        self.check_no_secret("dag_id", dag_id)?;
        let filter = self.run_filter(&keys)?;
        let most = keys.limit.map_or(USUAL, |limit| limit.0);
        let (runs, is_complete) = match self.newest_runs(dag_id, &filter, most).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => (Vec::new(), true),
            listed => listed?,
        };
        if runs.is_empty() {
            self.known_dag(dag_id).await?;
        }
        let mut dag_runs: Vec<DagRunResult> = Vec::with_capacity(runs.len());
        for run in runs {
            // A run that is made while the list is read moves the others on.
            if dag_runs.iter().all(|known| known.dag_run_id != run.dag_run_id) {
                dag_runs.push(self.dag_run_result(run));
            }
        }
        let dag_run_ids = dag_runs.iter().map(|run| run.dag_run_id.clone()).collect();
        Ok(ActionResult::ListDagRuns(DagRunList { total: dag_runs.len(), dag_runs, dag_run_ids, is_complete }))
    }

    async fn newest_runs(&mut self, dag_id: &str, filter: &RunFilter, most: u64) -> Result<(Vec<DagRun>, bool), Stop> {
        let ask = async |client: &Client, offset, limit| client.dag_runs(dag_id, filter, offset, limit).await;
        self.pages_up_to(most, ask).await
    }

    fn run_filter(&self, keys: &ListDagRuns) -> Result<RunFilter, Box<Failure>> {
        let bound = |key: &str, text: &Option<Text>| -> Result<Option<Timestamp>, Box<Failure>> {
            text.as_ref().map(|text| self.bound(key, &text.0)).transpose()
        };
        Ok(RunFilter {
            states: keys.state.as_ref().map(RunStates::states).unwrap_or_default(),
            logical_date: Span {
                gte: bound("logical_date_gte", &keys.logical_date_gte)?,
                lte: bound("logical_date_lte", &keys.logical_date_lte)?,
            },
            start_date: Span {
                gte: bound("start_date_gte", &keys.start_date_gte)?,
                lte: bound("start_date_lte", &keys.start_date_lte)?,
            },
            end_date: Span {
                gte: bound("end_date_gte", &keys.end_date_gte)?,
                lte: bound("end_date_lte", &keys.end_date_lte)?,
            },
        })
    }

    /// A run that is there. When it is not, the DAG may not be there either, and is told first.
    pub(in crate::executor) async fn known_run(&mut self, dag_id: &str, dag_run_id: &str) -> Result<DagRun, Stop> {
        self.check_no_secret("dag_id", dag_id)?;
        self.check_no_secret("dag_run_id", dag_run_id)?;
        let message = format!("the DAG `{dag_id}` has no run `{dag_run_id}`");
        let missing = Failure::new(FailureKind::NotFound, message).at(self.location_of("dag_run_id"));
        match self.found(|| missing, async |client, limit| client.dag_run(dag_id, dag_run_id, limit).await).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => {
                self.known_dag(dag_id).await?;
                if self.is_check() && self.run.is_open {
                    self.leave_open(format!("{} now; a step before this one may make it", failure.message))?;
                    return Err(self.left_open(Map::new()));
                }
                let runs = self.newest_runs(dag_id, &RunFilter::default(), USUAL).await.map(|(runs, _)| runs);
                Err(match or_none(runs)? {
                    Some(runs) => {
                        let ids = runs.iter().map(|run| run.dag_run_id.as_str());
                        with_near(*failure, dag_run_id, ids, ("run of it", "runs of it")).into()
                    }
                    None => failure.into(),
                })
            }
            found => found,
        }
    }
}
