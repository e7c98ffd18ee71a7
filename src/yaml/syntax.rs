//! YAML syntax errors in plain words.
//!
//! In: what the parser stumbled over, and where. Out: one diagnostic that says what the author most likely did, with the
//! caret on it. A kind that has no words here keeps the parser's own.

use serde_yaml::granit_parser::ErrorKind;

use crate::diagnostic::{Code, Diagnostic, quote};
use crate::source::{SourceFile, Span};

/// The words for a syntax error at byte `at`; `last_scalar` is what was read before it.
pub(super) fn explain(file: &SourceFile, kind: &ErrorKind, at: usize, last_scalar: Span) -> Diagnostic {
    match kind {
        ErrorKind::RecursionLimitExceeded => {
            let message = "the file nests lists and maps deeper than 64 levels";
            Diagnostic::new(Code::TOO_LARGE, file, character(file, at), message)
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => tab(file, at),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => second_colon(file, at, last_scalar),
        _ if is_tab_indented(file, at) => tab(file, at),
        _ => {
            let (message, help) = words(kind, file, at);
            let diagnostic = Diagnostic::new(Code::SYNTAX, file, character(file, at), message);
            if help.is_empty() { diagnostic } else { diagnostic.with_help(help) }
        }
    }
}

/// A tab among the blanks before the first word of a line, which some parsers let pass.
pub(super) fn tab_before(file: &SourceFile, at: usize) -> Option<Diagnostic> {
    let before = file.slice(Span::new(file.line_start(at), at));
    (before.contains('\t') && before.trim().is_empty()).then(|| tab(file, at))
}

fn tab(file: &SourceFile, at: usize) -> Diagnostic {
    let from = file.line_start(at.min(file.text().len()));
    let place = file.text()[from..].find('\t').map_or(at, |offset| from + offset);
    Diagnostic::new(Code::SYNTAX, file, Span::new(place, place + 1), "a tab can't indent YAML")
        .with_help("use spaces, two for each level")
}

fn is_tab_indented(file: &SourceFile, at: usize) -> bool {
    let line = file.line(file.line_column(at).0);
    line.trim_start_matches(' ').starts_with('\t')
}

/// `a: b: c`, or a key that YAML took for the second line of a text.
fn second_colon(file: &SourceFile, at: usize, last_scalar: Span) -> Diagnostic {
    let (line, _) = file.line_column(at);
    let (first_line, _) = file.line_column(last_scalar.start);
    if first_line < line && last_scalar.end <= at && file.line_column(last_scalar.end).0 == line {
        let start = file.line_start(at);
        let indent = file.slice(Span::new(start, at)).find(|letter| letter != ' ').unwrap_or(0);
        let message = format!("this key is read as part of the text that starts in line {first_line}");
        return Diagnostic::new(Code::SYNTAX, file, Span::new(start + indent, at), message)
            .with_related(first_line_of(file, last_scalar), "the text starts here")
            .with_help(format!("check the indentation, and that line {first_line} has its `:`"));
    }
    let message = "a second `:` in one line: YAML can't tell the key from the value";
    let diagnostic = Diagnostic::new(Code::SYNTAX, file, character(file, at), message);
    let rest = file.line(line);
    let value_start = last_scalar.start.checked_sub(file.line_start(at));
    match value_start.and_then(|start| rest.split_at_checked(start)) {
        Some((key, value)) if key.trim_end().ends_with(':') && rest.len() < 120 && !value.contains(['"', '\\']) => {
            diagnostic.with_help(format!("quote the value: `{}\"{}\"`", key.trim_start(), value.trim_end()))
        }
        _ => diagnostic.with_help("quote the value, or put the second key on its own line"),
    }
}

fn first_line_of(file: &SourceFile, span: Span) -> Span {
    let length = file.slice(span).lines().next().map_or(0, str::len);
    Span::new(span.start, span.start + length)
}

fn character(file: &SourceFile, at: usize) -> Span {
    let next = file.text().get(at..).and_then(|rest| rest.chars().next());
    match next {
        Some(letter) if letter != '\n' => Span::new(at, at + letter.len_utf8()),
        _ => Span::new(at, at),
    }
}

fn words(kind: &ErrorKind, file: &SourceFile, at: usize) -> (String, &'static str) {
    let (message, help) = match kind {
        ErrorKind::UnexpectedCharacter { character } => return unexpected(*character),
        ErrorKind::UnclosedQuotedScalar => ("this quote is never closed", "close it, or put the text in a `|` block"),
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            ("there is text after the closing quote", "quote the whole value; inside '…' a quote is written twice: ''")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("there is text after the closing quote", "quote the whole value; inside \"…\" a quote is written \\\"")
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "this text has a `\\` that YAML does not know",
            "use single quotes, which take `\\` as it is, or write `\\\\`",
        ),
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => {
            ("this text has a `\\x`, `\\u` or `\\U` that is no character", "use single quotes to keep `\\` as it is")
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing", "remove it, or quote the value"),
        ErrorKind::UnclosedFlowCollection { open } => return (format!("`{open}` is never closed"), ""),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), "");
        }
        ErrorKind::ExpectedFlowMappingSeparator => {
            ("expected `,` or `}` here", "a text with special signs needs quotes")
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            ("expected `,` or `]` here", "a text with special signs needs quotes")
        }
        ErrorKind::UnexpectedEofImplicitFlowMapping => ("there is a `,` too many, or a value is missing before it", ""),
        ErrorKind::ExpectedBlockMappingKey => return block_key(file, at),
        ErrorKind::ExpectedBlockSequenceEntry => {
            ("expected `- ` here, as in the items above", "check the indentation of this line")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            ("a list can't start on the line of its key", "put `- ` on the next line, or quote the value")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a `:` is missing after this, or a bracket or quote behind it is not closed", "")
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => ("this line is indented wrongly", "compare it with the lines above"),
        ErrorKind::InvalidBlockScalarHeader => {
            ("text can't stand on the line of `|` or `>`", "put the text on the next line, indented")
        }
        ErrorKind::MissingAnchorOrAliasName => {
            ("`*` and `&` start a name in YAML, and there is none", "quote the value if it is text")
        }
        ErrorKind::CommentNotSeparated => ("a comment needs a blank before its `#`", ""),
        other => return (format!("this is not YAML: {other}"), ""),
    };
    (message.to_owned(), help)
}

