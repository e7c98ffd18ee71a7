//! Literal numbers that are sent otherwise than they are written.
//!
//! In: the tree. Out: a warning for each number in an action, a var, a default or an output that loses characters. Inputs
//! that are numbers by their type are left out, and so is what is never sent: bounds, settings of retries, and the like.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::outcome::ActionKind;
use crate::playbook::all_steps;
use crate::source::SourceFile;
use crate::yaml::{Node, Rewritten, rewritten};

/// Every warning.
pub(super) fn warnings(file: &SourceFile, tree: &Node) -> Vec<Diagnostic> {
    let values = |part: &str| tree.get(part).map(Node::entries).unwrap_or_default().iter();
    let plain = ["vars", "outputs"].into_iter().flat_map(values).map(|entry| &entry.value);
    let is_number = |input: &Node| matches!(input.get("type").and_then(Node::text), Some("integer" | "number"));
    let inputs = values("inputs").map(|entry| &entry.value).filter(|input| !is_number(input));
    let defaults = inputs.filter_map(|input| input.get("default"));
    let arguments = all_steps(tree).flat_map(|(_, step)| ActionKind::keys().filter_map(|key| step.get(key)));
    let found = plain.chain(defaults).chain(arguments).flat_map(|value| in_value(file, value));
    // An anchored value is seen at each of its aliases, too.
    let mut seen = HashSet::new();
    found.filter(|warning| seen.insert(warning.span)).collect()
}

fn in_value(file: &SourceFile, value: &Node) -> Vec<Diagnostic> {
    let warning = |number: Rewritten<'_>| {
        let message = format!("`{}` is read as the number `{}`", number.written, number.kept);
        let help = format!("write `\"{}\"` to keep it as it is, or `{}`", number.written, number.kept);
        Diagnostic::new(Code::REWRITTEN, file, number.span, message).with_help(help)
    };
    rewritten(file, value).into_iter().map(warning).collect()
}
