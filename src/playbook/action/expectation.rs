//! What must be true: of a result in `expect`, of names in `assert`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Expression, Text};

/// An expression that must be `true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "an expression, or a map with `that`"))]
pub enum Expectation {
    /// The expression alone.
    Plain(Expression),
    /// The expression with words for people.
    Explained(Explained),
}

/// An expression with words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Explained {
    /// The expression.
    pub that: Expression,
    /// What to say when it is not true.
    pub message: Option<Text>,
}

/// One expectation or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "an expression or a list of them"))]
pub enum Expectations {
    /// Several.
    Many(#[schemars(length(min = 1))] Vec<Expectation>),
    /// One.
    One(Expectation),
}
