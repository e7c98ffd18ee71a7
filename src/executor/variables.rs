//! The names that templates see while steps run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minijinja::Value as Dynamic;
use minijinja::value::{Enumerator, Object};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::executor::{capture, millis};
use crate::outcome::{Failure, FailureKind, StepOutcome};
use crate::plan::{Done, Plan, PlannedStep};
use crate::playbook::template::{
    Expr, Template, TemplateError, Uses, dynamic, look_at, uses_of_expression, uses_of_template,
};
use crate::secret::MASK;
use crate::source::{Location, SourceFile};

/// The field of `run` that changes.
const ELAPSED: &str = "elapsed";

/// Every name with its value; captures come as steps make them.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    file: SourceFile,
    names: Arc<BTreeMap<String, Dynamic>>,
    run: Arc<RunMap>,
    /// What became of each step that has ended.
    steps: Arc<Ended>,
    /// Captures that a step did not make, with what became of it.
    unmade: BTreeMap<String, String>,
}

/// The map `run`, whose `elapsed` changes from step to step.
#[derive(Debug)]
struct RunMap {
    fixed: Map<String, Value>,
    /// In milliseconds.
    elapsed: AtomicU64,
}

impl Object for RunMap {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        match key.as_str()? {
            ELAPSED => Some(Duration::from_millis(self.elapsed.load(Ordering::Relaxed)).as_secs_f64().into()),
            name => self.fixed.get(name).map(dynamic),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.fixed.keys().map(|name| Dynamic::from(name.as_str())).collect())
    }
}

/// What became of the steps that have ended, by id. Few playbooks ask, so it is made a value when one does.
#[derive(Debug, Default)]
struct Ended(Mutex<BTreeMap<String, End>>);

/// What is known of a step that has ended.
#[derive(Debug)]
enum End {
    Known(EndedStep),
    /// In a check: a map of which nothing is known.
    Open(Dynamic),
}

/// What became of a step: `steps.<id>`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EndedStep {
    pub(super) outcome: StepOutcome,
    pub(super) failure: Option<Told>,
    /// In seconds.
    pub(super) elapsed: f64,
}

/// A failure as templates may see it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    pub(super) kind: FailureKind,
    /// None when an earlier attempt could not keep it whole; to ask for it is a mistake then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl Object for Ended {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        match self.0.lock().ok()?.get(key.as_str()?)? {
            End::Known(ended) => Some(dynamic(ended)),
            End::Open(open) => Some(open.clone()),
        }
    }
}

/// The names as one template sees them: those of the place first, then those of the run.
#[derive(Debug)]
struct Layers {
    local: BTreeMap<String, Dynamic>,
    names: Arc<BTreeMap<String, Dynamic>>,
}

impl Object for Layers {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        let key = key.as_str()?;
        self.local.get(key).or_else(|| self.names.get(key)).cloned().map(look_at)
    }
}

impl Variables {
    pub(super) fn new(plan: &Plan) -> Self {
        let steps = Arc::new(Ended::default());
        let names = plan.names.iter().map(|(name, value)| (name.clone(), dynamic(value)));
        let fixed = plan.names.get("run").and_then(Value::as_object).cloned().unwrap_or_default();
        let run = Arc::new(RunMap { fixed, elapsed: AtomicU64::new(0) });
        let ended = ("steps".to_owned(), Dynamic::from_dyn_object(Arc::clone(&steps)));
        let names = names.chain([ended, ("run".to_owned(), Dynamic::from_dyn_object(Arc::clone(&run)))]).collect();
        Self { steps, file: plan.file.clone(), names: Arc::new(names), run, unmade: BTreeMap::new() }
    }

    /// The names of the run.
    pub(super) fn scope(&self) -> Dynamic {
        self.scope_with(BTreeMap::new())
    }

    /// The names of the run under those of a place.
    pub(super) fn scope_with(&self, local: BTreeMap<String, Dynamic>) -> Dynamic {
        Dynamic::from_object(Layers { local, names: Arc::clone(&self.names) })
    }

    /// Sets `run.elapsed`.
    pub(super) fn set_elapsed(&self, elapsed: Duration) {
        self.run.elapsed.store(millis(elapsed), Ordering::Relaxed);
    }

    /// Says what became of a step: `steps.<id>`.
    pub(super) fn set_ended(&self, id: &str, ended: EndedStep) {
        if let Ok(mut steps) = self.steps.0.lock() {
            steps.insert(id.to_owned(), End::Known(ended));
        }
    }

