//! Looking again and again, ever more slowly, until something is as it must be or the time is up.

use std::time::Duration;

use serde_json::Map;

use crate::event::Doing;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind};
use crate::plan::{Condition, Expectation, Until};
use crate::playbook::field::format_duration;

/// The shortest interval there is.
const LEAST: Duration = Duration::from_millis(100);
/// The time that a look which begins at the very end may take.
const LAST_LOOK: Duration = Duration::from_secs(60);

/// How fast to look, and until when. Times are the clock's elapsed time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    every: Duration,
    max_every: Duration,
    end: Duration,
    looks: u32,
}

impl Pace {
    /// A pace that begins with `every`, grows to `max_every`, and ends at `end`.
    pub(super) fn until(end: Duration, every: Duration, max_every: Duration) -> Self {
        let every = every.max(LEAST);
        Self { every, max_every: max_every.max(every), end, looks: 0 }
    }

    /// The pause after a look that began at `began`; none when it began after the end: then what it saw is the verdict.
    fn next(&mut self, began: Duration, now: Duration) -> Option<Duration> {
        self.looks += 1;
        if began >= self.end {
            return None;
        }
        let pause = self.every.min(self.end.saturating_sub(now));
        self.every = self.every.mul_f64(1.5).min(self.max_every);
        Some(pause)
    }
}

impl StepRun<'_, '_> {
    /// The pace of something with a bound of its own, which the step's own `timeout` can only shorten.
    pub(super) fn pace_for(&mut self, allowed: Option<Duration>, every: Duration, max_every: Duration) -> Pace {
        let now = self.run.tools.clock.elapsed();
        let end = match (allowed, self.planned.timeout) {
            (Some(allowed), None) => now.saturating_add(allowed),
            (Some(allowed), Some(_)) => now.saturating_add(allowed).min(self.deadline),
            (None, _) => self.deadline,
        };
        self.deadline = end.saturating_add(LAST_LOOK);
        Pace::until(end, every, max_every)
    }

    /// Waits for the next look; false when there is none. Whoever looks on sees what is waited for.
    pub(super) async fn look_later(
        &mut self,
        pace: &mut Pace,
        began: Duration,
        doing: impl FnOnce(u32) -> Doing,
    ) -> Result<bool, Stop> {
        let now = self.run.tools.clock.elapsed();
        let Some(pause) = pace.next(began, now) else { return Ok(false) };
        self.glimpse(|| doing(pace.looks), pace.end.saturating_sub(now));
        self.pause(pause).await.map(|()| true)
    }

    /// Does a reading action until its result is as `until` says.
    pub(super) async fn once_until(&mut self, until: &Until) -> Result<ActionResult, Stop> {
        let started = self.run.tools.clock.elapsed();
        let mut pace = self.pace_for(until.timeout, until.every, until.max_every);
        loop {
            let began = self.run.tools.clock.elapsed();
            let result = self.once().await?;
            let scope = self.run.variables.scope_with(self.fields(&result));
            if let Some(what) = self.open_in(&until.that, &scope) {
                self.leave_open(format!("`until` is not judged, since the {what} is not known"))?;
                return Err(self.left_open(Map::new()));
            }
            if self.condition(&until.that, &scope)? {
                return Ok(result);
            }
            if self.is_check() {
                self.leave_open("`until` is not true now; a run would wait for it")?;
                return Err(self.left_open(Map::new()));
            }
            self.known = Some(result);
            if !self.look_later(&mut pace, began, |looks| Doing::Until { looks }).await? {
                let took = self.run.tools.clock.elapsed().saturating_sub(started);
                return Err(self.not_in_time(&until.that, &scope, (pace.looks, took)).into());
            }
        }
    }

    /// The failure of a condition that did not become true, with the values that were seen last.
    fn not_in_time(&self, that: &Condition, scope: &minijinja::Value, (looks, took): (u32, Duration)) -> Box<Failure> {
        let expectation = Expectation { that: that.clone(), message: None };
        let mut failure = match self.expect(&[expectation], scope) {
            Err(failure) => failure,
            Ok(()) => Box::new(Failure::new(FailureKind::UntilNotTrue, "`until` did not become true")),
        };
        let looked = if looks == 1 { "once".to_owned() } else { format!("{looks} times") };
        failure.kind = FailureKind::UntilNotTrue;
        failure.message = format!("`until` did not become true in {}, looked {looked}", format_duration(took));
        if let Some(unmet) = failure.unmet.first_mut() {
            unmet.message = Some(failure.message.clone());
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_and_the_last_one_begins_at_the_end() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::until(seconds(10), seconds(2), seconds(4));
        let mut now = Duration::ZERO;
        let mut looks = vec![now];
        while let Some(pause) = pace.next(now, now) {
            now += pause;
            looks.push(now);
        }
        assert_eq!(looks, [0, 2, 5, 9, 10].map(seconds));
    }
}
