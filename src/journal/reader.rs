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
const LINE_MAX: u64 = 256 * 1024 * 1024;

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

/// Reads the events of a run. A last line without an end is torn off and counts as not written.
pub(super) fn read(path: &Path, file: &File) -> Result<Journal, JournalError> {
    let mut journal = Journal { record: RunRecord::default(), last_at: None, whole: 0 };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        let length = read.map_err(|error| JournalError::io(path, "read", error))?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let wrong = |why: String| JournalError::NotAJournal { path: path.to_owned(), line: number, why };
        let event: Event = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        if event.v != VERSION {
            return Err(wrong(format!("it has version {}, and this program knows version {VERSION}", event.v)));
        }
        let is_first = matches!(event.kind, EventKind::RunStarted(_));
        if is_first != (number == 1) || event.seq != journal.record.last_seq + 1 {
            return Err(wrong("it does not follow the line before it".to_owned()));
        }
        journal.record.apply(&event);
        journal.last_at = Some(event.at);
        journal.whole += length as u64;
    }
    Ok(journal)
}
