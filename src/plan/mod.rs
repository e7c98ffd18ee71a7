//! A checked playbook with everything decided that can be decided before the run.
//!
//! In: a loaded playbook, the inputs that were given, and who runs it where. Out: a [`Plan`], or diagnostics for inputs and
//! vars that don't work out. The plan asks nothing of the network and does nothing.

mod inputs;
mod past;
mod retry;
mod selection;
mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use inputs::{Given, GivenInput};
pub use past::{Attempt, Done, Past, WriteRecord};
pub use retry::RetryPolicy;
pub use selection::{Selection, SelectionError};
pub use steps::{Capture, Condition, Expectation, POLL_EVERY, POLL_MAX_EVERY, PlannedStep, Until};

use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::InputSource;
use crate::playbook::model::OnOverlap;
use crate::playbook::notify::webhooks_of;
use crate::playbook::template::{Engine, RunClock, Template, TemplateError, dynamic};
use crate::playbook::{Loaded, unmade};
use crate::record::RunRecord;
use crate::source::SourceFile;

/// How long a run waits for another one of the same playbook, when it waits.
const LOCK_WAIT: Duration = Duration::from_secs(3600);

/// What a run is made of besides its playbook.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The run's id.
    pub run_id: &'a str,
    /// Whether the run's id was given by somebody, and not made for this run.
    pub is_id_given: bool,
    /// The start of the run, which is `now()` in templates.
    pub started_at: Timestamp,
    /// The playbook's path as it was given.
    pub path: &'a str,
    /// The commit the playbook is at.
    pub git_sha: Option<&'a str>,
    /// Who runs it, as `user@host`.
    pub operator: &'a str,
    /// The target's name.
    pub target: &'a str,
    /// The API's base URL.
    pub base_url: &'a str,
    /// The process's environment.
    pub environment: &'a BTreeMap<String, String>,
    /// The inputs that were given.
    pub given: &'a [GivenInput],
}

/// What will be run.
#[derive(Debug)]
pub struct Plan {
    /// The playbook's text.
    pub file: SourceFile,
    /// The playbook's name, part of the identity of what it makes.
    pub playbook: String,
    /// The playbook's path as it was given.
    pub path: String,
    /// The folder that the path belongs to, where it is recorded.
    pub folder: Option<String>,
    /// The commit the playbook is at.
    pub git_sha: Option<String>,
    /// The start of the run's first attempt, which is `now()` in templates.
    pub started_at: Timestamp,
    /// Another attempt of a run, when it is not the first.
    pub attempt: Option<Attempt>,
    /// Whether the run's id was given, so that what it makes may be there already.
    pub is_id_given: bool,
    /// The run's id, part of the identity of what it makes.
    pub run_id: String,
    /// Who runs it, as `user@host`.
    pub operator: String,
    /// The target's name.
    pub target: String,
    /// The API's base URL.
    pub base_url: String,
    /// Inputs with their values.
    pub inputs: Map<String, Value>,
    /// Where each input has its value from.
    pub input_sources: BTreeMap<String, InputSource>,
    /// The names of secret inputs.
    pub secret_inputs: Vec<String>,
    /// The values of secret inputs, for the mask.
    pub secrets: Vec<String>,
    /// The webhooks that are known from the start, for the mask.
    pub webhooks: Vec<String>,
    /// Every name that is there from the start: inputs, vars, `playbook`, `run`, `target`, `env`.
    pub names: Map<String, Value>,
    /// Renders templates with this run's clock.
    pub engine: Engine,
    /// The steps that are run, in order.
    pub steps: Vec<PlannedStep>,
    /// What the run gives when all steps have passed.
    pub outputs: Vec<(String, Template)>,
    /// How many steps of the playbook the selection leaves out.
    pub left_out: usize,
    /// What to do when the playbook is running already.
    pub lock: Lock,
    /// Who runs the playbook already, so that nothing of this is run.
    pub held_by: Option<String>,
}

/// When the playbook is running already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Runs with different keys do not overlap.
    pub key: Option<String>,
    /// What a second run does.
    pub on_overlap: OnOverlap,
    /// How long it waits, when it waits.
    pub wait: Duration,
}

/// Why a selection chooses no steps that can be run.
#[derive(Debug)]
pub enum NotSelected {
    /// Captures that the selection leaves unmade.
    Mistakes(Vec<Diagnostic>),
    /// The selection chooses nothing.
    Selection(SelectionError),
}

/// The steps that a selection chooses.
#[derive(Debug)]
pub struct Selected {
    /// The steps that are run, in order.
    pub steps: Vec<PlannedStep>,
    /// How many steps of the playbook are left out.
    pub left_out: usize,
}

/// Takes the steps that a selection chooses out of a playbook.
///
/// # Errors
/// When it chooses none, or leaves a capture unmade that a chosen step uses.
pub fn select(loaded: &mut Loaded, selection: &Selection) -> Result<Selected, NotSelected> {
    let steps = steps::plan(loaded);
    let chosen = selection.choose(&steps).map_err(NotSelected::Selection)?;
    let unmade = if chosen.contains(&false) { unmade(loaded, &chosen) } else { Vec::new() };
    if !unmade.is_empty() {
        return Err(NotSelected::Mistakes(unmade));
    }
    let all = steps.len();
    let steps: Vec<PlannedStep> =
        steps.into_iter().zip(chosen).filter_map(|(step, is_chosen)| is_chosen.then_some(step)).collect();
    let left_out = all - steps.len();
    Ok(Selected { steps, left_out })
}

