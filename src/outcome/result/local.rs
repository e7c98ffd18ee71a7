//! What the actions give that ask no Airflow.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The result of `print`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The text that was printed.
    pub text: String,
}

/// The result of `assert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertions {
    /// How many expressions held.
    pub assertions: usize,
}

/// The result of `set_vars`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VarsSet {
    /// The names with their values.
    pub vars: Map<String, Value>,
}

/// The result of `pause`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// How long it was, in seconds.
    pub seconds: f64,
}

/// The result of `notify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// How many webhooks took the text.
    pub sent: usize,
    /// How many did not.
    pub failed: usize,
    /// What became of each, in the order of the step.
    pub webhooks: Vec<WebhookTold>,
}

/// What became of one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTold {
    /// The host; the rest of its URL is secret.
    pub host: String,
    /// Whether it took the text.
    pub ok: bool,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Why it did not take the text.
    pub message: Option<String>,
}
