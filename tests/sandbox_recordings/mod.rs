//! The sandbox against recordings of real Airflows: the same request, the same status, content type, keys and types; for
//! errors the same words; for lists of DAGs the same DAGs.

mod faults;
mod script;
mod shape;
pub(crate) mod wire;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use myaf_run::clock::Clock;
use myaf_run::sandbox::{Sandbox, Scenario};
use myaf_run::source::SourceFile;
use serde_json::{Value, json};

use self::script::Do::{self, Pass, Replay, Trigger};
use self::script::{NOT_REPLAYED, V1, V2};
use self::wire::{Reply, exchange};

struct Stage {
    sandbox: Sandbox,
    clock: Clock,
    token: String,
    version: &'static str,
}

impl Stage {
    async fn new(version: &'static str) -> Self {
        let file = SourceFile::new("world.yaml", include_str!("world.yaml"));
        let scenario = Scenario::load(&file).expect("a good scenario");
        let clock = Clock::manual("2026-11-22T23:50:00.5Z".parse().expect("a moment"));
        let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.expect("a free port");
        let form = b"username=admin&password=admin";
        let head = "POST /auth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let reply = exchange(&sandbox.root_url(), head, form).await.expect("a reply");
        let token: Value = serde_json::from_str(&reply.body).expect("a token");
        let token = token["access_token"].as_str().expect("a token").to_owned();
        Self { sandbox, clock, token, version }
    }

    async fn play(&self, script: &[Do]) -> Vec<String> {
        let mut wrong = Vec::new();
        for act in script {
            match act {
                Pass(seconds) => self.clock.sleep(Duration::from_secs(*seconds)).await,
                Trigger(dag, run) => self.trigger(dag, run).await,
                Replay(names) => {
                    for name in names.split_whitespace() {
                        wrong.extend(self.replay(name).await.into_iter().map(|what| format!("{name}: {what}")));
                    }
                }
            }
        }
        wrong
    }

    async fn trigger(&self, dag: &str, run: &str) {
        let head = format!(
            "POST /api/v2/dags/{dag}/dagRuns HTTP/1.1\r\nAuthorization: Token key-admin\r\nContent-Type: application/json\r\n"
        );
        let body = json!({"dag_run_id": run, "logical_date": null}).to_string();
        let reply = exchange(&self.sandbox.root_url(), &head, body.as_bytes()).await.expect("a reply");
        assert_eq!(reply.status, 200, "{dag} {run}: {}", reply.body);
    }

    async fn replay(&self, name: &str) -> Vec<String> {
        let recording = recording(self.version, name);
        let request = &recording["request"];
        let mut head = format!("{} {} HTTP/1.1\r\n", text(&request["method"]), text(&request["target"]));
        for (header, value) in request["headers"].as_object().expect("headers") {
            let value = text(value).replace("HEADER.PAYLOAD.SIGNATURE", &self.token);
            head.extend([header, ": ", &value, "\r\n"]);
        }
        let body = match &request["body"] {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        match exchange(&self.sandbox.root_url(), &head, &body).await {
            Some(reply) => differences(&recording, &reply),
            None => vec!["no reply".to_owned()],
        }
    }
}

fn recording(version: &str, name: &str) -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(version).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a recording")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn differences(recording: &Value, reply: &Reply) -> Vec<String> {
    let recorded = &recording["response"];
    let mut found = Vec::new();
    if recorded["status"] != reply.status {
        found.push(format!("status {} and not {}: {}", reply.status, recorded["status"], reply.body));
        return found;
    }
    let headers = recorded["headers"].as_array().expect("headers");
    let header =
        |name: &str| headers.iter().find(|pair| text(&pair[0]).eq_ignore_ascii_case(name)).map(|pair| text(&pair[1]));
    if header("content-type").unwrap_or_default() != reply.header("content-type") {
        found.push(format!("content type {}", reply.header("content-type")));
    }
    if header("connection").is_some_and(|value| value != reply.header("connection")) {
        found.push(format!("connection {}", reply.header("connection")));
    }
    if let Some(location) = header("location") {
        let path = |url: &str| url.splitn(4, '/').nth(3).map(str::to_owned);
        found.extend(
            (path(location) != path(reply.header("location")))
                .then(|| format!("location {}", reply.header("location"))),
        );
    }
    if let Some(json) = recorded.get("json") {
        let ours: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        found.extend(body_differences(json, &ours, reply.status));
    }
    found
}

fn body_differences(recorded: &Value, ours: &Value, status: u16) -> Vec<String> {
    let mut found = shape::differences(recorded, ours);
    let has_random_words = recorded["detail"]["reason"].is_string();
    if status >= 400 && !has_random_words && recorded != ours {
        found.push(format!("it says {ours} and not {recorded}"));
    }
    if let (Some(recorded_dags), Some(dags)) = (recorded["dags"].as_array(), ours["dags"].as_array()) {
        let ids = |dags: &[Value]| dags.iter().map(|dag| dag["dag_id"].clone()).collect::<Vec<_>>();
        if ids(recorded_dags) != ids(dags) || recorded["total_entries"] != ours["total_entries"] {
            found.push(format!("it lists {} of {}", dags.len(), ours["total_entries"]));
        }
    }
    found
}

#[tokio::test]
async fn airflow_2_is_imitated_as_it_was_recorded() {
    let wrong = Stage::new("v1").await.play(V1).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn airflow_3_is_imitated_as_it_was_recorded() {
    let wrong = Stage::new("v2").await.play(V2).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recording_is_replayed_once_at_least_or_left_out_for_a_reason() {
    for (version, script) in [("v1", V1), ("v2", V2)] {
        let replayed = script.iter().filter_map(|act| if let Replay(names) = act { Some(*names) } else { None });
        let replayed: BTreeSet<&str> = replayed.flat_map(str::split_whitespace).collect();
        let left_out =
            NOT_REPLAYED.iter().filter(|(of, ..)| *of == version).flat_map(|(_, names, _)| names.split_whitespace());
        let left_out: BTreeSet<&str> = left_out.collect();
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(version);
        let files = fs::read_dir(files).expect("recordings").map(|file| file.expect("a file").file_name());
        let files: BTreeSet<String> =
            files.map(|name| name.to_string_lossy().trim_end_matches(".json").to_owned()).collect();
        let named: BTreeSet<String> = replayed.union(&left_out).map(|name| (*name).to_owned()).collect();
        let differing: Vec<&String> = files.symmetric_difference(&named).collect();
        assert!(differing.is_empty(), "{version}: {differing:?}");
        assert!(replayed.len() >= 60, "{version}: {} are replayed", replayed.len());
        assert_eq!(replayed.intersection(&left_out).count(), 0, "{version}: replayed and left out");
    }
}
