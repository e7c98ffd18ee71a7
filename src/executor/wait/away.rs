//! An Airflow that gives no good answer while a run is followed: how long that is borne, and when it is told.
//!
//! One failed look may be a blip and is not told. The second in a row is, once, and so is the return. The time counts from
//! the first look that failed, and is kept to the second: no look and no pause goes over its end.

use std::mem::take;
use std::time::Duration;

/// What a look may take as long as none has failed, however short the patience is.
const LOOK_LEAST: Duration = Duration::from_secs(5);
/// What the last look may take that begins when the time is up.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How much longer than its limit a look may take on a machine that is awake.
const SLACK: Duration = Duration::from_secs(5);

/// How long there is no good answer. Times are the clock's elapsed time.
#[derive(Debug)]
pub(super) struct Away {
    patience: Duration,
    since: Option<Duration>,
    misses: u32,
    is_told: bool,
}

/// What a failed look means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Miss {
    /// It is borne.
    Borne,
    /// It is borne, and now is the time to tell.
    Told,
    /// The patience is over.
    TooLong,
}

impl Away {
    pub(super) const fn with_patience(patience: Duration) -> Self {
        Self { patience, since: None, misses: 0, is_told: false }
    }

    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether the last look failed.
    pub(super) const fn is_now(&self) -> bool {
        self.since.is_some()
    }

    /// Takes a look that failed: it began at `asked`. One that somebody can do something about is told `at_once`.
    pub(super) fn missed(&mut self, asked: Duration, now: Duration, at_once: bool) -> Miss {
        let took = now.saturating_sub(asked);
        // A machine that slept meanwhile has not asked in vain for that long.
        let began = if took <= self.patience.saturating_add(SLACK) { asked } else { now };
        let since = *self.since.get_or_insert(began);
        self.misses += 1;
        if now.saturating_sub(since) >= self.patience {
            return Miss::TooLong;
        }
        if !self.is_told && (at_once || self.misses > 1) {
            self.is_told = true;
            return Miss::Told;
        }
        Miss::Borne
    }

    /// Takes a good answer; how long there was none, where that was told.
    pub(super) fn answered(&mut self, now: Duration) -> Option<Duration> {
        self.misses = 0;
        let since = self.since.take();
        let was_told = take(&mut self.is_told);
        let away = now.saturating_sub(since?);
        was_told.then(|| Duration::from_secs(away.as_secs()))
    }

    /// When the patience is over.
    pub(super) fn end(&self) -> Option<Duration> {
        self.since.map(|since| since.saturating_add(self.patience))
    }

    /// How long a look may take that begins now.
    pub(super) fn look_limit(&self, now: Duration) -> Duration {
        match self.end() {
            Some(end) => end.saturating_sub(now).max(LAST_LOOK),
            None => self.patience.max(LOOK_LEAST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_failed_look_is_borne_in_silence_the_second_is_told_once_and_so_is_the_return() {
        let mut away = Away::with_patience(s(60));
        assert_eq!(away.missed(s(1), s(1), false), Miss::Borne);
        assert_eq!(away.answered(s(3)), None);
        assert_eq!(away.missed(s(10), s(11), false), Miss::Borne);
        assert_eq!(away.missed(s(13), s(14), false), Miss::Told);
        assert_eq!(away.missed(s(16), s(17), false), Miss::Borne);
        assert_eq!(away.answered(s(30)), Some(s(20)));
        assert!(!away.is_now());
        assert_eq!(away.missed(s(40), s(40), true), Miss::Told);
    }

    #[test]
    fn patience_is_kept_to_the_second() {
        let mut away = Away::with_patience(s(60));
        assert_eq!(away.look_limit(s(5)), s(60));
        away.missed(s(5), s(15), false);
        assert_eq!((away.end(), away.look_limit(s(20)), away.look_limit(s(65))), (Some(s(65)), s(45), s(1)));
        assert_eq!(away.missed(s(63), s(64), false), Miss::Told);
        assert_eq!(away.missed(s(65), s(65), false), Miss::TooLong);
    }

    #[test]
    fn a_machine_that_slept_over_a_look_begins_to_count_when_it_wakes() {
        let mut away = Away::with_patience(s(60));
        assert_eq!(away.missed(s(5), s(18_000), false), Miss::Borne);
        assert_eq!(away.end(), Some(s(18_060)));
    }
}
