//! Runs a plan, step by step, and says everything as events.
//!
//! In: a plan, a client, a clock, a sink for events and a way to be interrupted. Out: events, and nothing else. A failed
//! step is an event like any other; `Err` means that the run could not go on.

mod action;
mod capture;
mod emitter;
mod expect;
mod identity;
mod interrupt;
mod perform;
mod poll;
mod request;
mod retry;
mod settle;
mod step;
mod variables;
mod wait;
mod write;

use std::collections::BTreeMap;
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
use crate::executor::step::StepRun;
use crate::executor::variables::{EndedStep, Told, Variables};
use crate::outcome::{Failure, StepOutcome};
use crate::plan::{Attempt, Done, Past, Plan, PlannedStep};
use crate::secret::{MASK, Masker};

/// Bounds that hold for every step.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one request may take.
    pub max_time: Duration,
    /// How long to look for what became of a write whose answer was lost.
    pub settle: Duration,
    /// How long a write in flight may still take after a signal.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_time: Duration::from_secs(60), settle: Duration::from_secs(30), grace: Duration::from_secs(20) }
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
}

/// One run: what all of its steps share.
struct Run<'a> {
    plan: &'a Plan,
    tools: &'a Tools<'a>,
    emitter: Emitter<'a>,
    variables: Variables,
    /// The datasets of this Airflow, once a step has read them.
    datasets: Option<Vec<Dataset>>,
    /// How far the server's clock is ahead of ours, once an answer has told.
    server_ahead: Option<SignedDuration>,
    /// When each DAG was last read and not paused, by the clock's elapsed time.
    ready_dags: BTreeMap<String, Duration>,
}

/// Why a step went no further.
enum Stop {
    /// It failed.
    Failed(Box<Failure>),
    /// A signal ended the run; the words say what goes on without us.
    Interrupted(Option<String>),
    /// There was nothing for it to do, for this reason.
    Skipped(String),
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
    let started = tools.clock.elapsed();
    let last_seq = plan.attempt.as_ref().map_or(0, |attempt| attempt.last_seq);
    let mut run = Run {
        plan,
        tools,
        emitter: Emitter::new(tools.clock.clone(), tools.masker.clone(), sink, last_seq),
        variables: Variables::new(plan),
        datasets: None,
        server_ahead: None,
        ready_dags: BTreeMap::new(),
    };
    run.emitter.emit(match &plan.attempt {
        None => EventKind::RunStarted(Box::new(beginning(plan))),
        Some(attempt) => EventKind::RunResumed(Box::new(next_attempt(plan, attempt))),
    })?;
    if plan.held_by.is_some() {
        return run.emitter.emit(EventKind::RunFinished { elapsed_ms: 0 });
    }
    let mut is_whole = true;
    for (index, planned) in plan.steps.iter().enumerate() {
        if let Past::Done(done) = &planned.past {
            run.keep(planned, done);
            continue;
        }
        if tools.interrupt.signal().is_some() {
            is_whole = false;
            break;
        }
        run.variables.set_elapsed(tools.clock.elapsed().saturating_sub(started));
        match StepRun::new(&mut run, index).run().await? {
            StepOutcome::Passed | StepOutcome::Already | StepOutcome::Skipped | StepOutcome::Ignored => {}
            StepOutcome::Failed | StepOutcome::Interrupted => {
                is_whole = false;
                break;
            }
        }
    }
    run.emitter.set_silent(false);
    if is_whole && !plan.outputs.is_empty() {
        run.make_outputs()?;
    }
    // A signal that came when everything was done changes nothing.
    if let Some(signal) = tools.interrupt.signal().filter(|_| !is_whole) {
        run.emitter.emit(EventKind::Interrupted { signal })?;
    }
    let elapsed = tools.clock.elapsed().saturating_sub(started);
    run.emitter.emit(EventKind::RunFinished { elapsed_ms: millis(elapsed) })
}

impl Run<'_> {
    /// Takes what a step gave that an earlier attempt has done.
    fn keep(&mut self, planned: &PlannedStep, done: &Done) {
        let why = if done.withheld.is_empty() {
            format!("step `{}` was {}", planned.id, done.outcome.as_str())
        } else {
            format!("step `{}` was done before, and a value that holds a secret is not kept", planned.id)
        };
        for name in capture::names(planned) {
            match done.captured.get(name) {
                _ if done.withheld.iter().any(|withheld| withheld == name) => self.variables.withhold(name, &why),
                Some(value) => self.variables.set(name, value),
                None => self.variables.unmake(name, &why),
            }
        }
        let elapsed = Duration::from_millis(done.elapsed_ms).as_secs_f64();
        let failure = done.failure.as_ref();
        let failure = failure.map(|failure| Told {
            kind: failure.kind,
            // A secret was masked in it, or may have been: what is left is no value.
            message: Some(failure.message.clone()).filter(|message| !message.contains(MASK)),
        });
        self.variables.set_ended(&planned.id, EndedStep { outcome: done.outcome, failure, elapsed });
    }

    /// Works the outputs out, in order, up to the first that fails.
    fn make_outputs(&mut self) -> Result<(), SinkError> {
        let mut made = OutputsMade { outputs: Map::new(), failure: None };
        for (name, template) in &self.plan.outputs {
            match template.render(&self.plan.engine, &self.variables.scope()) {
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

fn beginning(plan: &Plan) -> RunStarted {
    let secret = |name: &String| plan.secret_inputs.contains(name);
    let shown = |name: &String, value: &serde_json::Value| if secret(name) { "***".into() } else { value.clone() };
    let inputs: Map<_, _> = plan.inputs.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect();
    RunStarted {
        run_id: plan.run_id.clone(),
        playbook: plan.playbook.clone(),
        path: plan.path.clone(),
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
    plan.steps.iter().map(|step| StepInfo { id: step.id.clone(), action: step.action }).collect()
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
