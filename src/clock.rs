//! Time, the only way it passes in this program.
//!
//! In: nothing. Out: the time of day, the time since the clock was made, sleeping and time-outs. A *system* clock is the
//! machine's. A *manual* clock stands still until somebody sleeps on it: a sleep moves it forward and returns at once, so
//! that a wait of two hours takes no time and still ends at the right moment.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock; clones share the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    System { started: Instant },
    Manual { start: Timestamp, elapsed: watch::Sender<Duration> },
}

/// The time given to a future ran out before it was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time ran out")]
pub struct Elapsed;

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Kind::System { started: Instant::now() }))
    }

    /// A clock that stands at `start` until it is slept on.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Arc::new(Kind::Manual { start, elapsed: watch::Sender::new(Duration::ZERO) }))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::System { .. } => Timestamp::now(),
            Kind::Manual { start, elapsed } => {
                let passed = SignedDuration::try_from(*elapsed.borrow()).unwrap_or(SignedDuration::MAX);
                start.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The time since the clock was made; never runs backwards.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &*self.0 {
            Kind::System { started } => started.elapsed(),
            Kind::Manual { elapsed, .. } => *elapsed.borrow(),
        }
    }

    /// Lets `duration` pass.
    pub async fn sleep(&self, duration: Duration) {
        match &*self.0 {
            Kind::System { .. } => tokio::time::sleep(duration).await,
            Kind::Manual { elapsed, .. } => {
                elapsed.send_modify(|passed| *passed = passed.saturating_add(duration));
                tokio::task::yield_now().await;
            }
        }
    }

    /// Returns when `duration` has passed, without making it pass: on a manual clock somebody else must sleep.
    pub async fn passes(&self, duration: Duration) {
        match &*self.0 {
            Kind::System { .. } => tokio::time::sleep(duration).await,
            Kind::Manual { elapsed, .. } => {
                let end = elapsed.borrow().saturating_add(duration);
                // It fails only when the clock is gone, and this holds it.
                let _ = elapsed.subscribe().wait_for(|now| *now >= end).await;
            }
        }
    }

    /// Waits for `future`, but no longer than `limit`.
    ///
    /// # Errors
    /// `Elapsed` when the limit was reached first; the future is dropped then.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, Elapsed> {
        match &*self.0 {
            Kind::System { .. } => tokio::time::timeout(limit, future).await.map_err(|_| Elapsed),
            Kind::Manual { elapsed, .. } => {
                let end = elapsed.borrow().saturating_add(limit);
                let mut passed = elapsed.subscribe();
                tokio::select! {
                    biased;
                    _ = passed.wait_for(|now| *now >= end) => Err(Elapsed),
                    output = future => Ok(output),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-01T12:00:00Z".parse().expect("a good timestamp")
    }

    #[tokio::test]
    async fn a_sleep_on_a_manual_clock_moves_it_and_takes_no_time() {
        let clock = Clock::manual(noon());
        let wall = Instant::now();
        clock.sleep(Duration::from_secs(7200)).await;
        assert_eq!(clock.elapsed(), Duration::from_secs(7200));
        assert_eq!(clock.now().to_string(), "2026-11-01T14:00:00Z");
        assert!(wall.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_timeout_on_a_manual_clock_ends_when_somebody_else_sleeps_past_it() {
        let clock = Clock::manual(noon());
        let other = clock.clone();
        let sleeper = tokio::spawn(async move { other.sleep(Duration::from_secs(60)).await });
        let never = std::future::pending::<()>();
        assert_eq!(clock.timeout(Duration::from_secs(30), never).await, Err(Elapsed));
        sleeper.await.expect("the sleeper ends");
    }

    #[tokio::test]
    async fn what_is_ready_in_time_is_given() {
        let clock = Clock::manual(noon());
        assert_eq!(clock.timeout(Duration::from_secs(1), async { 7 }).await, Ok(7));
    }
}
