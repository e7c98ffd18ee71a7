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
