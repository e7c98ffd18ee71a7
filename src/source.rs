//! The text a person wrote, and places in it.
//!
//! In: a file's name and text. Out: byte spans, and the line and column a person counts. Nothing here reads files, knows
//! YAML or draws; places are plain data, so that events and records can carry them.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A half-open range of bytes in one source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Whether all of another span lies in this one.
    #[must_use]
    pub const fn holds(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same span as a range, to slice with.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A place a person can go to: file, line and column, with the span it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file's name as the person gave it.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The bytes meant.
    pub span: Span,
}

/// One source text with its name; cheap to clone.
#[derive(Debug, Clone)]
pub struct SourceFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Takes a text under the name that messages will show.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self(Arc::new(Inner { name: name.into(), text, line_starts }))
    }

    /// The name that messages show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text under a span; empty when the span is not inside the text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.0.text.get(span.range()).unwrap_or_default()
    }

    /// Line and column of a byte offset, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.0.line_starts.partition_point(|&start| start <= offset);
        let start = self.0.line_starts[line - 1];
        let before = self.0.text.get(start..offset.min(self.0.text.len())).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The text of a line counted from 1, without its line break; empty when there is no such line.
    #[must_use]
    pub fn line(&self, number: usize) -> &str {
        let Some(&start) = number.checked_sub(1).and_then(|index| self.0.line_starts.get(index)) else {
            return "";
        };
        let end = self.0.line_starts.get(number).map_or(self.0.text.len(), |next| next - 1);
        let line = self.0.text.get(start..end).unwrap_or_default();
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The offset of the first byte of the line that holds `offset`.
    #[must_use]
    pub fn line_start(&self, offset: usize) -> usize {
        self.0.line_starts[self.0.line_starts.partition_point(|&start| start <= offset) - 1]
    }

    /// The place of a span, to be carried away from the text.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        let (line, column) = self.line_column(span.start);
        Location { file: self.0.name.clone(), line, column, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters_from_one() {
        let file = SourceFile::new("a.yaml", "é: 1\nb: ü x\n");
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(file.line_column(2), (1, 2));
        let x = file.text().find('x').expect("there is an x");
        assert_eq!(file.line_column(x), (2, 6));
        assert_eq!(file.line_column(file.text().len()), (3, 1));
    }

    #[test]
    fn a_line_is_given_without_its_break_and_a_missing_one_is_empty() {
        let file = SourceFile::new("a.yaml", "one\r\ntwo\n");
        let lines: Vec<&str> = (0..5).map(|number| file.line(number)).collect();
        assert_eq!(lines, ["", "one", "two", "", ""]);
        assert_eq!(file.line_start(7), 5);
    }

    #[test]
    fn a_span_outside_the_text_gives_nothing_and_does_not_panic() {
        let file = SourceFile::new("a.yaml", "ab");
        assert_eq!(file.slice(Span::new(1, 9)), "");
        assert_eq!(file.line_column(99), (1, 3));
    }
}
