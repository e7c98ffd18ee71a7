//! How a wait ends when the run does not: the time is up, or an error is no passing one.

use std::time::Duration;

use crate::airflow::error::{ApiError, ErrorKind, RetryKind};
use crate::airflow::model::RunState;
use crate::executor::wait::following::Following;
use crate::outcome::{Failure, FailureKind};
use crate::playbook::field::format_duration;

/// The time for a last answer, and again for asking why a run failed, over and above the wait.
pub(super) const WHY_TIME: Duration = Duration::from_secs(60);

impl Following {
    /// The verdict when the time is up; judged only after the run was read. How late it is counts from when that was first
    /// seen: a machine that slept over the end has not asked in vain.
    pub(super) fn ran_out(&mut self, now: Duration) -> Option<Failure> {
        let queued = self.queued.filter(|queued| self.run.state == RunState::Queued && now >= queued.end);
        let (kind, bound) = match queued {
            _ if now >= self.bound.end => (FailureKind::WaitTimedOut, self.bound),
            Some(queued) => (FailureKind::QueuedTooLong, queued),
            None => {
                self.late_since = None;
                return None;
            }
        };
        let (id, dag_id, state) = (&self.run.dag_run_id, &self.run.dag_id, self.run.state.as_str());
        let allowed = format_duration(bound.allowed);
        let message = format!("the DAG run `{id}` of `{dag_id}` is still {state} after {allowed}");
        let failure = Failure::new(kind, message);
        if self.read_at >= bound.end {
            return Some(failure);
        }
        // The run may have ended since it was read: it is asked for a little longer.
        let late_since = *self.late_since.get_or_insert(now);
        let ago = format_duration(now.saturating_sub(self.read_at));
        let unread = failure.with_note(format!("that was seen {ago} ago; there was no good answer since"));
        Some(unread).filter(|_| now >= late_since.saturating_add(WHY_TIME))
    }
}

/// Errors that a wait rides out: the network, any 5xx, an API that is away, and a credential that is not taken for a moment.
pub(super) fn passes(error: &ApiError) -> bool {
    matches!(
        error.retry_kind(),
        Some(RetryKind::Transport | RetryKind::RateLimited | RetryKind::ServerError | RetryKind::Timeout)
    ) || error.is_unreachable()
        || matches!(error.kind, ErrorKind::ServerError | ErrorKind::Unauthorized | ErrorKind::NotFoundElsewhere)
}
