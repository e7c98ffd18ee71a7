//! The slip `note: {{ x }}`: a template without quotes, which YAML reads as a map in a map.
//!
//! In: a text and where a `{` stands. Out: the diagnostic with the line as it should be, and the bytes to mask so that
//! the rest of the file can be read.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, quote};
use crate::source::{SourceFile, Span};

/// How far behind `{{` its `}}` is looked for.
const LONGEST_TEMPLATE: usize = 4096;
const LONGEST_SUGGESTION: usize = 200;

/// A template without quotes.
#[derive(Debug)]
pub(super) struct Slip {
    /// What to tell the author.
    pub(super) diagnostic: Diagnostic,
    /// The bytes to mask: the template and the text glued to it.
    pub(super) masked: Range<usize>,
}

/// The slip that starts at `start`, if a template starts there.
pub(super) fn slip_at(file: &SourceFile, text: &str, start: usize, in_flow: bool) -> Option<Slip> {
    let rest = text.get(start..)?;
    let close = match rest.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        _ => return None,
    };
    let length = rest[2..].find(close).filter(|length| *length <= LONGEST_TEMPLATE)?;
    let template_end = start + 2 + length + 2;
    let after = &text[template_end..];
    let span = Span::new(start, template_end);
    if after
        .trim_start_matches(' ')
        .strip_prefix(':')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n']))
    {
        let message = format!("a template can't be a key, found {}", quote(file.slice(span)));
        let diagnostic = Diagnostic::new(Code::TEMPLATE_PLACE, file, span, message);
        return Some(Slip { diagnostic, masked: span.range() });
    }
    let masked = start..template_end + glued(after, in_flow);
    let message = "a template must be quoted: YAML reads `{{ … }}` as a map";
    let diagnostic =
        Diagnostic::new(Code::UNQUOTED_TEMPLATE, file, span, message).with_help(suggestion(file, &masked, in_flow));
    Some(Slip { diagnostic, masked })
}

/// Where a template starts as a value between the last good place and a syntax error.
pub(super) fn start_before(text: &str, from: usize, error: usize) -> Option<usize> {
    let from = from.min(error);
    let line_end = text.get(error..)?.find('\n').map_or(text.len(), |length| error + length);
    let region = text.get(from..line_end)?;
    region.match_indices('{').map(|(at, _)| from + at).find(|&at| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let opens = text[at..].starts_with("{{") || text[at..].starts_with("{%");
        opens && (before.is_empty() || before.ends_with([':', '-', '[', ',', '{', '\n']))
    })
}

/// How many bytes after a template belong to the same value.
fn glued(after: &str, in_flow: bool) -> usize {
    let line = after.split(['\n', '\r']).next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default();
    let value = if in_flow { line.split([',', '}', ']']).next().unwrap_or_default() } else { line };
    value.trim_end().len()
}

/// The line with the value in quotes.
fn suggestion(file: &SourceFile, masked: &Range<usize>, in_flow: bool) -> String {
    let value = file.slice(Span::from(masked.clone()));
    let line_start = file.line_start(masked.start);
    let before = file.slice(Span::new(line_start, masked.start));
    let before = if in_flow { before.rsplit(['{', '[', ',']).next().unwrap_or_default() } else { before };
    let before = before.trim_start();
    if value.contains('\n') || before.len() + value.len() > LONGEST_SUGGESTION {
        return "put the whole value in quotes".to_owned();
    }
    format!("write `{before}{}`", quoted(value))
}

fn quoted(value: &str) -> String {
    if value.contains(['"', '\\']) { format!("'{}'", value.replace('\'', "''")) } else { format!("\"{value}\"") }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::draw;
    use crate::source::SourceFile;
    use crate::yaml::parse;

    fn drawn(text: &str) -> String {
        draw(&parse(&SourceFile::new("a.yaml", text)).expect_err("a mistake"), false)
    }

    #[test]
    fn a_template_without_quotes_is_answered_with_the_line_in_quotes() {
        assert_eq!(
            drawn("steps:\n  - note: {{ x }}\n"),
            "\
error[E023]: a template must be quoted: YAML reads `{{ … }}` as a map
 --> a.yaml:2:11
  |
2 |   - note: {{ x }}
  |           ^^^^^^^
  |
  = help: write `- note: \"{{ x }}\"`
"
        );
    }

    #[test]
    fn every_form_of_the_slip_is_recognised() {
        for (text, help) in [
            ("- {{ x }}\n", r#"- "{{ x }}""#),
            ("- {{ x }}-suffix\n", r#"- "{{ x }}-suffix""#),
            ("when: {{ x }} == 1 # why\n", r#"when: "{{ x }} == 1""#),
            ("a: {{ x['b'] }}\n", r#"a: "{{ x['b'] }}""#),
            ("a: {{ 'x' ~ y }} z\n", r#"a: "{{ 'x' ~ y }} z""#),
            ("- {{ 'x' ~ y }} z\n", r#"- "{{ 'x' ~ y }} z""#),
            ("a: {{ x | f(\"y\") }}\n", r#"a: '{{ x | f("y") }}'"#),
            ("a: {{ \"it's\" }}\n", r#"a: '{{ "it''s" }}'"#),
            ("a: { b: {{ x }}, c: 1 }\n", r#"b: "{{ x }}""#),
            ("a: [1, {{ x }}-y, 2]\n", r#""{{ x }}-y""#),
            ("a: {% raw %}x{% endraw %}\n", r#"a: "{% raw %}x{% endraw %}""#),
            ("a: {{ {'k': {'l': 1}} }}\n", r#"a: "{{ {'k': {'l': 1}} }}""#),
        ] {
            let drawn = drawn(text);
            assert!(drawn.starts_with("error[E023]"), "{text}: {drawn}");
            assert!(drawn.contains(&format!("help: write `{help}`\n")), "{text}: {drawn}");
            assert_eq!(drawn.matches("error[").count(), 1, "{text}: {drawn}");
        }
    }

    #[test]
    fn all_slips_and_the_other_mistakes_are_told_in_the_order_of_the_file() {
        let drawn = drawn("a: {{ x }}\nb: 1\nb: 2\nc: {{ y['z'] }}\nd: [\n");
        let codes: Vec<&str> = drawn.lines().filter_map(|line| line.strip_prefix("error[")).map(|l| &l[..4]).collect();
        assert_eq!(codes, ["E023", "E002", "E023", "E001"]);
    }

    #[test]
    fn a_template_as_a_key_is_refused_as_one() {
        assert!(drawn("{{ x }}: 1\n").starts_with("error[E022]: a template can't be a key, found `{{ x }}`"));
    }

    #[test]
    fn a_template_over_several_lines_or_without_an_end_gets_plain_advice() {
        assert!(drawn("a: {{ x\n  | y }}\n").contains("help: put the whole value in quotes"));
        assert!(drawn("a: {{ x\n").starts_with("error[E001]"));
    }

    #[test]
    fn quoted_templates_and_maps_are_no_slip() {
        for text in ["a: '{{ x }}'\n", "a: { b: { c: 1 } }\n", "a: |\n  {{ x }}\n", "a: b {{ x }}\n"] {
            assert!(parse(&SourceFile::new("a.yaml", text)).is_ok(), "{text}");
        }
    }
}
