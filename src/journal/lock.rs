//! The lock of a playbook: one process at a time runs it against one Airflow, freed by the system when that process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::error::JournalError;
use super::folder;

/// The longest text that a lock's file is read for.
const HOLDER_MAX: u64 = 4096;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Whether the file system knows locks at all.
    pub is_real: bool,
}

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Locked {
    /// It is ours now.
    Ours(Lock),
    /// Another process has it; this is what it says of itself.
    Held(String),
}

/// Whether a file system has no locks, as some of NFS have none.
pub(super) fn is_unknown_here(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let is_told = error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error());
    #[cfg(not(unix))]
    let is_told = false;
    is_told || error.kind() == ErrorKind::Unsupported
}

/// Lets no link be followed, and no pipe be waited for.
pub(super) fn no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    options
}

/// Asks for the lock in this file, and says in it who we are. The file is never removed: whoever waits for it has it open.
pub(super) fn take(folder: &Path, name: &str, holder: &str) -> Result<Locked, JournalError> {
    folder::make(folder)?;
    let path = folder.join(format!("{name}.lock"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = no_link(&mut options).open(&path);
    let mut file = opened.map_err(|error| {
        if path.is_symlink() { JournalError::NoFile(path.clone()) } else { JournalError::io(&path, "opened", error) }
    })?;
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Err(JournalError::NoFile(path));
    }
    let is_real = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => {
            let mut held = String::new();
            // Who holds it is a help to people and no more.
            let _ = file.take(HOLDER_MAX).read_to_string(&mut held);
            let held = held.trim();
            return Ok(Locked::Held(if held.is_empty() { "another process".to_owned() } else { held.to_owned() }));
        }
        Err(TryLockError::Error(error)) if is_unknown_here(&error) => false,
        Err(TryLockError::Error(error)) => return Err(JournalError::io(&path, "locked", error)),
    };
    // The disk may be full; the lock is held all the same.
    let _ =
        file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| file.write_all(holder.as_bytes()));
    Ok(Locked::Ours(Lock { _file: file, is_real }))
}
