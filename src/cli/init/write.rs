//! Writing what is not there, and nothing else.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It was not there.
    Made,
    /// It was there, and is as it was.
    Kept,
    /// It was there, and has a line more.
    Added,
}

impl Done {
    /// What people read.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Kept => "kept",
            Self::Added => "added",
        }
    }
}

/// The most bytes of a `.gitignore` that are read.
const MOST: u64 = 1 << 20;

/// Makes a file unless something of its name is there, be it a link to nowhere.
pub(super) fn make(path: &Path, text: &str) -> io::Result<Done> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(Done::Kept);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    match options.open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| Done::Made),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Done::Kept),
        Err(error) => Err(error),
    }
}

/// Adds a line to a file that lacks it, or makes the file. Links are not followed.
pub(super) fn add_line(path: &Path, line: &str) -> io::Result<Done> {
    if make(path, &format!("{line}\n"))? == Done::Made {
        return Ok(Done::Made);
    }
    let is_file = fs::symlink_metadata(path)?.is_file();
    if !is_file {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!("it is no regular file; add the line `{line}` yourself"),
        ));
    }
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let mut bytes = Vec::new();
    (&file).take(MOST).read_to_end(&mut bytes)?;
    let has_it = bytes.split(|byte| *byte == b'\n').any(|have| is_same(have.trim_ascii_end(), line.as_bytes()));
    if has_it {
        return Ok(Done::Kept);
    }
    let is_windows = bytes.windows(2).any(|pair| pair == b"\r\n");
    let end = if is_windows { "\r\n" } else { "\n" };
    let gap = if bytes.is_empty() || bytes.ends_with(b"\n") { "" } else { end };
    file.write_all(format!("{gap}{line}{end}").as_bytes()).map(|()| Done::Added)
}

/// The line itself, or one that means the same in every folder: `.env` and `**/.env`.
fn is_same(have: &[u8], line: &[u8]) -> bool {
    have == line || have == [b"**/", line].concat()
}
