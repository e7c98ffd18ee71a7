//! Looking names up: which are known where, and what is said of the others.

use crate::diagnostic::{Code, Diagnostic, near_name};
use crate::playbook::check::names::{Local, Used};
use crate::playbook::check::{Checker, RESERVED};
use crate::playbook::neighbours;
use crate::playbook::template::{NameUse, Place, Shape};
use crate::source::Span;

/// Attributes of the maps that are always there.
const ATTRIBUTES: [(&str, &[&str]); 3] = [
    ("playbook", &["name", "path", "git_sha"]),
    ("run", &["id", "started_at", "elapsed"]),
    ("target", &["name", "url"]),
];

/// What is known of what went wrong, in `rescue` and `always`.
const OF_FAILURE: &[&str] = &["step", "kind", "message", "failed_tasks"];

/// What is known of a step that has ended.
const OF_STEPS: [&str; 3] = ["outcome", "failure", "elapsed"];

/// As many names, the newest, are compared with one that is not defined.
const COMPARED_NAMES: usize = 100;

/// As many ids of steps are compared with one that is not there.
const STEPS_COMPARED: usize = 1000;

impl Checker<'_> {
    /// Looks a name up that a template uses.
    pub(super) fn name(&mut self, used: &NameUse, place: Place, local: Local) {
        let name = used.name.as_str();
        let is_field = local.fields.contains(&name);
        if !is_field && !local.words.contains(&name) {
            let (step, in_when) = (self.names.ended, self.names.in_when);
            let (name, attribute, guarded) = (name.to_owned(), used.attribute.clone(), used.guarded);
            let range = used.range.clone();
            self.names.uses.push(Used { name, place, range, attribute, guarded, step, in_when });
        }
        let made = self.names.find(name);
        if is_field && made.is_some() {
            let message = format!("`{name}` is both a field of this step's result and a name of the playbook");
            let mistake =
                Diagnostic::new(Code::NAME_TAKEN, self.file, place.span(self.file, Some(&used.range)), message)
                    .with_help(format!("write `result.{name}` for the field, or give the other one another name"));
            self.report(mistake);
        } else if name == "result" && local.words.contains(&name) && !local.fields.is_empty() {
            self.attribute(used, place, local.fields);
        } else if let Some(fields) = made.and_then(|made| made.known.fields) {
            self.attribute(used, place, fields);
        } else if is_field || made.is_some() || local.words.contains(&name) || self.names.is_function(name) {
        } else if let Some((_, attributes)) = ATTRIBUTES.iter().find(|(map, _)| *map == name) {
            self.attribute(used, place, attributes);
        } else if name == "failure" && !self.names.section.is_steps() {
            self.attribute(used, place, OF_FAILURE);
        } else if name == "steps" {
            self.earlier_step(used, place);
        } else if name == "env" {
            self.names.environment.extend(used.attribute.clone());
        } else {
            self.undefined(used, place.span(self.file, Some(&used.range)), local);
        }
    }

    /// `steps.ID`: what became of an earlier step.
    fn earlier_step(&mut self, used: &NameUse, place: Place) {
        let span = place.span(self.file, Some(&used.attribute_range));
        let Some(id) = used.attribute.as_deref() else {
            let mistake = Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, "`steps` can't be read as a whole");
            return self.report(mistake.with_help("write `steps.ID.outcome`, with the id of an earlier step"));
        };
        let found = self.names.steps.get(id).copied();
        let mistake = match found {
            Some(at) if at < self.names.ended => {
                let is_left_out = self.names.section.is_steps()
                    && self.names.chosen.as_ref().is_some_and(|chosen| chosen.get(at) == Some(&false));
                let message = format!("there is nothing to know of step `{id}`: it is not selected");
                let left_out = is_left_out.then(|| Diagnostic::new(Code::NOT_SELECTED, self.file, span, message));
                left_out.or_else(|| self.unknown_of_step(id, used, place))
            }
            Some(at) => {
                let when = if at == self.names.ended { "this very step" } else { "a later step" };
                let mistake = Diagnostic::new(Code::USED_TOO_EARLY, self.file, span, format!("`{id}` is {when}"));
                Some(mistake.with_help("`steps` knows the steps before this one"))
            }
            None => {
                let mistake =
                    Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, format!("there is no step `{id}`"));
                let mut ids: Vec<&str> = self.names.steps.keys().map(String::as_str).collect();
                ids.sort_unstable();
                Some(match near_name(id, ids.into_iter().take(STEPS_COMPARED)) {
                    Some(near) if near.contains('-') => mistake.with_help(format!("did you mean `steps['{near}']`?")),
                    Some(near) => mistake.with_help(format!("did you mean `steps.{near}`?")),
                    None => mistake.with_help("give the step an `id` to speak of it"),
                })
            }
        };
        if let Some(mistake) = mistake.filter(|_| !used.guarded) {
            self.report(mistake);
        }
    }

    /// `steps.ID.WHAT`, where nothing of that name is known of a step.
    fn unknown_of_step(&self, id: &str, used: &NameUse, place: Place) -> Option<Diagnostic> {
        let (attribute, range) =
            used.deeper.as_ref().filter(|(attribute, _)| !OF_STEPS.contains(&attribute.as_str()))?;
        let span = place.span(self.file, Some(range));
        let message = format!("step `{id}` has no `{attribute}`");
        let help = match near_name(attribute, OF_STEPS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known of a step are {}; `capture` keeps its result", list(&OF_STEPS)),
        };
        Some(Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, message).with_help(help))
    }

    /// What a name or its attribute is, where that is known.
    pub(super) fn resolve(&self, shape: &Shape, local: Local) -> Shape {
        let Shape::Named(name, attribute) = shape else { return shape.clone() };
        let made = self.names.find(name).map(|made| &made.known);
        let fields = if name == "result" { Some(local.fields) } else { made.and_then(|known| known.fields) };
        match (attribute.as_deref(), fields) {
            (Some(field), Some(fields)) if fields.contains(&field) => shape_of_field(field),
            (None, _) if local.fields.contains(&name.as_str()) => shape_of_field(name),
            (None, _) => made.map_or(Shape::Unknown, |known| known.shape.clone()),
            (Some(_), _) => Shape::Unknown,
        }
    }

    fn attribute(&mut self, used: &NameUse, place: Place, attributes: &'static [&'static str]) {
        let Some(attribute) = used.attribute.as_deref().filter(|attribute| !attributes.contains(attribute)) else {
            return;
        };
        if used.guarded {
            return;
        }
        let span = place.span(self.file, Some(&used.attribute_range));
        let message = format!("`{}` has no `{attribute}`", used.name);
        let help = match near_name(attribute, attributes.iter().copied()) {
            Some(near) => format!("did you mean `{}.{near}`?", used.name),
            None => format!("it has {}", list(attributes)),
        };
        self.report(Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, message).with_help(help));
    }

    fn undefined(&mut self, used: &NameUse, span: Span, local: Local) {
        let name = used.name.as_str();
        if let Some(made) = self.names.unselected.get(name) {
            // What goes with any selection finds out when it runs.
            if !used.guarded && self.names.section.is_steps() {
                let message = format!("`{name}` is not captured: its step is not selected");
                let mistake = Diagnostic::new(Code::NOT_SELECTED, self.file, span, message)
                    .with_related(*made, "captured here")
                    .with_help("select that step, too");
                self.report(mistake);
            }
            return;
        }
        if let Some(made) = self.names.later.get(name) {
            if !used.guarded {
                let message = format!("`{name}` is used before it is captured");
                let mistake = Diagnostic::new(Code::USED_TOO_EARLY, self.file, span, message)
                    .with_related(*made, "captured here, later")
                    .with_help("move the step that captures it before this one");
                self.report(mistake);
            }
            return;
        }
        if RESERVED.contains(&name) {
            self.report(self.reserved(name, span));
            return;
        }
        let known = self.names.made.iter().rev().take(COMPARED_NAMES).rev().map(|made| made.name.as_str());
        let known = known.chain(local.fields.iter().copied()).chain(local.words.iter().copied());
        let known: Vec<&str> = known.chain(self.names.functions.iter().map(String::as_str)).collect();
        let mistake = Diagnostic::new(Code::UNDEFINED_NAME, self.file, span, format!("`{name}` is not defined"));
        if let Some(help) = neighbours::name(name) {
            return self.report(mistake.with_help(help));
        }
        let mistake = match near_name(name, known) {
            Some(near) => mistake.with_help(format!("did you mean `{near}`?")),
            None => mistake
                .with_help("names come from `inputs`, `vars` and the `capture` of earlier steps; text goes in quotes"),
        };
        self.report(mistake);
    }

    fn reserved(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic = |code, message: String| Diagnostic::new(code, self.file, span, message);
        match name {
            "failure" => diagnostic(Code::UNDEFINED_NAME, "there is no `failure` here".to_owned())
                .with_help("`failure` is known in `rescue` and `always`; `steps.ID.failure` in later steps"),
            "item" | "loop" | "secrets" | "outputs" => {
                diagnostic(Code::NOT_SUPPORTED, format!("`{name}` is not supported yet"))
            }
            "inputs" | "vars" => diagnostic(Code::UNDEFINED_NAME, format!("`{name}` can't be read as a whole"))
                .with_help("write the name of the input or var alone"),
            "result" => diagnostic(Code::UNDEFINED_NAME, "there is no `result` here".to_owned())
                .with_help("`result` is known in `expect` and `capture` of the step that makes it"),
            _ => diagnostic(Code::UNDEFINED_NAME, format!("there is no `{name}` here"))
                .with_help("`error` is known in `retry.unless`"),
        }
    }
}

/// `a`, `b` and `c`, in back-ticks.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The shape of a field of a result; the same in every result that has it.
fn shape_of_field(field: &str) -> Shape {
    match field {
        "dags" | "dag_ids" | "tags" | "owners" | "consumers" | "dag_runs" | "dag_run_ids" | "task_instances"
        | "lines" | "datasets" | "dataset_uris" | "events" | "import_errors" | "filenames" | "consumer_runs"
        | "webhooks" => Shape::List,
        "is_paused" | "is_stale" | "has_import_errors" | "is_complete" | "is_default" | "catchup" => Shape::Flag,
        "conf" | "extra" | "params" | "metadatabase" | "scheduler" | "triggerer" | "dag_processor" | "vars" => {
            Shape::Map
        }
        "sent" | "failed" | "total" | "duration_seconds" | "event_id" | "assertions" | "seconds" | "map_index"
        | "try_number" | "total_lines" | "unreadable" | "max_active_runs" | "slots" | "open_slots"
        | "occupied_slots" | "running_slots" | "queued_slots" | "scheduled_slots" | "deferred_slots" => Shape::Number,
        // What a task handed over may be anything.
        "value" => Shape::Unknown,
        _ => Shape::Text,
    }
}
