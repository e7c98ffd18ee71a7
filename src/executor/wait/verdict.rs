//! How a wait ends when the run does not: the time is up, the DAG was paused, or an error is no passing one.

use std::time::Duration;

use crate::airflow::answer::DagRun;
use crate::airflow::error::{ApiError, ErrorKind, RetryKind};
use crate::airflow::model::RunState;
use crate::executor::wait::following::Following;
use crate::outcome::{Failure, FailureKind};
use crate::playbook::field::format_duration;

/// The time for a last answer, and again for asking why a run failed, over and above the wait.
pub(super) const WHY_TIME: Duration = Duration::from_secs(60);

impl Following {
    /// The verdict when the time is up; judged only after the run was read.
    pub(super) fn ran_out(&self, now: Duration) -> Option<Failure> {
        let (id, dag_id, state) = (&self.run.dag_run_id, &self.run.dag_id, self.run.state.as_str());
        let queued_end = self.queued_end.filter(|end| self.run.state == RunState::Queued && now >= *end);
        let (kind, allowed, due) = match queued_end {
            _ if now >= self.end => (FailureKind::WaitTimedOut, self.allowed, self.end),
            Some(end) => (FailureKind::QueuedTooLong, self.queued_for, end),
            None => return None,
        };
        let allowed = format_duration(allowed);
        let message = format!("the DAG run `{id}` of `{dag_id}` is still {state} after {allowed}");
        let failure = Failure::new(kind, message).with_note("the run goes on in Airflow");
        if self.read_at >= due {
            return Some(failure);
        }
        // The time is up, but the run may have ended since it was read: it is asked for a little longer.
        let ago = format_duration(now.saturating_sub(self.read_at));
        let unread = failure.with_note(format!("that was seen {ago} ago; there was no good answer since"));
        Some(unread).filter(|_| now >= due.saturating_add(WHY_TIME))
    }
}

/// Errors that a wait rides out: the network, an API that is away, and a credential that is not taken for a moment.
pub(super) fn passes(error: &ApiError) -> bool {
    matches!(
        error.retry_kind(),
        Some(RetryKind::Transport | RetryKind::RateLimited | RetryKind::ServerError | RetryKind::Timeout)
    ) || error.is_unreachable()
        || matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::NotFoundElsewhere)
}

pub(super) fn paused(run: &DagRun) -> Failure {
    let (id, dag_id, state) = (&run.dag_run_id, &run.dag_id, run.state.as_str());
    let message = format!("the DAG `{dag_id}` was paused while its run `{id}` was {state}");
    let failure = Failure::new(FailureKind::DagPaused, message);
    failure.with_help("the run goes on as soon as somebody unpauses the DAG")
}
