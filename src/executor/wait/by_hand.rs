//! States that somebody set by hand, as Airflow's audit log tells them.
//!
//! Dates don't tell it: Airflow 2's scheduler dates the end of a run that was set to failed once more, a second or two later
//! (seen on 2.11.2). The log is right however fast one looks, but takes a right of its own: who may not read it is told
//! nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::airflow::answer::{DagRun, SetByHand};
use crate::airflow::client::Client;
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::step::StepRun;

/// How many rows of the log are looked at: the newest.
const ROWS: u32 = 100;
/// How many states are told.
const TOLD_MAX: usize = 5;

impl StepRun<'_, '_> {
    /// What was set to this state since the run started; none where the log can't be read.
    pub(super) async fn set_by_hand(&mut self, run: &DagRun, state: RunState) -> Result<Option<Vec<SetByHand>>, Stop> {
        if !self.run.can_audit {
            return Ok(None);
        }
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let ask = async |client: &Client, limit| client.set_by_hand(dag_id, id, ROWS, limit).await;
        match self.read_once(&ask).await {
            Ok(Ok(page)) => Ok(Some(standing(page.items, run, state))),
            Ok(Err(error)) => {
                // What is refused once is not asked for again.
                self.run.can_audit = error.retry_kind().is_some();
                Ok(None)
            }
            Err(Stop::Broken(error)) => Err(error.into()),
            // How the run ended is known; what else comes only ends the search for the reason.
            Err(Stop::Failed(_) | Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_)) => Ok(None),
        }
    }

    /// Says of a run that ended well what of it was set to success by hand.
    pub(super) async fn tell_success_by_hand(&mut self, run: &DagRun) -> Result<(), Stop> {
        self.take_time_for_why();
        let set = self.set_by_hand(run, RunState::Success).await?.unwrap_or_default();
        for set in set.iter().take(TOLD_MAX) {
            self.warn(told(set, &format!("the DAG run `{}` of `{}`", run.dag_run_id, run.dag_id)))?;
        }
        Ok(())
    }
}

/// The states as notes of a failed run.
pub(super) fn notes(set: &[SetByHand]) -> impl Iterator<Item = String> {
    set.iter().take(TOLD_MAX).map(|set| told(set, "the run"))
}

fn told(set: &SetByHand, run: &str) -> String {
    let (by, state) = (&set.by, &set.state);
    let when = Timestamp::from_second(set.when.as_second()).unwrap_or(set.when);
    match &set.task_id {
        Some(task) => format!("`{by}` set the task `{task}` of {run} to {state} at {when}"),
        None => format!("`{by}` set {run} to {state} at {when}"),
    }
}

/// What was set to the state and not to another one later, of the run as it ran last.
fn standing(newest_first: Vec<SetByHand>, run: &DagRun, state: RunState) -> Vec<SetByHand> {
    let mut seen = BTreeSet::new();
    let is_since = |set: &SetByHand| run.start_date.is_none_or(|start| set.when >= start);
    let last = newest_first.into_iter().filter(|set| is_since(set) && seen.insert(set.task_id.clone()));
    last.filter(|set| set.state == state.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    fn set(second: i64, task: Option<&str>, state: &str) -> SetByHand {
        SetByHand {
            when: at(second),
            by: "admin".to_owned(),
            task_id: task.map(str::to_owned),
            state: state.to_owned(),
        }
    }

    #[test]
    fn only_what_stands_since_the_run_started_counts() {
        let run = DagRun {
            dag_id: "a".to_owned(),
            dag_run_id: "r".to_owned(),
            state: RunState::Failed,
            run_type: None,
            logical_date: None,
            run_after: None,
            start_date: Some(at(100)),
            end_date: Some(at(200)),
            conf: Map::new(),
            note: None,
        };
        let log = vec![
            set(150, Some("t"), "success"),
            set(140, None, "failed"),
            set(130, Some("u"), "failed"),
            set(120, Some("t"), "failed"),
            set(90, Some("v"), "failed"),
        ];
        let told: Vec<String> = notes(&standing(log, &run, RunState::Failed)).collect();
        assert_eq!(
            told,
            [
                "`admin` set the run to failed at 1970-01-01T00:02:20Z",
                "`admin` set the task `u` of the run to failed at 1970-01-01T00:02:10Z"
            ]
        );
    }
}
