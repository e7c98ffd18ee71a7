//! When a run is to stop before its end, and how long it may still take then.
//!
//! In: signals, the deadline, the grace. Out: whether to stop now, a way to wait for it, and the time that is left. What is
//! stopped, and what is done all the same, is decided where steps and requests are.
//!
//! ```text
//! running ─ signal, deadline → no new step, no new try ──────── grace ── over
//!                              a write in flight is answered, `always` runs │ writes are looked for
//! ```

use std::cell::{Cell, OnceCell};
use std::future::pending;
use std::time::Duration;

use crate::clock::Clock;
use crate::executor::{Interrupt, Limits};
use crate::outcome::FailureKind;
use crate::playbook::field::format_duration;

/// Why a run stops before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// This signal came.
    Signal(i32),
    /// The time of the whole run is up.
    Deadline,
}

/// The end of a run that comes from outside. Times are the clock's elapsed time.
#[derive(Debug)]
pub(super) struct Halt {
    interrupt: Interrupt,
    clock: Clock,
    deadline: Option<Duration>,
    grace: Duration,
    /// What came first, and when it was seen.
    first: OnceCell<(Cause, Duration)>,
    /// Whether only what must run in any case is left.
    is_closing: Cell<bool>,
}

impl Halt {
    pub(super) fn new(interrupt: &Interrupt, clock: &Clock, limits: &Limits) -> Self {
        Self {
            interrupt: interrupt.clone(),
            clock: clock.clone(),
            deadline: limits.deadline,
            grace: limits.grace,
            first: OnceCell::new(),
            is_closing: Cell::new(false),
        }
    }

    /// From here on everything runs in any case: a signal or the deadline leaves it most of the grace.
    pub(super) fn close(&self) {
        self.is_closing.set(true);
    }

    /// Why the run is to stop, once it is.
    pub(super) fn cause(&self) -> Option<Cause> {
        if let Some((cause, _)) = self.first.get() {
            return Some(*cause);
        }
        let now = self.clock.elapsed();
        let deadline = self.deadline.filter(|deadline| now >= *deadline);
        let signal = self.interrupt.signal().map(|signal| (Cause::Signal(signal), now));
        let first = signal.or(deadline.map(|deadline| (Cause::Deadline, deadline)))?;
        Some(self.first.get_or_init(|| first).0)
    }

    /// Whether to stop now.
    pub(super) fn is_due(&self) -> bool {
        self.cause().is_some() && (!self.is_closing.get() || self.clock.elapsed() >= self.closing_end())
    }

    /// Waits until it is time to stop; for ever when that can't come.
    pub(super) async fn wait(&self) {
        if self.cause().is_none() {
            match self.deadline {
                Some(deadline) => {
                    let left = deadline.saturating_sub(self.clock.elapsed());
                    let _ = self.clock.timeout(left, self.interrupt.wait()).await;
                }
                None => self.interrupt.wait().await,
            }
        }
        if self.cause().is_some() && self.is_closing.get() {
            let left = self.closing_end().saturating_sub(self.clock.elapsed());
            let _ = self.clock.timeout(left, pending::<()>()).await;
        }
    }

    /// Waits until the grace is over, too; for ever when that can't come.
    pub(super) async fn over(&self) {
        self.wait().await;
        let _ = self.clock.timeout(self.grace_left(), pending::<()>()).await;
    }

    /// The time until it is time to stop, as far as that is known now.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let due = match (self.cause(), self.is_closing.get()) {
            (Some(_), true) => Some(self.closing_end()),
            (Some(_), false) => Some(Duration::ZERO),
            (None, true) => self.deadline.map(|deadline| deadline.saturating_add(self.closing_time())),
            (None, false) => self.deadline,
        };
        due.map(|due| due.saturating_sub(self.clock.elapsed()))
    }

    /// What is left of the grace once the run is to stop; all of it before.
    pub(super) fn grace_left(&self) -> Duration {
        self.cause();
        let since = self.first.get().map(|(_, since)| *since);
        since.map_or(self.grace, |since| since.saturating_add(self.grace).saturating_sub(self.clock.elapsed()))
    }

    /// How long a write that is on its way may still take to be answered: the rest is for looking what became of it.
    pub(super) fn answer_time(&self) -> Duration {
        self.grace_left().saturating_sub(self.grace.saturating_sub(self.closing_time()))
    }

    /// What is said of a step that it stopped.
    pub(super) fn words(&self) -> String {
        let by = match self.cause() {
            Some(Cause::Deadline) => {
                format!("the deadline of {}", self.deadline.map(format_duration).unwrap_or_default())
            }
            Some(Cause::Signal(_)) | None => "a signal".to_owned(),
        };
        if self.is_closing.get() {
            return format!("stopped: the grace of {} after {by} is over", format_duration(self.grace));
        }
        format!("stopped by {by}")
    }

    /// The kind of failure of a step that it stopped.
    pub(super) fn kind(&self) -> FailureKind {
        match self.cause() {
            Some(Cause::Deadline) => FailureKind::DeadlinePassed,
            Some(Cause::Signal(_)) | None => FailureKind::Interrupted,
        }
    }

    fn closing_end(&self) -> Duration {
        let since = self.first.get().map_or(Duration::ZERO, |(_, since)| *since);
        since.saturating_add(self.closing_time())
    }

    /// The part of the grace in which something may still be done.
    fn closing_time(&self) -> Duration {
        self.grace / 4 * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn halt(deadline: Option<Duration>) -> (tokio::sync::watch::Sender<Option<i32>>, Clock, Halt) {
        let (sender, interrupt) = Interrupt::channel();
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let limits = Limits { deadline, grace: 20 * SECOND, ..Limits::default() };
        let halt = Halt::new(&interrupt, &clock, &limits);
        (sender, clock, halt)
    }

    #[tokio::test]
    async fn what_comes_first_is_the_cause_and_the_grace_counts_from_then() {
        let (sender, clock, halt) = halt(Some(60 * SECOND));
        assert_eq!((halt.cause(), halt.time_left(), halt.grace_left()), (None, Some(60 * SECOND), 20 * SECOND));
        clock.sleep(64 * SECOND).await;
        sender.send_replace(Some(15));
        assert!(halt.is_due());
        sender.send_replace(Some(2));
        clock.sleep(SECOND).await;
        assert_eq!(halt.cause(), Some(Cause::Signal(15)), "it was seen first");
        assert_eq!((halt.grace_left(), halt.answer_time()), (19 * SECOND, 14 * SECOND));
        let (sender, clock, halt) = self::halt(Some(60 * SECOND));
        clock.sleep(64 * SECOND).await;
        assert_eq!(halt.cause(), Some(Cause::Deadline));
        sender.send_replace(Some(15));
        assert_eq!((halt.cause(), halt.grace_left()), (Some(Cause::Deadline), 16 * SECOND));
    }

    #[tokio::test]
    async fn what_runs_in_any_case_has_three_quarters_of_the_grace() {
        let (sender, clock, halt) = halt(None);
        halt.close();
        assert!(!halt.is_due() && halt.time_left().is_none());
        sender.send_replace(Some(1));
        assert!(!halt.is_due() && halt.time_left() == Some(15 * SECOND));
        let other = clock.clone();
        let ((), ()) = tokio::join!(halt.wait(), other.sleep(15 * SECOND));
        assert!(halt.is_due() && halt.answer_time().is_zero());
        assert_eq!(halt.words(), "stopped: the grace of 20s after a signal is over");
    }
}
