//! A write, sent until it is known what became of it: never twice, and never with a doubt left unsaid.
//!
//! ```text
//! announced → send ─ accepted ───────────────────────────────→ done
//!              ↑   ├ refused ─ try again, or fail
//!              │   └ lost ──── look ─ there ─────────────────→ done
//!              └───────────────────┴ not there: send again
//! ```
//!
//! Once an answer was lost, the write is in doubt; every way out of the loop then looks for it to the end, and what is not
//! found by then is said to be unknown. Where Airflow itself has said that it failed and is done, nothing can come later: what
//! is not there then was not made.

use std::time::Duration;

use serde_json::Value;

use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, Delivery};
use crate::event::{EventKind, WriteAnnounced, WriteFate};
use crate::executor::Stop;
use crate::executor::request::Sent;
use crate::executor::retry::{Next, Tries, exhausted};
use crate::executor::settle::{Patience, Settled};
use crate::executor::step::StepRun;
use crate::outcome::{Failure, WriteKind};
use crate::plan::{Past, WriteRecord};

/// A write with an identity, by which it can be found again.
pub(super) trait Write {
    /// What Airflow shows of it.
    type Made;

    /// What it changes.
    const KIND: WriteKind;

    /// What makes it the only one.
    fn identity(&self) -> String;

    /// Sends it, once.
    async fn send(&self, client: &Client, limit: Duration) -> Result<Self::Made, ApiError>;

    /// Looks for it by its identity.
    async fn look(&self, step: &mut StepRun<'_, '_>, patience: Patience) -> Settled<Self::Made>;

    /// How long to look after this error; `is_last` when nothing is sent after it, `in_doubt` when an earlier answer was
    /// lost.
    fn patience(&self, error: Option<&ApiError>, is_last: bool, in_doubt: bool) -> Patience;

    /// Whether it may be sent again after a look that came to this.
    fn may_repeat(&self, settled: &Settled<Self::Made>) -> bool;

    /// The refusal that an error means, now that a look found nothing (`None`), or found what is not ours.
    fn refusal(&self, step: &StepRun<'_, '_>, error: &ApiError, found: Option<&Self::Made>) -> Option<Failure>;

    /// The failure of not knowing what became of it.
    fn unknown(&self, step: &StepRun<'_, '_>, error: Option<&ApiError>) -> Failure;

    /// The place in the playbook that a refusal blames.
    fn place(&self, step: &StepRun<'_, '_>, error: &ApiError) -> Option<crate::source::Location>;
}

/// What became of a write that was done.
pub(super) enum Written<T> {
    /// Airflow shows it.
    Made(T),
    /// Airflow has taken it, but its answer was cut off.
    Taken,
    /// In a check: it was shown, and not sent.
    Shown,
}

/// What is known of a write while it is being sent.
#[derive(Default)]
struct Doubt {
    /// An answer was lost: it may have been carried out.
    is_there: bool,
    /// It may still be carried out: one of the answers was lost, and not an error of Airflow itself.
    may_come: bool,
    /// It was looked for to the end since it was last sent.
    was_looked_for: bool,
    /// The error that left the doubt.
    error: Option<ApiError>,
}

/// What one try came to.
enum Try<T> {
    Done(Written<T>),
    Again(Duration),
    Over(Stop),
}

