//! How far a run has come at a moment.
//!
//! In: the script of a run and the moment it may start. Out: its state and those of its tasks. All of it is computed from
//! the clock when somebody asks; nothing runs in the background.
//!
//! ```text
//! queued ──queued_for──▶ running ──task 1──task 2──▶ success | failed
//! ```

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::scenario::{RunOutcome, RunScript, TaskOutcome, TaskScript};
use crate::airflow::model::RunState;

const LEAST_RUN: Duration = Duration::from_secs(1);

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Its state.
    pub(crate) state: RunState,
    /// When it started.
    pub(crate) start: Option<Timestamp>,
    /// When it ended.
    pub(crate) end: Option<Timestamp>,
}

impl Progress {
    /// A run that has not started.
    pub(crate) const QUEUED: Self = Self { state: RunState::Queued, start: None, end: None };
}

/// How far a task has come.
#[derive(Debug, Clone)]
pub(crate) struct TaskProgress<'a> {
    /// Its script.
    pub(crate) script: &'a TaskScript,
    /// Its state in Airflow's words; none before it is scheduled.
    pub(crate) state: Option<&'static str>,
    /// Its try number, 0 before it starts.
    pub(crate) try_number: u32,
    /// When it started.
    pub(crate) start: Option<Timestamp>,
    /// When it ended.
    pub(crate) end: Option<Timestamp>,
}

impl TaskProgress<'_> {
    /// Whether a worker has had it in hand, so that there is a log.
    pub(crate) const fn has_run(&self) -> bool {
        self.try_number > 0
    }
}

/// How far a run has come that was let go at `released`.
pub(crate) fn progress(script: &RunScript, released: Timestamp, now: Timestamp) -> Progress {
    let start = after(released, script.queued_for.0);
    if now < start {
        return Progress::QUEUED;
    }
    let end = after(start, run_time(script));
    if now < end {
        return Progress { state: RunState::Running, start: Some(start), end: None };
    }
    let state = if fails(script) { RunState::Failed } else { RunState::Success };
    Progress { state, start: Some(start), end: Some(end) }
}

/// Until when a run goes on that is held at a moment, since its DAG is paused: to the end of the task that is in hand then. A
/// run without tasks is not held.
pub(crate) fn held_at(script: &RunScript, start: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut end = start;
    for (task, takes) in script.tasks.iter().zip(task_times(script)) {
        end = after(end, takes);
        if now < end {
            return Some(if task.state.is_in_hand() { end } else { now });
        }
    }
    None
}

/// How far its tasks have come.
pub(crate) fn tasks(script: &RunScript, run: Progress, now: Timestamp) -> Vec<TaskProgress<'_>> {
    let mut begin = run.start;
    let mut is_stopped = false;
    let mut tasks = Vec::with_capacity(script.tasks.len());
    for (task, takes) in script.tasks.iter().zip(task_times(script)) {
        let end = begin.map(|begin| after(begin, if is_stopped { Duration::ZERO } else { takes }));
        // One that is told to fail stands beside the one that failed, not behind it.
        let is_behind = is_stopped && task.outcome != TaskOutcome::Failed;
        tasks.push(task_at(task, is_behind, (begin, end), now));
        is_stopped |= task.outcome == TaskOutcome::Failed && script.outcome != Some(RunOutcome::Success);
        begin = end;
    }
    tasks
}

fn task_at(
    script: &TaskScript,
    is_stopped: bool,
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> TaskProgress<'_> {
    let (start, end) = (start.filter(|start| *start <= now), end.filter(|end| *end <= now));
    let state = match (start, end) {
        (None, _) => None,
        (Some(_), None) => Some(script.state.as_str()),
        (Some(_), Some(_)) if is_stopped => Some("upstream_failed"),
        (Some(_), Some(_)) => Some(match script.outcome {
            TaskOutcome::Success => "success",
            TaskOutcome::Failed => "failed",
            TaskOutcome::Skipped => "skipped",
        }),
    };
    let has_run = state.is_some() && !is_stopped;
    TaskProgress { script, state, try_number: if has_run { script.try_number.unwrap_or(1) } else { 0 }, start, end }
}

