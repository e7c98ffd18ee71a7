//! Numbers whose value is written otherwise than they are.
//!
//! In: a file and a part of its tree. Out: every number of it that JSON writes with other characters: `01234`, `+351`,
//! `1.10`, `0x10`. Whoever meant text, such as a postal code or a version, has lost some of it.

use std::collections::HashSet;

use super::plain::value_of;
use super::tree::{Node, NodeValue};
use crate::source::{SourceFile, Span};

/// A number that is written otherwise once it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten<'a> {
    /// Where it stands.
    pub span: Span,
    /// As it is written in the file.
    pub written: &'a str,
    /// As it is written afterwards.
    pub kept: String,
}

/// The numbers of a value that are written otherwise once they are read, each place once.
#[must_use]
pub fn rewritten<'a>(file: &'a SourceFile, node: &Node) -> Vec<Rewritten<'a>> {
    let mut found = Vec::new();
    look(file, node, &mut found);
    let mut seen = HashSet::new();
    found.retain(|one| seen.insert(one.span));
    found
}

fn look<'a>(file: &'a SourceFile, node: &Node, found: &mut Vec<Rewritten<'a>>) {
    match &node.value {
        NodeValue::Number(number) => {
            let (written, kept) = (file.slice(node.span), number.to_string());
            // The place of an alias holds its name.
            let is_it = value_of(written).is_ok_and(|value| value == node.value);
            if is_it && written != kept {
                found.push(Rewritten { span: node.span, written, kept });
            }
        }
        NodeValue::List(items) => items.iter().for_each(|item| look(file, item, found)),
        NodeValue::Map(entries) => entries.iter().for_each(|entry| look(file, &entry.value, found)),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn kept(text: &str) -> Vec<(String, String)> {
        let file = SourceFile::new("a.yaml", text);
        let tree = parse(&file).expect("good YAML");
        rewritten(&file, &tree).into_iter().map(|one| (one.written.to_owned(), one.kept)).collect()
    }

    #[test]
    fn a_number_that_loses_characters_is_found_wherever_it_stands() {
        for (written, expected) in [
            ("01234", "1234"),
            ("08901", "8901"),
            ("+351912345678", "351912345678"),
            ("1234e5", "123400000.0"),
            ("1.10", "1.1"),
            ("0x10", "16"),
            ("0o17", "15"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("-0", "0"),
            ("1E3", "1000.0"),
        ] {
            for text in [format!("a: {written}"), format!("[[{written}]]"), format!("a: {{ b: &x {written}, c: *x }}")]
            {
                assert_eq!(kept(&text), [(written.to_owned(), expected.to_owned())], "{text}");
            }
        }
    }

    #[test]
    fn what_stays_as_it_is_written_is_not_found() {
        for text in
            ["12", "-12", "1.5", "0", "0.0", "'01234'", "\"1.10\"", "1_000", "12:30:00", "2026-10-01", "true", "1.2.3"]
        {
            assert_eq!(kept(&format!("a: {text}")), [], "{text}");
        }
    }
}
