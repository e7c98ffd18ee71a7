//! Where a run's events are shown: the record is kept, lines and progress go to the streams.
//!
//! The executor holds the sink for as long as the run goes on, and the line of progress moves meanwhile: so both look at the
//! screen through a cell, one after the other on the one thread.

use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::args::Output;
use crate::cli::invocation::Recording;
use crate::cli::streams::Streams;
use crate::cli::way_on::WayOnCommands;
use crate::clock::Clock;
use crate::event::{Event, EventKind, Glimpse, Sink, SinkError};
use crate::journal::Writer;
use crate::record::RunRecord;
use crate::reporter::progress::Progress;
use crate::reporter::quiet;
use crate::reporter::text::{Line, Text};

/// The time between two drawings of the line of progress.
const TICK: Duration = Duration::from_millis(250);

/// What a run is shown on.
pub(super) struct Screen<'s> {
    streams: &'s mut Streams,
    output: Output,
    text: Text,
    progress: Option<Progress>,
    record: RunRecord,
    /// The run's file in the history, unless it is not recorded.
    journal: Option<Writer>,
    /// Whether the run can go on later.
    is_lasting: bool,
    way_on: WayOnCommands,
}

/// The sink of a run: the screen, which something else looks at between two events.
pub(super) struct Shared<'c, 's>(pub(super) &'c RefCell<Screen<'s>>);

impl<'s> Screen<'s> {
    /// A screen; progress is shown on a terminal only.
    pub(super) fn new(
        streams: &'s mut Streams,
        output: Output,
        text: Text,
        (recording, way_on): (Recording, WayOnCommands),
    ) -> Self {
        let look = streams.look();
        let shows_progress = streams.can_show_progress() && output != Output::Quiet;
        let progress = shows_progress.then(|| Progress::new(look.err.is_unicode, look.verbosity > 0));
        let record = RunRecord { without_results: output != Output::Json, ..recording.record };
        Self {
            streams,
            output,
            text,
            progress,
            record,
            is_lasting: recording.writer.is_some() && !recording.is_trial,
            journal: recording.writer,
            way_on,
        }
    }

    /// The record, when the run has ended.
    pub(super) fn into_record(self) -> RunRecord {
        self.record
    }

    /// Records a second signal, which nobody else is left to say.
    pub(super) fn interrupted(&mut self, signal: i32, at: Timestamp) {
        let kind = EventKind::Interrupted { signal };
        // What can't be recorded now changes nothing any more.
        let _ = self.accept(&Event { v: 1, seq: self.record.last_seq + 1, at, kind });
    }

    fn show(&mut self, event: &Event) {
        let lines = match self.output {
            Output::Text | Output::Json => self.text.lines(event, &self.record),
            Output::Quiet if matches!(event.kind, EventKind::RunFinished { .. }) => {
                let way_on = self.way_on.command(&self.record).filter(|_| self.is_lasting);
                let line = quiet::line(&self.record, way_on.as_deref());
                line.map(|line| Line::Note(line.into())).into_iter().collect()
            }
            Output::Quiet => Vec::new(),
        };
        for line in &lines {
            write(self.streams, self.output, line);
        }
        if let Some(progress) = &mut self.progress {
            progress.take(event, &self.record);
            self.tick(event.at);
        }
    }

    /// Draws the line of progress as of this time.
    fn tick(&mut self, at: Timestamp) {
        match self.progress.as_ref().map(|progress| progress.line(at)) {
            Some(Some((head, does))) => self.streams.progress((&head, &does)),
            Some(None) => self.streams.still(),
            None => self.streams.tell_requests(),
        }
    }

    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        if let Some(journal) = &mut self.journal {
            journal.accept(event)?;
        }
        self.record.apply(event);
        self.show(event);
        Ok(())
    }
}

impl Sink for Shared<'_, '_> {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        self.0.borrow_mut().accept(event)
    }

    fn glimpse(&mut self, glimpse: &Glimpse) {
        if let Some(progress) = &mut self.0.borrow_mut().progress {
            progress.glimpse(glimpse);
        }
    }
}

/// Moves the line of progress for as long as it is polled; on a clock that stands still, when that moves.
pub(super) async fn keep_moving(screen: &RefCell<Screen<'_>>, clock: &Clock) {
    let is_asked = screen.borrow().progress.is_some() || screen.borrow().streams.look().verbosity > 0;
    if !is_asked {
        return std::future::pending().await;
    }
    loop {
        clock.passes(TICK).await;
        screen.borrow_mut().tick(clock.now());
    }
}

fn write(streams: &mut Streams, output: Output, line: &Line) {
    match line {
        Line::Result(text) if output == Output::Text => streams.out_line(text),
        Line::Result(_) => {}
        Line::Command(text) if output == Output::Text => streams.out_line(text),
        Line::Command(text) => streams.err_line(text),
        Line::Note(line) => streams.err_painted(line),
        Line::Drawn(text) => streams.err_styled(&format!("{text}\n")),
    }
}
