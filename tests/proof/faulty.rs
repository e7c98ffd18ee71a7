//! Runs against a server that goes wrong, in this process on a manual clock: each seed makes faults and ends of its own.

use std::fmt::Write;
use std::time::Duration;

use fastrand::Rng;
use myaf_run::airflow::auth::{AuthScheme, Credential};
use myaf_run::airflow::base_url::BaseUrl;
use myaf_run::airflow::client::{Client, ClientOptions};
use myaf_run::clock::Clock;
use myaf_run::event::{Event, EventKind, Sink, SinkError};
use myaf_run::executor::{Interrupt, Limits, Tools, execute};
use myaf_run::http::{HttpOptions, WebhookOptions};
use myaf_run::journal::{Store, Writer};
use myaf_run::outcome::FailureKind;
use myaf_run::plan::{self, Attempt, Context, Plan, Selection};
use myaf_run::playbook::load;
use myaf_run::record::{RunRecord, Verdict};
use myaf_run::sandbox::{Sandbox, Scenario};
use myaf_run::secret::Masker;
use myaf_run::source::SourceFile;
use serde_json::Value;
use tempfile::TempDir;

use crate::book::{self, BOOKS, Book};
use crate::tally::{Tally, say};
use crate::wire::exchange;

/// A run that has not come to its end by then never will.
const MOST_ATTEMPTS: u32 = 60;

/// What can go wrong with a request. Those that come late do so within the time that is looked for them.
const FAULTS: [&str; 14] = [
    "fault: lost_answer",
    "fault: lost_answer, late: 300ms",
    "fault: lost_answer, late: 4s",
    "fault: lost_answer, late: 20s",
    "fault: reset",
    "fault: truncated",
    "fault: not_json",
    "fault: delay, delay: 12s",
    "fault: status, status: 500, carried_out: true",
    "fault: status, status: 503",
    "fault: status, status: 408, carried_out: true",
    "fault: html",
    "fault: html, carried_out: true",
    "fault: rate_limit, retry_after: 1s",
];

/// Proves with seeds 0 to `runs`, on both cores.
pub(crate) fn many(runs: u64, tally: &mut Tally) {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let shares = (0..threads).map(|share| {
        std::thread::spawn(move || {
            let mut part = Tally::default();
            for seed in (share..runs).step_by(usize::try_from(threads).expect("few threads")) {
                part.add(&one(seed, false));
            }
            part
        })
    });
    for share in shares.collect::<Vec<_>>() {
        tally.add(&share.join().expect("no run panics"));
    }
}

/// Proves with one seed.
pub(crate) fn one(seed: u64, is_shown: bool) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { Proof::new(seed, is_shown).await.prove().await })
}

/// One run with all its attempts.
struct Proof {
    seed: u64,
    random: Rng,
    is_shown: bool,
    version: &'static str,
    book: Book,
    sandbox: Sandbox,
    clock: Clock,
    client: Client,
    folder: TempDir,
    /// The step that the attempt before left in doubt.
    in_doubt: Option<String>,
    tally: Tally,
}

