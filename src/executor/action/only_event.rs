//! The one event with a mark that others may post, too: of a `once_per` key, or of a run whose id was given.
//!
//! Airflow keeps every event it is sent, so the mark is looked for before an event is posted, and again after it: whoever
//! posts at the same moment found nothing before, either. The oldest of them is the one. Whoever posted another one fails, since
//! an event can't be taken back; whoever posted the oldest warns.

use jiff::Timestamp;
use serde_json::Value;

use crate::airflow::answer::DatasetEvent;
use crate::executor::Stop;
use crate::executor::action::post_dataset_event::{NewEvent, event_result};
use crate::executor::marked::{Marked, MarkedEvents};
use crate::executor::settle::Settled;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind};

/// How many events of one key may be passed over when another one is asked for.
const GENERATIONS_MAX: u32 = 100;

impl StepRun<'_, '_> {
    /// The mark of the step's event.
    pub(super) fn mark_of(&self, once_per: Option<&str>, generation: u32) -> Result<String, Stop> {
        Ok(match once_per {
            Some(key) => self.once_identity(key, generation)?.mark(),
            None => self.identity().mark(),
        })
    }

    /// The event that was posted before, if any. That there is none must be known before one is posted. When another one is
    /// asked for, those that are there are passed over, and the new one gets the next mark that is free.
    pub(super) async fn event_there(
        &mut self,
        new: &mut NewEvent,
        once_per: Option<&str>,
    ) -> Result<Option<DatasetEvent>, Stop> {
        for generation in self.planned.generation..self.planned.generation + GENERATIONS_MAX {
            new.mark = self.mark_of(once_per, generation)?;
            new.extra.insert("myaf_run".to_owned(), Value::String(new.mark.clone()));
            match self.posted_before(new).await? {
                None => return Ok(None),
                Some(_) if self.planned.is_anew && once_per.is_some() => {}
                Some(events) => {
                    self.warn_of_others(new, &events)?;
                    return Ok(Some(events.oldest));
                }
            }
        }
        let message = format!("this key has {GENERATIONS_MAX} events already; no other is posted");
        Err(Failure::new(FailureKind::Rejected, message).at(self.location_of("once_per")).into())
    }

    async fn posted_before(&mut self, new: &NewEvent) -> Result<Option<MarkedEvents>, Stop> {
        let marked = Marked { announced: Timestamp::MIN, ..new.marked() };
        match self.search_for_events(marked).await {
            Settled::Found(events) => Ok(Some(events)),
            Settled::Absent => Ok(None),
            Settled::Unknown => {
                let message = format!("it can't be known whether the event `{}` was posted before", new.mark);
                let failure = Failure::new(FailureKind::Rejected, message);
                let note = "the dataset's events could not all be read; at most 1,000 are looked at";
                Err(failure.with_note(note).at(self.location_of("once_per")).into())
            }
        }
    }

    /// The event that an earlier attempt of the run has posted.
    pub(super) async fn event_of_earlier(&mut self, new: &NewEvent) -> Result<Option<DatasetEvent>, Stop> {
        let Some(events) = self.glance_at_events(new.marked()).await else { return Ok(None) };
        self.warn_of_others(new, &events)?;
        Ok(Some(events.oldest))
    }

    /// Looks again after our event was posted; `made` is it, where Airflow's answer has shown it.
    pub(super) async fn only_event(
        &mut self,
        new: &NewEvent,
        made: Option<DatasetEvent>,
    ) -> Result<Option<DatasetEvent>, Stop> {
        if !new.is_shared {
            return Ok(match made {
                Some(event) => Some(event),
                None => self.glance_at_events(new.marked()).await.map(|events| events.oldest),
            });
        }
        let Some(events) = self.search_for_all(new.marked()).await else {
            self.warn(format!("could not check whether another run posted the event `{}`, too", new.mark))?;
            return Ok(made);
        };
        if let Some(ours) = made.filter(|ours| ours.id > events.oldest.id) {
            return Err(self.is_another(new, &ours, &events));
        }
        if events.count == 1 && !events.is_whole {
            self.warn(format!("could not check whether another run posted the event `{}`, too", new.mark))?;
        }
        self.warn_of_others(new, &events)?;
        Ok(Some(events.oldest))
    }

    fn warn_of_others(&mut self, new: &NewEvent, events: &MarkedEvents) -> Result<(), Stop> {
        if events.count < 2 {
            return Ok(());
        }
        let (uri, mark, count, id) = (&new.dataset.uri, &new.mark, events.count, events.oldest.id);
        self.warn(format!(
            "`{uri}` has {count} events `{mark}`, posted by different runs; the oldest, {id}, is the one"
        ))
    }

    fn is_another(&mut self, new: &NewEvent, ours: &DatasetEvent, events: &MarkedEvents) -> Stop {
        let (uri, mark, oldest) = (&new.dataset.uri, &new.mark, events.oldest.id);
        self.known = Some(ActionResult::PostDatasetEvent(Box::new(event_result(new.clone(), Some(ours.clone())))));
        let message = format!("another run posted the event `{mark}` on `{uri}` at the same moment, as event {oldest}");
        let count = events.count;
        let failure = Failure::new(FailureKind::DuplicateEvent, message)
            .with_note(format!("ours is event {}, one of {count}; an event can't be taken back", ours.id))
            .with_note("DAGs that are scheduled on it may have run more than once");
        let help = "`resume` goes on with the oldest event; `ignore_errors: true` accepts that this can happen";
        failure.with_help(help).at(self.location_of("once_per")).into()
    }
}
