//! A file of events, read back.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::JournalError;
use crate::event::{Event, EventKind};
use crate::record::RunRecord;

/// The version of the form of an event.
const VERSION: u32 = 1;
/// The longest line: an event holds at most a playbook, or what a step captured.
pub(super) const LINE_MAX: u64 = 64 * 1024 * 1024;

/// The version of an event, whatever else it is.
#[derive(serde::Deserialize)]
struct Versioned {
    v: u32,
}

/// What a file of events says.
#[derive(Debug)]
pub struct Journal {
    /// The run as far as it has come.
    pub record: RunRecord,
    /// When it last said something.
    pub last_at: Option<jiff::Timestamp>,
    /// The bytes of the file that are whole lines; what follows was torn off.
    pub whole: u64,
}

impl Journal {
    /// Whether nothing of the run was run: not even its beginning was recorded, or its playbook was running already.
    #[must_use]
    pub const fn is_untouched(&self) -> bool {
        self.whole == 0 || self.record.held_by.is_some()
    }
}

/// Reads the events of the run with this id. A last line without an end is torn off and counts as not written.
pub(super) fn read((path, run_id): (&Path, &str), file: &File) -> Result<Journal, JournalError> {
    let mut journal = Journal { record: RunRecord::default(), last_at: None, whole: 0 };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        let length = read.map_err(|error| JournalError::io(path, "read", error))?;
        let wrong = |why: String| JournalError::NotAJournal { path: path.to_owned(), line: number, why };
        if line.last() != Some(&b'\n') {
            // Nobody writes a longer one, so it was not torn off.
            if length as u64 == LINE_MAX {
                return Err(wrong("it is too long".to_owned()));
            }
            break;
        }
        // What another version writes may have another form.
        if let Ok(Versioned { v: version }) = serde_json::from_slice(&line)
            && version != VERSION
        {
            return Err(JournalError::Version { path: path.to_owned(), version, known: VERSION });
        }
        let event: Event = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        let is_first = matches!(event.kind, EventKind::RunStarted(_));
        if is_first != (number == 1) || event.seq != journal.record.last_seq + 1 {
            return Err(wrong("it does not follow the line before it".to_owned()));
        }
        fits(&event.kind, (run_id, journal.record.steps.len())).map_err(wrong)?;
        journal.record.apply(&event);
        journal.last_at = Some(event.at);
        journal.whole += length as u64;
    }
    Ok(journal)
}

/// Refuses an event of another run, or of a step that the run has not: what it says of a write would be lost.
fn fits(kind: &EventKind, (run_id, steps): (&str, usize)) -> Result<(), String> {
    let step = match kind {
        EventKind::RunStarted(started) if started.run_id != run_id => {
            return Err(format!("it is of the run `{}`", started.run_id));
        }
        EventKind::StepStarted { step, .. }
        | EventKind::WriteSettled { step, .. }
        | EventKind::LeftOpen { step, .. }
        | EventKind::Waiting { step, .. }
        | EventKind::Warned { step: Some(step), .. }
        | EventKind::Printed { step, .. }
        | EventKind::FailureRescued { step } => *step,
        EventKind::TryFailed(tried) => tried.step,
        EventKind::WriteAnnounced(write) => write.step,
        EventKind::WriteShown(write) => write.step,
        EventKind::StepFinished(finished) => finished.step,
        EventKind::RunStarted(_)
        | EventKind::RunResumed(_)
        | EventKind::Warned { step: None, .. }
        | EventKind::OutputsMade(_)
        | EventKind::Interrupted { .. }
        | EventKind::DeadlinePassed { .. }
        | EventKind::RunFinished { .. } => return Ok(()),
    };
    if step < steps { Ok(()) } else { Err(format!("it is of step {}, and the run has {steps}", step + 1)) }
}
