//! Looking for dataset events by the mark that we gave them.
//!
//! In: a mark. Out: the oldest event with it, and how many there are: Airflow keeps every event it is sent, so two hosts that
//! post at the same moment both find nothing before, and two events after. At most the newest 1,000 events are looked at.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::airflow::answer::{DatasetEvent, EventsPage, Page};
use crate::airflow::client::Client;
use crate::executor::events::Walked;
use crate::executor::settle::{LAST_LOOK, LOOK_FIRST, Settled};
use crate::executor::step::StepRun;

/// How many events of a dataset are looked at.
const EVENTS_MAX: u64 = 1000;
/// How many events a page has.
const EVENTS_PAGE: u32 = 100;
/// How long a single look for an event may take.
const GLANCE: Duration = Duration::from_secs(5);
/// How far the server's clock may be off between two of its answers.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How far apart events may be that were posted since neither host saw the other's.
const RACE: SignedDuration = SignedDuration::from_secs(300);

/// An announced event, to look for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marked<'a> {
    pub(super) dataset_id: i64,
    pub(super) mark: &'a str,
    /// When it was announced, by the server's clock; the earliest time there is where that is not known.
    pub(super) announced: Timestamp,
    /// Whether others may post an event with the same mark.
    pub(super) is_shared: bool,
}

/// The events with a mark.
#[derive(Debug, Clone)]
pub(super) struct MarkedEvents {
    /// The one with the lowest id.
    pub(super) oldest: DatasetEvent,
    /// How many there are.
    pub(super) count: usize,
    /// Whether no other can be there: every event that could be one was read.
    pub(super) is_whole: bool,
}

/// What one search through a dataset's events came to.
enum Search {
    /// There are some.
    Found(MarkedEvents),
    /// There is none.
    Absent,
    /// There is none among those that can be read, and one or more can't be.
    Unreadable,
    /// There is none among the newest, and older ones are not looked at.
    TooMany,
}

impl Search {
    fn settled(self) -> Settled<MarkedEvents> {
        match self {
            Self::Found(events) => Settled::Found(events),
            Self::Absent => Settled::Absent,
            Self::Unreadable | Self::TooMany => Settled::Unknown,
        }
    }
}

/// There was no time for a look.
struct OutOfTime;

/// Keeps what is looked for of the events that pass, newest first.
struct Sieve<'a> {
    marked: Marked<'a>,
    /// An event that is older than this ends the search.
    horizon: Timestamp,
    found: Option<(DatasetEvent, usize)>,
    /// Such an event has passed.
    is_past: bool,
}

impl<'a> Sieve<'a> {
    fn new(marked: Marked<'a>) -> Self {
        let horizon = marked.announced.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        Self { marked, horizon, found: None, is_past: false }
    }

    fn take(&mut self, events: &[DatasetEvent]) {
        for event in events {
            self.is_past |= event.timestamp < self.horizon;
            if event.extra.get("myaf_run").and_then(Value::as_str) != Some(self.marked.mark) {
                continue;
            }
            // Of those that were posted at the same moment the others are near.
            let near = event.timestamp.saturating_sub(RACE).unwrap_or(Timestamp::MIN);
            self.horizon = self.horizon.max(near);
            self.found = Some(match self.found.take() {
                Some((oldest, count)) if oldest.id < event.id => (oldest, count + 1),
                Some((_, count)) => (event.clone(), count + 1),
                None => (event.clone(), 1),
            });
        }
    }

    fn is_done(&self) -> bool {
        self.is_past || (self.found.is_some() && !self.marked.is_shared)
    }

    /// What was found; `or` when nothing was.
    fn end(self, is_whole: bool, or: Search) -> Search {
        self.found.map_or(or, |(oldest, count)| Search::Found(MarkedEvents { oldest, count, is_whole }))
    }
}

