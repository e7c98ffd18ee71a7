//! The folder of the history: made for its owner alone, and refused when others could write into it.

use std::fs;
use std::path::Path;

use super::error::JournalError;

/// Makes a folder with those above it, unless it is there; nobody but its owner may enter a new one.
pub(super) fn make(path: &Path) -> Result<(), JournalError> {
    if path.is_symlink() {
        return Err(JournalError::NotOurs { path: path.to_owned(), why: "is a link" });
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| JournalError::io(path, "made", error))?;
    check(path)
}

/// Refuses a folder that others could put another one in the place of: here, or anywhere above.
#[cfg(unix)]
fn check_place(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let Some(place) = path.parent() else { return Ok(()) };
    let unreadable = |path: &Path, error| JournalError::io(path, "read", error);
    let place = fs::canonicalize(place).map_err(|error| unreadable(place, error))?;
    for (above, folder) in place.ancestors().enumerate() {
        let metadata = fs::metadata(folder).map_err(|error| unreadable(folder, error))?;
        let owned = Owned { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() };
        if let Some(why) = owned.distrust(above, &Us::now()) {
            return Err(JournalError::NotOurs { path: folder.to_owned(), why });
        }
    }
    Ok(())
}

/// Who runs this.
#[cfg(unix)]
struct Us {
    uid: u32,
    gid: u32,
}

#[cfg(unix)]
impl Us {
    fn now() -> Self {
        Self { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }
}

/// Whose a folder is.
#[cfg(unix)]
struct Owned {
    uid: u32,
    gid: u32,
    mode: u32,
}

#[cfg(unix)]
impl Owned {
    /// Why others could move what is in it; `above` counts from the folder that the history's is in.
    fn distrust(&self, above: usize, us: &Us) -> Option<&'static str> {
        if self.uid != us.uid && self.uid != 0 {
            return Some("belongs to another user");
        }
        // Where the sticky bit is set, only the owner of a thing may move it. A volume of a container is root's, and open to all.
        let is_of_system = self.uid == 0 && us.uid != 0 && above > 0;
        // Where every user has a group of his own, folders of the home are open to it.
        let own_group = if above > 0 && self.gid == us.gid { 0o020 } else { 0 };
        let open = self.mode & 0o022 & !own_group;
        (open != 0 && self.mode & 0o1000 == 0 && !is_of_system).then_some("can be written to by others")
    }
}

/// Refuses a folder of another user, one that others may write to, and a link in its place.
#[cfg(unix)]
pub(super) fn check(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(path).map_err(|error| JournalError::io(path, "read", error))?;
    let why = if metadata.is_symlink() {
        "is a link"
    } else if !metadata.is_dir() {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_folder_above_is_ours_or_the_systems_and_closed_to_others() {
        let ana = Us { uid: 1000, gid: 1000 };
        for (uid, gid, mode, above, is_trusted) in [
            (1000, 1000, 0o700, 0, true),
            (0, 0, 0o755, 3, true),
            (0, 0, 0o1777, 0, true),
            (1001, 0, 0o755, 2, false),
            (1000, 1000, 0o777, 0, false),
            (1000, 1000, 0o777, 2, false),
            (1000, 1000, 0o775, 0, false),
            (1000, 1000, 0o775, 2, true),
            (1000, 50, 0o775, 2, false),
            (0, 0, 0o777, 1, true),
            (0, 0, 0o777, 0, false),
        ] {
            let why = Owned { uid, gid, mode }.distrust(above, &ana);
            assert_eq!(why.is_none(), is_trusted, "{uid} {gid} {mode:o} {above}");
        }
        assert!(Owned { uid: 0, gid: 0, mode: 0o777 }.distrust(2, &Us { uid: 0, gid: 0 }).is_some());
    }
}
