//! The moment by which an exchange, or several, must be over.
//!
//! In: a clock and a duration. Out: what is left of it. Several requests that serve one purpose (a login, then the
//! request itself) share one deadline, so that together they take no longer than was allowed.

use std::time::Duration;

use super::trace::Telling;
use crate::clock::Clock;

/// A moment on a [`Clock`].
#[derive(Debug, Clone)]
pub struct Deadline {
    clock: Clock,
    limit: Duration,
    ends: Duration,
    telling: Telling,
}

impl Deadline {
    /// The moment `limit` from now.
    #[must_use]
    pub fn after(clock: &Clock, limit: Duration) -> Self {
        Self { clock: clock.clone(), limit, ends: clock.elapsed().saturating_add(limit), telling: Telling::default() }
    }

    /// The same for requests that are told of so.
    #[must_use]
    pub const fn told(mut self, telling: Telling) -> Self {
        self.telling = telling;
        self
    }

    /// How requests until then are told of.
    #[must_use]
    pub const fn telling(&self) -> Telling {
        self.telling
    }

    /// What is left until then; zero when it has passed.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.ends.saturating_sub(self.clock.elapsed())
    }

    /// The duration that was given.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// The clock it is measured on.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_left_shrinks_to_zero_and_no_further() {
        let clock = Clock::manual("2026-11-01T12:00:00Z".parse().expect("a good timestamp"));
        let deadline = Deadline::after(&clock, Duration::from_secs(5));
        clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(deadline.left(), Duration::from_secs(3));
        clock.sleep(Duration::from_secs(9)).await;
        assert_eq!(deadline.left(), Duration::ZERO);
    }
}