impl StepRun<'_, '_> {
    /// Looks for an event by its mark for as long as settling may take.
    pub(super) async fn look_for_event(&mut self, marked: Marked<'_>) -> Settled<DatasetEvent> {
        let end = self.settle_end();
        let (mut pause, mut was_absent) = (LOOK_FIRST, false);
        loop {
            let answer_by = end.saturating_add(LAST_LOOK);
            let looked = self.search_events(marked, answer_by).await;
            // A last look that could not see what others saw is made once more.
            let until = match looked {
                Search::Found(events) => return Settled::Found(events.oldest),
                Search::Unreadable if was_absent => answer_by,
                Search::Absent | Search::Unreadable | Search::TooMany => end,
            };
            was_absent |= matches!(looked, Search::Absent);
            if !self.look_again(until, &mut pause).await {
                return match looked {
                    Search::Absent => Settled::Absent,
                    Search::Found(_) | Search::Unreadable | Search::TooMany => Settled::Unknown,
                };
            }
        }
    }

    /// Looks once for events that Airflow has taken.
    pub(super) async fn glance_at_events(&mut self, marked: Marked<'_>) -> Option<MarkedEvents> {
        let end = self.run.tools.clock.elapsed().saturating_add(GLANCE);
        match self.search_events(marked, end).await {
            Search::Found(events) => Some(events),
            Search::Absent | Search::Unreadable | Search::TooMany => None,
        }
    }

    /// A search for events, before anything is sent; repeated while none is found and one can't be read, which passes as a rule.
    pub(super) async fn search_for_events(&mut self, marked: Marked<'_>) -> Settled<MarkedEvents> {
        self.search_while(marked, |looked| matches!(looked, Search::Unreadable)).await.settled()
    }

    /// A search for every event with a mark, repeated while one that may have it can't be read.
    pub(super) async fn search_for_all(&mut self, marked: Marked<'_>) -> Option<MarkedEvents> {
        let is_torn = |looked: &Search| match looked {
            Search::Found(events) => !events.is_whole,
            Search::Absent | Search::Unreadable => true,
            Search::TooMany => false,
        };
        match self.search_while(marked, is_torn).await {
            Search::Found(events) => Some(events),
            Search::Absent | Search::Unreadable | Search::TooMany => None,
        }
    }

    async fn search_while(&mut self, marked: Marked<'_>, is_open: impl Fn(&Search) -> bool) -> Search {
        let end = self.settle_end();
        let mut pause = LOOK_FIRST;
        loop {
            let looked = self.search_events(marked, end.saturating_add(LAST_LOOK)).await;
            if !is_open(&looked) || !self.look_again(end, &mut pause).await {
                return looked;
            }
        }
    }

    /// One search through the dataset's events, newest first. A row that can't be read may be ours: then it is not known.
    async fn search_events(&mut self, marked: Marked<'_>, end: Duration) -> Search {
        let mut sieve = Sieve::new(marked);
        let (mut offset, mut unreadable) = (0, 0);
        while offset < EVENTS_MAX {
            let asked = EventsPage { offset, limit: EVENTS_PAGE };
            let walked = self.walk_events(asked, async |step: &mut Self, page| {
                if sieve.is_done() {
                    let nothing = Page { items: Vec::new(), received: 0, total_entries: None, server_time: None };
                    return Ok::<_, OutOfTime>(Ok(nothing));
                }
                let ask = async |client: &Client, limit| client.dataset_events(marked.dataset_id, page, limit).await;
                let answer = step.look(end, ask).await.ok_or(OutOfTime)?;
                if let Ok(page) = &answer {
                    sieve.take(&page.items);
                }
                Ok(answer)
            });
            let Ok(Ok(Walked { page, unreadable: passed_over })) = walked.await else {
                return sieve.end(false, Search::Unreadable);
            };
            unreadable += passed_over;
            if page.received == 0 || sieve.is_done() {
                let or = if unreadable == 0 { Search::Absent } else { Search::Unreadable };
                return sieve.end(unreadable == 0, or);
            }
            offset += page.received as u64;
        }
        sieve.end(false, Search::TooMany)
    }
}