fn fails(script: &RunScript) -> bool {
    let outcome = script.outcome.unwrap_or_else(|| {
        let has_failed = script.tasks.iter().any(|task| task.outcome == TaskOutcome::Failed);
        if has_failed { RunOutcome::Failed } else { RunOutcome::Success }
    });
    outcome == RunOutcome::Failed
}

/// How long the run runs: to the end of its first failed task, if that stops it, else its duration.
fn run_time(script: &RunScript) -> Duration {
    let times = task_times(script);
    let stop = script.tasks.iter().position(|task| task.outcome == TaskOutcome::Failed);
    match stop {
        Some(last) if fails(script) => times[..=last].iter().sum(),
        _ => times.iter().sum::<Duration>().max(script.duration.map_or(Duration::ZERO, |duration| duration.0)),
    }
    .max(if script.tasks.is_empty() && script.duration.is_none() { LEAST_RUN } else { Duration::ZERO })
}

/// How long each task takes: what it says, else its share of what is left of the run.
fn task_times(script: &RunScript) -> Vec<Duration> {
    let said: Duration = script.tasks.iter().filter_map(|task| task.duration).map(|duration| duration.0).sum();
    let silent = script.tasks.iter().filter(|task| task.duration.is_none()).count();
    let total = script.duration.map_or(LEAST_RUN, |duration| duration.0);
    let share = total.saturating_sub(said) / u32::try_from(silent.max(1)).unwrap_or(u32::MAX);
    script.tasks.iter().map(|task| task.duration.map_or(share, |duration| duration.0)).collect()
}

/// A moment and what passes after it.
pub(crate) fn after(moment: Timestamp, passed: Duration) -> Timestamp {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    moment.saturating_add(passed).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(yaml: &str) -> RunScript {
        serde_yaml::from_str(yaml).expect("a good script")
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    fn states(script: &RunScript, millis: i64) -> (RunState, Vec<Option<&'static str>>) {
        let run = progress(script, at(0), at(millis));
        (run.state, tasks(script, run, at(millis)).iter().map(|task| task.state).collect())
    }

    #[test]
    fn a_run_goes_from_queued_over_running_to_its_end_and_its_tasks_with_it() {
        let script = script("{queued_for: 1s, duration: 2s, tasks: [{task_id: a}, {task_id: b}]}");
        assert_eq!(states(&script, 999), (RunState::Queued, vec![None, None]));
        assert_eq!(states(&script, 1000), (RunState::Running, vec![Some("running"), None]));
        assert_eq!(states(&script, 2000), (RunState::Running, vec![Some("success"), Some("running")]));
        assert_eq!(states(&script, 3000), (RunState::Success, vec![Some("success"), Some("success")]));
    }

    #[test]
    fn a_failed_task_ends_the_run_and_stops_what_comes_after_it() {
        let script = script("{duration: 3s, tasks: [{task_id: a}, {task_id: b, outcome: failed}, {task_id: c}]}");
        let failed = vec![Some("success"), Some("failed"), Some("upstream_failed")];
        assert_eq!(states(&script, 2000), (RunState::Failed, failed));
        let run = progress(&script, at(0), at(9000));
        assert_eq!(run.end, Some(at(2000)));
        assert_eq!(tasks(&script, run, at(9000))[2].try_number, 0);
    }

    #[test]
    fn a_run_may_be_a_success_with_a_failed_task() {
        let script = script("{outcome: success, tasks: [{task_id: a, outcome: failed}, {task_id: b}]}");
        assert_eq!(states(&script, 1000), (RunState::Success, vec![Some("failed"), Some("success")]));
    }
}