/// Makes the plan.
///
/// # Errors
/// Every input and var that does not work out.
pub fn plan(loaded: &Loaded, selected: Selected, context: &Context<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let zone = loaded.playbook.timezone.as_deref().unwrap_or("UTC");
    let clock = RunClock::at(context.started_at, zone)
        .map_err(|error| vec![Diagnostic::new(Code::TIME_ZONE, &loaded.file, loaded.tree.span, error.to_string())])?;
    let engine = Engine::new(&clock);
    let playbook = name(loaded, context.path);
    let mut names = globals(loaded, context, &playbook);
    let resolved = inputs::resolve(loaded, context, &engine, &names)?;
    names.extend(resolved.values.clone());
    vars(loaded, &engine, &mut names)?;
    let lock = lock(loaded, &engine, &names)?;
    let webhooks = webhooks_of(&loaded.tree, &engine, &names);
    Ok(Plan {
        file: loaded.file.clone(),
        playbook,
        path: context.path.to_owned(),
        folder: None,
        git_sha: context.git_sha.map(str::to_owned),
        started_at: context.started_at,
        attempt: None,
        is_id_given: context.is_id_given,
        run_id: context.run_id.to_owned(),
        operator: context.operator.to_owned(),
        target: context.target.to_owned(),
        base_url: context.base_url.to_owned(),
        inputs: resolved.values,
        input_sources: resolved.sources,
        secret_inputs: resolved.secret_names,
        secrets: resolved.secrets,
        webhooks,
        names,
        engine,
        steps: selected.steps,
        outputs: outputs(loaded),
        left_out: selected.left_out,
        lock,
        held_by: None,
    })
}

impl Plan {
    /// Makes it another attempt of a run that has come as far as the record says.
    pub fn resume(&mut self, attempt: Attempt, record: &RunRecord) {
        past::remember(&mut self.steps, &attempt, record);
        self.attempt = Some(attempt);
    }
}

/// The playbook's own name, or its file's.
fn name(loaded: &Loaded, path: &str) -> String {
    loaded.playbook.name.clone().unwrap_or_else(|| {
        let stem = std::path::Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        // A playbook on stdin has no file to be named by.
        let stem = if path == "-" { Some("stdin".to_owned()) } else { stem };
        stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "playbook".to_owned())
    })
}

fn outputs(loaded: &Loaded) -> Vec<(String, Template)> {
    let entries = loaded.tree.get("outputs").map(crate::yaml::Node::entries).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.clone(), Template::from_node(&entry.value))).collect()
}

fn globals(loaded: &Loaded, context: &Context<'_>, playbook: &str) -> Map<String, Value> {
    let env: Map<String, Value> = loaded
        .env_names
        .iter()
        .filter_map(|name| Some((name.clone(), Value::String(context.environment.get(name)?.clone()))))
        .collect();
    let names = json!({
        "playbook": { "name": playbook, "path": context.path, "git_sha": context.git_sha.unwrap_or_default() },
        "run": { "id": context.run_id, "started_at": context.started_at.to_string(), "elapsed": 0 },
        "target": { "name": context.target, "url": context.base_url },
        "env": env,
    });
    match names {
        Value::Object(names) => names,
        _ => Map::new(),
    }
}

/// Renders the vars, in order, each seeing those before it.
fn vars(loaded: &Loaded, engine: &Engine, names: &mut Map<String, Value>) -> Result<(), Vec<Diagnostic>> {
    let Some(vars) = loaded.tree.get("vars") else { return Ok(()) };
    for entry in vars.entries() {
        let scope = dynamic(&*names);
        let value = Template::from_node(&entry.value)
            .render(engine, &scope)
            .map_err(|error| vec![broken(&loaded.file, &format!("the var `{}`", entry.key), &error)])?;
        names.insert(entry.key.clone(), value);
    }
    Ok(())
}

fn lock(loaded: &Loaded, engine: &Engine, names: &Map<String, Value>) -> Result<Lock, Vec<Diagnostic>> {
    let setting = loaded.playbook.lock.clone().unwrap_or_default();
    let key = loaded.tree.get("lock").and_then(|lock| lock.get("key")).map(|node| {
        let rendered = Template::from_node(node).render(engine, &dynamic(names));
        rendered.map_err(|error| vec![broken(&loaded.file, "the key of the lock", &error)])
    });
    let key = key.transpose()?.map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
    let wait = setting.wait.map_or(LOCK_WAIT, |period| period.0);
    Ok(Lock { key, on_overlap: setting.on_overlap.unwrap_or_default(), wait })
}

/// A template that failed, as a diagnostic at its place.
fn broken(file: &SourceFile, what: &str, error: &TemplateError) -> Diagnostic {
    let span = error.place.span(file, error.error.range.as_ref());
    let message = format!("{what} can't be worked out: {}", error.error.message);
    let diagnostic = Diagnostic::new(Code::RENDER, file, span, message);
    match &error.error.help {
        Some(help) => diagnostic.with_help(help.clone()),
        None => diagnostic,
    }
}
