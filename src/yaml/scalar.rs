//! From a place in a decoded text back to the place in the file.
//!
//! In: where a scalar stands, and a range of its decoded text. Out: the bytes of the file that the range was written as,
//! through escapes, folded lines, indentation and chomping.

use std::ops::Range;

use super::block_trace::trace_block;
use super::flow_trace::{Quotes, trace_flow};
use super::trace::Trace;
use crate::source::{SourceFile, Span};

/// The place in the file of a byte range of a scalar's decoded text; `scalar` is the span of its node.
///
/// A range that reaches beyond the text ends with the scalar.
#[must_use]
pub fn span_in_scalar(file: &SourceFile, scalar: Span, range: Range<usize>) -> Span {
    let trace = trace(file.text(), scalar);
    let start = trace.source_start(range.start).unwrap_or(scalar.end);
    let end = if range.end <= range.start { start } else { trace.source_end(range.end).unwrap_or(scalar.end) };
    Span::new(start, end.max(start))
}

/// The span of a block scalar from its `|` or `>`; the parser's own starts with the content. `from` is the end of what
/// was read before it.
pub(super) fn with_header(text: &str, from: usize, content: Span) -> Span {
    let header = text.get(from..content.start).and_then(header_in).map_or(content.start, |at| from + at);
    let body = text.get(header..content.end).unwrap_or_default();
    Span::new(header, header + body.trim_end_matches([' ', '\t', '\n', '\r']).len())
}

/// Finds `|` or `>` outside comments, anchors and tags.
fn header_in(between: &str) -> Option<usize> {
    let mut skipping: Option<fn(char) -> bool> = None;
    let mut after_blank = true;
    for (at, letter) in between.char_indices() {
        match skipping {
            Some(ends) if ends(letter) => skipping = None,
            Some(_) => continue,
            None => {}
        }
        match letter {
            '|' | '>' => return Some(at),
            '#' if after_blank => skipping = Some(|letter| letter == '\n'),
            '&' | '!' => skipping = Some(char::is_whitespace),
            _ => {}
        }
        after_blank = letter.is_whitespace();
    }
    None
}

