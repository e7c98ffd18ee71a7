//! The folder of the history: made for its owner alone, and refused when others could write into it.

use std::fs;
use std::path::Path;

use super::error::JournalError;

/// Makes a folder with those above it, unless it is there; nobody but its owner may enter a new one.
pub(super) fn make(path: &Path) -> Result<(), JournalError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| JournalError::io(path, "made", error))?;
    check(path)
}

/// Refuses a folder in which others could put another one in its place.
#[cfg(unix)]
fn check_place(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let Some(place) = path.parent() else { return Ok(()) };
    let mode = fs::metadata(place).map_err(|error| JournalError::io(place, "read", error))?.mode();
    // Where the sticky bit is set, only the owner of a thing may move it.
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        return Err(JournalError::NotOurs { path: place.to_owned(), why: "can be written to by others" });
    }
    Ok(())
}

/// Refuses a folder of another user, or one that others may write to.
#[cfg(unix)]
pub(super) fn check(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).map_err(|error| JournalError::io(path, "read", error))?;
    let why = if !metadata.is_dir() {
        "is no folder"
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if metadata.mode() & 0o022 != 0 {
        "can be written to by others"
    } else {
        return check_place(path);
    };
    Err(JournalError::NotOurs { path: path.to_owned(), why })
}

/// Where there are no such modes, the system's own rules hold.
#[cfg(not(unix))]
pub(super) fn check(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// Makes the entry of a new file durable.
pub(super) fn sync(path: &Path) -> std::io::Result<()> {
    // Only Unix lets a folder be opened, and only there its entries need it.
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}