fn unexpected(character: char) -> (String, &'static str) {
    let help = match character {
        '@' | '`' | '%' => "quote the value",
        _ => "",
    };
    if help.is_empty() {
        return (format!("the character {} can't stand here", quote(&character.escape_default().to_string())), help);
    }
    (format!("a value can't start with `{character}`"), help)
}

fn block_key(file: &SourceFile, at: usize) -> (String, &'static str) {
    let before = file.slice(Span::new(file.line_start(at), at));
    if before.trim().is_empty() {
        return (
            "this line is indented differently from the keys above".to_owned(),
            "keys of one map stand in one column",
        );
    }
    if before.trim() == "-" {
        return ("a list item stands where a key is expected".to_owned(), "check the indentation of this line");
    }
    ("this does not belong to the value before it".to_owned(), "quote the whole value")
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::draw;
    use crate::source::SourceFile;
    use crate::yaml::parse;

    fn drawn(text: &str) -> String {
        draw(&parse(&SourceFile::new("a.yaml", text)).expect_err(text), false)
    }

    #[test]
    fn common_syntax_errors_are_told_in_plain_words_at_their_place() {
        for (text, place, words) in [
            ("a: x: y\n", "1:5", "a second `:` in one line"),
            ("a: 'abc\nb: 1\n", "1:4", "this quote is never closed"),
            ("a: \"abc\nb: 1\n", "1:4", "this quote is never closed"),
            ("a: [1, 2\nb: 3\n", "1:4", "`[` is not closed"),
            ("a: [1, 2\n", "1:4", "`[` is never closed"),
            ("a: {b: 1]\n", "1:4", "`{` is closed by `]`"),
            ("a: }\n", "1:4", "this bracket closes nothing"),
            ("a: @x\n", "1:4", "a value can't start with `@`"),
            ("a: `x`\n", "1:4", "a value can't start with ```"),
            ("a: %x\n", "1:4", "a value can't start with `%`"),
            ("a: \u{7}x\n", "1:4", "the character `\\u{7}` can't stand here"),
            ("a\nb: 1\n", "2:1", "this key is read as part of the text that starts in line 1"),
            ("a: 1\n  b: 2\n", "2:3", "this key is read as part of the text that starts in line 1"),
            ("a:\n    b: 1\n  c: 2\n", "3:3", "this line is indented differently from the keys above"),
            ("a: 1\n- b\n", "2:3", "a list item stands where a key is expected"),
            ("- a\nb: 1\n", "2:1", "expected `- ` here"),
            ("a: - b\n", "1:4", "a list can't start on the line of its key"),
            ("a: 'it's'\n", "1:8", "there is text after the closing quote"),
            ("a: \"x\" y\n", "1:8", "there is text after the closing quote"),
            ("a: \"\\q\"\n", "1:4", "a `\\` that YAML does not know"),
            ("a: [1,,2]\n", "1:7", "a `,` too many"),
        ] {
            let drawn = drawn(text);
            assert!(drawn.starts_with("error[E001]: ") && drawn.contains(words), "{text}: {drawn}");
            assert!(drawn.contains(&format!("--> a.yaml:{place}\n")), "{text}: {drawn}");
            assert_eq!(drawn.matches("error[").count(), 1, "{text}: {drawn}");
        }
    }

    #[test]
    fn a_tab_is_named_and_pointed_at() {
        for (text, place) in [
            ("a:\n\tb: 1\n", "2:1"),
            ("a: 1\n\tb: 1\n", "2:1"),
            ("\ta: 1\n", "1:1"),
            ("a:\n  \tb: 1\n", "2:3"),
            ("a:\n\t- b\n", "2:1"),
        ] {
            let drawn = drawn(text);
            assert!(drawn.starts_with("error[E001]: a tab can't indent YAML\n"), "{text:?}: {drawn}");
            assert!(drawn.contains(&format!("--> a.yaml:{place}\n")), "{text:?}: {drawn}");
        }
    }

    #[test]
    fn a_second_colon_is_answered_with_the_quoted_line() {
        assert_eq!(
            drawn("steps:\n  - print: done: yes\n"),
            "\
error[E001]: a second `:` in one line: YAML can't tell the key from the value
 --> a.yaml:2:16
  |
2 |   - print: done: yes
  |                ^
  |
  = help: quote the value: `- print: \"done: yes\"`
"
        );
    }
}
