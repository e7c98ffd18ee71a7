//! The few lines of a file that a drawing shows, made safe for a terminal.
//!
//! In: a file and the spans to show. Out: a short text in which the spans are marked anew. Long lines are cut to a window
//! round the span, control characters become visible signs; a file of any size gives an excerpt of a few hundred bytes.

use std::ops::Range;

use crate::source::{SourceFile, Span};

const WHOLE_LINE_CHARS: usize = 160;
const CHARS_BEFORE: usize = 60;
const NEAR_LINES: usize = 3;
const CUT: char = '…';

/// Lines to draw, the first of them with its number, and the place of each span in them.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The lines, safe to print.
    pub(super) text: String,
    /// The number of the first line.
    pub(super) first_line: usize,
    /// Where each span of the request lies in `text`; `None` when its part of a long line was cut away.
    pub(super) marks: Vec<Option<Range<usize>>>,
    /// Whether a line is shown without its beginning.
    pub(super) starts_late: bool,
}

/// Cuts out the lines in which the spans start.
pub(super) fn excerpt(file: &SourceFile, spans: &[Span]) -> Excerpt {
    let lines: Vec<usize> = spans.iter().map(|span| file.line_column(span.start).0).collect();
    let first_line = lines.iter().copied().min().unwrap_or(1);
    let last_line = lines.iter().copied().max().unwrap_or(1);
    let mut text = String::new();
    let mut marks = vec![None; spans.len()];
    for number in first_line..=last_line {
        let shown: Vec<usize> = (0..spans.len()).filter(|&index| lines[index] == number).collect();
        if !shown.is_empty() {
            push_marked_line(file, spans, &shown, (&mut text, &mut marks));
        } else if last_line - first_line <= NEAR_LINES {
            text.extend(file.line(number).chars().take(WHOLE_LINE_CHARS).map(visible));
        }
        if number < last_line {
            text.push('\n');
        }
    }
    let starts_late = text.lines().any(|line| line.starts_with(CUT));
    Excerpt { text, first_line, marks, starts_late }
}

fn push_marked_line(
    file: &SourceFile,
    spans: &[Span],
    shown: &[usize],
    (text, marks): (&mut String, &mut [Option<Range<usize>>]),
) {
    let start = file.line_start(spans[shown[0]].start);
    let line = file.line(file.line_column(start).0);
    let window = window(line, spans[shown[0]].start - start);
    let mut places: Vec<(usize, usize)> = Vec::new();
    if window.start > 0 {
        text.push(CUT);
    }
    for (at, letter) in line[window.clone()].char_indices() {
        places.push((window.start + at, text.len()));
        text.push(visible(letter));
    }
    places.push((window.end, text.len()));
    if window.end < line.len() {
        text.push(CUT);
    }
    for &index in shown {
        let (from, to) = (spans[index].start - start, spans[index].end.max(spans[index].start) - start);
        if (window.start..=window.end).contains(&from) {
            let mark = place(&places, from)..place(&places, to.min(line.len()));
            marks[index] = Some(mark.start..mark.end.max(mark.start));
        }
    }
}

/// The part of a line that is shown, in bytes; whole characters.
fn window(line: &str, focus: usize) -> Range<usize> {
    if line.len() <= WHOLE_LINE_CHARS || line.chars().nth(WHOLE_LINE_CHARS).is_none() {
        return 0..line.len();
    }
    let focus = (0..=focus.min(line.len())).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
    let start = line[..focus].char_indices().rev().take(CHARS_BEFORE).last().map_or(focus, |(at, _)| at);
    let end = line[start..].char_indices().nth(WHOLE_LINE_CHARS).map_or(line.len(), |(at, _)| start + at);
    start..end
}

fn place(places: &[(usize, usize)], offset: usize) -> usize {
    let index = places.partition_point(|&(at, _)| at < offset);
    places.get(index).or(places.last()).map_or(0, |&(_, shown)| shown)
}

/// The sign shown for a character: itself, or a stand-in when a terminal would act on it.
pub(super) fn visible(letter: char) -> char {
    match letter {
        '\t' => ' ',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('�'),
        '\u{7f}' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '�',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(excerpt: &Excerpt, index: usize) -> &str {
        excerpt.marks[index].clone().map_or("", |mark| &excerpt.text[mark])
    }

    #[test]
    fn a_line_of_ten_megabytes_is_cut_round_the_span() {
        let text = format!("{}HERE{}", "é".repeat(2_500_000), "x".repeat(5_000_000));
        let at = text.find("HERE").expect("it is there");
        let excerpt = excerpt(&SourceFile::new("a.yaml", text), &[Span::new(at, at + 4)]);
        assert!(excerpt.text.len() < 700, "{}", excerpt.text.len());
        assert_eq!(marked(&excerpt, 0), "HERE");
    }

    #[test]
    fn lines_far_apart_are_not_copied() {
        let text = format!("first\n{}last\n", "middle\n".repeat(1000));
        let end = text.len() - 5;
        let excerpt = excerpt(&SourceFile::new("a.yaml", text), &[Span::new(end, end + 4), Span::new(0, 5)]);
        assert!(!excerpt.text.contains("middle"));
        assert_eq!(marked(&excerpt, 0), "last");
        assert_eq!(marked(&excerpt, 1), "first");
    }

    #[test]
    fn a_span_over_several_lines_ends_with_its_first_line() {
        let excerpt = excerpt(&SourceFile::new("a.yaml", "a: |\n  b\n"), &[Span::new(3, 8)]);
        assert_eq!(marked(&excerpt, 0), "|");
    }

    #[test]
    fn nothing_a_terminal_acts_on_is_left() {
        let all: String = (0..=0x2fff).filter_map(char::from_u32).filter(|&letter| letter != '\n').collect();
        let excerpt = excerpt(&SourceFile::new("a.yaml", all), &[Span::new(0, 1)]);
        assert!(!excerpt.text.chars().any(char::is_control), "{:?}", excerpt.text);
        assert!(('\u{80}'..='\u{9f}').all(|letter| visible(letter) == '�'));
    }
}
