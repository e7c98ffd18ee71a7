//! Templates that can't be read, in plain words.
//!
//! In: the engine's error and the template's text. Out: the mistake at its place, with the way out of the usual ones.

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::template::{Place, RenderError};
use crate::source::SourceFile;

/// The engine's words and ours.
const WORDS: [(&str, &str); 8] = [
    ("it can't be read: ", ""),
    ("end of variable block", "`}}`"),
    ("end of block", "`%}`"),
    ("end of input", "the end"),
    ("end of comment", "the end of a comment"),
    ("identifier", "a name"),
    ("unexpected input after expression", "something is missing before this"),
    ("unknown statement", "there is no statement"),
];

/// Signs of other languages, and ours for them.
const SIGNS: [(&str, &str); 4] = [("&&", "and"), ("||", "or"), ("=", "=="), ("!", "not")];

/// The mistake of a template or expression that can't be read.
pub(super) fn mistake(file: &SourceFile, text: &str, place: Place, error: &RenderError) -> Diagnostic {
    let mut words = error.message.clone();
    for (theirs, ours) in WORDS {
        words = words.replace(theirs, ours);
    }
    let at = error.range.as_ref().map_or(0, |range| range.start);
    let rest = text.get(at..).unwrap_or_default();
    let sign = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
    let (range, help) = match (sign, unclosed(text)) {
        (Some((sign, ours)), _) => (Some(at..at + sign.len()), Some(format!("write `{ours}`"))),
        (None, Some((open, close))) => (Some(open..open + 2), Some(format!("close it with `{close}`"))),
        (None, None) => (error.range.clone(), None),
    };
    let message = match (sign, unclosed(text)) {
        (Some((sign, _)), _) => format!("this can't be read: there is no `{sign}` in templates"),
        (None, Some((open, _))) => format!("this can't be read: `{}` is never closed", &text[open..open + 2]),
        (None, None) => format!("this can't be read: {words}"),
    };
    let span = place.span(file, range.as_ref());
    let mistake = Diagnostic::new(Code::TEMPLATE_SYNTAX, file, span, message);
    match help {
        Some(help) => mistake.with_help(help),
        None => mistake,
    }
}

/// The last `{{` or `{%` without its end.
fn unclosed(text: &str) -> Option<(usize, &'static str)> {
    let last = [("{{", "}}"), ("{%", "%}")].into_iter().filter_map(|(open, close)| Some((text.rfind(open)?, close)));
    last.max().filter(|(at, close)| !text[*at..].contains(close))
}
