//! A write of a step, as far as it has come. What it is sent with and what became of it is kept; sending is not done here.

use serde::Serialize;
use serde_json::Value;

use crate::event::WriteFate;
use crate::outcome::WriteKind;

/// A write and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WriteRecord {
    /// What it changes.
    pub write: WriteKind,
    /// What makes it the only one.
    pub identity: String,
    /// What it acts on.
    pub subject: String,
    /// The arguments it is sent with; null where they are not kept.
    #[serde(skip)]
    pub arguments: Value,
    /// What became of it; none while that is open.
    pub fate: Option<WriteFate>,
}

impl WriteRecord {
    /// Whether it may or may not have been carried out.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        matches!(self.fate, None | Some(WriteFate::Unknown))
    }
}
