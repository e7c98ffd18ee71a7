//! Steps with their templates ready to be rendered, each knowing its place.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::outcome::{ActionKind, Section};
use crate::plan::past::Past;
use crate::plan::retry::RetryPolicy;
use crate::playbook::field::Period;
use crate::playbook::model::{PollSetting, Step, Tags};
use crate::playbook::template::{Expr, Template};
use crate::playbook::{Loaded, all_steps, step_ids};
use crate::source::Span;
use crate::yaml::{Node, NodeValue};

/// One step, ready to be run.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the step or a wish of the resume, and any go together"
)]
pub struct PlannedStep {
    /// Its id.
    pub id: String,
    /// The list it stands in.
    pub section: Section,
    /// For a step of `rescue` or `always`: the resume that its writes belong to, 0 for the run's first attempt.
    pub attempt: u32,
    /// What people read; the id without one.
    pub name: Option<Template>,
    /// The name as it is written, templates and all.
    pub written_name: Option<String>,
    /// It is skipped unless this is true.
    pub when: Option<Condition>,
    /// How its requests are repeated.
    pub retry: RetryPolicy,
    /// How long everything it does may take, when the author says so.
    pub timeout: Option<Duration>,
    /// `defaults.timeout`, or 10 minutes: bounds a step without a `timeout`, but for waits with a bound of their own.
    pub default_timeout: Duration,
    /// Whether the run goes on when it fails.
    pub ignore_errors: bool,
    /// Whether nothing of what it does may be shown or kept.
    pub no_log: bool,
    /// Words that choose it.
    pub tags: Vec<String>,
    /// The first and the longest interval of its waits, when `defaults.poll` says so.
    pub poll: (Option<Duration>, Option<Duration>),
    /// What its result must become, for an action that reads.
    pub until: Option<Until>,
    /// What it does.
    pub action: ActionKind,
    /// What it does it with.
    pub arguments: Template,
    /// The expressions of an `assert`.
    pub assertions: Vec<Expectation>,
    /// What must be true of its result.
    pub expect: Vec<Expectation>,
    /// Names for its result.
    pub capture: Vec<Capture>,
    /// The names that a `set_vars` sets.
    pub sets: Vec<String>,
    /// What an earlier attempt of the run left of it.
    pub past: Past,
    /// How often its writes were made anew on purpose, part of their identity.
    pub generation: u32,
    /// Whether its DAG run is cleared if it has failed.
    pub clears: bool,
    /// Whether it was asked to write anew and has not begun to: what is there already does not count.
    pub is_anew: bool,
    /// Where its action's key stands.
    pub key: Span,
    /// Where its action's arguments stand.
    pub value: Span,
    /// Where the value of each of its action's keys stands; a key of a map inside is `outer/inner`.
    pub places: Vec<(String, Span)>,
}

impl PlannedStep {
    /// Its place in the playbook, part of the identity of what it writes: the ids from the root. What `rescue` and `always`
    /// write belongs to one attempt of the run, so the place says which.
    #[must_use]
    pub fn place(&self) -> Cow<'_, str> {
        let (list, id) = (self.section.key(), &self.id);
        match (self.section, self.attempt) {
            (Section::Steps, _) => id.into(),
            (Section::Rescue | Section::Always, 0) => format!("{list}/{id}").into(),
            (Section::Rescue | Section::Always, resume) => format!("{list}.{}/{id}", resume + 1).into(),
        }
    }
}

/// An expression that must be true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Always so.
    Constant(bool, Span),
    /// To be worked out.
    Expression(Expr),
}

/// What a result must become, and how often and how long to look.
#[derive(Debug, Clone, PartialEq)]
pub struct Until {
    /// The condition over the result.
    pub that: Condition,
    /// How long to look; none for as long as the step may take.
    pub timeout: Option<Duration>,
    /// The first interval.
    pub every: Duration,
    /// The longest interval.
    pub max_every: Duration,
}

/// A condition that must hold, with words for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The condition.
    pub that: Condition,
    /// What to say when it does not hold.
    pub message: Option<Template>,
}

/// A name for a step's result, or for something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capture {
    /// The whole result.
    Whole(String),
    /// What an expression over the result gives.
    Field(String, Expr),
    /// `true` or `false`.
    Constant(String, bool),
}

/// What a step may take when nothing says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
/// The first interval between two looks when nothing says otherwise.
pub const POLL_EVERY: Duration = Duration::from_secs(2);
/// The longest interval between two looks when nothing says otherwise.
pub const POLL_MAX_EVERY: Duration = Duration::from_secs(30);

