//! Where a run's events are shown: the record is kept, lines and progress go to the streams.

use indicatif::ProgressDrawTarget;
use jiff::Timestamp;

use crate::cli::args::Output;
use crate::cli::invocation::Recording;
use crate::cli::streams::Streams;
use crate::event::{Event, EventKind, Sink, SinkError};
use crate::journal::Writer;
use crate::record::RunRecord;
use crate::reporter::progress::Progress;
use crate::reporter::quiet;
use crate::reporter::text::{Line, Text};

/// The sink of a run.
pub(super) struct Screen<'s> {
    streams: &'s mut Streams,
    output: Output,
    text: Text,
    progress: Option<Progress>,
    record: RunRecord,
    /// The run's file in the history, unless it is not recorded.
    journal: Option<Writer>,
}

impl<'s> Screen<'s> {
    /// A screen; progress is shown on a terminal only.
    pub(super) fn new(
        streams: &'s mut Streams,
        (output, is_terminal): (Output, bool),
        text: Text,
        recording: Recording,
    ) -> Self {
        let shows_progress = is_terminal && output != Output::Quiet;
        let progress = shows_progress.then(|| Progress::new(ProgressDrawTarget::stderr()));
        let record = RunRecord { without_results: output != Output::Json, ..recording.record };
        Self { streams, output, text, progress, record, journal: recording.writer }
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
                quiet::line(&self.record, self.journal.is_some()).map(Line::Note).into_iter().collect()
            }
            Output::Quiet => Vec::new(),
        };
        let (streams, output) = (&mut *self.streams, self.output);
        let mut write = || lines.iter().for_each(|line| write(streams, output, line));
        match &self.progress {
            Some(progress) if !lines.is_empty() => progress.aside(&mut write),
            Some(_) | None => write(),
        }
        if let Some(progress) = &self.progress {
            progress.show(event, &self.record);
        }
    }
}

impl Sink for Screen<'_> {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        if let Some(journal) = &mut self.journal {
            journal.accept(event)?;
        }
        self.record.apply(event);
        self.show(event);
        Ok(())
    }
}

fn write(streams: &mut Streams, output: Output, line: &Line) {
    match line {
        Line::Result(text) if output == Output::Text => streams.out_line(text),
        Line::Result(_) => {}
        Line::Command(text) if output == Output::Text => streams.out_line(text),
        Line::Command(text) | Line::Note(text) => streams.err_line(text),
        Line::Drawn(text) => streams.err_styled(&format!("{text}\n")),
    }
}