fn trace(text: &str, scalar: Span) -> Trace {
    let written = text.get(scalar.range()).unwrap_or_default();
    let inner = Span::new(scalar.start + 1, scalar.end.saturating_sub(1).max(scalar.start + 1));
    match written.chars().next() {
        None => Trace::default(),
        Some('"') => trace_flow(text, inner, Quotes::Double),
        Some('\'') => trace_flow(text, inner, Quotes::Single),
        Some('|' | '>') => trace_block(text, scalar),
        Some(_) => trace_flow(text, scalar, Quotes::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{NodeValue, parse};
    use proptest::prelude::{Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
    use proptest::test_runner::TestCaseError;

    /// What the file has at every place of `needle` in the decoded text under the key `k`.
    fn written(source: &str, needle: &str) -> Vec<String> {
        let file = SourceFile::new("a.yaml", source);
        let tree = parse(&file).expect(source);
        let node = tree.get("k").expect("there is a key k");
        let text = node.text().expect("it is text");
        let found: Vec<String> = text
            .match_indices(needle)
            .map(|(at, _)| file.slice(span_in_scalar(&file, node.span, at..at + needle.len())).to_owned())
            .collect();
        assert!(!found.is_empty(), "{needle:?} is not in {text:?}");
        found
    }

    #[test]
    fn a_name_is_found_in_every_style_of_scalar() {
        for source in [
            "k: a NAME b\n",
            "k: a\n  NAME\n  b\n",
            "k: 'it''s NAME'\n",
            "k: 'a\n\n  it''s\n  NAME'\n",
            "k: \"\\u00e9\\t\\\" NAME\"\n",
            "k: \"a \\\n   b\n\n  NAME\"\n",
            "k: \"\\ud83d\\ude00 NAME\"\n",
            "k: |\n  é\n\n    x\n  NAME\n",
            "k: |2\n    x\n  NAME\n",
            "k: |- # a comment with | and >\n\n   x NAME\n",
            "k: >\n  x\n  y\n\n    more\n\n  NAME\n",
            "k: >+\n  NAME\n\n\nl: 1\n",
            "k: &anchor |\n  NAME\n",
            "k: # | comment\n  |\n  NAME\n",
            "k: |\r\n  x\r\n  NAME\r\n",
        ] {
            assert_eq!(written(source, "NAME"), ["NAME"], "{source}");
        }
        assert_eq!(written("k: |\n  NAME\n\n  NAME\n", "NAME"), ["NAME", "NAME"]);
    }

    #[test]
    fn an_escape_or_fold_is_given_as_it_was_written() {
        for (source, needle, expected) in [
            ("k: \"a\\tb\"\n", "\t", "\\t"),
            ("k: \"\\u00e9\"\n", "é", "\\u00e9"),
            ("k: \"x\\ud83d\\ude00\"\n", "😀", "\\ud83d\\ude00"),
            ("k: 'it''s'\n", "'", "''"),
            ("k: a \n   b\n", "a b", "a \n   b"),
            ("k: |\n  a\n  b\n", "a\nb", "a\n  b"),
        ] {
            assert_eq!(written(source, needle), [expected], "{source}");
        }
    }

    #[test]
    fn a_block_scalar_spans_from_its_sign_to_the_end_of_its_content() {
        let file = SourceFile::new("a.yaml", "k: |- # why\n  a\n  b\n\nl: 1\n");
        let tree = parse(&file).expect("good YAML");
        assert_eq!(file.slice(tree.get("k").expect("a key").span), "|- # why\n  a\n  b");
    }

    #[test]
    fn a_range_outside_the_text_ends_with_the_scalar() {
        let file = SourceFile::new("a.yaml", "k: abc\n");
        let scalar = Span::new(3, 6);
        assert_eq!(span_in_scalar(&file, scalar, 1..99), Span::new(4, 6));
        assert_eq!(span_in_scalar(&file, scalar, 50..99), Span::new(6, 6));
        assert_eq!(span_in_scalar(&file, Span::new(80, 99), 0..1).start, 99);
    }

    fn words() -> impl Strategy<Value = String> {
        let letter = prop_oneof![
            8 => prop::sample::select(vec!['a', 'b', ' ', '\n', '\t', '"', '\'', '\\', '#', ':', '{', '}', '-', '|', '>', 'é', '€', '😀']),
            1 => any::<char>(),
        ];
        prop::collection::vec(letter, 0..40).prop_map(|letters| letters.into_iter().filter(|&c| c != '\r').collect())
    }

    /// Every character that stands in the file as it is must be given back as itself.
    fn hold_the_trace(source: &str) -> Result<(), TestCaseError> {
        let file = SourceFile::new("a.yaml", source);
        let Ok(tree) = parse(&file) else { return Ok(()) };
        let Some(node) = tree.get("k") else { return Ok(()) };
        let NodeValue::String(text) = &node.value else { return Ok(()) };
        for (at, letter) in text.char_indices() {
            let span = span_in_scalar(&file, node.span, at..at + letter.len_utf8());
            let found = file.slice(span);
            let stands_for_it = found.starts_with('\\') || found == "''";
            if !letter.is_whitespace() && !stands_for_it {
                prop_assert_eq!(found, letter.to_string(), "{:?} in {:?}", letter, source);
            }
        }
        // What is traced is as long as what was decoded, but for the breaks and blanks that end a block.
        let traced = trace(source, node.span).length();
        prop_assert_eq!(traced, text[..traced.min(text.len())].len());
        prop_assert_eq!(text[traced..].trim_matches([' ', '\t', '\n']), "", "{:?}", source);
        Ok(())
    }

    proptest! {
        #[test]
        fn every_character_maps_back_in_double_quotes(words in words()) {
            let escaped: String = words
                .chars()
                .map(|c| if c == '"' || c == '\\' { format!("\\{c}") } else if c.is_control() && c != '\n' { format!("\\x{:02x}", u32::from(c) & 0xff) } else { c.to_string() })
                .collect();
            hold_the_trace(&format!("k: \"{}\"\n", escaped.replace('\n', "\n  ")))?;
        }

        #[test]
        fn every_character_maps_back_in_single_quotes(words in words()) {
            hold_the_trace(&format!("k: '{}'\n", words.replace('\'', "''").replace('\n', "\n  ")))?;
        }

        #[test]
        fn every_character_maps_back_in_a_block(words in words(), folded in any::<bool>(), chomp in 0..3usize, digit in any::<bool>()) {
            let sign = if folded { '>' } else { '|' };
            let chomp = ["", "-", "+"][chomp];
            let digit = if digit { "2" } else { "" };
            hold_the_trace(&format!("k: {sign}{digit}{chomp}\n  {}\nl: 1\n", words.replace('\n', "\n  ")))?;
        }

        #[test]
        fn every_character_maps_back_without_quotes(words in words()) {
            hold_the_trace(&format!("k: x{}\n", words.replace('\n', "\n  ")))?;
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in words()) {
            let _ = parse(&SourceFile::new("a.yaml", text));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(file) = crate::yaml::decode("a.yaml", bytes) {
                let _ = parse(&file);
            }
        }
    }
}
