//! The least Airflow that a run needs: a DAG `a` that is there, and every run that is asked for.

use super::server::{Act, Request, json};

/// The DAG `a`, as both versions say it.
const DAG: &str = r#"{"dag_id": "a", "dag_display_name": "a", "is_paused": false, "is_active": true, "is_stale": false, "has_import_errors": false, "tags": [], "owners": []}"#;

/// Answers a request of a run over either API.
pub(super) fn airflow(request: &Request) -> Act {
    let (method, path) = request.line.split_once(' ').expect("a request line");
    let path = path.split('?').next().unwrap_or_default();
    match (method, path.split('/').skip(3).collect::<Vec<_>>().as_slice()) {
        ("GET", ["dags"]) => json("200 OK", &format!(r#"{{"dags": [{DAG}], "total_entries": 1}}"#)),
        ("GET", ["dags", _]) => json("200 OK", DAG),
        ("GET", ["dags", _, "dagRuns", id]) => json("200 OK", &dag_run(id, "success")),
        ("POST", ["dags", _, "dagRuns"]) => {
            let text = request.text();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            json("200 OK", &dag_run(body["dag_run_id"].as_str().expect("an id"), "queued"))
        }
        _ => json("404 Not Found", r#"{"type": "x", "status": 404, "detail": "nothing is there"}"#),
    }
}

fn dag_run(id: &str, state: &str) -> String {
    format!(r#"{{"dag_id": "a", "dag_run_id": "{id}", "state": "{state}", "conf": {{}}, "note": null}}"#)
}
