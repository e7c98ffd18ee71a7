//! What is not there, with the names that are near it.

use std::time::Duration;

use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::executor::Stop;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::outcome::Failure;
use crate::playbook::near;

impl StepRun<'_, '_> {
    /// Reads one thing; that it is not there is told by `missing`.
    pub(super) async fn found<T>(
        &mut self,
        missing: impl FnOnce() -> Failure,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<T, Stop> {
        match self.try_read(ask).await? {
            Ok(found) => Ok(found),
            Err((error, _)) if error.kind == ErrorKind::NotFound => Err(missing().into()),
            Err((error, reason)) => Err(exhausted(&error, reason).into()),
        }
    }
}

/// The rows of a list that only helps a message; none where it can't be read.
pub(super) fn or_none<T>(rows: Result<Vec<T>, Stop>) -> Result<Option<Vec<T>>, Stop> {
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(Stop::Failed(_)) => Ok(None),
        Err(stop @ (Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_) | Stop::Broken(_))) => Err(stop),
    }
}

/// The failure with the names that are near `word`, or with how many there are; `one` and `many` say of what.
pub(super) fn with_near<'n>(
    failure: Failure,
    word: &str,
    names: impl Iterator<Item = &'n str> + Clone,
    (one, many): (&str, &str),
) -> Failure {
    let near: Vec<String> = near(word, names.clone()).iter().map(|name| format!("`{name}`")).collect();
    match (near.as_slice(), names.count()) {
        ([], 0) => failure.with_note(format!("no {one} is there at all")),
        ([], 1) => failure.with_note(format!("one {one} is there, with another name")),
        ([], count) => failure.with_note(format!("{count} {many} are there, none with a name near it")),
        ([only], _) => failure.with_help(format!("did you mean {only}?")),
        (several, _) => failure.with_help(format!("did you mean one of {}?", several.join(", "))),
    }
}
