//! Whether and when a request is sent again.

use std::time::Duration;

use minijinja::value::ValueKind;
use serde_json::json;

use crate::airflow::error::{ApiError, Delivery, ErrorKind, RetryKind};
use crate::event::{EventKind, TryFailed};
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};
use crate::plan::RetryPolicy;
use crate::playbook::field::format_duration;
use crate::playbook::model::RetryOn;
use crate::playbook::template::dynamic;

/// What comes after a failed try.
pub(super) enum Next {
    /// Another try, after this pause.
    Retry(Duration),
    /// No further try, for this reason if there is one to tell.
    GiveUp(Option<String>),
}

/// How often one request was tried in vain.
#[derive(Debug, Default)]
pub(super) struct Tries {
    number: u32,
    /// How many of them because the API is away.
    away: u32,
}

impl Tries {
    /// The number of the next try, counted from 1.
    pub(super) const fn next(&self) -> u32 {
        self.number + 1
    }

    /// Counts a failed try.
    fn count(&mut self, error: &ApiError) {
        self.number += 1;
        self.away += u32::from(error.is_away());
    }

    /// How many more may follow one that failed with this error. An API that is away is given more of them than one that
    /// answers, each kind by its own count.
    fn left(&self, error: &ApiError, policy: &RetryPolicy) -> u32 {
        if error.is_away() {
            policy.away_attempts.saturating_sub(self.away)
        } else {
            policy.attempts.saturating_sub(self.number - self.away)
        }
    }
}

impl StepRun<'_, '_> {
    /// Says that a reading request failed and decides what comes next.
    pub(super) fn after_failed_try(&mut self, error: &ApiError, tries: &mut Tries) -> Result<Next, Stop> {
        self.after_failure(error, tries, false)
    }

    /// The same of a write, which may have been carried out all the same.
    pub(super) fn after_failed_write(&mut self, error: &ApiError, tries: &mut Tries) -> Result<Next, Stop> {
        self.after_failure(error, tries, error.delivery() == Delivery::Unknown)
    }

    fn after_failure(&mut self, error: &ApiError, tries: &mut Tries, is_unknown: bool) -> Result<Next, Stop> {
        tries.count(error);
        let next = self.decide(error, tries);
        let retry_in_ms = match &next {
            Next::Retry(pause) => Some(super::millis(*pause)),
            Next::GiveUp(_) => None,
        };
        let attempts = tries.number + tries.left(error, &self.planned.retry);
        self.run.emitter.emit(EventKind::TryFailed(TryFailed {
            step: self.index,
            request: error.request.to_string(),
            try_number: tries.number,
            attempts,
            status: error.status,
            message: error.message.clone(),
            is_unknown,
            retry_in_ms,
        }))?;
        Ok(next)
    }

    fn decide(&self, error: &ApiError, tries: &Tries) -> Next {
        let policy = &self.planned.retry;
        let Some(kind) = worth_a_try(error).filter(|kind| policy.only.contains(kind)) else {
            return Next::GiveUp(None);
        };
        if let Some(reason) = self.given_up(kind, error.status, &error.message) {
            return Next::GiveUp(Some(reason));
        }
        let number = tries.number;
        if tries.left(error, policy) == 0 {
            return Next::GiveUp((number > 1).then(|| format!("gave up after {number} tries")));
        }
        let left = self.time_left();
        let pause = match error.retry_after {
            Some(asked) if asked > left => {
                let asked = format_duration(asked);
                let left = format_duration(left);
                return Next::GiveUp(Some(format!("it asks to wait {asked}, and the step has only {left} left")));
            }
            Some(asked) => asked,
            None => self.jittered(policy.pause_before(number + 1)),
        };
        if pause >= left {
            return Next::GiveUp(Some("the step has no time left for another try".to_owned()));
        }
        Next::Retry(pause)
    }

    /// Works `retry.unless` out: why to give up. A mistake in it gives up, too, but hides no error: a write in doubt is
    /// still looked for.
    pub(super) fn given_up(&self, kind: RetryOn, status: Option<u16>, message: &str) -> Option<String> {
        let unless = self.planned.retry.unless.as_ref()?;
        let facts = json!({ "kind": kind, "status": status, "message": message });
        let scope = self.run.variables.scope_with([("error".to_owned(), dynamic(facts))].into());
        match unless.evaluate(&self.run.plan.engine, &scope) {
            Ok(value) if value.kind() == ValueKind::Bool => {
                value.is_true().then(|| "`retry.unless` is true".to_owned())
            }
            Ok(value) => Some(format!("`retry.unless` gave `{value}`, not true or false")),
            Err(failed) if failed.error.open.is_some() => None,
            Err(failed) => Some(format!("`retry.unless` can't be worked out: {}", failed.error.message)),
        }
    }

    /// The pause, shortened by chance by up to a half, so that many clients don't come back at once.
    pub(super) fn jittered(&self, pause: Duration) -> Duration {
        if self.planned.retry.jitter { pause.mul_f64(fastrand::f64().midpoint(1.0)) } else { pause }
    }
}

/// The word of the playbook for a request that may be sent again. What is not there is asked for again by the whole action.
fn worth_a_try(error: &ApiError) -> Option<RetryOn> {
    match error.retry_kind()? {
        RetryKind::Transport => Some(RetryOn::Transport),
        RetryKind::RateLimited => Some(RetryOn::RateLimited),
        RetryKind::ServerError => Some(RetryOn::ServerError),
        RetryKind::Timeout => Some(RetryOn::Timeout),
        RetryKind::NotFound => None,
    }
}

/// The failure of a request that is not sent again.
pub(super) fn exhausted(error: &ApiError, reason: Option<String>) -> Failure {
    let failure = failure_of(error);
    match reason {
        Some(reason) => failure.with_note(reason),
        None => failure,
    }
}

/// What a refused or failed request means for the step.
pub(super) fn failure_of(error: &ApiError) -> Failure {
    let kind = if error.is_auth() {
        FailureKind::Authentication
    } else if error.is_unreachable() {
        FailureKind::Unreachable
    } else {
        match error.kind {
            ErrorKind::NotFound => FailureKind::NotFound,
            ErrorKind::ServerError => FailureKind::ServerError,
            _ => FailureKind::Rejected,
        }
    };
    Failure::new(kind, error.message.clone())
}
