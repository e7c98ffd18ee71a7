//! What can go wrong with the history.

use std::io;
use std::path::{Path, PathBuf};

/// Why the history can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refuses.
    #[error("`{path}` can't be {what}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `written`, `read`, …
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could change what is in the folder.
    #[error("`{path}` {why}", path = path.display())]
    NotOurs {
        /// The file or folder.
        path: PathBuf,
        /// Such as `belongs to another user`.
        why: &'static str,
    },
    /// What stands there can't be read as a file is.
    #[error("`{path}` is no file", path = .0.display())]
    NoFile(PathBuf),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(String),
    /// A run with this id is there already.
    #[error("there is a run `{0}` already")]
    AlreadyThere(String),
    /// A process that lives is running it.
    #[error("the run `{0}` is going on in another process")]
    Running(String),
    /// The file is of another version of this program.
    #[error("`{path}` has version {version}, and this program knows version {known}", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// Ours.
        known: u32,
    },
    /// The file holds something else.
    #[error("line {line} of `{path}` is no event of a run: {why}", path = path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl JournalError {
    /// An error of the operating system at a path.
    pub(super) fn io(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), what, source }
    }
}
