//! Every fault of the sandbox's language, between two processes: what a read says, and what a write comes to.

use super::bounded::{READ, ended};
use crate::run::{BOTH, Ended, Run};
use crate::served::Served;

/// A write with one more try.
const WRITE: &str = "name: w\nsteps: [{trigger_dag: {dag_id: a}, retry: {attempts: 2, delay: 1ms}}]";
const NO_ANSWER: &str = "no answer from 127.0.0.1:PORT: ";
const ASLEEP: &str = "the environment may be asleep or starting";

/// Runs it on a sandbox in another process on which the first request of this kind meets the fault.
fn run(playbook: &str, version: &str, requests: &str, fault: &str) -> (Ended, usize) {
    let dag = "{dag_id: a, run: {duration: 1h}}";
    let served = Served::new(&format!("{{dags: [{dag}], faults: [{{on: {{{requests}}}, fault: {fault}}}]}}"));
    let run = Run::playbook(playbook).var("MY_AIRFLOW_API_URL", &served.url(version));
    let ended = ended(&run.var("MY_AIRFLOW_API_KEY", &served.key).args(&["--max-time", "400ms"]));
    assert!(!ended.transcript().contains(&served.key), "{ended:#?}");
    let runs = served.get("/api/v1/dags/a/dagRuns").matches("dag_run_id\"").count();
    (ended, runs)
}

#[test]
fn a_read_that_meets_a_fault_says_in_one_sentence_which() {
    let v1_403 = "403 Forbidden: Sandbox fault; check the key and its rights (Airflow 2 says 403 for both)";
    let v2_403 = "403 Forbidden: Sandbox fault; check the rights of the key or token";
    let table = [
        ("lost_answer", 3, format!("{NO_ANSWER}the connection was closed")),
        ("lost_answer, late: 100ms", 3, format!("{NO_ANSWER}the connection was closed")),
        ("delay, delay: 2s", 3, format!("{NO_ANSWER}nothing came within 400ms")),
        ("reset", 3, format!("{NO_ANSWER}the connection was reset")),
        ("truncated", 1, "200 OK: the answer was cut off".to_owned()),
        ("status", 1, "503 Service Unavailable: Sandbox fault".to_owned()),
        ("status, status: 400", 1, "400 Bad Request: Sandbox fault".to_owned()),
        ("status, status: 403", 4, v1_403.to_owned()),
        ("status, status: 404", 1, "404 Not Found: Sandbox fault".to_owned()),
        ("status, status: 408", 1, "408 Request Timeout: Sandbox fault".to_owned()),
        ("status, status: 409", 1, "409 Conflict: Sandbox fault".to_owned()),
        ("html", 3, format!("502 Bad Gateway: 502; {ASLEEP}")),
        ("html, status: 200", 3, format!("200 OK: a web page (`200`) instead of the API's answer; {ASLEEP}")),
        ("not_json", 1, "200 OK: the answer can't be understood: expected value at line 1 column 11".to_owned()),
        ("rate_limit", 1, "429 Too Many Requests: Sandbox fault".to_owned()),
    ];
    for (fault, code, sentence) in table {
        for version in BOTH {
            let sentence = if version == "v2" { sentence.replace(v1_403, v2_403) } else { sentence.clone() };
            let (ended, _) = run(READ, version, "method: GET, path: /dags", fault);
            let told = ended.sentence().replace(&format!(" for GET /api/{version}/dags"), "");
            let told = told.replace(&format!(" (GET /api/{version}/dags)"), "");
            assert_eq!((ended.code, told.as_str()), (code, sentence.as_str()), "{version} {fault}");
        }
    }
}

#[test]
fn a_write_that_meets_a_fault_is_made_once_or_refused() {
    for (fault, code) in [
        ("lost_answer", 0),
        ("lost_answer, late: 100ms", 0),
        ("delay, delay: 600ms", 0),
        ("reset", 0),
        ("truncated", 0),
        ("status", 0),
        ("status, carried_out: true", 0),
        ("status, status: 400", 1),
        ("status, status: 403", 4),
        ("status, status: 404", 1),
        ("status, status: 408", 0),
        ("status, status: 409, carried_out: true", 0),
        ("html", 0),
        ("html, status: 504, carried_out: true", 0),
        ("html, status: 200, carried_out: true", 0),
        ("not_json", 0),
        ("rate_limit", 0),
    ] {
        for version in BOTH {
            let (ended, runs) = run(WRITE, version, "method: POST, path: dagRuns", fault);
            assert_eq!((ended.code, runs), (code, usize::from(code == 0)), "{version} {fault}: {ended:#?}");
        }
    }
}

#[test]
fn a_refused_token_is_renewed_and_a_refused_key_is_not() {
    for (playbook, requests) in [(READ, "method: GET, path: /dags"), (WRITE, "method: POST, path: dagRuns")] {
        let (v1, _) = run(playbook, "v1", requests, "status, status: 401");
        assert!(v1.code == 4 && v1.sentence().ends_with(": Sandbox fault; check the key"), "{v1:#?}");
        let (v2, runs) = run(playbook, "v2", requests, "status, status: 401");
        assert_eq!((v2.code, runs), (0, usize::from(playbook == WRITE)), "{v2:#?}");
    }
}
