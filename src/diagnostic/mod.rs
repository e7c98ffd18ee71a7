//! A mistake in what a person wrote, and how it is shown.
//!
//! In: a code, a place, what was found and what was expected. Out: the same struct drawn for people or as data. Nothing
//! here finds mistakes.

mod draw;
mod excerpt;
mod message;
mod wording;

pub use draw::{draw, summary};
pub use message::{github, json};
pub use wording::{alternatives, near_name, nearest, quote};

use crate::source::{SourceFile, Span};

/// As many mistakes are looked for in one go; what a file has beyond them is not looked at.
pub const MOST_MISTAKES: usize = 1000;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file can be used; the author should look.
    Warning,
}

/// The stable code of a kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// The code as people see it, such as `E010`.
    pub id: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What it means, with a wrong example and its mend, as Markdown.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal $severity:ident;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self {
                id: $id,
                severity: Severity::$severity,
                explanation: include_str!(concat!("explained/", $id, ".md")),
            };)*
            /// Every code there is, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    /// The text is not YAML.
    SYNTAX = "E001" Error;
    /// A key stands twice in one map.
    DUPLICATE_KEY = "E002" Error;
    /// An anchor is unknown or contains itself.
    ANCHOR = "E003" Error;
    /// The file is larger, deeper or grows further than allowed.
    TOO_LARGE = "E004" Error;
    /// The file is not readable text: not UTF-8, or it holds NUL.
    NOT_TEXT = "E005" Error;
    /// The file is empty or holds more than one document.
    DOCUMENT = "E006" Error;
    /// A key that is not a plain string, or a tag.
    KEY_OR_TAG = "E007" Error;
    /// A key that nobody knows.
    UNKNOWN_KEY = "E010" Error;
    /// A key that must be there is missing.
    MISSING_KEY = "E011" Error;
    /// A value of the wrong type.
    WRONG_TYPE = "E012" Error;
    /// A value that is not one of those allowed.
    NOT_ALLOWED = "E013" Error;
    /// A text in the wrong form, such as a duration without a unit.
    WRONG_FORM = "E014" Error;
    /// A number, text or list that is too small or too large.
    OUT_OF_RANGE = "E015" Error;
    /// A step without an action.
    NO_ACTION = "E016" Error;
    /// A step with more than one action.
    MANY_ACTIONS = "E017" Error;
    /// Something that is part of the language but not of this version.
    NOT_SUPPORTED = "E018" Error;
    /// Keys that exclude each other.
    CONFLICT = "E019" Error;
    /// A template or expression that can't be read.
    TEMPLATE_SYNTAX = "E020" Error;
    /// A name that nobody defines.
    UNDEFINED_NAME = "E021" Error;
    /// A template where none may stand.
    TEMPLATE_PLACE = "E022" Error;
    /// `{{ }}` without quotes, which YAML reads as a map.
    UNQUOTED_TEMPLATE = "E023" Error;
    /// A capture used before it is made.
    USED_TOO_EARLY = "E024" Error;
    /// A name that is reserved or already taken.
    NAME_TAKEN = "E025" Error;
    /// A step timeout shorter than the wait inside it.
    TIMEOUT_TOO_SHORT = "E026" Error;
    /// A `dag_run_id` that Airflow would refuse or that would break the run.
    RUN_ID = "E027" Error;
    /// A regular expression that can't be read.
    REGEX = "E028" Error;
    /// A time zone that is not known.
    TIME_ZONE = "E029" Error;
    /// An input that is unknown, missing or of the wrong type.
    INPUT = "E030" Error;
    /// Two steps with the same id.
    DUPLICATE_ID = "E031" Error;
    /// A filter, test or function that does not exist.
    UNKNOWN_FILTER = "E032" Error;
    /// A condition that can never be `true` or `false`.
    NOT_A_CONDITION = "E033" Error;
    /// A capture that is used, and whose step the selection leaves out.
    NOT_SELECTED = "E034" Error;
    /// An `expect` or `assert` that did not hold when the step ran.
    NOT_TRUE = "E040" Error;
    /// A template or expression that failed when the step ran.
    RENDER = "E041" Error;
    /// A DAG, dataset or the like that this Airflow does not have.
    NOT_IN_AIRFLOW = "E042" Error;
    /// A value that Airflow refuses, or that can't be used there.
    REFUSED = "E043" Error;
    /// A `conf` that does not fit the params of its DAG.
    CONF = "E044" Error;
    /// A capture that may not be set where it is used.
    MAY_NOT_BE_SET = "W001" Warning;
    /// An input, var or capture that is never used.
    UNUSED = "W002" Warning;
    /// A wait without a bound of its own.
    NO_BOUND = "W003" Warning;
    /// A literal that looks like a credential.
    CREDENTIAL = "W004" Warning;
    /// A secret in what Airflow shows to every reader.
    SECRET_SHOWN = "W005" Warning;
    /// What would be a mistake, where the run may do without it.
    PERHAPS = "W006" Warning;
    /// An event that not every DAG that listens would run for.
    NO_CONSUMER = "W007" Warning;
    /// A `rescue` that only tells somebody, and so makes a failed run end well.
    ONLY_TELLS = "W008" Warning;
    /// A literal number that is not sent as it is written.
    REWRITTEN = "W009" Warning;
}

/// One mistake at one place.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// What kind of mistake it is.
    pub code: Code,
    /// The first line: lower case, no full stop, back-ticks round the author's words.
    pub message: String,
    /// The text the place is in.
    pub file: SourceFile,
    /// The exact key or value meant.
    pub span: Span,
    /// The words beside the caret; may be empty.
    pub label: String,
    /// A second place that explains the first, with its words.
    pub related: Option<(Span, String)>,
    /// Further lines of fact, each shown as `note:`.
    pub notes: Vec<String>,
    /// The way out, shown as `help:`.
    pub help: Option<String>,
    /// The line is not shown, since it holds what nobody should see.
    pub is_concealed: bool,
}

impl Diagnostic {
    /// A diagnostic with its place and message; the rest is added by the `with_` methods.
    #[must_use]
    pub fn new(code: Code, file: &SourceFile, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            file: file.clone(),
            span,
            label: String::new(),
            related: None,
            notes: Vec::new(),
            help: None,
            is_concealed: false,
        }
    }

    /// Keeps the line itself from being shown.
    #[must_use]
    pub const fn concealed(mut self) -> Self {
        self.is_concealed = true;
        self
    }

    /// Adds the words beside the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a second place with its words.
    #[must_use]
    pub fn with_related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }

    /// Adds a line of fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_in_order_and_say_their_severity() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
        }
        for code in Code::ALL {
            assert_eq!(code.id.starts_with('W'), code.severity == Severity::Warning, "{}", code.id);
        }
    }
}
