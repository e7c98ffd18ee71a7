//! Diagnostics drawn for people.
//!
//! In: diagnostics. Out: text such as
//!
//! ```text
//! error[E010]: unknown key `retrys` in a step
//!  --> loans.yaml:4:5
//!   |
//! 4 |     retrys: 3
//!   |     ^^^^^^
//!   |
//!   = help: did you mean `retry`?
//! ```
//!
//! Nothing here writes to a stream, and nothing of the file reaches the text that a terminal would act on.

use annotate_snippets::renderer::Renderer;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Snippet};

use super::excerpt::{excerpt, visible};
use super::{Diagnostic, MOST_MISTAKES, Severity};

const MOST_DRAWN: usize = 100;
const LONGEST_WORDS: usize = 2000;
/// Lines are cut before they are handed over, so the renderer must not cut them again.
const WIDER_THAN_ANY_LINE: usize = 4000;

/// Draws the diagnostics in their order with a blank line between them; after a hundred, only how many are left.
#[must_use]
pub fn draw(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDER_THAN_ANY_LINE);
    let shown = &diagnostics[..diagnostics.len().min(MOST_DRAWN)];
    let mut drawn: Vec<String> = shown.iter().map(|diagnostic| draw_one(diagnostic, &renderer)).collect();
    if diagnostics.len() > MOST_DRAWN {
        let least = if diagnostics.len() >= MOST_MISTAKES { "at least " } else { "" };
        drawn.push(format!("… and {least}{} more\n", diagnostics.len() - MOST_DRAWN));
    }
    drawn.join("\n")
}

/// How many errors and warnings there are: `2 errors, 1 warning`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.code.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match (errors, warnings) {
        (_, 0) => counted(errors, "error"),
        (0, _) => counted(warnings, "warning"),
        (_, _) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn draw_one(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(safe(&diagnostic.message)).id(diagnostic.code.id);
    let group = with_messages(with_place(Group::with_title(title), diagnostic), diagnostic);
    let lines = renderer.render(&[group]);
    lines.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn with_place<'a>(group: Group<'a>, diagnostic: &Diagnostic) -> Group<'a> {
    if diagnostic.is_concealed {
        let (line, column) = diagnostic.file.line_column(diagnostic.span.start);
        let name = safe(diagnostic.file.name());
        return group.element(Origin::path(name).line(line).char_column(column));
    }
    let mut spans = vec![diagnostic.span];
    spans.extend(diagnostic.related.iter().map(|(span, _)| *span));
    let excerpt = excerpt(&diagnostic.file, &spans);
    let name = safe(diagnostic.file.name());
    let mut marks = excerpt.marks.into_iter();
    let mut primary = AnnotationKind::Primary.span(marks.next().flatten().unwrap_or_default());
    if !diagnostic.label.is_empty() {
        primary = primary.label(safe(&diagnostic.label));
    }
    let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line).annotation(primary);
    let mut cut_away = None;
    match (marks.next().flatten(), &diagnostic.related) {
        (Some(mark), Some((_, label))) => {
            snippet = snippet.annotation(AnnotationKind::Context.span(mark).label(safe(label)));
        }
        (None, Some((span, label))) => {
            let (line, column) = diagnostic.file.line_column(span.start);
            cut_away = Some(Level::NOTE.message(format!("{}: line {line}, column {column}", safe(label))));
        }
        (_, None) => {}
    }
    let group = if excerpt.starts_late {
        // The renderer would count the column in the cut line.
        let (line, column) = diagnostic.file.line_column(diagnostic.span.start);
        group.element(Origin::path(name).line(line).char_column(column)).element(snippet)
    } else {
        group.element(snippet.path(name))
    };
    group.elements(cut_away)
}

fn with_messages<'a>(group: Group<'a>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(safe(note)));
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(safe(help)));
    group.elements(notes).elements(help)
}

