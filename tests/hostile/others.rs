//! Answers about something else than was asked for: never taken for ours.

use super::airflow::airflow;
use super::bounded::{ended, run_at};
use super::server::{Act, Request, Server, json};
use crate::run::BOTH;

/// What is read, and an answer that is about another.
const READS: [(&str, &str); 5] = [
    (
        "get_dag: {dag_id: a}",
        r#"{"dag_id": "b", "is_paused": false, "is_active": true, "is_stale": false, "tags": [], "owners": []}"#,
    ),
    (
        "get_dag_run: {dag_id: a, dag_run_id: r}",
        r#"{"dag_id": "a", "dag_run_id": "r2", "state": "success", "conf": {}, "note": null}"#,
    ),
    (
        "get_dag_run: {dag_id: a, dag_run_id: r}",
        r#"{"dag_id": "b", "dag_run_id": "r", "state": "success", "conf": {}, "note": null}"#,
    ),
    ("get_variable: {key: k}", r#"{"key": "k2", "value": "v", "description": null}"#),
    ("assert_connection: {connection_id: c}", r#"{"connection_id": "c2", "conn_type": "http", "description": null}"#),
];

#[test]
fn an_answer_about_another_fails_the_read_and_says_whose_it_is() {
    for version in BOTH {
        for (action, other) in READS {
            let server = Server::start(move |_| json("200 OK", other));
            let ended = ended(&run_at(&server, version, &format!("name: r\nsteps: [{{{action}, retry: false}}]")));
            let names = ["`b`", "`r2`", "`k2`", "`c2`"];
            let is_named = names.iter().any(|name| ended.stderr.contains(name));
            assert!(ended.code == 1 && is_named, "{version} {action}: {ended:#?}");
        }
    }
}

#[test]
fn a_trigger_that_is_answered_about_another_run_is_looked_for_and_sent_once() {
    let other = |request: &Request| {
        let is_post = request.line.starts_with("POST ");
        let run = r#"{"dag_id": "a", "dag_run_id": "somebody_elses", "state": "queued", "conf": {}, "note": null}"#;
        if is_post { json("200 OK", run) } else { airflow(request) }
    };
    for version in BOTH {
        let server = Server::start(other as fn(&Request) -> Act);
        let ended = ended(&run_at(&server, version, "name: w\nsteps: [{id: one, trigger_dag: {dag_id: a}}]"));
        let lines = server.lines();
        let sent = lines.iter().position(|line| line.starts_with("POST ")).expect("it is sent");
        assert!(ended.code == 0 && !ended.stderr.contains("somebody_elses is"), "{version} {ended:#?}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("POST ")).count(), 1, "{version} {lines:?}");
        assert!(lines[sent + 1..].iter().any(|line| line.contains("/dagRuns/myaf__w__one__")), "{version} {lines:?}");
    }
}
