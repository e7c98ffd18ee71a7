//! Steps with their templates ready to be rendered, each knowing its place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regex_lite::Regex;

use crate::outcome::ActionKind;
use crate::plan::retry::RetryPolicy;
use crate::playbook::Loaded;
use crate::playbook::model::{Step, Tags};
use crate::playbook::template::{Expr, Template};
use crate::source::Span;
use crate::yaml::{Node, NodeValue};

/// One step, ready to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    /// Its id.
    pub id: String,
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
    /// Where its action's key stands.
    pub key: Span,
    /// Where its action's arguments stand.
    pub value: Span,
    /// Where the value of each of its action's keys stands; a key of a map inside is `outer/inner`.
    pub places: Vec<(String, Span)>,
}

/// An expression that must be true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Always so.
    Constant(bool, Span),
    /// To be worked out.
    Expression(Expr),
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

/// The steps of a playbook.
pub(super) fn plan(loaded: &Loaded) -> Vec<PlannedStep> {
    let defaults = &loaded.playbook.defaults;
    let retry = loaded.tree.get("defaults").and_then(|node| node.get("retry"));
    let retry = RetryPolicy::default().with(defaults.retry.as_ref(), retry);
    let default_timeout = defaults.timeout.map_or(DEFAULT_TIMEOUT, |period| period.0);
    let nodes = loaded.tree.get("steps").map(Node::items).unwrap_or_default();
    let mut ids = Ids::new(nodes);
    nodes.iter().filter_map(|node| step(node, &retry, default_timeout, &mut ids)).collect()
}

fn step(node: &Node, retry: &RetryPolicy, default_timeout: Duration, ids: &mut Ids) -> Option<PlannedStep> {
    let typed: Step = serde_json::from_value(node.to_json()).ok()?;
    let (action, entry) = node.entries().iter().find_map(|entry| Some((ActionKind::from_key(&entry.key)?, entry)))?;
    let name = node.get("name");
    Some(PlannedStep {
        id: typed.id.unwrap_or_else(|| ids.make(name.and_then(Node::text), action)),
        name: name.map(Template::from_node),
        written_name: name.and_then(Node::text).map(str::to_owned),
        when: node.get("when").and_then(condition),
        retry: retry.with(typed.retry.as_ref(), node.get("retry")),
        timeout: typed.timeout.map(|period| period.0),
        default_timeout,
        ignore_errors: typed.ignore_errors == Some(true),
        no_log: typed.no_log == Some(true),
        tags: typed.tags.iter().flat_map(Tags::words).map(|tag| tag.0.clone()).collect(),
        action,
        arguments: Template::from_node(&entry.value),
        assertions: if action == ActionKind::Assert { expectations(&entry.value) } else { Vec::new() },
        expect: node.get("expect").map(expectations).unwrap_or_default(),
        capture: node.get("capture").map(captures).unwrap_or_default(),
        key: entry.key_span,
        value: entry.value.span,
        places: places(&entry.value),
    })
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

/// Makes ids for steps without one: the name slugged, or the action, made unique.
struct Ids {
    taken: BTreeSet<String>,
    /// The last number given to each slug.
    numbers: BTreeMap<String, usize>,
    templates: Option<Regex>,
}

impl Ids {
    fn new(steps: &[Node]) -> Self {
        let given = steps.iter().filter_map(|step| step.get("id")?.text());
        let templates = Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}").ok();
        Self { taken: given.map(str::to_owned).collect(), numbers: BTreeMap::new(), templates }
    }

    fn make(&mut self, name: Option<&str>, action: ActionKind) -> String {
        let plain = name.map(|name| match &self.templates {
            Some(templates) => templates.replace_all(name, " ").into_owned(),
            None => name.to_owned(),
        });
        let slug = plain.map(|plain| slug(&plain)).filter(|slug| !slug.is_empty());
        let slug = slug.unwrap_or_else(|| action.key().to_owned());
        let last = self.numbers.entry(slug.clone()).or_insert(0);
        loop {
            *last += 1;
            let id = if *last == 1 { slug.clone() } else { format!("{slug}_{last}") };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Lower-case ASCII letters, digits and single `_` between words; at most 60 characters.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
        if slug.len() == 60 {
            break;
        }
    }
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_names_and_never_twice() {
        let mut ids = Ids::new(&[]);
        let made = [
            ids.make(Some("Load the month {{ month }}!"), ActionKind::TriggerDag),
            ids.make(Some("Load the month"), ActionKind::TriggerDag),
            ids.make(None, ActionKind::Print),
            ids.make(Some("ünï"), ActionKind::Print),
            ids.make(Some("…"), ActionKind::Print),
        ];
        assert_eq!(made, ["load_the_month", "load_the_month_2", "print", "n", "print_2"]);
    }
}
