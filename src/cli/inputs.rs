//! `-e name=value` and `-e @file`: the inputs that were given, each with its place.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};
use crate::file::{self, PATIENCE, TEXT_MAX};
use crate::plan::{Given, GivenInput};
use crate::source::{SourceFile, Span};
use crate::yaml::{self, Entry, NodeValue, rewritten};

/// Reads the values of `-e`.
///
/// # Errors
/// Every one that is neither `name=value` nor a file with a map in it.
pub(super) fn given(extra_vars: &[String], cwd: &Path) -> Result<Vec<GivenInput>, Vec<Diagnostic>> {
    let mut inputs = Vec::new();
    let mut mistakes = Vec::new();
    for text in extra_vars {
        match text.strip_prefix('@') {
            Some(path) => match from_file(path, cwd) {
                Ok(values) => inputs.extend(values),
                Err(found) => mistakes.extend(found),
            },
            None => match pair(text) {
                Ok(input) => inputs.push(input),
                Err(mistake) => mistakes.push(*mistake),
            },
        }
    }
    if mistakes.is_empty() { Ok(inputs) } else { Err(mistakes) }
}

/// `name=value`. The value is left out of the text that messages show: it may be a secret.
fn pair(text: &str) -> Result<GivenInput, Box<Diagnostic>> {
    if text.trim_start().starts_with('{') {
        let file = SourceFile::new("-e", "{…}");
        let mistake = Diagnostic::new(Code::INPUT, &file, Span::new(0, 1), "`-e` takes no JSON by itself");
        return Err(Box::new(
            mistake.with_help("write `-e NAME=VALUE` for each input, or `-e @FILE` with the JSON in a file"),
        ));
    }
    let Some((name, value)) = text.split_once('=') else {
        let name = text.split_whitespace().next().unwrap_or_default();
        let file = SourceFile::new("-e", if name == text { name.to_owned() } else { format!("{name} …") });
        let mistake =
            Diagnostic::new(Code::INPUT, &file, Span::new(0, name.len()), "`-e` takes `name=value` or `@file`");
        return Err(Box::new(mistake.with_help("write `-e month=2026-10`")));
    };
    let name = name.trim();
    let file = SourceFile::new("-e", format!("{name}=…"));
    Ok(GivenInput {
        name: name.to_owned(),
        value: Given::Text(value.to_owned()),
        span: Span::new(0, name.len()),
        file,
        warnings: Vec::new(),
    })
}

fn from_file(path: &str, cwd: &Path) -> Result<Vec<GivenInput>, Vec<Diagnostic>> {
    let (bytes, _) = file::read_or_pipe(&cwd.join(path), TEXT_MAX, PATIENCE).map_err(|error| {
        let file = SourceFile::new("-e", format!("@{path}"));
        vec![Diagnostic::new(
            Code::INPUT,
            &file,
            Span::new(1, 1 + path.len()),
            format!("this file can't be read: {error}"),
        )]
    })?;
    let file = yaml::decode(path, bytes).map_err(|mistake| vec![blanked(mistake)])?;
    let tree = yaml::parse(&file).map_err(|mistakes| mistakes.into_iter().map(blanked).collect::<Vec<Diagnostic>>())?;
    if !matches!(tree.value, NodeValue::Map(_)) {
        return Err(vec![Diagnostic::new(
            Code::INPUT,
            &file,
            tree.span,
            "a file of inputs holds a map of names and values",
        )]);
    }
    Ok(tree.entries().iter().map(|entry| from_entry(&file, entry)).collect())
}

/// The same mistake, drawn in a text of stars: what stands in a file of inputs may be a secret, and it can't be told which.
fn blanked(mistake: Diagnostic) -> Diagnostic {
    let star = |byte: u8| if byte == b'\n' { '\n' } else { '*' };
    let text: String = mistake.file.text().bytes().map(star).collect();
    Diagnostic { file: SourceFile::new(mistake.file.name(), text), ..mistake }
}

/// An entry of a file. Its value, and all else in the file, is left out of the text that messages show, too.
fn from_entry(file: &SourceFile, entry: &Entry) -> GivenInput {
    let place = file.location(entry.key_span);
    let before = format!("{}{}", "\n".repeat(place.line - 1), " ".repeat(place.column - 1));
    let key = file.text().get(entry.key_span.start..entry.key_span.end).unwrap_or(&entry.key);
    let shown = SourceFile::new(file.name(), format!("{before}{key}: …"));
    let span = Span::new(before.len(), before.len() + key.len());
    // A number by itself is one by the type of its input; inside a list or map nobody says so.
    let is_alone = matches!(entry.value.value, NodeValue::Number(_));
    let lost = if is_alone { 0 } else { rewritten(file, &entry.value).len() };
    let warning = || {
        let message = format!("a number in `{}` is not kept as it is written", entry.key);
        let help = "put it in quotes if text is meant, such as a code that begins with a zero";
        Diagnostic::new(Code::REWRITTEN, &shown, span, message).with_help(help)
    };
    GivenInput {
        name: entry.key.clone(),
        value: Given::Value(entry.value.to_json()),
        warnings: (lost > 0).then(warning).into_iter().collect(),
        file: shown.clone(),
        span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_an_equals_sign_and_is_in_no_message() {
        let inputs = given(&["a=b=c".to_owned()], Path::new("/")).expect("it is a pair");
        assert!(matches!(&inputs[0].value, Given::Text(text) if text == "b=c"));
        assert_eq!(inputs[0].file.text(), "a=…");
    }

    #[test]
    fn a_mistake_in_a_file_of_inputs_shows_nothing_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("i.yaml"), "a: 1\nhook: 'hunter2-ü\n").expect("it is written");
        let mistakes = given(&["@i.yaml".to_owned()], folder.path()).expect_err("it is not YAML");
        let drawn = crate::diagnostic::draw(&mistakes, false);
        assert!(!drawn.contains("hunter2") && drawn.contains("i.yaml:"), "{drawn}");
    }

    #[test]
    fn a_pair_without_an_equals_sign_shows_its_first_word_only() {
        let mistakes = given(&["hook hunter2".to_owned()], Path::new("/")).expect_err("no pair");
        let drawn = crate::diagnostic::draw(&mistakes, false);
        assert!(!drawn.contains("hunter2"), "{drawn}");
    }

    #[test]
    fn what_is_no_pair_and_no_file_is_told() {
        let texts = ["month".to_owned(), "@/does/not/exist.yaml".to_owned()];
        let mistakes = given(&texts, Path::new("/")).expect_err("both are wrong");
        assert_eq!(mistakes.len(), 2);
        assert!(mistakes[1].message.starts_with("this file can't be read"));
    }
}
