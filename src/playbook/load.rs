//! From a playbook's bytes to a playbook that makes sense, or every mistake in it.

use std::sync::LazyLock;

use crate::diagnostic::{Code, Diagnostic, MOST_MISTAKES};
use crate::playbook::check::{Checked, check};
use crate::playbook::model::{NO_STEPS, Playbook};
use crate::playbook::notify::webhooks_in;
use crate::source::{SourceFile, Span};
use crate::yaml::schema::{Schema, schema_of};
use crate::yaml::{self, Node, Parsed};

/// A playbook without mistakes.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its text.
    pub file: SourceFile,
    /// The text as a tree, which knows every place.
    pub tree: Node,
    /// The playbook.
    pub playbook: Playbook,
    /// The environment variables that its templates name.
    pub env_names: Vec<String>,
    /// What its author should look at.
    pub warnings: Vec<Diagnostic>,
}

/// The JSON Schema of a playbook as it is published; it is what [`schema`] makes.
pub const SCHEMA: &str = include_str!("../../schemas/playbook.schema.json");

static RULES: LazyLock<Schema> = LazyLock::new(|| {
    Schema::new(serde_json::from_str(SCHEMA).expect("a test holds the embedded schema against the types"))
});

/// The JSON Schema of a playbook, as the types make it.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of::<Playbook>()
}

/// Loads a playbook from its bytes; `name` is what messages call it.
///
/// # Errors
/// Every mistake that can be seen, in the order of the file.
pub fn load(name: &str, bytes: Vec<u8>) -> Result<Loaded, Vec<Diagnostic>> {
    let file = yaml::decode(name, bytes).map_err(|mistake| vec![mistake])?;
    let Parsed { tree, mut mistakes } = yaml::read(&file);
    mistakes.truncate(MOST_MISTAKES);
    if let [only] = mistakes.as_mut_slice()
        && only.code == Code::DOCUMENT
        && only.span == Span::default()
    {
        only.help = Some(NO_STEPS.to_owned());
    }
    let Some(tree) = tree else { return Err(mistakes) };
    let Checked { mistakes: meaning, warnings, env_names } = check(&file, &tree);
    // What is wrong as YAML is told once, and so is a wrong shape; what it means comes when these are right.
    for found in [RULES.check(&file, &tree), meaning] {
        let is_new = |one: &Diagnostic| !mistakes.iter().any(|told| told.span.holds(one.span));
        let further: Vec<Diagnostic> = found.into_iter().filter(is_new).collect();
        mistakes.extend(further);
    }
    mistakes.sort_by_key(|mistake| mistake.span.start);
    mistakes.truncate(MOST_MISTAKES);
    if !mistakes.is_empty() {
        return Err(without_webhooks(&file, mistakes));
    }
    let warnings = without_webhooks(&file, warnings);
    match serde_json::from_value(tree.to_json()) {
        Ok(playbook) => Ok(Loaded { file, tree, playbook, env_names, warnings }),
        Err(error) => {
            let message = format!("the playbook can't be read: {error}");
            Err(vec![Diagnostic::new(Code::WRONG_TYPE, &file, tree.span, message)])
        }
    }
}

/// What is told of a line that holds a webhook goes without the line, since a webhook is a secret.
fn without_webhooks(file: &SourceFile, mut told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if told.is_empty() {
        return told;
    }
    let text = file.text();
    let webhooks = webhooks_in(text);
    for one in &mut told {
        let start = text.get(..one.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end =
            text.get(one.span.end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| one.span.end + at);
        let lines = text.get(start..end).unwrap_or_default();
        one.is_concealed |= webhooks.iter().any(|webhook| lines.contains(webhook));
    }
    told
}
