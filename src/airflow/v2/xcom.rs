//! What a task of Airflow 3 handed over.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::airflow::answer;
use crate::airflow::call::{Call, Path, read_json};

/// `GET …/xcomEntries/{xcom_key}`; the value is JSON unless `stringify` is true.
pub(in crate::airflow) fn xcom(request: &answer::XComRequest) -> Call<answer::XCom> {
    let path = Path::of("/dags").id(&request.dag_id).then("/dagRuns").id(&request.dag_run_id);
    let path = path.then("/taskInstances").id(&request.task_id).then("/xcomEntries").id(&request.key);
    let mapped = Some(request.map_index).filter(|index| *index >= 0);
    Call::get(path, read_json::<XCom, _>).with_some("map_index", mapped)
}

#[derive(Deserialize)]
struct XCom {
    key: String,
    value: Value,
    timestamp: Option<Timestamp>,
}

impl From<XCom> for answer::XCom {
    fn from(wire: XCom) -> Self {
        Self { key: wire.key, value: wire.value, timestamp: wire.timestamp }
    }
}
