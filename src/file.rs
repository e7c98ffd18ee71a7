//! Files that somebody else made, read with a bound.
//!
//! In: a path, the most bytes, and whether it may be a pipe. Out: the bytes, or why not, in words that follow `can't be read:`.
//! Nothing is waited for without end: a folder, a device and a socket are told as such, and a pipe has to speak in time.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

/// The most bytes of a text that is read: a playbook, a scenario, values of inputs.
pub const TEXT_MAX: u64 = 64 << 20;
/// The most bytes of a file with certificates or a key.
pub const PEM_MAX: u64 = 16 << 20;

/// How long a pipe is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until somebody writes to it.
    pub writer: Duration,
    /// Until the next bytes come.
    pub bytes: Duration,
}

/// As long as a secret manager may take that asks a person.
pub const PATIENCE: Patience = Patience { writer: Duration::from_secs(3), bytes: Duration::from_secs(30) };

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing is there.
    #[error("there is no such file")]
    Missing,
    /// A link is there, and nothing where it leads.
    #[error("it is a link to nothing")]
    Dangling,
    /// The system does not let us.
    #[error("you may not read it")]
    Denied,
    /// It is a folder, a pipe, a device or a socket.
    #[error("it is {0}")]
    Kind(&'static str),
    /// More than the bound.
    #[error("it has more than {0}")]
    TooLarge(Size),
    /// A pipe that has no other end.
    #[error("it is a pipe that nobody writes to")]
    NoWriter,
    /// A pipe whose other end says nothing.
    #[error("it is a pipe, and nothing came through it for {0:?}")]
    Silent(Duration),
    /// No more files may be open.
    #[error("too many files are open; raise `ulimit -n`")]
    TooManyOpen,
    /// Links that lead to one another.
    #[error("its links lead round in a circle")]
    Circle,
    /// Whatever else the system says.
    #[error("{0}")]
    Other(String),
}

/// A number of bytes, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} MiB", self.0 >> 20)
    }
}

impl From<&io::Error> for FileError {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::IsADirectory => Self::Kind("a folder"),
            ErrorKind::Interrupted => Self::Other("it was stopped by a signal".to_owned()),
            _ => of_system(error),
        }
    }
}

#[cfg(unix)]
fn of_system(error: &io::Error) -> FileError {
    use rustix::io::Errno;
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE | Errno::NFILE) => FileError::TooManyOpen,
        Some(Errno::LOOP) => FileError::Circle,
        Some(Errno::NXIO) => FileError::Kind("a socket"),
        _ => FileError::Other(error.to_string()),
    }
}

#[cfg(not(unix))]
fn of_system(error: &io::Error) -> FileError {
    FileError::Other(error.to_string())
}

/// Reads a regular file.
///
/// # Errors
/// When it is not there, no regular file, can't be read, or has more than `most` bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let (file, metadata) = open(path)?;
    if !metadata.is_file() {
        return Err(FileError::Kind(kind(&metadata)));
    }
    bounded(&file, most)
}

/// Reads the beginning of a regular file.
///
/// # Errors
/// As [`read`], but for its size.
pub fn read_start(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let (file, metadata) = open(path)?;
    if !metadata.is_file() {
        return Err(FileError::Kind(kind(&metadata)));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|error| FileError::from(&error))?;
    Ok(bytes)
}

/// Reads a regular file, or a pipe to its end, as `<(command)` of a shell makes one; a pipe is read once and then empty.
///
/// # Errors
/// As [`read`], and when a pipe does not speak in time.
pub fn read_or_pipe(path: &Path, most: u64, patience: Patience) -> Result<(Vec<u8>, Metadata), FileError> {
    let (file, metadata) = open(path)?;
    let bytes = match kind(&metadata) {
        "a file" => bounded(&file, most)?,
        "a pipe" => piped(&file, most, patience)?,
        other => return Err(FileError::Kind(other)),
    };
    Ok((bytes, metadata))
}

/// Opens what is a file or a pipe; neither makes us wait.
fn open(path: &Path) -> Result<(File, Metadata), FileError> {
    let failed = |error: io::Error| match FileError::from(&error) {
        FileError::Missing if path.is_symlink() => FileError::Dangling,
        other => other,
    };
    // A device may do something when it is opened.
    let before = std::fs::metadata(path).map_err(failed)?;
    if !matches!(kind(&before), "a file" | "a pipe") {
        return Err(FileError::Kind(kind(&before)));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok((file, metadata))
}

/// What something is that has a path.
fn kind(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "a file" }
}

fn bounded(file: &File, most: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| FileError::from(&error))?;
    if bytes.len() as u64 > most { Err(FileError::TooLarge(Size(most))) } else { Ok(bytes) }
}

