//! The details of a DAG in Airflow 2: its params, and what else the DAG alone does not say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::airflow::answer;
use crate::airflow::call::{Call, Path, read_json};

/// `GET /dags/{dag_id}/details`; its `owners` are always empty here, so they come from the DAG.
pub(in crate::airflow) fn dag_details(dag_id: &str) -> Call<answer::DagDetails> {
    Call::get(Path::of("/dags").id(dag_id).then("/details"), read_json::<DagDetails, _>)
}

#[derive(Deserialize)]
struct DagDetails {
    dag_id: String,
    params: Option<BTreeMap<String, Param>>,
    catchup: Option<bool>,
    max_active_runs: Option<i64>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    timezone: Option<String>,
}

/// The key that names the class of a param differs between versions and says nothing.
#[derive(Deserialize)]
struct Param {
    #[serde(default)]
    value: Value,
    schema: Option<Map<String, Value>>,
    description: Option<String>,
}

impl From<DagDetails> for answer::DagDetails {
    fn from(wire: DagDetails) -> Self {
        let params = wire.params.unwrap_or_default().into_iter();
        Self {
            dag_id: wire.dag_id,
            params: params.map(|(name, param)| (name, param.into())).collect(),
            catchup: wire.catchup,
            max_active_runs: wire.max_active_runs,
            start_date: wire.start_date,
            end_date: wire.end_date,
            timezone: wire.timezone,
        }
    }
}

impl From<Param> for answer::Param {
    fn from(wire: Param) -> Self {
        Self { value: wire.value, schema: wire.schema.unwrap_or_default(), description: wire.description }
    }
}
