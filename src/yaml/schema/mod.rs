//! A JSON Schema executed on a tree, for people.
//!
//! In: a JSON Schema (the part of 2020-12 that schemars makes) and a tree. Out: every mistake with its exact place. What
//! passes here is what any JSON Schema validator accepts; what differs is how a mistake is told. Keywords of ours, all
//! optional:
//!
//! | keyword | value | effect |
//! |---|---|---|
//! | `x-name` | `"a step"` | what messages call a map of this schema |
//! | `x-expected` | `"a duration such as 10m"` | what a wrong type or form is told to be instead |
//! | `x-short` | `"{ dag_id: $ }"` | the map that a lone text `$` (or number `#`) was meant for |
//! | `x-help` | `"write …"` | the way out of a wrong type when nothing better is known |
//! | `x-unit` | `true` | a number without a unit is told so |
//! | `x-template` | `false` | a text with `{{` is refused |
//! | `x-choice` | `"action"` | the noun of a `oneOf` of single `required` keys |
//! | `x-not-yet` | `["key"]` or `{"key": "words"}` | known words that are refused as not supported yet |
//! | `x-neighbours` | `[{"words": "a b", "beside": "k", "key": "k", "help": "write `k`"}]` | at the root: words of other languages, each where a map knows `beside` |
//! | `x-conflicts` | `[["a", "b"]]` | keys that exclude each other |
//! | `x-format` | `"date"` | a text has this form; see [`Foreign`] |
//!
//! Not judged: `if`, `patternProperties`, `prefixItems`, `contains`, `unevaluatedProperties`, `multipleOf`, `format`. In a
//! schema of somebody else's they are named, by [`Foreign`].

mod foreign;
mod make;
mod walk;

mod choice;
mod home;
mod keys;
mod list;
mod map;
mod neighbour;
mod scalar;

mod duration;
mod format;
mod kind;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::tree::Node;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use crate::yaml::Pattern;
pub use foreign::Foreign;
pub use make::schema_of;
use walk::{MOST_STEPS, Walk};

/// How many rules of a schema of somebody else's are held against a value.
const MOST_FOREIGN_STEPS: usize = 100_000;

/// A JSON Schema, ready to be executed.
#[derive(Debug)]
pub struct Schema {
    root: Value,
    /// The regular expressions that have been needed so far; none for one that can't be compiled, which is not judged.
    patterns: Mutex<HashMap<String, Option<Arc<Pattern>>>>,
}

impl Schema {
    /// Takes a schema.
    #[must_use]
    pub fn new(schema: Value) -> Self {
        Self { root: schema, patterns: Mutex::default() }
    }

    /// The schema as it was given.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.root
    }

    /// Every mistake of the tree in the order of the file; none when the schema accepts it.
    #[must_use]
    pub fn check(&self, file: &SourceFile, tree: &Node) -> Vec<Diagnostic> {
        in_order(Walk::new(self, file, MOST_STEPS).check_root(tree))
    }

    /// The same with a schema of somebody else's, which may lead from rule to rule for ever; none when it takes more than a
    /// moment to hold the tree against it.
    #[must_use]
    pub fn judge(&self, file: &SourceFile, tree: &Node) -> Option<Vec<Diagnostic>> {
        let walk = Walk::new(self, file, MOST_FOREIGN_STEPS);
        let mistakes = walk.check_root(tree);
        (!walk.is_cut_short()).then(|| in_order(mistakes))
    }

    /// The part of the schema that a `$ref` such as `#/$defs/Step` names.
    fn resolve(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// A regular expression of the schema, compiled when it is first needed.
    fn pattern(&self, pattern: &str) -> Option<Arc<Pattern>> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = patterns.get(pattern) {
            return known.clone();
        }
        let compiled = Pattern::new(pattern).ok().map(Arc::new);
        patterns.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

/// Mistakes in the order of the file, each once: one in an anchored value is seen once for each alias.
fn in_order(mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    let mut seen = HashSet::new();
    mistakes.retain(|mistake| seen.insert((mistake.code, mistake.span, mistake.message.clone())));
    mistakes
}