    /// Says that a check can't know what became of a step.
    pub(super) fn set_ended_open(&self, id: &str, open: Dynamic) {
        if let Ok(mut steps) = self.steps.0.lock() {
            steps.insert(id.to_owned(), End::Open(open));
        }
    }

    /// Says that the failure of a step is rescued.
    pub(super) fn set_rescued(&self, id: &str) {
        if let Some(End::Known(ended)) = self.steps.0.lock().ok().as_mut().and_then(|steps| steps.get_mut(id)) {
            ended.outcome = StepOutcome::Rescued;
        }
    }

    /// Takes what a step gave that an earlier attempt has done.
    pub(super) fn keep(&mut self, planned: &PlannedStep, done: &Done) {
        let why = if done.withheld.is_empty() {
            format!("step `{}` was {}", planned.id, done.outcome.as_str())
        } else {
            format!("step `{}` was done before, and a value that holds a secret is not kept", planned.id)
        };
        for name in capture::names(planned) {
            match done.captured.get(name) {
                _ if done.withheld.iter().any(|withheld| withheld == name) => self.withhold(name, &why),
                Some(value) => self.set(name, value),
                None => self.unmake(name, &why),
            }
        }
        let elapsed = Duration::from_millis(done.elapsed_ms).as_secs_f64();
        let failure = done.failure.as_ref();
        let failure = failure.map(|failure| Told {
            kind: failure.kind,
            // A secret was masked in it, or may have been: what is left is no value.
            message: Some(failure.message.clone()).filter(|message| !message.contains(MASK)),
        });
        self.set_ended(&planned.id, EndedStep { outcome: done.outcome, failure, elapsed });
    }

    pub(super) fn set(&mut self, name: &str, value: &Value) {
        self.unmade.remove(name);
        Arc::make_mut(&mut self.names).insert(name.to_owned(), dynamic(value));
    }

    /// Sets a name whose value is not known, or not wholly.
    pub(super) fn set_open(&mut self, name: String, value: Dynamic) {
        self.unmade.remove(&name);
        Arc::make_mut(&mut self.names).insert(name, value);
    }

    /// Says that a step did not make a capture, and why.
    pub(super) fn unmake(&mut self, name: &str, why: &str) {
        if !self.names.contains_key(name) {
            self.unmade.insert(name.to_owned(), why.to_owned());
        }
    }

    /// Says that a value was made and is not kept; one of the same name that was there before is not it.
    pub(super) fn withhold(&mut self, name: &str, why: &str) {
        Arc::make_mut(&mut self.names).remove(name);
        self.unmade.insert(name.to_owned(), why.to_owned());
    }

    /// The place of a template error.
    pub(super) fn location(&self, error: &TemplateError) -> Location {
        error.place.location(&self.file, error.error.range.as_ref())
    }

    /// A template error as a failure at its place; a capture that was not made names the step that did not make it.
    pub(super) fn failure(&self, error: &TemplateError, expression: Option<&Expr>) -> Box<Failure> {
        let blamed = expression.and_then(|expression| self.blame(expression));
        if let Some((message, location)) = blamed {
            return Failure::new(FailureKind::Template, message).with_location(location).into();
        }
        let failure = Failure::new(FailureKind::Template, error.error.message.clone());
        let failure = failure.with_location(self.location(error));
        match &error.error.help {
            Some(help) => failure.with_help(help.clone()).into(),
            None => failure.into(),
        }
    }

    /// The same for an error in a template, whose expressions are looked through for the one that failed.
    pub(super) fn failure_in(&self, template: &Template, error: &TemplateError) -> Box<Failure> {
        let mut blamed = None;
        template.visit(&mut |expression, _| {
            if expression.place == error.place {
                blamed = Some(expression.clone());
            }
        });
        self.failure(error, blamed.as_ref())
    }

    /// The first name in an expression or template that nobody made.
    fn blame(&self, expression: &Expr) -> Option<(String, Location)> {
        let uses: Uses = uses_of_expression(&expression.text).or_else(|_| uses_of_template(&expression.text)).ok()?;
        let blamed = uses.names.iter().find(|name| !name.guarded && self.unmade.contains_key(&name.name))?;
        let why = self.unmade.get(&blamed.name)?;
        let location = expression.place.location(&self.file, Some(&blamed.range));
        Some((format!("`{}` was not captured: {why}", blamed.name), location))
    }
}
