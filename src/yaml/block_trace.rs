//! Tracing block scalars, `|` and `>`.
//!
//! In: the source from the sign to the end of the content. Out: its trace, without the indentation, lines folded as the
//! sign says. The breaks after the last line are not traced; whoever asks for them gets the end of the scalar.

use super::trace::Trace;
use crate::source::Span;

/// Traces a block scalar that starts with its sign.
pub(super) fn trace_block(text: &str, scalar: Span) -> Trace {
    let written = text.get(scalar.range()).unwrap_or_default();
    let Some((header, body)) = written.split_once('\n') else { return Trace::default() };
    let indent = explicit_indent(text, scalar.start, header).unwrap_or_else(|| first_indent(body));
    let mut lines = Lines { folded: header.starts_with('>'), ..Lines::default() };
    let mut start = scalar.start + header.len() + 1;
    for line in body.split('\n') {
        lines.take(start, line.strip_suffix('\r').unwrap_or(line), indent);
        start += line.len() + 1;
    }
    lines.trace
}

#[derive(Debug, Default)]
struct Lines {
    trace: Trace,
    folded: bool,
    /// Where the last line with content ended.
    last_end: Option<usize>,
    /// Whether that line started with a blank.
    last_is_indented: bool,
    /// Empty lines since then, and where they started.
    empty: usize,
    empty_start: Option<usize>,
}

impl Lines {
    fn take(&mut self, start: usize, line: &str, indent: usize) {
        let indentation = (line.len() - line.trim_start_matches(' ').len()).min(indent);
        let content = &line[indentation..];
        if content.is_empty() {
            self.empty += 1;
            self.empty_start.get_or_insert(start);
            return;
        }
        let content_start = start + indentation;
        let is_indented = content.starts_with([' ', '\t']);
        let from = self.last_end.or(self.empty_start).unwrap_or(content_start);
        let folds = self.folded && self.last_end.is_some() && !self.last_is_indented && !is_indented;
        let breaks = match (folds, self.empty) {
            (true, 0) => 1,
            (true, empty) => empty,
            (false, empty) => empty + usize::from(self.last_end.is_some()),
        };
        self.trace.replaced(breaks, from..content_start);
        let end = content_start + content.len();
        self.trace.verbatim(content_start..end);
        *self = Self {
            trace: std::mem::take(&mut self.trace),
            folded: self.folded,
            last_end: Some(end),
            last_is_indented: is_indented,
            empty: 0,
            empty_start: None,
        };
    }
}

/// The indentation of the first line that has content.
fn first_indent(body: &str) -> usize {
    let line = body.split('\n').find(|line| !line.trim_matches([' ', '\r']).is_empty()).unwrap_or_default();
    line.len() - line.trim_start_matches(' ').len()
}

/// The indentation that a digit behind the sign gives: so many columns more than the key or dash it belongs to.
fn explicit_indent(text: &str, sign: usize, header: &str) -> Option<usize> {
    let mut indicators =
        header[1..].chars().take_while(|letter| letter.is_ascii_digit() || matches!(letter, '+' | '-'));
    let digit = indicators.find_map(|letter| letter.to_digit(10))?;
    let line_start = text[..sign].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..sign];
    let mut column = before.len() - before.trim_start_matches(' ').len();
    while let Some(rest) = before[column..].strip_prefix(['-', '?']).filter(|rest| rest.starts_with(' ')) {
        let inner = rest.trim_start_matches(' ');
        if inner.is_empty() || inner.starts_with(['&', '!']) {
            break;
        }
        column = before.len() - inner.len();
    }
    let parent = if before.starts_with("---") { 0 } else { column };
    Some(parent + usize::try_from(digit).unwrap_or(0))
}
