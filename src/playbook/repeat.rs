//! How often something is done again: a request that failed, a look at what is not so yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Expression, Period};

/// How often to look, and how long.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct PollSetting {
    /// The first interval. Default 2s.
    pub every: Option<Period>,
    /// The longest interval. Default 30s.
    pub max_every: Option<Period>,
    /// How long to look for `until`. Default: as long as the step may take.
    pub timeout: Option<Period>,
}

/// How requests are repeated, or `false` for never.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a map or `false`", "x-short" = "{ attempts: # }"))]
pub enum RetrySetting {
    /// `false`: every request is sent once.
    Off(#[schemars(extend("const" = false))] bool),
    /// How they are repeated.
    On(Retry),
}

/// How a request is repeated. Keys that are not given come from `defaults.retry`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Retry {
    /// How often a request is sent at most, the first time included. Default 3, and 7 while Airflow is away: the connection
    /// is refused or breaks, or a gateway answers for it.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: Option<u32>,
    /// The pause before the second try. Default 1s.
    pub delay: Option<Period>,
    /// The longest pause. Default 30s.
    pub max_delay: Option<Period>,
    /// `exponential` (default): each pause is twice the one before. `constant`: all are alike.
    pub backoff: Option<Backoff>,
    /// Shorten each pause by chance, by up to a half, so that many clients don't come back at once. Default true.
    pub jitter: Option<bool>,
    /// What is tried again. Default: `transport`, `rate_limited`, `server_error` and `timeout`.
    #[schemars(length(min = 1))]
    pub only: Option<Vec<RetryOn>>,
    /// An expression over `error.kind`, `error.status` and `error.message`: true means give up.
    pub unless: Option<Expression>,
}

/// How pauses grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Backoff {
    /// Each is twice the one before.
    Exponential,
    /// All are alike.
    Constant,
}

/// What is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RetryOn {
    /// The connection could not be made or broke.
    Transport,
    /// 429.
    RateLimited,
    /// An error 5xx, those of gateways such as 520 to 530 too; not 501, 505, 506, 508, 510, 511, which do not pass.
    ServerError,
    /// No answer in time, or 408.
    Timeout,
    /// The DAG or dataset is not there (reading actions only).
    NotFound,
    /// An `expect` did not hold (reading actions only).
    Expect,
}
