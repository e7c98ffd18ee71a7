//! What a playbook may do and its author should look at: warnings, for a playbook without mistakes.
//!
//! In: the tree, and the names that the check has seen made and used. Out: warnings in the order of the file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::Section;
use crate::playbook::all_steps;
use crate::playbook::check::names::{Maker, Names};
use crate::playbook::check::numbers;
use crate::playbook::template::{Place, uses_of_template};
use crate::secret::is_secret_name;
use crate::source::{SourceFile, Span};
use crate::yaml::{Node, NodeValue};

/// The shortest text under a name such as `password` that is taken for one.
const SECRET_LEAST: usize = 6;

/// The key whose value is a secret by itself: who knows a webhook can write to it.
const WEBHOOK: &str = "webhook";

/// A text without any of these has no form of a credential.
const CREDENTIAL_WORDS: [&str; 7] = ["AKIA", "gh", "xox", "glpat-", "eyJ", "PRIVATE KEY", "://"];

/// Forms that credentials of well-known services have, each with one of the words.
static CREDENTIAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let forms = [
        r"AKIA[0-9A-Z]{16}",
        r"gh[pousr]_[A-Za-z0-9]{20,}",
        r"xox[abeprs]-[A-Za-z0-9-]{10,}",
        r"glpat-[A-Za-z0-9_-]{20,}",
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@",
        r"https://hooks\.slack(-gov)?\.com/[a-z]+/[A-Za-z0-9/]{8,}",
        r"https://[a-z0-9.-]+\.(webhook\.office\.com/[^\s]{8,}|(logic\.azure\.(com|us)|api\.powerplatform\.com)[:/][^\s]*[?&]sig=[^\s]{8,})",
    ];
    Regex::new(&forms.join("|")).ok()
});

/// Every warning.
pub(super) fn warnings(file: &SourceFile, tree: &Node, names: &Names) -> Vec<Diagnostic> {
    let mut found = Warnings { file, found: Vec::new() };
    let steps: Vec<(Section, &Node)> = all_steps(tree).collect();
    found.unused(names);
    found.may_not_be_set(&steps, names);
    found.failure_of_a_good_run(&steps, names);
    for (_, step) in &steps {
        found.wait_without_bound(step);
    }
    let parts = ["vars", "inputs", "outputs"].into_iter().chain(Section::ALL.map(Section::key));
    for part in parts.filter_map(|part| tree.get(part)) {
        found.credentials(part, None);
    }
    found.shown_secrets(tree, &steps);
    found.rescue_that_only_tells(tree);
    found.found.extend(numbers::warnings(file, tree));
    found.found.sort_by_key(|warning| warning.span.start);
    found.found
}

pub(super) struct Warnings<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) found: Vec<Diagnostic>,
}

