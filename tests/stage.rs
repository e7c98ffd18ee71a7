//! A run inside the test's own process, so that the sandbox's world can be looked at afterwards and the sink is the test's.
//!
//! In: a playbook and a scenario. Out: the events, the record, and what Airflow has then. Time is a manual clock's.

use std::time::Duration;

use myaf_run::airflow::auth::{AuthScheme, Credential};
use myaf_run::airflow::base_url::BaseUrl;
use myaf_run::airflow::client::{Client, ClientOptions};
use myaf_run::airflow::error::ApiError;
use myaf_run::clock::Clock;
use myaf_run::event::{Event, EventKind, Sink, SinkError};
use myaf_run::executor::{Interrupt, Limits, Tools, execute};
use myaf_run::http::{HttpOptions, WebhookOptions};
use myaf_run::outcome::{Failure, FailureKind, StepOutcome};
use myaf_run::plan::{self, Context, Plan, Selection};
use myaf_run::playbook::{Loaded, load};
use myaf_run::preflight::{self, Report};
use myaf_run::record::{RunRecord, WriteRecord};
use myaf_run::sandbox::{Sandbox, Scenario};
use myaf_run::secret::Masker;
use myaf_run::source::SourceFile;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;

use crate::between::{Asked, Between, Rule, Then};
use crate::run::unindented;
use crate::sandbox_recordings::wire::exchange;

/// An Airflow of our own, and a client that talks to it over one API.
pub(crate) struct Stage {
    sandbox: Sandbox,
    between: Option<Between>,
    pub(crate) clock: Clock,
    client: Client,
    version: &'static str,
    limits: Limits,
    is_watched: bool,
    interrupt: Interrupt,
    signal: watch::Sender<Option<i32>>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) result: Result<(), String>,
    pub(crate) record: RunRecord,
    pub(crate) events: Vec<Event>,
}

/// Keeps every event; sends a signal at, or refuses, the events that it is told to.
struct Kept<'a> {
    events: Vec<Event>,
    record: RunRecord,
    refuses: &'a dyn Fn(&EventKind) -> bool,
    signals: &'a dyn Fn(&EventKind) -> Option<i32>,
    signal: &'a watch::Sender<Option<i32>>,
}

impl Sink for Kept<'_> {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        if (self.refuses)(&event.kind) {
            return Err(SinkError("the disk is full".to_owned()));
        }
        if let Some(number) = (self.signals)(&event.kind) {
            self.signal.send_replace(Some(number));
        }
        self.record.apply(event);
        self.events.push(event.clone());
        Ok(())
    }
}

impl Stage {
    /// An Airflow as the scenario says.
    pub(crate) async fn new(version: &'static str, scenario: &str) -> Self {
        Self::with(version, scenario, None).await
    }

    /// The same, but what it is asked and what it answers goes by this rule.
    pub(crate) async fn behind(
        version: &'static str,
        scenario: &str,
        rule: impl Fn(&[Asked]) -> Then + Send + Sync + 'static,
    ) -> Self {
        Self::with(version, scenario, Some(Box::new(rule))).await
    }

