//! Diagnostics for programs: a JSON object a line, or annotations as GitHub Actions reads them.

use serde_json::{Value, json};

use super::{Diagnostic, Severity};

impl Severity {
    /// The word in data.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A diagnostic as a JSON object. Lines and columns are counted from 1, columns in characters; the end is behind the last one.
#[must_use]
pub fn json(diagnostic: &Diagnostic) -> Value {
    let file = &diagnostic.file;
    let (line, column) = file.line_column(diagnostic.span.start);
    let (end_line, end_column) = file.line_column(diagnostic.span.end);
    let related = diagnostic.related.as_ref().map(|(span, label)| {
        let (line, column) = file.line_column(span.start);
        json!({ "line": line, "column": column, "label": label })
    });
    json!({
        "code": diagnostic.code.id,
        "severity": diagnostic.code.severity.as_str(),
        "message": diagnostic.message,
        "file": file.name(),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "related": related,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

/// A diagnostic as an annotation of GitHub Actions: `::error file=…,line=…::…`.
#[must_use]
pub fn github(diagnostic: &Diagnostic) -> String {
    let file = &diagnostic.file;
    let (line, column) = file.line_column(diagnostic.span.start);
    let (end_line, end_column) = file.line_column(diagnostic.span.end);
    // Columns are shown only for a place within one line.
    let columns =
        if line == end_line { format!(",col={column},endColumn={end_column}") } else { format!(",endLine={end_line}") };
    let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
    let message: String = std::iter::once(diagnostic.message.clone()).chain(notes).chain(help).collect();
    format!(
        "::{} file={},line={line}{columns},title={}::{}",
        diagnostic.code.severity.as_str(),
        property(file.name()),
        property(diagnostic.code.id),
        escaped(&message)
    )
}

/// What GitHub would read as an end of the line, or as an escape of its own.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same in a property, where a colon and a comma mean something, too.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{SourceFile, Span};

    fn diagnostic() -> Diagnostic {
        let file = SourceFile::new("a,b:c.yaml", "name: é\nstpes: 100%\n");
        Diagnostic::new(Code::UNKNOWN_KEY, &file, Span { start: 9, end: 14 }, "unknown key `stpes`").with_help("100%?")
    }

    #[test]
    fn json_has_the_place_in_lines_and_characters() {
        let shown = json(&diagnostic());
        assert_eq!((&shown["code"], &shown["severity"]), (&"E010".into(), &"error".into()));
        assert_eq!((&shown["line"], &shown["column"], &shown["end_column"]), (&2.into(), &1.into(), &6.into()));
    }

    #[test]
    fn an_annotation_is_one_line_whatever_is_in_it() {
        assert_eq!(
            github(&diagnostic()),
            "::error file=a%2Cb%3Ac.yaml,line=2,col=1,endColumn=6,title=E010::unknown key `stpes`%0Ahelp: 100%25?"
        );
    }
}
