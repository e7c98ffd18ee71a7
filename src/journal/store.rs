//! All runs of the history: making, finding, taking up and clearing them away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::error::JournalError;
use super::folder;
use super::lock::{self, Locked};
use super::reader::{self, Journal};
use super::writer::Writer;
use crate::record::Verdict;

/// How long a run that has not passed is kept at least.
const UNFINISHED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often a lock that others share is tried.
const LOCK_TRIES: u32 = 20_000;
/// The longest id of a run.
const ID_MAX: usize = 64;

/// The history in one state folder.
#[derive(Debug, Clone)]
pub struct Store {
    runs: PathBuf,
    locks: PathBuf,
}

/// A run of the history.
#[derive(Debug)]
pub struct Entry {
    /// What its file says.
    pub journal: Journal,
    /// Whether a process that lives is running it.
    pub is_running: bool,
}

impl Entry {
    /// Whether it could be resumed: it did not pass, and nobody is at it.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        let record = &self.journal.record;
        !self.is_running && (record.elapsed_ms.is_none() || record.verdict() != Verdict::Passed)
    }
}

/// Whether a text can be the id of a run: lower-case letters, digits, `-` and `_`, at most 64 of them.
#[must_use]
pub fn is_run_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= ID_MAX && text.bytes().all(allowed) && !text.starts_with('-')
}