impl Proof {
    async fn new(seed: u64, is_shown: bool) -> Self {
        let mut random = Rng::with_seed(seed);
        let version = if (seed / BOOKS).is_multiple_of(2) { "v1" } else { "v2" };
        let book = book::book(seed % BOOKS, seed, random.u32(1..=4));
        let scenario = format!("{}{}", book::WORLD, faults(&mut random, &book));
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().expect("a moment"));
        let scenario = Scenario::load(&SourceFile::new("s.yaml", scenario)).expect("a good scenario");
        let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.expect("a free port");
        let base_url = BaseUrl::parse(&format!("{}/api/{version}", sandbox.root_url())).expect("a good URL");
        let client = Client::new(ClientOptions {
            base_url,
            version: None,
            credential: Some(Credential::Key(sandbox.key().to_owned().into())),
            auth: AuthScheme::Auto,
            http: HttpOptions::default(),
            clock: clock.clone(),
            masker: myaf_run::secret::Masker::new(),
        });
        let (client, folder) = (client.expect("a good client"), tempfile::tempdir().expect("a folder"));
        let tally = Tally::default();
        Self { seed, random, is_shown, version, book, sandbox, clock, client, folder, in_doubt: None, tally }
    }

    /// Runs and resumes until it is done, then counts.
    async fn prove(mut self) -> Tally {
        let store = Store::new(self.folder.path());
        let run_id = format!("proof-{}", self.seed);
        let mut attempts = 0;
        while !self.attempt(&store, &run_id, attempts).await {
            attempts += 1;
            if attempts == MOST_ATTEMPTS {
                self.tally.stuck.push(format!("seed {}: not done after {attempts} attempts", self.seed));
                break;
            }
        }
        // What is late arrives.
        self.clock.sleep(Duration::from_secs(600)).await;
        self.tally.runs = 1;
        self.tally.resumed = u64::from(attempts);
        self.tally.faults = self.sandbox.faults();
        for (dag, asked) in self.book.dag_runs {
            let found = self.count(&format!("/dags/{dag}/dagRuns")).await;
            self.tally.writes += asked;
            self.tally.compare(&format!("seed {}: runs of `{dag}`", self.seed), asked, found);
        }
        let path = if self.version == "v1" { "/datasets/events" } else { "/assets/events" };
        let found = self.count(path).await;
        self.tally.writes += self.book.events;
        self.tally.compare(&format!("seed {}: events", self.seed), self.book.events, found);
        self.tally
    }

    /// One attempt; whether the run is done then.
    async fn attempt(&mut self, store: &Store, run_id: &str, attempts: u32) -> bool {
        let mut plan = self.plan(run_id);
        let mut record = RunRecord::default();
        let writer = if attempts == 0 {
            store.begin(run_id).expect("a new run")
        } else {
            let (writer, journal) = store.take_up(run_id).expect("the run before");
            record = journal.record;
            if record.steps.is_empty() {
                // It ended before its first event was written: it has not begun.
                return self.begin_anew(store, run_id, writer).await;
            }
            let again = self.again(&record);
            plan.resume(Attempt { last_seq: record.last_seq, again, ..Attempt::default() }, &record);
            writer
        };
        self.execute(&plan, writer, record).await
    }

    /// With `on_unknown: fail` an event that is not found is never sent again by itself; a second look that found nothing is
    /// the person's leave to say so.
    fn again(&mut self, record: &RunRecord) -> Vec<String> {
        let in_doubt = record.first_failure().filter(|(_, failure)| failure.kind == FailureKind::OutcomeUnknown);
        let step = in_doubt.map(|(step, _)| step.id.clone());
        let is_known = step.is_some() && step == self.in_doubt;
        self.in_doubt.clone_from(&step);
        step.filter(|_| is_known && self.seed % BOOKS == 6).into_iter().collect()
    }

    async fn begin_anew(&mut self, store: &Store, run_id: &str, writer: Writer) -> bool {
        drop(writer);
        let file = self.folder.path().join("runs").join(format!("{run_id}.jsonl"));
        std::fs::remove_file(file).expect("our file");
        let plan = self.plan(run_id);
        let writer = store.begin(run_id).expect("a new run");
        self.execute(&plan, writer, RunRecord::default()).await
    }

    async fn execute(&mut self, plan: &Plan, writer: Writer, record: RunRecord) -> bool {
        let tools = Tools {
            client: &self.client,
            clock: self.clock.clone(),
            masker: Masker::new(),
            interrupt: Interrupt::channel().1,
            limits: Limits { max_time: Duration::from_secs(10), ..Limits::default() },
            ui_url: None,
            webhooks: WebhookOptions::default(),
            is_watched: false,
        };
        let ends_at = (self.random.u8(0..10) < 6).then(|| self.random.u32(0..40));
        let is_shown = self.is_shown;
        let mut sink = Mortal { writer, record, seen: 0, ends_at, is_before: self.random.bool(), end: None, is_shown };
        let result = execute(plan, &tools, &mut sink).await;
        if let Some(end) = sink.end {
            *self.tally.ends.entry(end).or_default() += 1;
        }
        result.is_ok() && sink.record.verdict() == Verdict::Passed
    }

    fn plan(&self, run_id: &str) -> Plan {
        let loaded = load("p.yaml", self.book.text.clone().into_bytes());
        let mut loaded = loaded.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        let selected = plan::select(&mut loaded, &Selection::default()).expect("every step");
        let context = Context {
            run_id,
            is_id_given: false,
            started_at: "2026-11-22T12:00:00Z".parse().expect("a moment"),
            path: "p.yaml",
            git_sha: None,
            operator: "tester@here",
            target: "my",
            base_url: &self.client.base_url().to_string(),
            environment: &std::collections::BTreeMap::new(),
            given: &[],
        };
        plan::plan(&loaded, selected, &context).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
    }

    /// How many there are, asked without our client; a fault that is left is passed by asking again.
    async fn count(&self, path: &str) -> u64 {
        let (version, key) = (self.version, self.sandbox.key());
        let head = format!("GET /api/{version}{path}?limit=1 HTTP/1.1\r\nAuthorization: Token {key}\r\n");
        loop {
            let reply = exchange(&self.sandbox.root_url(), &head, b"").await;
            let body =
                reply.filter(|reply| reply.status == 200).and_then(|reply| serde_json::from_str(&reply.body).ok());
            if let Some(count) = body.and_then(|body: Value| body["total_entries"].as_u64()) {
                return count;
            }
        }
    }
}

