//! A run that is being followed: what was seen of it, how often to look, and how long.
//!
//! A wait sends at most one request a second, and with the usual `poll` at most 300 in two hours: about 245 looks at the run,
//! and 45 questions beside them (see `beside`), which become rarer as the wait goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::airflow::answer::DagRun;
use crate::airflow::model::RunState;
use crate::event::TaskCounts;
use crate::executor::step::StepRun;
use crate::executor::wait::away::{Away, Miss};
use crate::executor::wait::beside::Beside;
use crate::executor::wait::paused::Pause;
use crate::plan::{POLL_EVERY, POLL_MAX_EVERY};
use crate::playbook::action::{WaitSettings, WaitTasks};
use crate::playbook::field::RenderedPeriod;

/// The shortest time between two requests of a wait.
pub(super) const REQUEST_EVERY: Duration = Duration::from_secs(1);
/// How often to look once the time is up and the last answer was from before.
const LATE_EVERY: Duration = Duration::from_secs(2);
/// How long to follow a run when nothing says otherwise.
const FOLLOW_FOR: u64 = 3600;
/// How long the API may be away when nothing says otherwise.
const UNREACHABLE_FOR: u64 = 600;
/// How many lines of a log are shown when nothing says otherwise.
const LOG_LINES: usize = 20;

/// Until when something is followed, by the clock's elapsed time, and how long that was at the start.
#[derive(Debug, Clone, Copy)]
pub(in crate::executor) struct Bound {
    pub(in crate::executor) end: Duration,
    pub(in crate::executor) allowed: Duration,
}

/// A run that is being followed. Times are the clock's elapsed time.
pub(super) struct Following {
    /// The run as it was last seen.
    pub(super) run: DagRun,
    /// How long to follow it.
    pub(super) bound: Bound,
    /// How long it may be queued.
    pub(super) queued: Option<Bound>,
    /// How many lines of a failed task's log to show.
    pub(super) log_lines: usize,
    /// Whether it is what the step gives.
    pub(super) is_result: bool,
    /// Which of its tasks may fail.
    pub(super) tasks_rule: WaitTasks,
    /// The next pause, and the longest.
    pub(super) every: Duration,
    pub(super) max_every: Duration,
    /// The first pause; again when there is no good answer.
    first_every: Duration,
    /// When the last request was sent.
    pub(super) asked_at: Duration,
    /// When the run was last read; what was heard while it was held counts from the question.
    pub(super) read_at: Duration,
    /// When its state last changed.
    pub(super) changed_at: Duration,
    /// Since when it is in its state, by the time of day.
    pub(super) since: Timestamp,
    /// How long there is no good answer, and how long that is borne.
    pub(super) away: Away,
    /// What is known of a pause of its DAG.
    pub(super) pause: Option<Pause>,
    /// Whether it was seen before its end.
    pub(super) was_active: bool,
    /// When the time was first seen to be up.
    pub(super) late_since: Option<Duration>,
    /// Whether the last answer was that there is no such run.
    pub(super) was_absent: bool,
    /// How far its tasks had come when they were last counted.
    pub(super) tasks: Option<TaskCounts>,
    /// What else is asked.
    pub(super) beside: Beside,
}

impl StepRun<'_, '_> {
    /// How long these settings allow; the step's own `timeout` can only shorten it.
    pub(in crate::executor) fn wait_bound(&self, settings: &WaitSettings) -> Bound {
        let asked = period(settings.timeout).unwrap_or(Duration::from_secs(FOLLOW_FOR));
        let allowed = match self.planned.timeout {
            Some(_) => asked.min(self.time_left()),
            None => asked,
        };
        Bound { end: self.run.tools.clock.elapsed().saturating_add(allowed), allowed }
    }

