//! Writes the events of a run to its file, and makes those durable that something depends on.

use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folder;
use super::reader::LINE_MAX;
use crate::event::{Event, EventKind, Sink, SinkError};

/// The file of a run that goes on; locked until this is dropped.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// The bytes written so far, all of them whole lines.
    length: u64,
    /// The folder of a new file, whose entry becomes durable with the first event that must be.
    folder: Option<PathBuf>,
    /// A file that is shown at this path when the run has ended, unless another one is there.
    unseen: Option<(NamedTempFile, PathBuf)>,
}

impl Writer {
    /// A writer at the end of what is whole in the file; what follows that is cut off.
    pub(super) fn new(mut file: File, whole: u64, folder: Option<PathBuf>) -> std::io::Result<Self> {
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        file.seek(SeekFrom::Start(whole))?;
        Ok(Self { file, length: whole, folder, unseen: None })
    }

    /// A writer of a file that is shown at this path when the run has ended.
    pub(super) fn unseen(unseen: NamedTempFile, path: &Path) -> std::io::Result<Self> {
        let folder = path.parent().map(Path::to_owned);
        Ok(Self { file: unseen.reopen()?, length: 0, folder, unseen: Some((unseen, path.to_owned())) })
    }

    fn write(&mut self, event: &Event) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        if line.len() as u64 > LINE_MAX {
            return Err(std::io::Error::other(format!("an event of {} bytes is too long", line.len())));
        }
        if let Err(error) = self.file.write_all(&line) {
            // A part of the line may be there; without it the file stays whole. It is cut off by the next reader otherwise.
            let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            return Err(error);
        }
        self.length += line.len() as u64;
        if matches!(event.kind, EventKind::RunFinished { .. }) {
            self.show()?;
        }
        if !event.kind.must_be_durable() {
            return Ok(());
        }
        self.file.sync_data()?;
        match self.folder.take() {
            Some(folder) => folder::sync(&folder),
            None => Ok(()),
        }
    }
}

impl Writer {
    /// Shows a file that was not seen so far. One that is there already stays.
    fn show(&mut self) -> std::io::Result<()> {
        let Some((unseen, path)) = self.unseen.take() else { return Ok(()) };
        match unseen.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

impl Sink for Writer {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        self.write(event).map_err(|error| SinkError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_written_leaves_whole_lines() {
        let full = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full");
        let Ok(full) = full else { return };
        let mut writer = Writer { file: full, length: 0, folder: None, unseen: None };
        let event =
            Event { v: 1, seq: 1, at: jiff::Timestamp::UNIX_EPOCH, kind: EventKind::RunFinished { elapsed_ms: 1 } };
        assert!(writer.accept(&event).is_err());
        assert_eq!(writer.length, 0);
    }
}
