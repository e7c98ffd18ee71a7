//! Tracing scalars in quotes and plain ones.
//!
//! In: the source between the quotes, or of the plain scalar. Out: its trace: runs as they are, `''` and `\` escapes, and
//! folded lines, where the blanks round a line break go and the break becomes a space.

use super::trace::Trace;
use crate::source::Span;

/// The quotes a scalar stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// A plain scalar.
    None,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
}

/// Traces the source under `span`, which holds no outer quotes.
pub(super) fn trace_flow(text: &str, span: Span, quotes: Quotes) -> Trace {
    let mut trace = Trace::default();
    let end = span.end.min(text.len());
    let mut at = span.start;
    while let Some(rest) = text.get(at..end).filter(|rest| !rest.is_empty()) {
        let blanks = blanks(rest);
        at = match rest[blanks..].chars().next() {
            Some('\n' | '\r') => fold(text, (at, at + blanks, end), false, &mut trace),
            _ if blanks > 0 => verbatim(at, blanks, &mut trace),
            Some('\\') if quotes == Quotes::Double => escape(text, at, end, &mut trace),
            Some('\'') if quotes == Quotes::Single => {
                trace.replaced(1, at..at + 2);
                at + 2
            }
            _ => verbatim(at, run(rest, quotes), &mut trace),
        };
    }
    trace
}

fn blanks(rest: &str) -> usize {
    rest.len() - rest.trim_start_matches([' ', '\t']).len()
}

fn verbatim(at: usize, length: usize, trace: &mut Trace) -> usize {
    trace.verbatim(at..at + length);
    at + length
}

/// The length of what stands as it is at the start of `rest`; at least one character.
fn run(rest: &str, quotes: Quotes) -> usize {
    let is_special = |letter: char| match letter {
        ' ' | '\t' | '\n' | '\r' => true,
        '\\' => quotes == Quotes::Double,
        '\'' => quotes == Quotes::Single,
        _ => false,
    };
    let first = rest.chars().next().map_or(1, char::len_utf8);
    rest[first..].find(is_special).map_or(rest.len(), |length| first + length)
}

/// Line breaks and the blanks round them, from `from`; the first break is at `at`.
fn fold(text: &str, (from, at, end): (usize, usize, usize), escaped: bool, trace: &mut Trace) -> usize {
    let mut breaks = 0;
    let mut next = at;
    loop {
        let rest = &text[next..end];
        let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
        if length == 0 {
            break;
        }
        breaks += 1;
        next += length + blanks(&rest[length..]);
    }
    trace.replaced(if breaks == 1 && !escaped { 1 } else { breaks - 1 }, from..next);
    next
}

/// A `\` escape in double quotes.
fn escape(text: &str, at: usize, end: usize, trace: &mut Trace) -> usize {
    let Some(letter) = text[at + 1..end].chars().next() else { return end };
    let after = at + 1 + letter.len_utf8();
    let digits = match letter {
        '\n' | '\r' => return fold(text, (at, at + 1, end), true, trace),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let length = match letter {
                'N' | '_' => 2,
                'L' | 'P' => 3,
                _ => 1,
            };
            trace.replaced(length, at..after);
            return after;
        }
    };
    let mut next = after + digits;
    let code = hex(text, after, digits);
    // A pair of surrogates is one character.
    let is_high = code.is_some_and(|code| (0xd800..0xdc00).contains(&code));
    if is_high && digits == 4 {
        next += 6;
    }
    let length = if is_high { 4 } else { code.and_then(char::from_u32).map_or(1, char::len_utf8) };
    let next = next.min(end);
    trace.replaced(length, at..next);
    next
}

fn hex(text: &str, at: usize, digits: usize) -> Option<u32> {
    u32::from_str_radix(text.get(at..at + digits)?, 16).ok()
}