impl<'a> StepRun<'_, 'a> {
    /// What an earlier attempt of the run announced, and was not refused.
    pub(super) fn earlier(&self, kind: WriteKind) -> Option<&'a WriteRecord> {
        let Past::Begun(writes) = &self.planned.past else { return None };
        writes.iter().rev().find(|write| write.write == kind && write.fate != Some(WriteFate::Refused))
    }

    /// Announces a write, unless an earlier attempt has; a check announces none.
    pub(super) fn announce<W: Write>(&mut self, write: &W, subject: &str, arguments: Value) -> Result<(), Stop> {
        let identity = write.identity();
        if self.is_check() {
            subject.clone_into(&mut self.subject);
            return Ok(());
        }
        if self.earlier(W::KIND).is_some_and(|earlier| earlier.identity == identity) {
            return Ok(());
        }
        let (step, subject) = (self.index, subject.to_owned());
        let announced = WriteAnnounced { step, write: W::KIND, identity, subject, arguments };
        Ok(self.run.emitter.emit(EventKind::WriteAnnounced(Box::new(announced)))?)
    }

    /// Sends an announced write until it is known what became of it. One that an earlier attempt has left in doubt is looked
    /// for first.
    pub(super) async fn write<W: Write>(&mut self, write: &W) -> Result<Written<W::Made>, Stop> {
        if self.is_check() {
            return Box::pin(self.show(write)).await;
        }
        let mut doubt = Doubt::default();
        let earlier = self.earlier(W::KIND).filter(|earlier| earlier.identity == write.identity());
        if earlier.is_some_and(|earlier| matches!(earlier.fate, None | Some(WriteFate::Unknown))) {
            (doubt.is_there, doubt.may_come) = (true, true);
            let patience = write.patience(None, false, true);
            let settled = write.look(self, patience).await;
            doubt.was_looked_for = patience == Patience::ToTheEnd;
            match settled {
                Settled::Found(made) => {
                    self.close(write, WriteFate::Found)?;
                    return Ok(Written::Made(made));
                }
                settled if write.may_repeat(&settled) => {}
                Settled::Absent | Settled::Unknown => {
                    return self.no_further_try(write, doubt, Stop::Interrupted(None)).await;
                }
            }
        }
        let mut tries = Tries::default();
        loop {
            let stop = match self.try_to_write(write, &mut tries, &mut doubt).await {
                Ok(Try::Done(written)) => return Ok(written),
                Ok(Try::Again(pause)) => match self.pause(pause).await {
                    Ok(()) => continue,
                    Err(stop) => stop,
                },
                Ok(Try::Over(stop)) | Err(stop) => stop,
            };
            return self.no_further_try(write, doubt, stop).await;
        }
    }

    async fn try_to_write<W: Write>(
        &mut self,
        write: &W,
        tries: &mut Tries,
        doubt: &mut Doubt,
    ) -> Result<Try<W::Made>, Stop> {
        self.try_number = tries.next();
        let sent = self.write_once(async |client, limit| write.send(client, limit).await).await;
        self.try_number = 0;
        let error = match sent? {
            Sent::Answer(Ok(made)) => return self.done(write, Written::Made(made), WriteFate::Accepted),
            Sent::Answer(Err(error)) if error.delivery() == Delivery::Accepted => {
                return self.done(write, Written::Taken, WriteFate::Accepted);
            }
            Sent::Answer(Err(error)) => Some(error),
            Sent::CutShort => None,
        };
        let next = match &error {
            Some(error) => self.after_failed_write(error, tries)?,
            None => Next::GiveUp(None),
        };
        match error {
            Some(error) if error.delivery() == Delivery::Refused => Ok(match next {
                Next::Retry(pause) => Try::Again(pause),
                Next::GiveUp(reason) => Try::Over(self.refused(write, &error, reason)),
            }),
            lost => self.settle(write, lost, next, doubt).await,
        }
    }

    /// Looks for a write whose answer was lost, and decides what comes next.
    async fn settle<W: Write>(
        &mut self,
        write: &W,
        error: Option<ApiError>,
        next: Next,
        doubt: &mut Doubt,
    ) -> Result<Try<W::Made>, Stop> {
        let was_in_doubt = std::mem::replace(&mut doubt.is_there, true);
        doubt.may_come |= !error.as_ref().is_some_and(ApiError::is_worked_off);
        let patience = if doubt.may_come {
            write.patience(error.as_ref(), matches!(next, Next::GiveUp(_)), was_in_doubt)
        } else {
            Patience::OneAnswer
        };
        let settled = write.look(self, patience).await;
        doubt.was_looked_for = patience == Patience::ToTheEnd;
        let may_repeat = write.may_repeat(&settled) && !self.run.halt.is_due();
        let found = match settled {
            Settled::Found(made) => Some(made),
            Settled::Absent => None,
            Settled::Unknown => {
                doubt.error = error;
                return Ok(again_or_over(&next, may_repeat));
            }
        };
        let refusal = error.as_ref().filter(|_| !was_in_doubt || found.is_none());
        if let Some(failure) = refusal.and_then(|error| write.refusal(self, error, found.as_ref())) {
            doubt.is_there = false;
            return Ok(Try::Over(failure.into()));
        }
        match (found, error) {
            (Some(made), _) => self.done(write, Written::Made(made), WriteFate::Found),
            (None, Some(error)) if !doubt.may_come => {
                *doubt = Doubt::default();
                Ok(match next {
                    Next::Retry(pause) if may_repeat => Try::Again(pause),
                    next => Try::Over(self.not_made(write, &error, next)),
                })
            }
            (None, error) => {
                doubt.error = error;
                Ok(again_or_over(&next, may_repeat))
            }
        }
    }

    /// Nothing is sent any more. A write in doubt is looked for to the end, and what can't be known is said.
    async fn no_further_try<W: Write>(
        &mut self,
        write: &W,
        doubt: Doubt,
        stop: Stop,
    ) -> Result<Written<W::Made>, Stop> {
        if matches!(stop, Stop::Broken(_)) {
            return Err(stop);
        }
        if !doubt.is_there {
            self.close(write, WriteFate::Refused)?;
            return Err(stop);
        }
        if !doubt.was_looked_for
            && let Settled::Found(made) = write.look(self, Patience::ToTheEnd).await
        {
            self.close(write, WriteFate::Found)?;
            return Ok(Written::Made(made));
        }
        self.close(write, WriteFate::Unknown)?;
        let unknown = write.unknown(self, doubt.error.as_ref());
        Err(match stop {
            Stop::Failed(failure) => unknown.with_note(format!("no further try: {}", failure.message)),
            Stop::Interrupted(_) | Stop::Skipped(_) | Stop::LeftOpen(_) | Stop::Broken(_) => unknown,
        }
        .into())
    }

    fn refused<W: Write>(&self, write: &W, error: &ApiError, reason: Option<String>) -> Stop {
        let failure = exhausted(error, reason);
        failure.at(write.place(self, error)).into()
    }

    /// The end of a write that Airflow failed at, is done with, and has not made.
    fn not_made<W: Write>(&self, write: &W, error: &ApiError, next: Next) -> Stop {
        let reason = match next {
            Next::GiveUp(reason) => reason,
            Next::Retry(_) => None,
        };
        let failure = exhausted(error, reason).with_note("it was looked for and is not there: nothing was made");
        failure.at(write.place(self, error)).into()
    }

    fn done<W: Write>(&mut self, write: &W, written: Written<W::Made>, fate: WriteFate) -> Result<Try<W::Made>, Stop> {
        self.close(write, fate)?;
        Ok(Try::Done(written))
    }

    fn close<W: Write>(&mut self, write: &W, fate: WriteFate) -> Result<(), Stop> {
        let identity = write.identity();
        Ok(self.run.emitter.emit(EventKind::WriteSettled { step: self.index, identity, fate })?)
    }
}

/// A try that is over is told by what is known then, so its reason is none.
fn again_or_over<T>(next: &Next, may_repeat: bool) -> Try<T> {
    match next {
        Next::Retry(pause) if may_repeat => Try::Again(*pause),
        Next::Retry(_) | Next::GiveUp(_) => Try::Over(Stop::Interrupted(None)),
    }
}
