//! What the credential may do, found out by requests that can't succeed.
//!
//! In: a client. Out: whether runs may be triggered and events posted. A run is asked for of a DAG whose id no DAG can have, and
//! an event of a dataset that can't be: 403 is no right, 404 is the right, for there is nothing to use it on. Only rights
//! on every DAG and dataset show so; those on single ones may differ. Seen on 2.11.2 and 3.3.2: the right is judged first.

use std::time::Duration;

use serde_json::Map;

use crate::airflow::answer::{Dataset, NewDagRun};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::cli::doctor::findings::{Findings, Problem};

/// Airflow takes letters, digits, `-`, `_` and `.` for the id of a DAG.
const NO_DAG: &str = "myaf-run doctor: no DAG";
/// Airflow refuses datasets of its own scheme.
const NO_DATASET: &str = "airflow://myaf-run/doctor/no-dataset";
/// The database counts from 1.
const NO_DATASET_ID: i64 = -1;

/// Asks for both; what is not found out stays none, and is said.
pub(super) async fn ask(client: &Client, limit: Duration, findings: &mut Findings) {
    let run = NewDagRun {
        dag_id: NO_DAG.to_owned(),
        dag_run_id: "myaf-run-doctor".to_owned(),
        note: None,
        conf: None,
        logical_date: None,
    };
    let answer = client.create_dag_run(&run, limit).await.map(|_| ());
    findings.may_trigger = judge(answer, "trigger DAGs", findings);
    let (id, uri, name) = (NO_DATASET_ID, NO_DATASET.to_owned(), NO_DATASET.to_owned());
    let dataset = Dataset { id, uri, name, consumers: Vec::new() };
    let answer = client.create_dataset_event(&dataset, &Map::new(), limit).await.map(|_| ());
    findings.may_post_events = judge(answer, "post dataset events", findings);
}

/// Whether there is the right; none when the answer does not say.
fn judge(answer: Result<(), ApiError>, what: &str, findings: &mut Findings) -> Option<bool> {
    // That it succeeds can't be, so it says nothing.
    let Err(error) = answer else { return None };
    match error.kind {
        ErrorKind::NotFound => Some(true),
        ErrorKind::Forbidden => {
            let message = format!("the credential may not {what} in general");
            let help = "if a run is refused, give its user a role that may; rights on single DAGs are not seen here";
            findings.problems.push(Problem::warning(&message, help));
            Some(false)
        }
        _ => {
            let message = format!("whether the credential may {what} can't be told: {}", error.message);
            findings.problems.push(Problem::warning(&message, "a run will show it"));
            None
        }
    }
}
