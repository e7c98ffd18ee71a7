//! Looking until it is so, for as long as `within` allows.

use serde_json::Map;

use crate::event::Doing;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};
use crate::plan::{POLL_EVERY, POLL_MAX_EVERY};
use crate::playbook::field::{RenderedPeriod, format_duration};

/// What may pass by itself: it is not there yet, or not as it must be.
pub(super) const fn may_come(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NotFound | FailureKind::NotReady)
}

impl StepRun<'_, '_> {
    /// Looks once, or again and again for as long as `within` says while the failure is one that `may_pass`.
    pub(super) async fn within<T>(
        &mut self,
        within: Option<RenderedPeriod>,
        may_pass: fn(FailureKind) -> bool,
        mut look: impl AsyncFnMut(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let Some(within) = within else { return look(self).await };
        let allowed = within.0.0;
        let (every, max_every) = self.planned.poll;
        let (every, max_every) = (every.unwrap_or(POLL_EVERY), max_every.unwrap_or(POLL_MAX_EVERY));
        let mut pace = self.pace_for(Some(allowed), every, max_every);
        loop {
            let began = self.run.tools.clock.elapsed();
            let failure = match look(self).await {
                Err(Stop::Failed(failure)) if may_pass(failure.kind) => *failure,
                done => return done,
            };
            if self.is_check() {
                let (waits, message) = (format_duration(allowed), &failure.message);
                self.leave_open(format!("it is not so now, and a run would wait for it for {waits}: {message}"))?;
                return Err(self.left_open(Map::new()));
            }
            let doing = |_| Doing::Within { why: failure.message.clone() };
            if !self.look_later(&mut pace, began, doing).await? {
                let message = format!("{}, still so after {}", failure.message, format_duration(allowed));
                return Err(Failure { message, ..failure }.into());
            }
        }
    }
}
