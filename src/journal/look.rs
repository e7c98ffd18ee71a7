//! Whether runs can be recorded: a look that leaves nothing behind.
//!
//! In: a store. Out: how its folder stands, or what would keep a run from being recorded. A file is made in the folder to
//! see whether that works and whether its file system knows locks; it is removed at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::store::Store;
use super::{folder, lock};

/// How the folder of the history stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is there, ours, and can be written to.
    Ready {
        /// Whether its file system knows locks.
        has_locks: bool,
        /// Its mode, where there are such.
        mode: Option<u32>,
    },
    /// It is made by the first run, in this folder.
    NotThereYet(PathBuf),
}

impl Store {
    /// The folder that everything is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        let (runs, _) = self.folders();
        runs.parent().unwrap_or(runs)
    }

    /// Looks whether a run could be recorded.
    ///
    /// # Errors
    /// What the run would end with: a folder that can't be made or written to, or is not ours alone.
    pub fn look(&self) -> Result<Standing, JournalError> {
        let state = self.folder();
        let there = match fs::metadata(state) {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => return nearest(state),
            Err(error) => return Err(JournalError::io(state, "read", error)),
        };
        let (runs, locks) = self.folders();
        for part in [runs, locks] {
            if part.exists() || part.is_symlink() {
                folder::check(part)?;
            }
        }
        // The folder itself may be a link to a larger disk.
        folder::check(&fs::canonicalize(state).map_err(|error| JournalError::io(state, "read", error))?)?;
        let place = if locks.exists() { locks } else { state };
        Ok(Standing::Ready { has_locks: try_lock_in(place)?, mode: mode(&there) })
    }
}

/// The folder in which one that is not there would be made.
fn nearest(state: &Path) -> Result<Standing, JournalError> {
    let above = state.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(state);
    may_write(above).map_err(|error| JournalError::io(state, "made", error))?;
    Ok(Standing::NotThereYet(above.to_owned()))
}

/// Whether a lock can be had in a folder; `Err` when not even a file can be made.
fn try_lock_in(place: &Path) -> Result<bool, JournalError> {
    let path = place.join(format!(".look-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file: File = options.open(&path).map_err(|error| JournalError::io(&path, "made", error))?;
    let locked = file.try_lock();
    drop(file);
    fs::remove_file(&path).map_err(|error| JournalError::io(&path, "removed", error))?;
    match locked {
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) if lock::is_unknown_here(&error) => Ok(false),
        Err(TryLockError::Error(error)) => Err(JournalError::io(&path, "locked", error)),
    }
}

#[cfg(unix)]
fn may_write(folder: &Path) -> std::io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The mode of a folder, where there are such.
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    #[cfg(unix)]
    let mode = Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777);
    #[cfg(not(unix))]
    let mode = {
        let _ = metadata;
        None
    };
    mode
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_look_says_how_the_folder_stands_and_leaves_nothing_behind() {
        let above = tempfile::tempdir().expect("a folder");
        let state = above.path().join("a/b");
        let store = Store::new(&state);
        assert_eq!(store.look().expect("it can be made"), Standing::NotThereYet(above.path().to_owned()));
        assert!(!state.exists());
        drop(store.begin("r").expect("it can be recorded"));
        let ready = Standing::Ready { has_locks: true, mode: Some(0o700) };
        assert_eq!(store.look().expect("it is ready"), ready);
        let left: Vec<_> = fs::read_dir(&state).expect("it is there").flatten().map(|one| one.file_name()).collect();
        assert_eq!(left, ["runs"]);
        fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("it is ours");
        assert!(matches!(store.look(), Err(JournalError::NotOurs { .. })));
    }
}
