//! `conf` against the params of its DAG, as Airflow judges it before it makes a run.
//!
//! In: the params, and the `conf` as it is written. Out: a finding for each mistake, under the exact key or value; a value
//! that a template gives is at the place of the template. Keys that no param has are fine, as in Airflow. A param that is
//! not given is its default, which must fit, too.

use serde_json::Value;

use crate::airflow::answer::Param;
use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::near;
use crate::preflight::Checking;
use crate::preflight::known::{Unknown, node_of};
use crate::preflight::reads::Params;
use crate::preflight::step::{Said, Step};
use crate::secret::Masker;
use crate::yaml::schema::Foreign;
use crate::yaml::{Entry, Node, NodeValue};

/// A value or a schema is shown up to this many characters.
const MOST_SHOWN: usize = 201;

/// A key of `conf` with its value, if that is known.
struct Given<'n> {
    entry: &'n Entry,
    value: Option<Node>,
}

impl Checking<'_> {
    /// Judges the `conf` of a trigger; `doubt` is why a mistake in it need not end the run.
    pub(super) fn conf(&mut self, step: &Step<'_>, dag: &Said, params: &Params, doubt: Option<&'static str>) {
        let written = step.arguments.get("conf");
        let rendered = match written {
            // A template for the whole of it.
            Some(node) if node.text().is_some() => match self.known.node(node) {
                Ok(conf) => Some(conf),
                Err(unknown) => return self.unknown(step, "conf", &unknown),
            },
            Some(_) | None => None,
        };
        let whole = rendered.as_ref().or(written);
        if let Some(other) = whole.filter(|node| !matches!(node.value, NodeValue::Map(_))) {
            let finding =
                self.diagnostic(Code::RENDER, other.span, format!("`conf` is a map, not {}", a(other.kind())));
            return self.find(step, finding, doubt);
        }
        let entries = whole.map(Node::entries).unwrap_or_default();
        let given = self.given(step, entries);
        for (name, param) in params {
            let param = (name.as_str(), param);
            match given.iter().find(|given| given.entry.key == *name) {
                Some(Given { entry, value: Some(value) }) => {
                    let mistakes = self.mistakes(step, (dag, param), entry, value);
                    for mistake in mistakes {
                        self.find(step, mistake, doubt);
                    }
                }
                Some(Given { value: None, .. }) => {}
                None => {
                    if let Some(finding) = self.missing(step, (dag, param), &given, params) {
                        self.find(step, finding, doubt);
                    }
                }
            }
        }
    }

    /// The keys of `conf`. The first value that is not known is told; the step counts once.
    fn given<'n>(&mut self, step: &Step<'_>, entries: &'n [Entry]) -> Vec<Given<'n>> {
        let mut is_told = false;
        let mut given = Vec::new();
        for entry in entries {
            let value = match self.known.node(&entry.value) {
                Ok(value) => Some(value),
                Err(unknown) => {
                    let is_new = !std::mem::replace(&mut is_told, true);
                    if is_new || matches!(unknown, Unknown::Broken(_)) {
                        self.unknown(step, &format!("conf.{}", entry.key), &unknown);
                    }
                    None
                }
            };
            given.push(Given { entry, value });
        }
        given
    }

    /// What of a value does not fit its param.
    fn mistakes(
        &mut self,
        step: &Step<'_>,
        (dag, (name, param)): (&Said, (&str, &Param)),
        entry: &Entry,
        value: &Node,
    ) -> Vec<Diagnostic> {
        let foreign = Foreign::new(&schema_of(param), &value.to_json());
        for word in &foreign.not_judged {
            self.leave(format!("not judged: `{word}` of the param `{name}` of the DAG `{}`", dag.text));
        }
        let Some(mistakes) = foreign.schema.judge(&self.plan.file, value) else {
            self.too_much(name, dag);
            return Vec::new();
        };
        let is_rendered = *value != entry.value;
        let is_hidden = step.planned.no_log || self.masker.touches(&value.to_json().to_string());
        mistakes
            .into_iter()
            .map(|mistake| told(mistake, (dag, (name, param)), (is_hidden, is_rendered.then_some(value)), self.masker))
            .collect()
    }

    fn too_much(&mut self, name: &str, dag: &Said) {
        self.leave(format!("not judged: the param `{name}` of the DAG `{}`, whose schema takes too long", dag.text));
    }

    fn leave(&mut self, line: String) {
        if !self.report.not_judged.contains(&line) {
            self.report.not_judged.push(line);
        }
    }

    /// The finding of a param that is not given and has no default that fits.
    fn missing(
        &mut self,
        step: &Step<'_>,
        (dag, (name, param)): (&Said, (&str, &Param)),
        given: &[Given<'_>],
        params: &Params,
    ) -> Option<Diagnostic> {
        let default = node_of(param.value.clone(), step.planned.key);
        let foreign = Foreign::new(&schema_of(param), &param.value);
        match foreign.schema.judge(&self.plan.file, &default) {
            Some(mistakes) if mistakes.is_empty() => return None,
            Some(_) => {}
            None => {
                self.too_much(name, dag);
                return None;
            }
        }
        let span = step.arguments.entry("conf").map_or(step.planned.key, |entry| entry.key_span);
        let message = format!("the DAG `{}` needs `{}` in `conf`: it has no default", dag.text, name);
        let finding = self.diagnostic(Code::CONF, span, message);
        let wanted = short(schema_of(param), self.masker);
        let finding = finding.with_note(format!("Airflow wants of it: {wanted}"));
        let foreign_keys = given.iter().map(|given| given.entry.key.as_str());
        let foreign_keys = foreign_keys.filter(|key| !params.contains_key(*key));
        Some(match near(name, foreign_keys).as_slice() {
            [] => finding,
            [meant, ..] => finding.with_help(format!("is `{meant}` meant for it?")),
        })
    }
}

/// A mistake of the walker in the words of a `conf`. Of a value that may not be shown, only that it does not fit.
fn told(
    mistake: Diagnostic,
    (dag, (name, param)): (&Said, (&str, &Param)),
    (is_hidden, rendered): (bool, Option<&Node>),
    masker: &Masker,
) -> Diagnostic {
    let what = format!("the param `{}` of the DAG `{}`", name, dag.text);
    if is_hidden {
        let message = format!("{what}: the value does not fit");
        let bare = Diagnostic::new(Code::CONF, &mistake.file, mistake.span, message).concealed();
        return bare.with_note(format!("Airflow wants of it: {}", short(schema_of(param), masker)));
    }
    let told = Diagnostic { code: Code::CONF, message: format!("{what}: {}", mistake.message), ..mistake };
    match rendered {
        None => told,
        // What helps where a value is written does not where a template makes it.
        Some(value) => {
            let help = told.help.clone().filter(|help| !help.contains("{{"));
            Diagnostic { help, ..told }.with_note(format!("the value is {}", short(value.to_json(), masker)))
        }
    }
}

fn schema_of(param: &Param) -> Value {
    Value::Object(param.schema.clone())
}

/// JSON on one line, cut where it is long.
fn short(value: Value, masker: &Masker) -> String {
    masker.masked_json(value).cut(MOST_SHOWN).into_owned()
}

fn a(kind: &str) -> String {
    if matches!(kind, "list" | "map" | "number") { format!("a {kind}") } else { kind.to_owned() }
}
