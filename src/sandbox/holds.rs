//! The time of a run that its paused DAG holds up.
//!
//! In: moments. Out: how far the run is by its own time, and how others date what happens in it.

use jiff::{SignedDuration, Timestamp};

/// The time of a run whose DAG is paused after it has started: it stands still once the task in hand is done.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// The moment of its own time at which it stands.
    pub(crate) at: Option<Timestamp>,
    /// How far its own time is behind, and from which moment of it on.
    behind: SignedDuration,
    since: Option<Timestamp>,
}

impl Holds {
    /// Its own time at a moment.
    pub(crate) fn own(&self, now: Timestamp) -> Timestamp {
        let own = now.saturating_sub(self.behind).unwrap_or(now);
        self.at.map_or(own, |at| at.min(own))
    }

    /// A moment of its own time as others date it.
    pub(crate) fn dated(&self, own: Timestamp) -> Timestamp {
        if self.since.is_some_and(|since| own > since) { own.saturating_add(self.behind).unwrap_or(own) } else { own }
    }

    /// Lets it go on from where it stands.
    pub(crate) fn release(&mut self, now: Timestamp) {
        let own = now.saturating_sub(self.behind).unwrap_or(now);
        if let Some(at) = self.at.take().filter(|at| *at < own) {
            self.behind = self.behind.saturating_add(own.duration_since(at));
            self.since = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn a_run_stands_where_it_is_held_and_goes_on_from_there() {
        let mut holds = Holds { at: Some(at(10)), ..Holds::default() };
        assert_eq!((holds.own(at(5)), holds.own(at(60))), (at(5), at(10)));
        holds.release(at(60));
        assert_eq!((holds.own(at(60)), holds.own(at(61))), (at(10), at(11)));
        assert_eq!((holds.dated(at(9)), holds.dated(at(11))), (at(9), at(61)));
    }

    #[test]
    fn a_run_that_is_let_go_before_it_stands_loses_no_time() {
        let mut holds = Holds { at: Some(at(10)), ..Holds::default() };
        holds.release(at(5));
        assert_eq!((holds.own(at(20)), holds.dated(at(20))), (at(20), at(20)));
    }
}