/// The steps of a playbook, taken out of it: a large one need not be there twice.
pub(super) fn plan(loaded: &mut Loaded) -> Vec<PlannedStep> {
    let playbook = &mut loaded.playbook;
    let written = [&mut playbook.steps, &mut playbook.rescue, &mut playbook.always].map(std::mem::take);
    let defaults = &loaded.playbook.defaults;
    let retry = loaded.tree.get("defaults").and_then(|node| node.get("retry"));
    let retry = RetryPolicy::default().with(defaults.retry.as_ref(), retry);
    let default_timeout = defaults.timeout.map_or(DEFAULT_TIMEOUT, |period| period.0);
    let poll = defaults.poll.clone().unwrap_or_default();
    let shared = Shared { retry, default_timeout, poll };
    all_steps(&loaded.tree)
        .zip(written.into_iter().flatten())
        .zip(step_ids(&loaded.tree))
        .filter_map(|(((section, node), json), id)| step((section, node), json, id, &shared))
        .collect()
}

/// What `defaults` say to every step.
struct Shared {
    retry: RetryPolicy,
    default_timeout: Duration,
    poll: PollSetting,
}

/// A step from its node in the tree, and the same as JSON.
fn step((section, node): (Section, &Node), json: Value, id: String, shared: &Shared) -> Option<PlannedStep> {
    let typed = Step::deserialize(json).ok()?;
    let (action, entry) = node.entries().iter().find_map(|entry| Some((ActionKind::from_key(&entry.key)?, entry)))?;
    let name = node.get("name");
    Some(PlannedStep {
        id,
        section,
        attempt: 0,
        name: name.map(Template::from_node),
        written_name: name.and_then(Node::text).map(str::to_owned),
        when: node.get("when").and_then(condition),
        retry: shared.retry.with(typed.retry.as_ref(), node.get("retry")),
        timeout: typed.timeout.map(|period| period.0),
        default_timeout: shared.default_timeout,
        poll: (shared.poll.every.map(|period| period.0), shared.poll.max_every.map(|period| period.0)),
        until: node.get("until").and_then(condition).map(|that| until(that, typed.poll.as_ref(), &shared.poll)),
        ignore_errors: typed.ignore_errors == Some(true),
        no_log: typed.no_log == Some(true),
        tags: typed.tags.iter().flat_map(Tags::words).map(|tag| tag.0.clone()).collect(),
        action,
        arguments: Template::from_node(&entry.value),
        assertions: if action == ActionKind::Assert { expectations(&entry.value) } else { Vec::new() },
        expect: node.get("expect").map(expectations).unwrap_or_default(),
        capture: node.get("capture").map(captures).unwrap_or_default(),
        sets: if action == ActionKind::SetVars { keys(&entry.value) } else { Vec::new() },
        past: Past::None,
        generation: 0,
        clears: false,
        is_anew: false,
        key: entry.key_span,
        value: entry.value.span,
        places: places(&entry.value),
    })
}

fn until(that: Condition, own: Option<&PollSetting>, default: &PollSetting) -> Until {
    let chosen =
        |of: fn(&PollSetting) -> Option<Period>| own.and_then(of).or_else(|| of(default)).map(|period| period.0);
    Until {
        that,
        timeout: chosen(|poll| poll.timeout),
        every: chosen(|poll| poll.every).unwrap_or(POLL_EVERY),
        max_every: chosen(|poll| poll.max_every).unwrap_or(POLL_MAX_EVERY),
    }
}

fn keys(arguments: &Node) -> Vec<String> {
    arguments.entries().iter().map(|entry| entry.key.clone()).collect()
}

fn places(arguments: &Node) -> Vec<(String, Span)> {
    let mut places = Vec::new();
    for outer in arguments.entries() {
        places.push((outer.key.clone(), outer.value.span));
        let inner = outer.value.entries().iter();
        places.extend(inner.map(|inner| (format!("{}/{}", outer.key, inner.key), inner.value.span)));
    }
    places
}

fn condition(node: &Node) -> Option<Condition> {
    match &node.value {
        NodeValue::Bool(constant) => Some(Condition::Constant(*constant, node.span)),
        NodeValue::String(text) => Some(Condition::Expression(Expr::from_scalar(text, node.span))),
        NodeValue::Null | NodeValue::Number(_) | NodeValue::List(_) | NodeValue::Map(_) => None,
    }
}

fn expectations(node: &Node) -> Vec<Expectation> {
    match &node.value {
        NodeValue::List(items) => items.iter().flat_map(expectations).collect(),
        NodeValue::Map(_) => {
            let that = node.get("that").and_then(condition);
            let message = node.get("message").map(Template::from_node);
            that.map(|that| Expectation { that, message }).into_iter().collect()
        }
        NodeValue::String(_) | NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {
            condition(node).map(|that| Expectation { that, message: None }).into_iter().collect()
        }
    }
}

fn captures(node: &Node) -> Vec<Capture> {
    if let Some(name) = node.text() {
        return vec![Capture::Whole(name.to_owned())];
    }
    let entries = node.entries().iter();
    entries
        .filter_map(|entry| {
            Some(match condition(&entry.value)? {
                Condition::Constant(constant, _) => Capture::Constant(entry.key.clone(), constant),
                Condition::Expression(expression) => Capture::Field(entry.key.clone(), expression),
            })
        })
        .collect()
}
