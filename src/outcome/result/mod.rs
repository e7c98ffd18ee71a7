//! What each action gives: the same fields on Airflow 2 and Airflow 3. Each family of actions has its file.

mod dags;
mod datasets;
mod local;
mod runs;
mod stock;
mod tasks;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::outcome::Unsent;

pub use dags::{DagDetails, DagList, DagSummary, ImportErrorList, ImportErrorSummary, ParamSummary};
pub use datasets::{
    ConsumerRun, DatasetEventList, DatasetEventResult, DatasetList, DatasetSummary, EventSummary, RunReference,
};
pub use local::{Assertions, Notified, Paused, Printed, VarsSet, WebhookTold};
pub use runs::{DagRunList, DagRunResult};
pub use stock::{ComponentHealth, ConnectionResult, HealthResult, PoolResult, VariableResult};
pub use tasks::{TaskInstanceList, TaskInstanceSummary, TaskLog, XComResult};

/// What an action gave. A result is known again by its fields, so one that has all of another's stands before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ActionResult {
    /// In a check: of an action that was not carried out to its end.
    Unsent(Unsent),
    /// Of `list_dags`.
    ListDags(DagList),
    /// Of `trigger_dag`, `wait_for_dag_run` and `get_dag_run`.
    TriggerDag(Box<DagRunResult>),
    /// Of `list_dag_runs`.
    ListDagRuns(DagRunList),
    /// Of `list_task_instances`.
    ListTaskInstances(TaskInstanceList),
    /// Of `get_task_log`.
    GetTaskLog(Box<TaskLog>),
    /// Of `get_xcom`.
    GetXcom(Box<XComResult>),
    /// Of `post_dataset_event`.
    PostDatasetEvent(Box<DatasetEventResult>),
    /// Of `list_datasets`.
    ListDatasets(DatasetList),
    /// Of `list_dataset_events`.
    ListDatasetEvents(DatasetEventList),
    /// Of `assert_dataset`.
    AssertDataset(DatasetSummary),
    /// Of `assert_healthy`.
    AssertHealthy(Box<HealthResult>),
    /// Of `assert_no_import_errors`.
    AssertNoImportErrors(ImportErrorList),
    /// Of `get_variable`.
    GetVariable(VariableResult),
    /// Of `assert_connection`.
    AssertConnection(ConnectionResult),
    /// Of `assert_pool`.
    AssertPool(Box<PoolResult>),
    /// Of `get_dag`.
    GetDag(Box<DagDetails>),
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
    /// Of `notify`.
    Notify(Notified),
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
    use serde_json::json;

    use super::*;
    use crate::outcome::ActionKind;

    /// A result of each action, as a journal has it.
    fn one_of_each() -> Vec<(ActionKind, Value)> {
        let dag = json!({ "dag_id": "a", "description": null, "is_paused": false, "is_stale": false,
            "has_import_errors": false, "tags": [], "owners": [] });
        let details = json!({ "dag_id": "a", "dag_display_name": "a", "description": null, "is_paused": false,
            "is_stale": false, "has_import_errors": false, "tags": [], "owners": [], "fileloc": null, "schedule": null,
            "next_run_at": null, "timezone": "UTC", "start_date": null, "end_date": null, "catchup": false,
            "max_active_runs": 16, "params": { "n": { "value": 1, "schema": {}, "description": null } } });
        let run = json!({ "dag_id": "a", "dag_run_id": "r", "state": "queued", "run_type": null, "logical_date": null,
            "start_date": null, "end_date": null, "duration_seconds": null, "conf": {}, "note": null, "url": null });
        let task = json!({ "task_id": "t", "map_index": -1, "try_number": 1, "state": null, "start_date": null,
            "end_date": null, "duration_seconds": 1.5 });
        let log = json!({ "dag_id": "a", "dag_run_id": "r", "task_id": "t", "map_index": -1, "try_number": 1,
            "state": "success", "lines": ["x"], "total_lines": 1 });
        let xcom = json!({ "dag_id": "a", "dag_run_id": "r", "task_id": "t", "map_index": -1, "key": "k",
            "value": [1], "timestamp": null });
        let posted = json!({ "dataset_uri": "u", "event_id": null, "timestamp": null, "mark": "m", "extra": {},
            "consumers": [], "consumer_runs": [{ "dag_id": "a", "dag_run_id": "r", "state": "queued", "is_shared": true }] });
        let dataset = json!({ "dataset_uri": "u", "name": "u", "consumers": ["a"] });
        let event = json!({ "event_id": 1, "timestamp": "now", "extra": {},
            "created_dag_runs": [{ "dag_id": "a", "dag_run_id": "r" }] });
        let part = json!({ "status": "healthy", "latest_heartbeat": null });
        let pool = json!({ "pool_name": "p", "description": null, "slots": 1, "open_slots": 1, "occupied_slots": 0,
            "running_slots": 0, "queued_slots": 0, "scheduled_slots": 0, "deferred_slots": 0 });
        let broken = json!({ "filename": "f.py", "reason": "no", "stack_trace": "no" });
        vec![
            (ActionKind::ListDags, json!({ "dags": [dag], "dag_ids": ["a"], "total": 1 })),
            (ActionKind::AssertDag, dag),
            (ActionKind::GetDag, details),
            (ActionKind::TriggerDag, run.clone()),
            (ActionKind::WaitForDagRun, run.clone()),
            (ActionKind::GetDagRun, run.clone()),
            (
                ActionKind::ListDagRuns,
                json!({ "dag_runs": [run], "dag_run_ids": ["r"], "total": 1, "is_complete": true }),
            ),
            (ActionKind::ListTaskInstances, json!({ "task_instances": [task], "total": 1 })),
            (ActionKind::GetTaskLog, log),
            (ActionKind::GetXcom, xcom),
            (ActionKind::PostDatasetEvent, posted),
            (ActionKind::ListDatasets, json!({ "datasets": [dataset], "dataset_uris": ["u"], "total": 1 })),
            (ActionKind::AssertDataset, dataset),
            (
                ActionKind::ListDatasetEvents,
                json!({ "dataset_uri": "u", "events": [event], "total": 1, "is_complete": true, "unreadable": 0 }),
            ),
            (
                ActionKind::AssertHealthy,
                json!({ "metadatabase": part, "scheduler": part, "triggerer": part, "dag_processor": part }),
            ),
            (ActionKind::AssertNoImportErrors, json!({ "import_errors": [broken], "filenames": ["f.py"], "total": 1 })),
            (ActionKind::GetVariable, json!({ "key": "k", "value": "v", "description": null, "is_default": false })),
            (ActionKind::AssertConnection, json!({ "connection_id": "c", "conn_type": "http", "description": null })),
            (ActionKind::AssertPool, pool),
            (ActionKind::Print, json!({ "text": "" })),
            (ActionKind::Assert, json!({ "assertions": 1 })),
            (ActionKind::SetVars, json!({ "vars": {} })),
            (ActionKind::Pause, json!({ "seconds": 1.0 })),
            (
                ActionKind::Notify,
                json!({ "sent": 1, "failed": 0,
                    "webhooks": [{ "host": "h", "ok": true, "status": 200, "message": null }] }),
            ),
        ]
    }

    #[test]
    fn a_result_is_read_back_whole_with_the_fields_that_checks_know() {
        let all = one_of_each();
        assert_eq!(all.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ActionKind::ALL);
        for (kind, written) in all {
            let result: ActionResult =
                serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{}: {error}", kind.key()));
            let fields = result.fields();
            assert_eq!(Value::Object(fields.clone()), written, "{}", kind.key());
            assert_eq!(fields.keys().collect::<Vec<_>>(), kind.result_fields(), "{}", kind.key());
            assert_eq!(ActionKind::from_key(kind.key()), Some(kind));
        }
    }

    #[test]
    fn an_alias_means_its_action_and_is_no_key_of_another() {
        for (alias, kind) in crate::outcome::ALIASES {
            assert_eq!(ActionKind::from_key(alias), Some(kind));
            assert!(ActionKind::ALL.iter().all(|kind| kind.key() != alias));
        }
        assert_eq!(ActionKind::keys().count(), ActionKind::ALL.len() + 4);
    }
}