    pub(super) fn following(&self, run: DagRun, settings: &WaitSettings, bound: Bound) -> Following {
        let now = self.run.tools.clock.elapsed();
        let (default_every, default_max) = self.planned.poll;
        let poll = settings.poll.clone().unwrap_or_default();
        let every = period(poll.every).or(default_every).unwrap_or(POLL_EVERY).max(REQUEST_EVERY);
        let max_every = period(poll.max_every).or(default_max).unwrap_or(POLL_MAX_EVERY);
        let queued = period(settings.queued_for).map(|allowed| Bound { end: now.saturating_add(allowed), allowed });
        Following {
            run,
            bound,
            queued,
            log_lines: settings.log_lines.map_or(LOG_LINES, |count| usize::try_from(count.0).unwrap_or(usize::MAX)),
            is_result: true,
            tasks_rule: settings.tasks.unwrap_or_default(),
            every,
            max_every: max_every.max(every),
            first_every: every,
            asked_at: now,
            read_at: now,
            changed_at: now,
            since: self.run.tools.clock.now(),
            away: Away::with_patience(unreachable_for(settings)),
            pause: None,
            was_active: false,
            late_since: None,
            was_absent: false,
            tasks: None,
            beside: Beside::beginning(now, self.run.tools.is_watched),
        }
    }
}

/// How long these settings let the API be away.
pub(super) fn unreachable_for(settings: &WaitSettings) -> Duration {
    period(settings.unreachable_for).unwrap_or(Duration::from_secs(UNREACHABLE_FOR))
}

fn period(period: Option<RenderedPeriod>) -> Option<Duration> {
    period.map(|period| period.0.0)
}

impl Following {
    /// Takes what a look has shown; `read_at` is when it was asked for, `now` when it came.
    pub(super) fn seen(&mut self, run: DagRun, read_at: Duration, (now, time): (Duration, Timestamp)) {
        if run.state != self.run.state {
            self.changed_at = now;
            self.since = run.start_date.filter(|_| run.state != RunState::Queued).unwrap_or(time);
        }
        if run.state != self.run.state {
            self.tasks = None;
        }
        self.was_active |= !run.state.is_final();
        self.run = run;
        self.read_at = read_at;
        self.was_absent = false;
    }

    /// Takes a look that failed, and looks again soon.
    pub(super) fn missed(&mut self, now: Duration, at_once: bool) -> Miss {
        if !self.away.is_now() {
            self.every = self.first_every;
        }
        self.away.missed(self.asked_at, now, at_once)
    }

    /// Why nothing of the run moves, as far as that is known.
    pub(super) fn nothing_moves(&self) -> Option<String> {
        if let Some(since) = &self.beside.scheduler_gone_since {
            return Some(format!("Airflow's scheduler is unhealthy since {since}: no run goes on until it is back"));
        }
        self.pause.as_ref().map(|_| "its DAG is paused: no task starts until somebody unpauses it".to_owned())
    }

    /// What becomes of the run when we can't follow it any further.
    pub(super) fn how_it_stands_without_us(&self) -> String {
        let id = &self.run.dag_run_id;
        self.nothing_moves().unwrap_or_else(|| format!("the DAG run `{id}` goes on without us"))
    }

    /// Whether the run goes on without us.
    pub(super) fn how_it_stands(&self) -> String {
        self.nothing_moves().unwrap_or_else(|| "the run goes on in Airflow".to_owned())
    }

    /// The pause before the next look: it grows, and ends with the wait.
    pub(super) fn next_pause(&mut self, now: Duration) -> Duration {
        let pause = self.every;
        self.every = self.every.mul_f64(1.5).min(self.max_every);
        let pause = if self.is_late(now) { pause.min(LATE_EVERY) } else { pause };
        self.within_ends(pause, now)
    }

    /// Whether the time is up and the run was not read since.
    pub(super) fn is_late(&self, now: Duration) -> bool {
        now >= self.bound.end || self.queued.is_some_and(|queued| now >= queued.end && self.read_at < queued.end)
    }

    /// A pause that does not go over an end that is still to come.
    pub(super) fn within_ends(&self, pause: Duration, now: Duration) -> Duration {
        // A paused DAG is looked at in time.
        let next = self.pause.as_ref().map(|_| self.beside.next_at);
        let ends = [Some(self.bound.end), self.queued.map(|queued| queued.end), self.away.end(), next];
        let ends = ends.into_iter().flatten().filter(|end| *end > now);
        ends.map(|end| end.saturating_sub(now)).fold(pause, Duration::min)
    }
}
