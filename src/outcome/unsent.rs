//! What a check shows in place of what a run would do: requests that were not sent, and results of which a part is known.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::outcome::WriteKind;

/// A request that a run would send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRequest {
    /// `POST`, `PATCH`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// How the credential would be shown.
    pub auth: ShownAuth,
    /// The other headers with their values.
    pub headers: Map<String, Value>,
    /// The body; none where it may not be shown.
    pub body: Option<Value>,
}

/// How a credential would be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownAuth {
    /// `Authorization: Token`.
    Token,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// `Authorization: Bearer`, with a token that the credential is exchanged for.
    Exchange,
    /// Not at all.
    None,
}

/// A write that was shown, and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownWrite {
    /// What it would change.
    pub write: WriteKind,
    /// What makes it the only one.
    pub identity: String,
    /// What it would act on: a DAG's id or a dataset's URI.
    pub subject: String,
    /// The request.
    pub request: ShownRequest,
    /// Values in it that are not known in a check; a placeholder stands for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Whether a secret in it is masked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_masked: bool,
}

/// The result of an action that was not carried out to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// The names of its other fields.
    pub unknown: Vec<String>,
    /// What is known of it.
    #[serde(flatten)]
    pub known: Map<String, Value>,
}
