//! Runs a plan, step by step, and says everything as events.
//!
//! In: a plan, a client, a clock, a sink for events and a way to be interrupted. Out: events, and nothing else. A failed
//! step is an event like any other; `Err` means that the run could not go on.

mod action;
mod capture;
mod check;
mod emitter;
mod events;
mod expect;
mod halt;
mod identity;
mod interrupt;
mod marked;
mod near;
mod pattern;
mod perform;
mod poll;
mod request;
mod retry;
mod sections;
mod settle;
mod step;
mod variables;
mod wait;
mod within;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Map;

pub use interrupt::Interrupt;

use crate::airflow::answer::Dataset;
use crate::airflow::client::Client;
use crate::clock::Clock;
use sha2::{Digest, Sha256};

use crate::event::{EventKind, OutputsMade, RunResumed, RunStarted, Sink, SinkError, StepInfo};
use crate::executor::emitter::Emitter;
use crate::executor::halt::Halt;
use crate::executor::sections::Failed;
use crate::executor::variables::Variables;
use crate::http::WebhookOptions;
use crate::outcome::{ActionResult, Failure};
use crate::plan::{Attempt, Plan, PlannedStep};
use crate::secret::Masker;

/// Bounds that hold for every step.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one request may take.
    pub max_time: Duration,
    /// How long to look for what became of a write whose answer was lost.
    pub settle: Duration,
    /// How long a write in flight, and what runs in any case, may still take once the run is to stop.
    pub grace: Duration,
    /// When the run must be over, by the clock's elapsed time.
    pub deadline: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { max_time: seconds(60), settle: seconds(30), grace: seconds(20), deadline: None }
    }
}

/// What a run is run with.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Talks to Airflow.
    pub client: &'a Client,
    /// Passes the time.
    pub clock: Clock,
    /// Masks every event.
    pub masker: Masker,
    /// Tells when to stop.
    pub interrupt: Interrupt,
    /// Bounds.
    pub limits: Limits,
    /// The base URL of Airflow's UI, when links to it are wanted.
    pub ui_url: Option<String>,
    /// Which webhooks may be told something, and how they are reached.
    pub webhooks: WebhookOptions,
    /// Whether somebody looks on while it goes on, for whom tasks are counted.
    pub is_watched: bool,
}

/// One run: what all of its steps share.
struct Run<'a> {
    plan: &'a Plan,
    tools: &'a Tools<'a>,
    /// When this attempt began, by the clock's elapsed time.
    started: Duration,
    emitter: Emitter<'a>,
    variables: Variables,
    halt: Halt,
    /// The step of the playbook's `steps` that failed.
    failed: Option<Failed>,
    /// The datasets of this Airflow, once a step has read them.
    datasets: Option<Vec<Dataset>>,
    /// How far the server's clock is ahead of ours, once an answer has told.
    server_ahead: Option<SignedDuration>,
    /// When each DAG was last read and not paused, by the clock's elapsed time.
    ready_dags: BTreeMap<String, Duration>,
    /// In a check: the DAGs that would be unpaused by now.
    shown_unpaused: BTreeSet<String>,
    /// In a check: whether it is not known what a step came to, so that it may fail.
    is_open: bool,
    /// Whether Airflow may be asked to tell a run's state as it changes.
    can_hold: bool,
    /// Whether Airflow's audit log may be read, as far as is known.
    can_audit: bool,
}

