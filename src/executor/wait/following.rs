//! A run that is being followed: what was seen of it, how often to look, and how long.

use std::time::Duration;

use crate::airflow::answer::DagRun;
use crate::executor::step::StepRun;
use crate::plan::{POLL_EVERY, POLL_MAX_EVERY};
use crate::playbook::action::WaitSettings;
use crate::playbook::field::RenderedPeriod;

/// How often to look once the time is up and the last answer was from before.
const LATE_EVERY: Duration = Duration::from_secs(2);

/// A run that is being followed. Times are the clock's elapsed time.
pub(super) struct Following {
    pub(super) run: DagRun,
    pub(super) end: Duration,
    pub(super) allowed: Duration,
    pub(super) queued_end: Option<Duration>,
    pub(super) queued_for: Duration,
    pub(super) unreachable_for: Duration,
    pub(super) every: Duration,
    pub(super) max_every: Duration,
    pub(super) last_answer: Duration,
    /// When the run was last read.
    pub(super) read_at: Duration,
    pub(super) last_paused_look: Duration,
    pub(super) was_absent: bool,
}

impl StepRun<'_, '_> {
    pub(super) fn following(&self, run: DagRun, settings: &WaitSettings) -> Following {
        let now = self.run.tools.clock.elapsed();
        let period = |period: Option<RenderedPeriod>, default: u64| {
            period.map_or(Duration::from_secs(default), |period| period.0.0)
        };
        let (default_every, default_max) = self.planned.poll;
        let asked = period(settings.timeout, 3600);
        let allowed = match self.planned.timeout {
            Some(_) => asked.min(self.time_left()),
            None => asked,
        };
        let poll = settings.poll.clone().unwrap_or_default();
        let every = poll.every.map(|period| period.0.0).or(default_every).unwrap_or(POLL_EVERY);
        let every = every.max(Duration::from_millis(100));
        let max_every = poll.max_every.map(|period| period.0.0).or(default_max).unwrap_or(POLL_MAX_EVERY);
        Following {
            run,
            end: now.saturating_add(allowed),
            allowed,
            queued_end: settings.queued_for.map(|period| now.saturating_add(period.0.0)),
            queued_for: period(settings.queued_for, 0),
            unreachable_for: period(settings.unreachable_for, 600),
            every,
            max_every: max_every.max(every),
            last_answer: now,
            read_at: now,
            last_paused_look: now,
            was_absent: false,
        }
    }
}

impl Following {
    /// The pause before the next look: it grows, and ends with the wait.
    pub(super) fn next_pause(&mut self, now: Duration) -> Duration {
        let pause = self.every;
        self.every = self.every.mul_f64(1.5).min(self.max_every);
        let is_late = now >= self.end || self.queued_end.is_some_and(|end| now >= end && self.read_at < end);
        let pause = if is_late { pause.min(LATE_EVERY) } else { pause };
        let ends = [Some(self.end), self.queued_end].into_iter().flatten().filter(|end| *end > now);
        ends.map(|end| end.saturating_sub(now)).fold(pause, Duration::min)
    }
}