/// Words without anything a terminal would act on, and of bounded length.
fn safe(words: &str) -> String {
    let mut safe: String =
        words.chars().take(LONGEST_WORDS).map(|letter| if letter == '\n' { letter } else { visible(letter) }).collect();
    if words.chars().nth(LONGEST_WORDS).is_some() {
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{SourceFile, Span};

    fn step() -> SourceFile {
        SourceFile::new("loans.yaml", "steps:\n  - print: hi\n    retrys: 3\n    retry: 3\n")
    }

    fn find(file: &SourceFile, words: &str) -> Span {
        let start = file.text().find(words).expect("the words are in the file");
        Span::new(start, start + words.len())
    }

    #[test]
    fn a_diagnostic_shows_the_line_the_caret_and_the_way_out() {
        let file = step();
        let diagnostic = Diagnostic::new(Code::UNKNOWN_KEY, &file, find(&file, "retrys"), "unknown key `retrys`")
            .with_label("here")
            .with_note("a fact")
            .with_help("did you mean `retry`?");
        let expected = "\
error[E010]: unknown key `retrys`
 --> loans.yaml:3:5
  |
3 |     retrys: 3
  |     ^^^^^^ here
  |
  = note: a fact
  = help: did you mean `retry`?
";
        assert_eq!(draw(std::slice::from_ref(&diagnostic), false), expected);
        assert_eq!(draw(&[diagnostic.clone(), diagnostic], false), format!("{expected}\n{expected}"));
    }

    #[test]
    fn a_related_place_is_drawn_with_its_words() {
        let file = step();
        let diagnostic = Diagnostic::new(Code::DUPLICATE_KEY, &file, find(&file, "retry:"), "twice")
            .with_related(find(&file, "print"), "first here");
        assert_eq!(
            draw(&[diagnostic], false),
            "\
error[E002]: twice
 --> loans.yaml:4:5
  |
2 |   - print: hi
  |     ----- first here
3 |     retrys: 3
4 |     retry: 3
  |     ^^^^^^
"
        );
    }

    #[test]
    fn terminal_escapes_of_the_file_are_never_passed_on() {
        let file = SourceFile::new("a\u{1b}[2J.yaml", "k\u{1b}[31m\u{9b}2J\u{202e}: 1\n");
        let diagnostic = Diagnostic::new(Code::UNKNOWN_KEY, &file, Span::new(0, 3), "k\u{1b}[31m")
            .with_label("\u{1b}[1m")
            .with_related(Span::new(2, 3), "\u{7}")
            .with_note("\u{9b}1m")
            .with_help("\u{1b}]0;x\u{7}");
        let drawn = draw(&[diagnostic], false);
        assert!(!drawn.chars().any(|letter| letter != '\n' && letter.is_control()), "{drawn:?}");
        assert!(!drawn.contains('\u{202e}'));
    }

    #[test]
    fn a_long_line_keeps_its_true_column_and_stays_short() {
        let file = SourceFile::new("a.yaml", format!("{}HERE{}", "x".repeat(5_000_000), "y".repeat(5_000_000)));
        let diagnostic = Diagnostic::new(Code::SYNTAX, &file, Span::new(5_000_000, 5_000_004), "m");
        let drawn = draw(&[diagnostic], false);
        assert!(drawn.contains("a.yaml:1:5000001") && drawn.contains("^^^^\n"), "{drawn}");
        assert!(drawn.len() < 1000);
        let words = SourceFile::new("a.yaml", "é\t\u{1b}x: 1");
        assert!(draw(&[Diagnostic::new(Code::SYNTAX, &words, Span::new(4, 5), "m")], false).contains("a.yaml:1:4"));
    }

    #[test]
    fn a_related_place_that_was_cut_away_is_not_drawn_elsewhere() {
        let file = SourceFile::new("a.yaml", format!("a: 1{}b: 2", " ".repeat(1000)));
        let diagnostic = Diagnostic::new(Code::DUPLICATE_KEY, &file, find(&file, "b"), "m")
            .with_related(find(&file, "a"), "first here");
        let drawn = draw(&[diagnostic], false);
        assert!(!drawn.contains("- first here"), "{drawn}");
        assert!(drawn.contains("= note: first here: line 1, column 1\n"), "{drawn}");
    }

    #[test]
    fn color_is_only_there_when_asked_for() {
        let file = step();
        let diagnostic = Diagnostic::new(Code::SYNTAX, &file, Span::new(0, 1), "m");
        assert!(draw(std::slice::from_ref(&diagnostic), true).contains('\u{1b}'));
        assert!(!draw(&[diagnostic], false).contains('\u{1b}'));
    }

    #[test]
    fn a_place_at_or_after_the_end_is_drawn_without_a_panic() {
        for text in ["", "a", "a\n", "é"] {
            let file = SourceFile::new("a.yaml", text);
            for start in 0..4 {
                let span = Span::new(start, start + 2);
                assert!(
                    draw(&[Diagnostic::new(Code::SYNTAX, &file, span, "m")], false).starts_with("error[E001]: m\n")
                );
            }
        }
    }

    #[test]
    fn the_summary_counts_errors_and_warnings() {
        let file = step();
        let make = |severity| Diagnostic::new(Code { id: "X", severity, explanation: "" }, &file, Span::new(0, 1), "m");
        let error = make(Severity::Error);
        let warning = make(Severity::Warning);
        assert_eq!(summary(&[error.clone(), error.clone(), warning.clone()]), "2 errors, 1 warning");
        assert_eq!(summary(&[error]), "1 error");
        assert_eq!(summary(&[warning.clone(), warning]), "2 warnings");
        assert_eq!(summary(&[]), "0 errors");
    }
}