impl Warnings<'_> {
    fn warn(&mut self, code: Code, span: Span, message: String, help: &str) {
        self.found.push(Diagnostic::new(code, self.file, span, message).with_help(help));
    }

    fn unused(&mut self, names: &Names) {
        let used: BTreeSet<&str> = names.uses.iter().map(|used| used.name.as_str()).collect();
        let unused = names.made.iter().filter(|made| !made.name.starts_with('_') && !used.contains(made.name.as_str()));
        for made in unused {
            let what = match made.maker {
                Maker::Input => "the input",
                Maker::Var => "the var",
                Maker::Capture => "the capture",
            };
            let message = format!("{what} `{}` is never used", made.name);
            let help = format!("remove it, or call it `_{}`", made.name);
            self.warn(Code::UNUSED, made.span, message, &help);
        }
    }

    /// Whoever is only told of a failure does not expect that it counts as rescued.
    fn rescue_that_only_tells(&mut self, tree: &Node) {
        let Some(rescue) = tree.entry("rescue") else { return };
        let tells = |step: &Node| step.get("notify").is_some() || step.get("print").is_some();
        if rescue.value.items().iter().all(tells) {
            let message = "this `rescue` only tells somebody, and the failed run ends with exit code 0".to_owned();
            let help = "to be told and still fail, write it under `always:` with `when: failure is not none`";
            self.warn(Code::ONLY_TELLS, rescue.key_span, message, help);
        }
    }

    fn wait_without_bound(&mut self, step: &Node) {
        let waits = [("trigger_dag", "wait"), ("post_dataset_event", "wait_for_consumers")];
        let found = waits.iter().find_map(|(action, key)| Some((step.get(action)?.entry(key)?, key)));
        let Some((wait, key)) = found.or_else(|| Some((step.entry("wait_for_dag_run")?, &"wait_for_dag_run"))) else {
            return;
        };
        let is_bound = match &wait.value.value {
            NodeValue::Bool(true) => false,
            NodeValue::Map(_) => wait.value.get("timeout").is_some(),
            NodeValue::Bool(false)
            | NodeValue::Null
            | NodeValue::Number(_)
            | NodeValue::String(_)
            | NodeValue::List(_) => true,
        };
        if !is_bound && step.get("timeout").is_none() {
            let message = "this wait has no bound of its own: it is given up after 1h".to_owned();
            let help = match *key {
                "wait_for_dag_run" => "say how long it may take: `timeout: 2h`".to_owned(),
                key => format!("say how long it may take: `{key}: {{ timeout: 2h }}`"),
            };
            self.warn(Code::NO_BOUND, wait.key_span, message, &help);
        }
    }

    /// Texts that look like a credential, by themselves or by the name of their key. They are not shown.
    fn credentials(&mut self, node: &Node, key: Option<&str>) {
        match &node.value {
            NodeValue::String(text) => {
                let is_plain = !text.contains("{{") && !text.contains("{%");
                let is_named = key.is_some_and(|key| is_secret_name(key) || key == WEBHOOK)
                    && text.len() >= SECRET_LEAST
                    && is_plain;
                let has_form = CREDENTIAL_WORDS.iter().any(|word| text.contains(word))
                    && CREDENTIAL.as_ref().is_some_and(|forms| forms.is_match(text));
                if is_named || has_form {
                    let message = "this looks like a credential, and a playbook is kept in git".to_owned();
                    let help = "make it an input with `secret: true` and `from_env: NAME`";
                    let warning = Diagnostic::new(Code::CREDENTIAL, self.file, node.span, message).with_help(help);
                    self.found.push(warning.concealed());
                }
            }
            NodeValue::List(items) => items.iter().for_each(|item| self.credentials(item, key)),
            NodeValue::Map(entries) => {
                for entry in entries {
                    // What stands below the name of an input or var goes by that name: `api_key: { default: … }`.
                    let is_inner = matches!(entry.key.as_str(), "default" | "enum");
                    let name = if is_inner { key } else { Some(entry.key.as_str()) };
                    let is_about_it = matches!(entry.key.as_str(), "from_env" | "once_per" | "description" | "pattern")
                        || (entry.key == "key" && matches!(key, Some("get_variable" | "get_xcom")));
                    if !is_about_it {
                        self.credentials(&entry.value, name);
                    }
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }

    /// Secret inputs, and vars made of them, in what Airflow shows to every reader.
    fn shown_secrets(&mut self, tree: &Node, steps: &[(Section, &Node)]) {
        let mut secrets: BTreeSet<String> = BTreeSet::new();
        for entry in tree.get("inputs").map(Node::entries).unwrap_or_default() {
            if matches!(entry.value.get("secret").map(|node| &node.value), Some(NodeValue::Bool(true))) {
                secrets.insert(entry.key.clone());
            }
        }
        for entry in tree.get("vars").map(Node::entries).unwrap_or_default() {
            if secret_in(&entry.value, &secrets).is_some() {
                secrets.insert(entry.key.clone());
            }
        }
        for (_, step) in steps.iter().filter(|_| !secrets.is_empty()) {
            let places = [
                ("trigger_dag", "note"),
                ("trigger_dag", "conf"),
                ("post_dataset_event", "extra"),
                ("post_asset_event", "extra"),
            ];
            for (action, key) in places {
                let value = step.get(action).and_then(|arguments| arguments.get(key));
                let Some((name, place, range)) = value.and_then(|value| secret_in(value, &secrets)) else { continue };
                let message =
                    format!("`{name}` is secret, and Airflow shows `{key}` to everybody who may read the DAG");
                let help = "let the DAG take it from a connection or a variable of Airflow";
                self.warn(Code::SECRET_SHOWN, place.span(self.file, Some(&range)), message, help);
            }
        }
    }
}

/// The first secret name in the templates of a value, with its place.
fn secret_in(node: &Node, secrets: &BTreeSet<String>) -> Option<(String, Place, std::ops::Range<usize>)> {
    match &node.value {
        NodeValue::String(text) if text.contains("{{") || text.contains("{%") => {
            let names = uses_of_template(text).ok()?.names;
            let secret = names.into_iter().find(|name| secrets.contains(&name.name))?;
            Some((secret.name, Place { scalar: node.span, offset: 0 }, secret.range))
        }
        NodeValue::List(items) => items.iter().find_map(|item| secret_in(item, secrets)),
        NodeValue::Map(entries) => entries.iter().find_map(|entry| secret_in(&entry.value, secrets)),
        NodeValue::String(_) | NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => None,
    }
}