/// Reads a pipe to its end.
#[cfg(unix)]
fn piped(file: &File, most: u64, patience: Patience) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let mut reader = file;
        match reader.read(&mut piece) {
            // The end; but without a word it may also be that nobody writes yet.
            Ok(0) if !bytes.is_empty() => return Ok(bytes),
            Ok(0) => match ready(file, patience.writer)? {
                Ready::Bytes => {}
                Ready::Ended => return Ok(bytes),
                Ready::Nothing => return Err(FileError::NoWriter),
            },
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if matches!(ready(file, patience.bytes)?, Ready::Nothing) {
                    return Err(FileError::Silent(patience.bytes));
                }
            }
            Err(error) => return Err(FileError::from(&error)),
        }
        if bytes.len() as u64 > most {
            return Err(FileError::TooLarge(Size(most)));
        }
    }
}

#[cfg(not(unix))]
fn piped(file: &File, most: u64, _: Patience) -> Result<Vec<u8>, FileError> {
    bounded(file, most)
}

#[cfg(unix)]
enum Ready {
    Bytes,
    Ended,
    Nothing,
}

/// Waits for something to come through a pipe.
#[cfg(unix)]
fn ready(file: &File, limit: Duration) -> Result<Ready, FileError> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut waited = [PollFd::new(file, PollFlags::IN)];
    let limit =
        Timespec { tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: limit.subsec_nanos().into() };
    poll(&mut waited, Some(&limit)).map_err(|error| FileError::from(&io::Error::from(error)))?;
    let seen = waited[0].revents();
    Ok(if seen.contains(PollFlags::IN) {
        Ready::Bytes
    } else if seen.is_empty() {
        Ready::Nothing
    } else {
        Ready::Ended
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use super::*;

    const SHORT: Patience = Patience { writer: Duration::from_millis(20), bytes: Duration::from_millis(20) };

    fn pipe(folder: &Path) -> PathBuf {
        let path = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("there is `mkfifo`");
        assert!(made.success());
        path
    }

    #[test]
    fn what_is_no_file_is_told_as_what_it_is_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let _socket = UnixListener::bind(at("socket")).expect("a socket");
        symlink("/dev/zero", at("zero")).expect("a link");
        symlink(at("nothing"), at("dangling")).expect("a link");
        symlink(at("circle"), at("circle")).expect("a link");
        let pipe = pipe(folder.path());
        for (path, expected) in [
            (folder.path().to_owned(), FileError::Kind("a folder")),
            (at("socket"), FileError::Kind("a socket")),
            (at("zero"), FileError::Kind("a device")),
            (at("dangling"), FileError::Dangling),
            (at("circle"), FileError::Circle),
            (at("nothing"), FileError::Missing),
            (at("socket").join("below"), FileError::Missing),
        ] {
            assert_eq!(read(&path, 10), Err(expected.clone()), "{}", path.display());
            assert_eq!(read_or_pipe(&path, 10, SHORT).map(|_| ()), Err(expected), "{}", path.display());
        }
        assert_eq!(read(&pipe, 10), Err(FileError::Kind("a pipe")));
        assert_eq!(read_or_pipe(&pipe, 10, SHORT).map(|_| ()), Err(FileError::NoWriter));
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_its_silence_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = pipe(folder.path());
        let (to_read, to_write) = (path.clone(), path.clone());
        let reader =
            std::thread::spawn(move || read_or_pipe(&to_read, 1 << 20, PATIENCE).map(|(bytes, _)| bytes.len()));
        fs::write(&to_write, vec![b'x'; 300_000]).expect("somebody reads");
        assert_eq!(reader.join().expect("no panic"), Ok(300_000));
        // A writer that holds it open and says nothing more.
        let mut writer = OpenOptions::new().read(true).write(true).open(&path).expect("the pipe");
        writer.write_all(b"some").expect("there is room");
        assert_eq!(read_or_pipe(&path, 10, SHORT).map(|_| ()), Err(FileError::Silent(SHORT.bytes)));
        writer.write_all(&[b'x'; 2000]).expect("there is room");
        assert_eq!(read_or_pipe(&path, 1000, SHORT).map(|_| ()), Err(FileError::TooLarge(Size(1000))));
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "0123456789").expect("written");
        assert_eq!(read(&path, 10).map(|bytes| bytes.len()), Ok(10));
        assert_eq!(read(&path, 9), Err(FileError::TooLarge(Size(9))));
        assert_eq!(FileError::TooLarge(Size(TEXT_MAX)).to_string(), "it has more than 64 MiB");
    }
}
