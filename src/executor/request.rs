//! Sending one request: its time limit, its tries, and what a signal does to it.

use std::time::Duration;

use crate::airflow::answer::Page;
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::executor::Stop;
use crate::executor::retry::{Next, Tries, exhausted};
use crate::executor::step::StepRun;
use crate::outcome::{Failure, FailureKind};
use crate::playbook::field::format_duration;

/// The most rows that a list is read to: DAGs take about 3.5 KiB of memory each, so these take less than 300 MiB.
const ROWS_MAX: u64 = 75_000;
/// How often the same page may come once more; a list that grows at its head while it is read repeats a row or two.
const REPEATS_MAX: u32 = 2;

/// What came of a write that was sent.
pub(super) enum Sent<T> {
    /// Something came back, or a failure that says how far it got.
    Answer(Result<T, ApiError>),
    /// The run is to stop, and no answer came within the grace.
    CutShort,
}

impl StepRun<'_, '_> {
    /// Reads something, with as many tries as the step has. A signal or the deadline drops the read.
    pub(super) async fn read<T>(
        &mut self,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<T, Stop> {
        match self.try_read(ask).await? {
            Ok(answer) => Ok(answer),
            Err((error, reason)) => Err(exhausted(&error, reason).into()),
        }
    }

    /// The same, but what Airflow refuses is handed back.
    pub(super) async fn try_read<T>(
        &mut self,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<Result<T, (ApiError, Option<String>)>, Stop> {
        let mut tries = Tries::default();
        loop {
            self.try_number = tries.next();
            let answer = self.read_once(&ask).await;
            self.try_number = 0;
            let error = match answer? {
                Ok(answer) => return Ok(Ok(answer)),
                Err(error) => error,
            };
            match self.after_failed_try(&error, &mut tries)? {
                Next::Retry(pause) => self.pause(pause).await?,
                Next::GiveUp(reason) => return Ok(Err((error, reason))),
            }
        }
    }

    /// Reads something once. A signal or the deadline drops the read.
    pub(super) async fn read_once<T>(
        &mut self,
        ask: &impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<Result<T, ApiError>, Stop> {
        let limit = self.request_limit()?;
        self.requests += 1;
        let (client, halt) = (self.client(), &self.run.halt);
        tokio::select! {
            biased;
            () = halt.wait() => Err(Stop::Interrupted(None)),
            answer = ask(&client, limit) => match answer {
                Err(error) if error.kind == ErrorKind::Timeout && self.time_left().is_zero() => Err(self.out_of_time()),
                answer => Ok(answer),
            },
        }
    }

    /// Every page of a list. A page is as long as it comes, whatever was asked for; how many rows there are need not be said.
    pub(super) async fn pages<T: PartialEq>(
        &mut self,
        ask: impl AsyncFn(&Client, u64, Duration) -> Result<Page<T>, ApiError>,
    ) -> Result<Vec<T>, Stop> {
        self.pages_up_to(u64::MAX, ask).await.map(|(items, _)| items)
    }

    /// The first rows of a list, at most so many, and whether these are all.
    pub(super) async fn pages_up_to<T: PartialEq>(
        &mut self,
        most: u64,
        ask: impl AsyncFn(&Client, u64, Duration) -> Result<Page<T>, ApiError>,
    ) -> Result<(Vec<T>, bool), Stop> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let (mut received, mut repeats) = (0, 0);
        loop {
            let page = self.read(async |client, limit| ask(client, received, limit).await).await?;
            self.pages += 1;
            let is_last = is_last(&page, &mut received)?;
            let is_repeated = page.received > 0 && page.items.len() == page.received && items.ends_with(&page.items);
            repeats = if is_repeated { repeats + 1 } else { 0 };
            if repeats > REPEATS_MAX {
                let message = format!("the list does not go on: the same {} rows come again and again", page.received);
                return Err(Failure::new(FailureKind::Rejected, message).into());
            }
            items.extend(page.items);
            if items.len() > most || is_last || items.len() == most {
                let is_complete = is_last && items.len() <= most;
                items.truncate(most);
                return Ok((items, is_complete));
            }
        }
    }

    /// Sends a write once. A signal or the deadline leaves it the grace to be answered.
    pub(super) async fn write_once<T>(
        &mut self,
        ask: impl AsyncFn(&Client, Duration) -> Result<T, ApiError>,
    ) -> Result<Sent<T>, Stop> {
        let limit = self.request_limit()?;
        self.requests += 1;
        let (tools, halt) = (self.run.tools, &self.run.halt);
        let client = self.client();
        let sent = ask(&client, limit);
        tokio::pin!(sent);
        tokio::select! {
            biased;
            answer = &mut sent => return Ok(Sent::Answer(answer)),
            () = halt.wait() => {}
        }
        match tools.clock.timeout(halt.answer_time(), &mut sent).await {
            Ok(answer) => Ok(Sent::Answer(answer)),
            Err(_) => Ok(Sent::CutShort),
        }
    }

    /// Lets time pass between two tries. A signal or the deadline ends it.
    pub(super) async fn pause(&mut self, pause: Duration) -> Result<(), Stop> {
        let (clock, halt) = (&self.run.tools.clock, &self.run.halt);
        let pause = halt.time_left().map_or(pause, |left| left.min(pause));
        tokio::select! {
            biased;
            () = halt.wait() => return Err(Stop::Interrupted(None)),
            () = clock.sleep(pause) => {}
        }
        if halt.is_due() { Err(Stop::Interrupted(None)) } else { Ok(()) }
    }

    /// The time that the step has left.
    pub(super) fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.run.tools.clock.elapsed())
    }

    fn out_of_time(&self) -> Stop {
        Stop::Failed(self.timed_out())
    }

    /// The failure of a step whose time is up.
    pub(super) fn timed_out(&self) -> Box<Failure> {
        let allowed = format_duration(self.deadline.saturating_sub(self.started));
        let failure = Failure::new(FailureKind::TimedOut, format!("the step took longer than {allowed}"));
        failure.with_help("give the step more time with `timeout`").into()
    }

    fn request_limit(&self) -> Result<Duration, Stop> {
        let left = self.time_left();
        if left.is_zero() {
            return Err(self.out_of_time());
        }
        Ok(left.min(self.run.tools.limits.max_time))
    }
}

/// Counts a page and says whether it is the list's last.
pub(super) fn is_last<T>(page: &Page<T>, received: &mut u64) -> Result<bool, Box<Failure>> {
    *received += page.received as u64;
    if *received > ROWS_MAX {
        let message = format!("the list has more than {ROWS_MAX} rows, more than are read");
        let help = "narrow it by the keys of the step that filter, such as `dag_id_pattern` or `state`";
        return Err(Failure::new(FailureKind::Rejected, message).with_help(help).into());
    }
    Ok(page.received == 0 || page.total_entries.is_some_and(|total| *received >= total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_to_its_end_or_to_so_many_rows() {
        let page =
            |received, total_entries| Page { items: vec![(); received], received, total_entries, server_time: None };
        let mut received = 0;
        assert!(is_last(&page(100, Some(150)), &mut received).is_ok_and(|is_last| !is_last));
        assert!(is_last(&page(50, Some(150)), &mut received).is_ok_and(|is_last| is_last));
        let mut received = 0;
        let endless = (0..).find_map(|_| is_last(&page(100, None), &mut received).err()).expect("it ends");
        assert!(endless.message.contains("more than 75000 rows") && received <= ROWS_MAX + 100, "{endless:?}");
    }
}
