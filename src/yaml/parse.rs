//! A file's text to its tree, or to all of its mistakes.
//!
//! In: a file. Out: the tree, or diagnostics in the order of the file. A template without quotes stops the YAML parser,
//! so it is reported, masked by a quoted text of the same length, and the text is read again for the other mistakes.

use super::build::build;
use super::tree::Node;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// How many bytes may be read again for templates without quotes, beyond the first pass.
const READ_AGAIN: usize = 16 * 1024 * 1024;

/// Reads one YAML document.
///
/// # Errors
/// Every mistake that can be seen without knowing what the file is for: syntax, keys, anchors, tags, templates without
/// quotes, size. At least one, in the order of the file.
pub fn parse(file: &SourceFile) -> Result<Node, Vec<Diagnostic>> {
    let mut masked: Option<String> = None;
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    let mut bytes_left = READ_AGAIN;
    loop {
        let pass = build(file, masked.as_deref().unwrap_or(file.text()));
        let Some(slip) = pass.slip else {
            mistakes.extend(pass.mistakes);
            return match pass.tree {
                Some(tree) if mistakes.is_empty() => Ok(tree),
                _ => Err(in_file_order(mistakes)),
            };
        };
        mistakes.push(slip.diagnostic);
        let Some(left) = bytes_left.checked_sub(file.text().len()) else {
            mistakes.extend(pass.mistakes);
            return Err(in_file_order(mistakes));
        };
        bytes_left = left;
        let text = masked.get_or_insert_with(|| file.text().to_owned());
        let mask = format!("\"{}\"", "_".repeat(slip.masked.len() - 2));
        text.replace_range(slip.masked, &mask);
    }
}

fn in_file_order(mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    mistakes
}