    async fn with(version: &'static str, scenario: &str, rule: Option<Box<Rule>>) -> Self {
        let scenario = SourceFile::new("s.yaml", unindented(scenario));
        let scenario = Scenario::load(&scenario).expect("a good scenario");
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().expect("a moment"));
        let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.expect("a free port");
        let between = match rule {
            Some(rule) => Some(Between::start(sandbox.root_url(), rule).await),
            None => None,
        };
        let root_url = between.as_ref().map_or(sandbox.root_url(), |between| between.root_url.clone());
        let base_url = format!("{root_url}/api/{version}");
        let client = Client::new(ClientOptions {
            base_url: BaseUrl::parse(&base_url).expect("a good URL"),
            version: None,
            credential: Some(Credential::Key(SecretString::from(sandbox.key().to_owned()))),
            auth: AuthScheme::Auto,
            http: HttpOptions::default(),
            clock: clock.clone(),
            masker: Masker::new(),
        });
        let (signal, interrupt) = Interrupt::channel();
        let client = client.expect("a good client");
        Self {
            sandbox,
            between,
            clock,
            client,
            version,
            limits: Limits::default(),
            is_watched: false,
            interrupt,
            signal,
        }
    }

    /// With this bound on one request.
    pub(crate) fn max_time(mut self, seconds: u64) -> Self {
        self.limits.max_time = Duration::from_secs(seconds);
        self
    }

    /// With this deadline, in seconds.
    pub(crate) fn deadline(mut self, seconds: u64) -> Self {
        self.limits.deadline = Some(Duration::from_secs(seconds));
        self
    }

    /// With a client that is unable to change anything.
    pub(crate) fn that_only_reads(self) -> Self {
        Self { client: self.client.that_only_reads(), ..self }
    }

    /// With somebody who looks on.
    pub(crate) fn watched(mut self) -> Self {
        self.is_watched = true;
        self
    }

    /// Runs a playbook to its end.
    pub(crate) async fn run(&self, playbook: &str) -> Ran {
        self.run_watched(playbook, &|_| false, &|_| None).await
    }

    /// Runs a playbook with a sink that refuses some events and has signals sent at others.
    pub(crate) async fn run_watched(
        &self,
        playbook: &str,
        refuses: &dyn Fn(&EventKind) -> bool,
        signals: &dyn Fn(&EventKind) -> Option<i32>,
    ) -> Ran {
        let plan = self.plan(playbook);
        let tools = Tools {
            client: &self.client,
            clock: self.clock.clone(),
            masker: Masker::new(),
            interrupt: self.interrupt.clone(),
            limits: self.limits.clone(),
            ui_url: None,
            webhooks: WebhookOptions::default(),
            is_watched: self.is_watched,
        };
        let record = RunRecord::default();
        let mut kept = Kept { events: Vec::new(), record, refuses, signals, signal: &self.signal };
        let result = execute(&plan, &tools, &mut kept).await.map_err(|error| error.to_string());
        Ran { result, record: kept.record, events: kept.events }
    }

    /// Checks a playbook before a run.
    pub(crate) async fn check(&self, playbook: &str) -> Result<Report, Box<ApiError>> {
        let (plan, tree) = (self.plan(playbook), loaded(playbook).tree);
        let (client, clock, masker) = (&self.client, &self.clock, &Masker::new());
        preflight::check(&plan, &tree, preflight::Tools { client, clock, masker, max_time: Duration::from_secs(10) })
            .await
    }

    fn plan(&self, playbook: &str) -> Plan {
        let mut loaded = loaded(playbook);
        let context = Context {
            run_id: "20261122t120000z-0badcafe",
            is_id_given: false,
            started_at: self.clock.now(),
            path: "p.yaml",
            git_sha: None,
            operator: "tester@here",
            target: "my",
            base_url: &self.client.base_url().to_string(),
            environment: &std::collections::BTreeMap::new(),
            given: &[],
        };
        let selected = plan::select(&mut loaded, &Selection::default()).expect("every step");
        plan::plan(&loaded, selected, &context).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
    }

    /// Every request that the runs have sent; only behind a rule.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.between.as_ref().map(Between::asked).unwrap_or_default()
    }

    /// What Airflow answers to a request of the test's own, however often it takes until a fault lets it through.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Value {
        let key = self.sandbox.key();
        let head = format!(
            "{method} /api/{}{path} HTTP/1.1\r\nAuthorization: Token {key}\r\nContent-Type: application/json\r\nAccept: application/json\r\n",
            self.version
        );
        let reply = exchange(&self.sandbox.root_url(), &head, body.as_bytes()).await.expect("a reply");
        assert!(reply.status < 300 || reply.status == 404, "{method} {path}: {} {}", reply.status, reply.body);
        serde_json::from_str(&reply.body).unwrap_or_default()
    }

    /// Sends requests that nobody needs, for faults that the run did not meet.
    pub(crate) async fn use_faults_up(&self, requests: usize) {
        for _ in 0..requests {
            let head = format!("GET /api/{}/version HTTP/1.1\r\n", self.version);
            // A fault may leave it without an answer.
            let _ = exchange(&self.sandbox.root_url(), &head, b"").await;
        }
    }

    /// The id of a DAG's first run, as soon as it has one. No time passes by the clock.
    pub(crate) async fn until_there_is_a_run(&self, dag_id: &str) -> String {
        loop {
            let runs = self.send("GET", &format!("/dags/{dag_id}/dagRuns"), "").await;
            if let Some(id) = runs["dag_runs"][0]["dag_run_id"].as_str() {
                return id.to_owned();
            }
            tokio::task::yield_now().await;
        }
    }

    /// The ids of all runs of a DAG, once everything that is still under way has arrived.
    pub(crate) async fn runs(&self, dag_id: &str) -> Vec<String> {
        self.clock.sleep(Duration::from_secs(3600)).await;
        let runs = self.send("GET", &format!("/dags/{dag_id}/dagRuns"), "").await;
        let id = |run: &Value| run["dag_run_id"].as_str().expect("an id").to_owned();
        runs["dag_runs"].as_array().expect("runs").iter().map(id).collect()
    }

    /// The `extra` of all events, once everything that is still under way has arrived.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.clock.sleep(Duration::from_secs(3600)).await;
        let (path, rows) = if self.version == "v1" {
            ("/datasets/events", "dataset_events")
        } else {
            ("/assets/events", "asset_events")
        };
        let events = self.send("GET", path, "").await;
        events[rows].as_array().expect("events").iter().map(|event| event["extra"].clone()).collect()
    }
}

fn loaded(playbook: &str) -> Loaded {
    let loaded = load("p.yaml", unindented(playbook).into_bytes());
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

impl Ran {
    /// The step at this place.
    pub(crate) fn step(&self, index: usize) -> &myaf_run::record::StepRecord {
        &self.record.steps[index]
    }

    /// How the step at this place ended.
    pub(crate) fn outcome(&self, index: usize) -> Option<StepOutcome> {
        self.step(index).outcome
    }

    /// The failure that decides.
    pub(crate) fn failure(&self) -> &Failure {
        let failure = self.record.first_failure().map(|(_, failure)| failure);
        failure.unwrap_or_else(|| panic!("nothing failed: {:#?}", self.record))
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> FailureKind {
        self.failure().kind
    }

    /// The write of the first step that made one.
    pub(crate) fn write(&self) -> &WriteRecord {
        self.record.steps.iter().find_map(|step| step.writes.first()).expect("a write was announced")
    }

    /// The statuses of the failed tries of a step, in order.
    pub(crate) fn tried(&self, index: usize) -> Vec<Option<u16>> {
        self.step(index).tries.iter().map(|tried| tried.status).collect()
    }

    /// The pauses after the failed tries of a step, in milliseconds.
    pub(crate) fn pauses(&self, index: usize) -> Vec<Option<u64>> {
        self.step(index).tries.iter().map(|tried| tried.retry_in_ms).collect()
    }
}
