//! The mistakes that functions and filters of ours find, each with its way out.
//!
//! In: a message and what to write instead. Out: the engine's error, which takes both to where the template is known.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// What to write instead, carried as the source of the engine's error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Help(String);

/// A mistake without a way out of its own.
pub(super) fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// A mistake, and what to write instead.
pub(super) fn fault_with(message: impl Into<String>, help: impl Into<String>) -> Error {
    fault(message).with_source(Help(help.into()))
}

/// What an error of ours says to write instead.
pub(super) fn help_of(error: &Error) -> Option<String> {
    std::error::Error::source(error)?.downcast_ref::<Help>().map(|help| help.0.clone())
}

/// The kind of a value with its article.
pub(super) fn noun(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::String => "text",
        ValueKind::Number => "a number",
        ValueKind::Undefined => "a value that is not defined",
        ValueKind::None => "none",
        ValueKind::Bool => "true or false",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "a value of another kind",
    }
}

/// Refuses a value that is not defined; the engine's error knows where it came from.
pub(super) fn defined(value: &Value) -> Result<&Value, Error> {
    if value.is_undefined() { value.get_attr("").map(|_| value) } else { Ok(value) }
}
