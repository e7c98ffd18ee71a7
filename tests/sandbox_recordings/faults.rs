//! What goes wrong in a scenario really goes wrong on the wire.

use std::time::Duration;

use myaf_run::clock::Clock;
use myaf_run::sandbox::{Sandbox, Scenario};
use myaf_run::source::SourceFile;
use serde_json::{Value, json};

use super::wire::{Reply, exchange};

struct Stage {
    sandbox: Sandbox,
    clock: Clock,
}

impl Stage {
    async fn new(scenario: &str) -> Self {
        let scenario = Scenario::load(&SourceFile::new("s.yaml", scenario)).expect("a good scenario");
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().expect("a moment"));
        let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.expect("a free port");
        Self { sandbox, clock }
    }

    async fn get(&self, path: &str) -> Option<Reply> {
        self.send("GET", path, "").await
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Option<Reply> {
        let key = self.sandbox.key();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nAuthorization: Token {key}\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        );
        exchange(&self.sandbox.root_url(), &head, body.as_bytes()).await
    }

    async fn state(&self, path: &str) -> Value {
        let reply = self.get(path).await.expect("a reply");
        serde_json::from_str::<Value>(&reply.body).expect("JSON")["state"].clone()
    }
}

const RUN: &str = "/api/v1/dags/a/dagRuns/x";
const RUNS: &str = "/api/v1/dags/a/dagRuns";
const NEW_RUN: &str = r#"{"dag_run_id": "x"}"#;

#[tokio::test]
async fn a_lost_answer_is_carried_out_and_not_answered() {
    let stage = Stage::new("{dags: [{dag_id: a}], faults: [{on: {method: POST}, fault: lost_answer}]}").await;
    assert!(stage.send("POST", RUNS, NEW_RUN).await.is_none());
    assert_eq!(stage.get(RUN).await.map(|reply| reply.status), Some(200));
    assert_eq!(stage.send("POST", RUNS, NEW_RUN).await.map(|reply| reply.status), Some(409));
}

#[tokio::test]
async fn a_late_lost_answer_is_carried_out_by_the_clock() {
    let stage = Stage::new("{dags: [{dag_id: a}], faults: [{on: {method: POST}, fault: lost_answer, late: 2s}]}").await;
    assert!(stage.send("POST", RUNS, NEW_RUN).await.is_none());
    assert_eq!(stage.get(RUN).await.map(|reply| reply.status), Some(404));
    stage.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.state(RUN).await, json!("running"));
}

#[tokio::test]
async fn a_reset_is_not_carried_out() {
    let stage = Stage::new("{dags: [{dag_id: a}], faults: [{on: {method: POST}, fault: reset}]}").await;
    assert!(stage.send("POST", RUNS, NEW_RUN).await.is_none());
    assert_eq!(stage.get(RUN).await.map(|reply| reply.status), Some(404));
}

#[tokio::test]
async fn a_delay_passes_by_the_clock_before_the_answer() {
    let stage = Stage::new("{dags: [{dag_id: a}], faults: [{on: {path: dagRuns}, fault: delay, delay: 10s}]}").await;
    let reply = stage.send("POST", RUNS, NEW_RUN).await.expect("a reply");
    assert_eq!(reply.status, 200);
    assert_eq!(stage.clock.elapsed(), Duration::from_secs(10));
    assert!(reply.body.contains("2026-11-22T12:00:10"), "{}", reply.body);
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_comes() {
    let stage = Stage::new("{dags: [{dag_id: a}], faults: [{fault: truncated}]}").await;
    let reply = stage.get("/api/v2/dags").await.expect("half a reply");
    let promised: usize = reply.header("content-length").parse().expect("a length");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body.len(), promised / 2);
}

#[tokio::test]
async fn answers_may_be_errors_pages_nonsense_or_a_limit() {
    let faults = "[{on: {nth: [1]}, fault: status, status: 504}, {on: {nth: [1]}, fault: html}, \
                  {on: {nth: [1]}, fault: not_json}, {on: {nth: [1]}, fault: rate_limit, retry_after: 2s}]";
    let stage = Stage::new(&format!("{{dags: [{{dag_id: a}}], faults: {faults}}}")).await;
    let status = stage.get("/api/v1/dags").await.expect("a reply");
    assert_eq!((status.status, status.header("content-type")), (504, "application/problem+json"));
    let html = stage.get("/api/v1/dags").await.expect("a reply");
    assert_eq!((html.status, html.header("content-type")), (502, "text/html"));
    let nonsense = stage.get("/api/v1/dags").await.expect("a reply");
    assert!(nonsense.status == 200 && serde_json::from_str::<Value>(&nonsense.body).is_err());
    let limit = stage.get("/api/v1/dags").await.expect("a reply");
    assert_eq!((limit.status, limit.header("retry-after")), (429, "2"));
    assert_eq!(stage.get("/api/v1/dags").await.map(|reply| reply.status), Some(200));
}

#[tokio::test]
async fn the_event_list_of_airflow_3_is_broken_while_a_run_of_an_event_is_queued() {
    let stage = Stage::new("{dags: [{dag_id: c, schedule_on: [d], run: {queued_for: 5s}}]}").await;
    let posted = stage.send("POST", "/api/v2/assets/events", r#"{"asset_id": 1, "extra": {"k": 1}}"#).await;
    assert_eq!(posted.map(|reply| reply.status), Some(200));
    let broken = stage.get("/api/v2/assets/events").await.expect("a reply");
    assert_eq!((broken.status, broken.header("content-type")), (500, "text/plain; charset=utf-8"));
    stage.clock.sleep(Duration::from_secs(5)).await;
    let reply = stage.get("/api/v2/assets/events").await.expect("a reply");
    assert!(reply.status == 200 && reply.body.contains("asset_triggered__"), "{}", reply.body);
}

#[tokio::test]
async fn the_builtin_scenario_answers_on_both_apis() {
    let clock = Clock::manual("2026-11-22T12:00:00Z".parse().expect("a moment"));
    let sandbox = Sandbox::start(Scenario::builtin(), clock.clone(), 0).await.expect("a free port");
    let stage = Stage { sandbox, clock };
    for api in ["v1", "v2"] {
        let reply = stage.get(&format!("/api/{api}/dags?tags=extract_and_load")).await.expect("a reply");
        assert!(reply.status == 200 && reply.body.contains("daily_loan_run"), "{}", reply.body);
    }
}
