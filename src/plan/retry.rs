//! How requests are repeated, with every key decided.

use std::time::Duration;

use crate::playbook::model::{Backoff, Retry, RetryOn, RetrySetting};
use crate::playbook::template::Expr;
use crate::yaml::Node;

/// How a step's requests are repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included.
    pub attempts: u32,
    /// The same while the API is away; the same number where the author gives one.
    pub away_attempts: u32,
    /// The pause before the second try.
    pub delay: Duration,
    /// The longest pause.
    pub max_delay: Duration,
    /// How pauses grow.
    pub backoff: Backoff,
    /// Whether each pause is shortened by chance.
    pub jitter: bool,
    /// What is tried again.
    pub only: Vec<RetryOn>,
    /// True means give up.
    pub unless: Option<Expr>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            away_attempts: 7,
            delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            backoff: Backoff::Exponential,
            jitter: true,
            only: vec![RetryOn::Transport, RetryOn::RateLimited, RetryOn::ServerError, RetryOn::Timeout],
            unless: None,
        }
    }
}

impl RetryPolicy {
    /// This policy with the keys of a `retry` set over it; `node` is where it stands.
    #[must_use]
    pub fn with(&self, setting: Option<&RetrySetting>, node: Option<&Node>) -> Self {
        match setting {
            None => self.clone(),
            Some(RetrySetting::Off(_)) => Self { attempts: 1, away_attempts: 1, ..self.clone() },
            Some(RetrySetting::On(retry)) => self.with_keys(retry, node),
        }
    }

    fn with_keys(&self, retry: &Retry, node: Option<&Node>) -> Self {
        let unless = node.and_then(|node| node.get("unless"));
        let unless = unless.and_then(|node| Some(Expr::from_scalar(node.text()?, node.span)));
        Self {
            attempts: retry.attempts.unwrap_or(self.attempts),
            away_attempts: retry.attempts.unwrap_or(self.away_attempts),
            delay: retry.delay.map_or(self.delay, |period| period.0),
            max_delay: retry.max_delay.map_or(self.max_delay, |period| period.0),
            backoff: retry.backoff.unwrap_or(self.backoff),
            jitter: retry.jitter.unwrap_or(self.jitter),
            only: retry.only.clone().unwrap_or_else(|| self.only.clone()),
            unless: unless.or_else(|| self.unless.clone()),
        }
    }

    /// The longest pause before try number `next`, counted from 2, before chance shortens it.
    #[must_use]
    pub fn pause_before(&self, next: u32) -> Duration {
        let doublings = match self.backoff {
            Backoff::Constant => 0,
            Backoff::Exponential => next.saturating_sub(2).min(31),
        };
        self.delay.saturating_mul(1 << doublings).min(self.max_delay.max(self.delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(json: serde_json::Value) -> RetrySetting {
        serde_json::from_value(json).expect("a good retry")
    }

    #[test]
    fn a_steps_keys_are_set_over_the_defaults_one_by_one() {
        let defaults =
            RetryPolicy::default().with(Some(&setting(serde_json::json!({ "attempts": 7, "delay": "5s" }))), None);
        let step = defaults.with(Some(&setting(serde_json::json!({ "delay": "1s" }))), None);
        assert_eq!((step.attempts, step.delay), (7, Duration::from_secs(1)));
        assert_eq!(defaults.with(Some(&setting(serde_json::json!(false))), None).attempts, 1);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RetryPolicy { max_delay: Duration::from_secs(5), ..RetryPolicy::default() };
        let pauses: Vec<u64> = [2, 3, 4, 5, 99].map(|next| policy.pause_before(next).as_secs()).to_vec();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        let constant = RetryPolicy { backoff: Backoff::Constant, ..policy };
        assert_eq!(constant.pause_before(9), Duration::from_secs(1));
    }
}