/// Why a step went no further.
enum Stop {
    /// It failed.
    Failed(Box<Failure>),
    /// A signal or the deadline ended the run; the failure says what goes on without us.
    Interrupted(Option<Box<Failure>>),
    /// There was nothing for it to do, for this reason.
    Skipped(String),
    /// In a check: what comes next can't be known; this is what is known of its result.
    LeftOpen(Box<ActionResult>),
    /// An event could not be kept.
    Broken(SinkError),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<Box<Failure>> for Stop {
    fn from(failure: Box<Failure>) -> Self {
        Self::Failed(failure)
    }
}

impl From<SinkError> for Stop {
    fn from(error: SinkError) -> Self {
        Self::Broken(error)
    }
}

/// Runs a plan to its end, its first failure or a signal.
///
/// # Errors
/// Only when the sink refuses an event; nothing that an event would have announced is done then.
pub async fn execute(plan: &Plan, tools: &Tools<'_>, sink: &mut dyn Sink) -> Result<(), SinkError> {
    let last_seq = plan.attempt.as_ref().map_or(0, |attempt| attempt.last_seq);
    let mut run = Run {
        plan,
        tools,
        started: tools.clock.elapsed(),
        emitter: Emitter::new(tools.clock.clone(), tools.masker.clone(), sink, last_seq),
        variables: Variables::new(plan),
        halt: Halt::new(&tools.interrupt, &tools.clock, &tools.limits),
        failed: None,
        datasets: None,
        server_ahead: None,
        ready_dags: BTreeMap::new(),
        shown_unpaused: BTreeSet::new(),
        is_open: false,
        can_hold: true,
        can_audit: true,
    };
    run.emitter.emit(match &plan.attempt {
        None => EventKind::RunStarted(Box::new(beginning(plan, tools.client.only_reads()))),
        Some(attempt) => EventKind::RunResumed(Box::new(next_attempt(plan, attempt))),
    })?;
    if plan.held_by.is_none() {
        // On the heap: what it holds across its waits is large.
        Box::pin(run.run()).await?;
    }
    let elapsed_ms = if plan.held_by.is_some() { 0 } else { millis(run.took()) };
    run.emitter.emit(EventKind::RunFinished { elapsed_ms })
}

impl Run<'_> {
    /// Works the outputs out, in order, up to the first that fails.
    fn make_outputs(&mut self) -> Result<(), SinkError> {
        self.plan.engine.refuel();
        let mut made = OutputsMade { outputs: Map::new(), failure: None };
        for (name, template) in &self.plan.outputs {
            match template.render_open(&self.plan.engine, &self.variables.scope(), &mut Vec::new()) {
                Ok(value) => {
                    made.outputs.insert(name.clone(), value);
                }
                Err(error) => {
                    let failure = self.variables.failure_in(template, &error);
                    let message = format!("the output `{name}`: {}", failure.message);
                    made.failure = Some(Failure { message, ..*failure });
                    break;
                }
            }
        }
        self.emitter.emit(EventKind::OutputsMade(Box::new(made)))
    }
}

fn beginning(plan: &Plan, is_check: bool) -> RunStarted {
    let secret = |name: &String| plan.secret_inputs.contains(name);
    let shown = |name: &String, value: &serde_json::Value| if secret(name) { "***".into() } else { value.clone() };
    let inputs: Map<_, _> = plan.inputs.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect();
    RunStarted {
        run_id: plan.run_id.clone(),
        playbook: plan.playbook.clone(),
        path: plan.path.clone(),
        folder: plan.folder.clone(),
        git_sha: plan.git_sha.clone(),
        text: plan.file.text().to_owned(),
        text_sha256: sha256(plan.file.text()),
        started_at: plan.started_at,
        target: plan.target.clone(),
        base_url: plan.base_url.clone(),
        inputs,
        withheld: plan.secret_inputs.clone(),
        sources: plan.input_sources.clone(),
        is_id_given: plan.is_id_given,
        left_out: plan.left_out,
        held_by: plan.held_by.clone(),
        is_check,
        steps: steps(plan),
    }
}

fn next_attempt(plan: &Plan, attempt: &Attempt) -> RunResumed {
    RunResumed {
        git_sha: plan.git_sha.clone(),
        base_url: plan.base_url.clone(),
        text: attempt.is_changed.then(|| plan.file.text().to_owned()),
        text_sha256: sha256(plan.file.text()),
        left_out: plan.left_out,
        steps: steps(plan),
        again: attempt.again.clone(),
    }
}

fn steps(plan: &Plan) -> Vec<StepInfo> {
    let info = |step: &PlannedStep| StepInfo {
        section: step.section,
        attempt: step.attempt,
        ..StepInfo::new(step.id.clone(), step.action)
    };
    plan.steps.iter().map(info).collect()
}

/// The SHA-256 of a playbook's text, in hexadecimal.
#[must_use]
pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
