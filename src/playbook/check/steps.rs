//! Steps: ids, names in scope, captures, and keys that don't go with the step's action.

use std::collections::BTreeMap;

use crate::airflow::model::check_dag_run_id;
use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::{ActionKind, Section};
use crate::playbook::check::Checker;
use crate::playbook::check::names::{Known, Local, Maker};
use crate::playbook::field::parse_duration;
use crate::playbook::template::Shape;
use crate::playbook::{all_steps, step_ids};
use crate::source::Span;
use crate::yaml::{Entry, Node, NodeValue};

/// The names in scope where the result of an action is looked at.
const RESULT: &[&str] = &["result"];
/// The names in scope in `retry.unless`.
const ERROR: &[&str] = &["error"];

impl Checker<'_> {
    pub(super) fn steps(&mut self, tree: &Node) {
        for entry in all_steps(tree).flat_map(|(_, step)| captures(step)) {
            self.names.expect_later(entry.0, entry.1);
        }
        self.names.steps = step_ids(tree).into_iter().zip(0..).collect();
        if let Some(defaults) = tree.get("defaults") {
            self.retry(defaults, None);
        }
        let mut ids = BTreeMap::new();
        for (section, step) in all_steps(tree) {
            self.id(step, &mut ids);
            self.names.section = section;
            self.step(step);
            self.names.ended += 1;
        }
        self.names.section = Section::Steps;
    }

    /// Looks at the steps that a selection chooses; the captures of the others are not made.
    pub(super) fn chosen_steps(&mut self, tree: &Node, chosen: &[bool]) {
        self.names.steps = step_ids(tree).into_iter().zip(0..).collect();
        self.names.chosen = Some(chosen.to_vec());
        for ((section, step), is_chosen) in all_steps(tree).zip(chosen) {
            self.names.section = section;
            if *is_chosen {
                self.step(step);
            } else {
                for (name, span) in captures(step) {
                    self.names.unselected.entry(name.to_owned()).or_insert(span);
                }
            }
            self.names.ended += 1;
        }
        self.names.section = Section::Steps;
    }

    fn id(&mut self, step: &Node, ids: &mut BTreeMap<String, Span>) {
        let Some(node) = step.get("id") else { return };
        let Some(id) = node.text() else { return };
        if let Some(first) = ids.get(id) {
            let mistake =
                Diagnostic::new(Code::DUPLICATE_ID, self.file, node.span, format!("a step `{id}` is already there"));
            self.report(mistake.with_related(*first, "first used here"));
        } else {
            ids.insert(id.to_owned(), node.span);
        }
    }

    fn step(&mut self, step: &Node) {
        let action = step.entries().iter().find_map(|entry| Some((ActionKind::from_key(&entry.key)?, entry)));
        if let Some(name) = step.get("name") {
            self.templates(name, Local::default());
        }
        if let Some(when) = step.get("when") {
            self.names.in_when = true;
            self.condition(when, Local::default());
            self.names.in_when = false;
        }
        self.retry(step, action.map(|(kind, _)| kind));
        if let Some((kind, entry)) = action {
            self.arguments(kind, &entry.value);
            self.own_timeout(step, kind, &entry.value);
            self.once_per(self.has_name, step, &entry.value);
            self.until(step, kind);
            self.notify(step, kind);
        }
        self.no_log(step);
        let fields = action.map(|(kind, _)| kind.result_fields()).unwrap_or_default();
        let local = Local { fields, words: RESULT };
        if let Some(until) = step.get("until") {
            self.condition(until, local);
        }
        if let Some(expect) = step.get("expect") {
            self.expectations(expect, local);
        }
        self.capture(step, local);
    }

    fn arguments(&mut self, kind: ActionKind, arguments: &Node) {
        match kind {
            ActionKind::Assert => self.expectations(arguments, Local::default()),
            ActionKind::TriggerDag => {
                self.templates(arguments, Local::default());
                self.run_id(arguments);
                self.run_keys(arguments);
                self.times(arguments);
            }
            ActionKind::PostDatasetEvent => {
                self.templates(arguments, Local::default());
                self.mark(arguments);
            }
            ActionKind::ListDagRuns | ActionKind::ListDatasetEvents => {
                self.templates(arguments, Local::default());
                self.bounds(arguments);
            }
            ActionKind::ListDags
            | ActionKind::AssertDag
            | ActionKind::GetDag
            | ActionKind::GetDagRun
            | ActionKind::ListTaskInstances
            | ActionKind::GetTaskLog
            | ActionKind::GetXcom
            | ActionKind::ListDatasets
            | ActionKind::AssertDataset
            | ActionKind::AssertHealthy
            | ActionKind::AssertNoImportErrors
            | ActionKind::GetVariable
            | ActionKind::AssertConnection
            | ActionKind::AssertPool
            | ActionKind::WaitForDagRun
            | ActionKind::Print
            | ActionKind::SetVars
            | ActionKind::Pause
            | ActionKind::Notify => self.templates(arguments, Local::default()),
        }
    }

    /// `expect` and `assert`: one expression or a list, each plain or with a message.
    fn expectations(&mut self, node: &Node, local: Local) {
        match &node.value {
            NodeValue::List(items) => items.iter().for_each(|item| self.expectations(item, local)),
            NodeValue::Map(_) => {
                if let Some(that) = node.get("that") {
                    self.condition(that, local);
                }
                if let Some(message) = node.get("message") {
                    self.templates(message, local);
                }
            }
            NodeValue::String(_) | NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {
                self.condition(node, local);
            }
        }
    }

    fn capture(&mut self, step: &Node, local: Local) {
        for entry in step.get("set_vars").map(Node::entries).unwrap_or_default() {
            self.take_name(&entry.key, Maker::Capture, entry.key_span, Known::of(Shape::Unknown));
        }
        let Some(capture) = step.get("capture") else { return };
        if let Some(name) = capture.text() {
            let fields = Some(local.fields).filter(|fields| !fields.is_empty());
            self.take_name(name, Maker::Capture, capture.span, Known { shape: Shape::Map, fields });
        }
        let entries = capture.entries();
        let shapes: Vec<Shape> = entries.iter().map(|entry| self.expression(&entry.value, local)).collect();
        for (entry, shape) in entries.iter().zip(shapes) {
            self.take_name(&entry.key, Maker::Capture, entry.key_span, Known::of(shape));
        }
    }

    fn retry(&mut self, holder: &Node, action: Option<ActionKind>) {
        let Some(retry) = holder.get("retry") else { return };
        if let Some(unless) = retry.get("unless") {
            self.condition(unless, Local { fields: &[], words: ERROR });
        }
        let only = retry.get("only").map(Node::items).unwrap_or_default();
        if !action.is_some_and(ActionKind::is_write) {
            return;
        }
        for node in only.iter().filter(|node| matches!(node.text(), Some("expect" | "not_found"))) {
            let word = node.text().unwrap_or_default();
            let message = format!("`{word}` can't be retried on an action that writes");
            let mistake = Diagnostic::new(Code::CONFLICT, self.file, node.span, message);
            self.report(mistake.with_help("it would repeat the whole action; only reading actions can be repeated"));
        }
    }

    /// Only what reads can be looked at again.
    fn until(&mut self, step: &Node, kind: ActionKind) {
        match (step.entry("until"), step.entry("poll")) {
            (Some(until), _) if kind == ActionKind::WaitForDagRun => {
                let message = "`wait_for_dag_run` waits for the run's end itself, so `until` can't stand beside it";
                let mistake = Diagnostic::new(Code::CONFLICT, self.file, until.key_span, message);
                self.report(mistake.with_help("say what must be true of the run with `expect`"));
            }
            (Some(until), _) if !kind.is_reading() => {
                let message = format!("`until` repeats an action that reads, `{}` does not", kind.key());
                let mistake = Diagnostic::new(Code::CONFLICT, self.file, until.key_span, message);
                self.report(mistake.with_help("look with a step of its own, such as `list_dags` or `assert_dag`"));
            }
            (None, Some(poll)) => {
                let message = "`poll` says how often to look for `until`, which is not there";
                let mistake = Diagnostic::new(Code::CONFLICT, self.file, poll.key_span, message);
                self.report(mistake.with_help("write `until: EXPRESSION`, or `poll` inside `wait`"));
            }
            (Some(_) | None, _) => {}
        }
    }

    /// What `print` writes is all it does.
    fn no_log(&mut self, step: &Node) {
        let (Some(entry), Some(_)) = (step.entry("no_log"), step.get("print")) else { return };
        if matches!(entry.value.value, NodeValue::Bool(true)) {
            let message = "a `print` with `no_log` would print nothing";
            let mistake = Diagnostic::new(Code::CONFLICT, self.file, entry.key_span, message);
            self.report(mistake.with_help("leave one of them out"));
        }
    }

    fn run_id(&mut self, arguments: &Node) {
        let Some(node) = arguments.get("dag_run_id") else { return };
        let Some(id) = node.text().filter(|id| !id.contains("{{") && !id.contains("{%")) else { return };
        if let Err(reason) = check_dag_run_id(id) {
            let mistake = Diagnostic::new(Code::RUN_ID, self.file, node.span, reason.to_string());
            self.report(mistake.with_help("leave `dag_run_id` out to get an id that makes the run happen only once"));
        }
    }

    /// Keys that say what becomes of a run that is there need the key that makes them meaningful.
    fn run_keys(&mut self, arguments: &Node) {
        if let (Some(entry), Some(own)) = (arguments.entry("once_per"), arguments.entry("dag_run_id")) {
            let message = "`once_per` makes the run's id itself, so `dag_run_id` can't stand beside it";
            let mistake = Diagnostic::new(Code::CONFLICT, self.file, entry.key_span, message);
            self.report(mistake.with_related(own.key_span, "the other one").with_help("leave one of them out"));
        }
        for (key, needed) in [("if_exists", "dag_run_id"), ("if_failed", "once_per"), ("if_differs", "once_per")] {
            if let (Some(entry), None) = (arguments.entry(key), arguments.get(needed)) {
                let message = format!("`{key}` goes with `{needed}`, which is not there");
                let mistake = Diagnostic::new(Code::CONFLICT, self.file, entry.key_span, message);
                self.report(mistake.with_help(format!("add `{needed}`, or leave `{key}` out")));
            }
        }
    }

    /// What is made once per key is known again by the playbook's name and the step's id, so these must be written.
    fn once_per(&mut self, tree_has_name: bool, step: &Node, arguments: &Node) {
        let Some(entry) = arguments.entry("once_per") else { return };
        let missing = match (tree_has_name, step.get("id").is_some()) {
            (true, true) => return,
            (false, _) => "the playbook needs a `name`",
            (true, false) => "the step needs an `id`",
        };
        let message = format!("with `once_per` {missing}: it is part of what is known again");
        let mistake = Diagnostic::new(Code::MISSING_KEY, self.file, entry.key_span, message);
        self.report(mistake.with_help("without one, a rename of the file or the step would run it again"));
    }

    fn mark(&mut self, arguments: &Node) {
        let Some(entry) = arguments.get("extra").and_then(|extra| extra.entry("myaf_run")) else { return };
        let message = "`myaf_run` in `extra` is ours: it marks the event, so that it is never posted twice";
        self.report(
            Diagnostic::new(Code::NAME_TAKEN, self.file, entry.key_span, message).with_help("choose another key"),
        );
    }

    /// A step's `timeout` bounds the wait inside it, so it can't be shorter.
    fn own_timeout(&mut self, step: &Node, kind: ActionKind, arguments: &Node) {
        let Some(node) = step.get("timeout") else { return };
        let wait = match kind {
            ActionKind::TriggerDag => arguments.get("wait").and_then(|wait| wait.get("timeout")),
            ActionKind::WaitForDagRun => arguments.get("timeout"),
            ActionKind::PostDatasetEvent => arguments.get("wait_for_consumers").and_then(|wait| wait.get("timeout")),
            ActionKind::Pause => Some(arguments),
            ActionKind::Print | ActionKind::Assert | ActionKind::SetVars | ActionKind::Notify => None,
            ActionKind::ListDags
            | ActionKind::AssertDag
            | ActionKind::GetDag
            | ActionKind::GetDagRun
            | ActionKind::ListDagRuns
            | ActionKind::ListTaskInstances
            | ActionKind::GetTaskLog
            | ActionKind::GetXcom
            | ActionKind::ListDatasets
            | ActionKind::AssertDataset
            | ActionKind::ListDatasetEvents
            | ActionKind::AssertHealthy
            | ActionKind::AssertNoImportErrors
            | ActionKind::GetVariable
            | ActionKind::AssertConnection
            | ActionKind::AssertPool => {
                let poll = || step.get("poll").and_then(|poll| poll.get("timeout"));
                arguments.get("within").or_else(poll)
            }
        };
        let (Some(outer), Some(wait)) = (node.text(), wait) else { return };
        let inner = wait.text().unwrap_or_default();
        if let (Some(step_limit), Some(wait_limit)) = (parse_duration(outer), parse_duration(inner))
            && step_limit < wait_limit
        {
            let message = format!("the step may take {outer}, but waits for up to {inner}");
            let mistake = Diagnostic::new(Code::TIMEOUT_TOO_SHORT, self.file, node.span, message);
            let help = "leave the step's `timeout` out: the wait has its own bound";
            self.report(mistake.with_related(wait.span, "this wait is longer").with_help(help));
        }
    }
}

/// The names that a step sets or captures, with their spans.
pub(super) fn captures(step: &Node) -> Vec<(&str, Span)> {
    let sets = step.get("set_vars").map(Node::entries).unwrap_or_default();
    let sets = sets.iter().map(|entry| (entry.key.as_str(), entry.key_span));
    sets.chain(captured(step)).collect()
}

fn captured(step: &Node) -> Vec<(&str, Span)> {
    let Some(capture) = step.get("capture") else { return Vec::new() };
    match &capture.value {
        NodeValue::String(name) => vec![(name.as_str(), capture.span)],
        NodeValue::Map(entries) => entries.iter().map(|entry: &Entry| (entry.key.as_str(), entry.key_span)).collect(),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::List(_) => Vec::new(),
    }
}
