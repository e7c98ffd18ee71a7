//! What a task of Airflow 2 handed over.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::airflow::answer;
use crate::airflow::call::{Call, Path, Unreadable, read_json};
use crate::json::with_long_integers_as_text;

/// `GET …/xcomEntries/{xcom_key}`. Without `stringify=false` the value is a Python repr; 2.8 and 2.9 don't know it and answer 400.
pub(in crate::airflow) fn xcom(request: &answer::XComRequest) -> Call<answer::XCom> {
    let path = Path::of("/dags").id(&request.dag_id).then("/dagRuns").id(&request.dag_run_id);
    let path = path.then("/taskInstances").id(&request.task_id).then("/xcomEntries").id(&request.key);
    let mapped = Some(request.map_index).filter(|index| *index >= 0);
    Call::get(path, read).with("stringify", false).with_some("map_index", mapped)
}

fn read(body: &[u8]) -> Result<answer::XCom, Unreadable> {
    let read: answer::XCom = read_json::<XCom, _>(body)?;
    Ok(answer::XCom { has_long_integers: matches!(with_long_integers_as_text(body), Cow::Owned(_)), ..read })
}

#[derive(Deserialize)]
struct XCom {
    key: String,
    value: Value,
    timestamp: Option<Timestamp>,
}

impl From<XCom> for answer::XCom {
    fn from(wire: XCom) -> Self {
        Self { key: wire.key, value: wire.value, timestamp: wire.timestamp, has_long_integers: false }
    }
}