impl Store {
    /// The history below a state folder, which need not be there yet.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self { runs: state.join("runs"), locks: state.join("locks") }
    }

    /// The folders of runs and of locks.
    pub(super) fn folders(&self) -> (&Path, &Path) {
        (&self.runs, &self.locks)
    }

    /// Begins the file of a new run. One that is there and of which nothing was run is taken for it: its disk was full, or its
    /// playbook was running already.
    ///
    /// # Errors
    /// When the folder can't be written to or is not ours alone, or the id is taken.
    pub fn begin(&self, run_id: &str) -> Result<Writer, JournalError> {
        folder::make(&self.runs)?;
        let path = self.path(run_id)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return self.begin_again(run_id),
            Err(error) => return Err(JournalError::io(&path, "made", error)),
        };
        hold(&file, &path, run_id)?;
        Writer::new(file, 0, Some(self.runs.clone())).map_err(|error| JournalError::io(&path, "written", error))
    }

    /// Asks for the lock of this name; `holder` tells others who has it.
    ///
    /// # Errors
    /// When the folder can't be written to or is not ours alone.
    pub fn lock(&self, name: &str, holder: &str) -> Result<Locked, JournalError> {
        lock::take(&self.locks, name, holder)
    }

    fn begin_again(&self, run_id: &str) -> Result<Writer, JournalError> {
        let (file, path, journal) = self.claim(run_id)?;
        if !journal.is_untouched() {
            return Err(JournalError::AlreadyThere(run_id.to_owned()));
        }
        Writer::new(file, 0, Some(self.runs.clone())).map_err(|error| JournalError::io(&path, "written", error))
    }

    /// Takes up a run that has ended on the way.
    ///
    /// # Errors
    /// When there is none with this id, another process is at it, or its file can't be read or written.
    pub fn take_up(&self, run_id: &str) -> Result<(Writer, Journal), JournalError> {
        let (file, path, journal) = self.claim(run_id)?;
        let writer =
            Writer::new(file, journal.whole, None).map_err(|error| JournalError::io(&path, "written", error))?;
        Ok((writer, journal))
    }

    /// The file of a run that is there, held by this process, with what it says.
    fn claim(&self, run_id: &str) -> Result<(File, PathBuf, Journal), JournalError> {
        folder::check(&self.runs).map_err(|error| missing(error, run_id))?;
        let path = self.path(run_id)?;
        let file = open(OpenOptions::new().read(true).write(true), &path).map_err(|error| missing(error, run_id))?;
        hold(&file, &path, run_id)?;
        let journal = reader::read((&path, run_id), &file)?;
        Ok((file, path, journal))
    }

    /// Reads a run, also one that goes on.
    ///
    /// # Errors
    /// When there is none with this id, or its file can't be read.
    pub fn read(&self, run_id: &str) -> Result<Entry, JournalError> {
        let path = self.path(run_id)?;
        let file = open(OpenOptions::new().read(true), &path).map_err(|error| missing(error, run_id))?;
        let is_running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        // Whoever takes the run up meanwhile must not wait until it is read.
        let _ = file.unlock();
        Ok(Entry { journal: reader::read((&path, run_id), &file)?, is_running })
    }

    /// The ids of all runs, newest first; a run's id begins with the time it was made, unless it was given.
    ///
    /// # Errors
    /// When the folder can't be read; one that is not there holds no runs.
    pub fn ids(&self) -> Result<Vec<String>, JournalError> {
        let entries = match fs::read_dir(&self.runs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(JournalError::io(&self.runs, "read", error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| JournalError::io(&self.runs, "read", error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(id) = name.strip_suffix(".jsonl").filter(|id| is_run_id(id)) else { continue };
            let made = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            found.push((made, id.to_owned()));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Removes the oldest runs, so that at most `keep` are left. A run that goes on stays, and one that has not passed stays
    /// for 30 days.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn prune(&self, keep: usize, now: Timestamp) -> Result<(), JournalError> {
        for id in self.ids()?.iter().skip(keep) {
            // What can't be read is not ours to remove.
            let Ok(entry) = self.read(id) else { continue };
            let age = entry.journal.last_at.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
            if entry.is_running || (entry.is_unfinished() && age < UNFINISHED_FOR) {
                continue;
            }
            let path = self.path(id)?;
            fs::remove_file(&path).map_err(|error| JournalError::io(&path, "removed", error))?;
        }
        Ok(())
    }

    /// The file of the run with this id.
    pub(super) fn path(&self, run_id: &str) -> Result<PathBuf, JournalError> {
        if is_run_id(run_id) {
            Ok(self.runs.join(format!("{run_id}.jsonl")))
        } else {
            Err(JournalError::NoSuchRun(run_id.to_owned()))
        }
    }
}

/// Opens what is a file, and nothing that would keep its reader waiting, or never end.
fn open(options: &mut OpenOptions, path: &Path) -> Result<File, JournalError> {
    let metadata = fs::symlink_metadata(path).map_err(|error| JournalError::io(path, "opened", error))?;
    if !metadata.is_file() {
        return Err(JournalError::NoFile(path.to_owned()));
    }
    lock::no_link(options).open(path).map_err(|error| JournalError::io(path, "opened", error))
}

/// Locks a run's file for as long as it is open; a file system without locks lets everybody in. Who only asks whether the run
/// goes on shares the lock for a moment, and is given the time to let go.
fn hold(file: &File, path: &Path, run_id: &str) -> Result<(), JournalError> {
    let running = || JournalError::Running(run_id.to_owned());
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) if lock::is_unknown_here(&error) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(JournalError::io(path, "locked", error)),
        }
        // A lock that can't even be shared is held by who runs it.
        if file.try_lock_shared().is_err() {
            return Err(running());
        }
        let _ = file.unlock();
        std::thread::yield_now();
    }
    Err(running())
}

fn missing(error: JournalError, run_id: &str) -> JournalError {
    match error {
        JournalError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            JournalError::NoSuchRun(run_id.to_owned())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn who_looks_at_a_run_is_in_nobodys_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        drop(store.begin("it").expect("it begins"));
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    assert!(store.read("it").is_ok());
                }
            });
            let taken = (0..2000).map(|_| store.take_up("it").map(drop)).find(Result::is_err);
            is_done.store(true, Ordering::Relaxed);
            assert!(taken.is_none(), "{taken:?}");
        });
    }

    #[test]
    fn a_run_that_is_taken_up_is_not_taken_up_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        let writer = store.begin("it").expect("it begins");
        assert!(matches!(store.take_up("it"), Err(JournalError::Running(_))));
        assert!(matches!(store.begin("it"), Err(JournalError::Running(_))));
        assert!(store.read("it").is_ok_and(|entry| entry.is_running));
        drop(writer);
        assert!(store.take_up("it").is_ok());
    }
}
