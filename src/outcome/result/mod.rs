//! What each action gives: the same fields on Airflow 2 and Airflow 3. Each family of actions has its file.

mod dags;
mod datasets;
mod local;
mod runs;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::outcome::Unsent;

pub use dags::{DagList, DagSummary};
pub use datasets::DatasetEventResult;
pub use local::{Assertions, Paused, Printed, VarsSet};
pub use runs::DagRunResult;

/// What an action gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ActionResult {
    /// In a check: of an action that was not carried out to its end.
    Unsent(Unsent),
    /// Of `list_dags`.
    ListDags(DagList),
    /// Of `trigger_dag`.
    TriggerDag(Box<DagRunResult>),
    /// Of `post_dataset_event`.
    PostDatasetEvent(Box<DatasetEventResult>),
    /// Of `assert_dag`.
    AssertDag(DagSummary),
    /// Of `print`.
    Print(Printed),
    /// Of `assert`.
    Assert(Assertions),
    /// Of `set_vars`.
    SetVars(VarsSet),
    /// Of `pause`.
    Pause(Paused),
}

impl ActionResult {
    /// The result as templates and reports see it: a map of its fields.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airflow::model::RunState;
    use crate::outcome::ActionKind;

    fn one_of_each() -> Vec<(ActionKind, ActionResult)> {
        let dag = DagSummary {
            dag_id: "a".to_owned(),
            description: None,
            is_paused: false,
            is_stale: false,
            has_import_errors: false,
            tags: vec![],
            owners: vec![],
        };
        let run = DagRunResult {
            dag_id: "a".to_owned(),
            dag_run_id: "r".to_owned(),
            state: RunState::Queued,
            run_type: None,
            logical_date: None,
            start_date: None,
            end_date: None,
            duration_seconds: None,
            conf: Value::Null,
            note: None,
            url: None,
        };
        let event = DatasetEventResult {
            dataset_uri: "u".to_owned(),
            event_id: None,
            timestamp: None,
            mark: "m".to_owned(),
            extra: Value::Null,
            consumers: vec![],
        };
        let list = DagList { dags: vec![dag.clone()], dag_ids: vec![], total: 1 };
        vec![
            (ActionKind::ListDags, ActionResult::ListDags(list)),
            (ActionKind::AssertDag, ActionResult::AssertDag(dag)),
            (ActionKind::TriggerDag, ActionResult::TriggerDag(Box::new(run))),
            (ActionKind::PostDatasetEvent, ActionResult::PostDatasetEvent(Box::new(event))),
            (ActionKind::Print, ActionResult::Print(Printed { text: String::new() })),
            (ActionKind::Assert, ActionResult::Assert(Assertions { assertions: 1 })),
            (ActionKind::SetVars, ActionResult::SetVars(VarsSet { vars: Map::new() })),
            (ActionKind::Pause, ActionResult::Pause(Paused { seconds: 1.0 })),
        ]
    }

    #[test]
    fn the_field_names_that_checks_know_are_the_ones_that_results_have() {
        let all = one_of_each();
        assert_eq!(all.len(), ActionKind::ALL.len());
        for (kind, result) in all {
            let fields: Vec<String> = result.fields().keys().cloned().collect();
            assert_eq!(fields, kind.result_fields(), "{}", kind.key());
            assert_eq!(ActionKind::from_key(kind.key()), Some(kind));
        }
    }
}