/// Faults for about half of the writes and for some reads.
fn faults(random: &mut Rng, book: &Book) -> String {
    let writes = book.events + book.dag_runs.iter().map(|(_, count)| count).sum::<u64>();
    let mut text = "faults:\n".to_owned();
    let mut add = |method: &str, up_to: u64, chance: u8, random: &mut Rng| {
        for nth in 1..=up_to {
            if random.u8(0..100) < chance {
                let fault = FAULTS[random.usize(0..FAULTS.len())];
                writeln!(text, "  - {{on: {{method: {method}, nth: [{nth}]}}, {fault}}}").expect("a text");
            }
        }
    };
    add("POST", writes * 3, 50, random);
    add("PATCH", 4, 50, random);
    add("GET", writes * 4, 12, random);
    text
}

/// A sink whose process ends at one of its events: before it was written, or right after.
struct Mortal {
    writer: Writer,
    record: RunRecord,
    seen: u32,
    ends_at: Option<u32>,
    is_before: bool,
    end: Option<&'static str>,
    is_shown: bool,
}

impl Sink for Mortal {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        let ends_now = self.ends_at == Some(self.seen);
        self.seen += 1;
        if self.is_shown {
            say(&serde_json::to_string(event).expect("JSON"));
        }
        if ends_now {
            self.end = Some(place(&event.kind, self.is_before));
        }
        if ends_now && self.is_before {
            return Err(SinkError("the process ends".to_owned()));
        }
        self.writer.accept(event)?;
        self.record.apply(event);
        if ends_now { Err(SinkError("the process ends".to_owned())) } else { Ok(()) }
    }
}

/// Where the process is when it ends at this event.
fn place(kind: &EventKind, is_before: bool) -> &'static str {
    match (kind, is_before) {
        (EventKind::RunStarted(_) | EventKind::RunResumed(_), _) => "in process: as it began",
        (EventKind::WriteAnnounced(_), true) => "in process: before announcing",
        (EventKind::WriteAnnounced(_), false) => "in process: announced, not sent",
        (EventKind::WriteSettled { .. }, true) => "in process: answered, not recorded",
        (EventKind::WriteSettled { .. }, false) => "in process: recorded, before the end of the step",
        (EventKind::TryFailed(_), _) => "in process: after a try that failed",
        (EventKind::Waiting { .. }, _) => "in process: waiting",
        (EventKind::StepStarted { .. } | EventKind::StepFinished(_), _) => "in process: between two steps",
        (
            EventKind::Warned { .. }
            | EventKind::WriteShown(_)
            | EventKind::LeftOpen { .. }
            | EventKind::Printed { .. }
            | EventKind::FailureRescued { .. }
            | EventKind::OutputsMade(_)
            | EventKind::Interrupted { .. }
            | EventKind::DeadlinePassed { .. }
            | EventKind::RunFinished { .. },
            _,
        ) => "in process: elsewhere",
    }
}
