//! What a playbook means: the mistakes that a schema can't see.
//!
//! In: the tree, whose shape may still be wrong in places. Out: every mistake that can be known without running, in the
//! order of the file. Steps with a wrong shape are looked at as far as they can be.

mod known;
mod names;

mod syntax;

mod claims;
mod inputs;
mod lookup;
mod notify;
mod numbers;
mod steps;
mod templates;
mod times;
mod unset;
mod warnings;
mod when;

use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES};
use crate::playbook::Loaded;
use crate::playbook::check::names::{Local, Names};
use crate::playbook::template::{Engine, RunClock};
use crate::source::SourceFile;
use crate::yaml::Node;

/// What the check found out besides mistakes.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    /// Every mistake.
    pub(super) mistakes: Vec<Diagnostic>,
    /// Every warning, when there is no mistake.
    pub(super) warnings: Vec<Diagnostic>,
    /// The environment variables that templates name, each once.
    pub(super) env_names: Vec<String>,
}

/// Words that mean something to templates, so that no input, var or capture may have them.
pub const RESERVED: [&str; 14] = [
    "item", "loop", "playbook", "run", "target", "env", "failure", "error", "result", "steps", "inputs", "vars",
    "outputs", "secrets",
];

/// Checks what a tree means.
#[must_use]
pub(super) fn check(file: &SourceFile, tree: &Node) -> Checked {
    let engine = Engine::new(&time_zone(tree));
    let has_name = tree.get("name").is_some();
    let mut checker = Checker { file, engine: &engine, found: Vec::new(), names: Names::new(&engine), has_name };
    checker.time_zone(tree);
    checker.inputs(tree.get("inputs"));
    checker.vars(tree.get("vars"));
    if let Some(key) = tree.get("lock").and_then(|lock| lock.get("key")) {
        checker.templates(key, Local::default());
    }
    checker.steps(tree);
    checker.outputs(tree.get("outputs"));
    let mut mistakes = checker.found;
    mistakes.sort_by_key(|mistake| mistake.span.start);
    let warnings = if mistakes.is_empty() { warnings::warnings(file, tree, &checker.names) } else { Vec::new() };
    Checked { mistakes, warnings, env_names: checker.names.into_env_names() }
}

/// The captures that chosen steps use and that only steps make which are not chosen.
#[must_use]
pub fn unmade(loaded: &Loaded, chosen: &[bool]) -> Vec<Diagnostic> {
    let engine = Engine::new(&time_zone(&loaded.tree));
    let names = Names::new(&engine);
    let mut checker = Checker { file: &loaded.file, engine: &engine, found: Vec::new(), names, has_name: true };
    checker.inputs(loaded.tree.get("inputs"));
    checker.vars(loaded.tree.get("vars"));
    checker.chosen_steps(&loaded.tree, chosen);
    checker.outputs(loaded.tree.get("outputs"));
    checker.found.retain(|mistake| mistake.code == Code::NOT_SELECTED);
    checker.found
}

struct Checker<'a> {
    file: &'a SourceFile,
    engine: &'a Engine,
    found: Vec<Diagnostic>,
    names: Names,
    /// Whether the playbook has a name of its own.
    has_name: bool,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.found.push(diagnostic);
        }
    }

    /// Whether so many mistakes are found that no more are looked for.
    fn is_full(&self) -> bool {
        self.found.len() >= MOST_MISTAKES
    }

    /// Outputs see what a step after the last one would.
    fn outputs(&mut self, outputs: Option<&Node>) {
        for entry in outputs.map(Node::entries).unwrap_or_default() {
            self.templates(&entry.value, Local::default());
        }
    }

    fn time_zone(&mut self, tree: &Node) {
        let Some(node) = tree.get("timezone") else { return };
        let Some(name) = node.text() else { return };
        if let Err(error) = RunClock::at(jiff::Timestamp::UNIX_EPOCH, name) {
            let mistake = Diagnostic::new(Code::TIME_ZONE, self.file, node.span, error.to_string())
                .with_help("write an IANA name such as `UTC` or `Europe/Lisbon`");
            self.report(mistake);
        }
    }
}

/// The run clock of the tree's own time zone; UTC when that is wrong, which is reported elsewhere.
fn time_zone(tree: &Node) -> RunClock {
    let name = tree.get("timezone").and_then(Node::text).unwrap_or("UTC");
    let start = jiff::Timestamp::UNIX_EPOCH;
    match RunClock::at(start, name) {
        Ok(clock) => clock,
        Err(_) => RunClock::at(start, "UTC").expect("UTC needs no database"),
    }
}

/// The words that are near to `word`, nearest first, at most three.
#[must_use]
pub fn near<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Vec<&'w str> {
    let lower = word.to_lowercase();
    let mut found: Vec<(usize, &str)> = words
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 3)
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}
