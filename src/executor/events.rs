//! A page of a dataset's events, also where Airflow can't show one of them.
//!
//! Airflow 3 answers 500 for a page while a run that one of its events made has not started. Such a page is walked one
//! event at a time, and the one that can't be read is passed over. How a page is asked for, how often and how long, is the
//! caller's.

use crate::airflow::answer::{DatasetEvent, EventsPage, Page};
use crate::airflow::error::{ApiError, ErrorKind};
use crate::executor::step::StepRun;

/// How many events in a row may be unreadable before it is the API that is broken, and not some of its events.
const UNREADABLE_MAX: u32 = 10;

/// A page of events.
pub(super) struct Walked {
    /// Those that can be read, newest first; `received` counts the others, too.
    pub(super) page: Page<DatasetEvent>,
    /// How many can't be read.
    pub(super) unreadable: u32,
}

impl StepRun<'_, '_> {
    /// Reads a page; the outer error ends the reading, the inner one is what Airflow said.
    pub(super) async fn walk_events<E>(
        &mut self,
        asked: EventsPage,
        mut ask: impl AsyncFnMut(&mut Self, EventsPage) -> Result<Result<Page<DatasetEvent>, ApiError>, E>,
    ) -> Result<Result<Walked, ApiError>, E> {
        match ask(self, asked).await? {
            Ok(page) => return Ok(Ok(Walked { page, unreadable: 0 })),
            Err(error) if error.kind == ErrorKind::ServerError && error.status == Some(500) => {}
            Err(error) => return Ok(Err(error)),
        }
        let page = Page { items: Vec::new(), received: 0, total_entries: None, server_time: None };
        let mut walked = Walked { page, unreadable: 0 };
        let mut in_a_row = 0;
        for at in asked.offset..asked.offset + u64::from(asked.limit) {
            match ask(self, EventsPage { offset: at, limit: 1 }).await? {
                Ok(page) if page.received == 0 => break,
                Ok(page) => {
                    in_a_row = 0;
                    walked.page.total_entries = page.total_entries;
                    walked.page.items.extend(page.items);
                }
                Err(error) if error.kind == ErrorKind::ServerError && in_a_row < UNREADABLE_MAX => {
                    in_a_row += 1;
                    walked.unreadable += 1;
                }
                Err(error) => return Ok(Err(error)),
            }
            walked.page.received += 1;
        }
        Ok(Ok(walked))
    }
}
