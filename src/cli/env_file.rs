//! Finds and reads `.env` files.
//!
//! In: the places to look in. Out: the variables of a file, or why it can't be used. A file's owner and mode are judged
//! only when it is going to be used, so that a foreign file that says nothing about the target is in nobody's way. No
//! error shows a value.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::cli::env_syntax::{Entry, Flaw, entries};

/// The most bytes a `.env` file may have.
pub const MAX_BYTES: u64 = 1 << 20;

/// The folder beside the playbook, or beside one of its parents, that Airflow projects keep their `.env` in.
const PROJECT_FOLDER: &str = "orchestrate";

/// A `.env` file that could be read.
pub struct EnvFile {
    path: PathBuf,
    entries: Vec<Entry>,
    distrust: Option<Distrust>,
}

/// Why a `.env` file can't be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EnvFileError {
    /// It isn't there; only said of `--env-file`.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a pipe or a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The system refuses to read it.
    #[error("`{}` can't be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: ErrorKind,
    },
    /// More than [`MAX_BYTES`].
    #[error("`{}` has more than {MAX_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// A line that is not UTF-8.
    #[error("{}:{line}: the line is not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A line whose value can't be had as it was meant.
    #[error("{}:{line}: `{name}` can't be read: {flaw}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The variable's name, as far as it can be made out.
        name: String,
        /// What is wrong.
        flaw: Flaw,
    },
    /// Somebody else could have written it.
    #[error("`{}` is not safe to use: {distrust}", path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Who could have written it, and the remedy.
        distrust: Distrust,
    },
}

/// Why somebody else could have written a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It belongs to neither us nor root.
    #[error(
        "it belongs to the user with the id {owner}\n  = help: check what it says, then make it yours: `sudo chown \"$(id -u)\" {path}`"
    )]
    Owner {
        /// The owner's user id.
        owner: u32,
        /// The file, quoted for a shell.
        path: String,
    },
    /// Its group or everybody may write it.
    #[error("others may write it (mode {mode:04o})\n  = help: check what it says, then run `chmod 600 {path}`")]
    Writable {
        /// The permission bits.
        mode: u32,
        /// The file, quoted for a shell.
        path: String,
    },
}

impl EnvFile {
    /// Reads a file that somebody named.
    ///
    /// # Errors
    /// When it is missing, no regular file, unreadable, too large or not UTF-8.
    pub fn read(path: &Path) -> Result<Self, EnvFileError> {
        match Self::find(path)? {
            Some(file) => Ok(file),
            None if path.exists() => Err(EnvFileError::NotAFile(path.to_owned())),
            None => Err(EnvFileError::Missing(path.to_owned())),
        }
    }

    /// Reads a file where one may be: nothing there, or something that is no regular file, is `None`.
    ///
    /// # Errors
    /// When it is there and unreadable, too large or not UTF-8.
    pub fn find(path: &Path) -> Result<Option<Self>, EnvFileError> {
        let unreadable = |error: io::Error| EnvFileError::Unreadable { path: path.to_owned(), cause: error.kind() };
        // Asked before it is opened: opening a pipe waits for its writer.
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        }
        let file = open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(EnvFileError::TooLarge(path.to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            EnvFileError::NotText { path: path.to_owned(), line }
        })?;
        Ok(Some(Self { path: path.to_owned(), entries: entries(&text), distrust: distrust(path, &metadata) }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value of a variable; the last line that sets it counts. An empty one counts as not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        let entry = self.entries.iter().rev().find(|entry| entry.name == name)?;
        entry.value.as_deref().ok().filter(|value| !value.is_empty())
    }

    /// Whether the file sets a variable: to something, or to what can't be read as it was meant.
    #[must_use]
    pub fn claims(&self, name: &str) -> bool {
        let last = self.entries.iter().rev().find(|entry| entry.name == name);
        last.is_some_and(|entry| entry.value.as_deref().map_or(true, |value| !value.is_empty()))
    }

    /// Every name in the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Names and values as they stand there, those too that can't be used: what to mask.
    pub fn raw_vars(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), entry.raw.as_str()))
    }

    /// Judges the file when it is going to be used for the variables `wanted`.
    ///
    /// # Errors
    /// When somebody else could have written it, a line has the wrong form, or one of `wanted` can't be read as meant.
    pub fn check(&self, wanted: &[String]) -> Result<(), EnvFileError> {
        if let Some(distrust) = &self.distrust {
            return Err(EnvFileError::Untrusted { path: self.path.clone(), distrust: distrust.clone() });
        }
        for entry in &self.entries {
            match entry.value {
                Err(flaw) if matches!(flaw, Flaw::Form | Flaw::Unclosed) || wanted.contains(&entry.name) => {
                    let (path, line, name) = (self.path.clone(), entry.line, shown_name(&entry.name));
                    return Err(EnvFileError::Line { path, line, name, flaw });
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// A name that is none may be the secret itself.
fn shown_name(name: &str) -> String {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if is_name && name.contains('_') { name.to_owned() } else { "this line".to_owned() }
}

/// The places of `.env` files, nearest first: beside the playbook, its parents up to the git root, the working directory,
/// each with its `orchestrate` folder. Without a git root no parents.
#[must_use]
pub fn candidates(playbook: Option<&Path>, cwd: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(folder) = playbook.map(|path| cwd.join(path)).as_deref().and_then(Path::parent) {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let to_root = folder.ancestors().position(|ancestor| ancestor.join(".git").exists()).unwrap_or(0);
        folders.extend(folder.ancestors().take(to_root + 1).map(Path::to_owned));
    }
    folders.push(cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned()));
    let mut places: Vec<PathBuf> = Vec::new();
    for folder in folders {
        for place in [folder.join(".env"), folder.join(PROJECT_FOLDER).join(".env")] {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Should it have become a pipe meanwhile, reading it must not wait.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn distrust(path: &Path, metadata: &Metadata) -> Option<Distrust> {
    use std::os::unix::fs::MetadataExt as _;
    judge(path, (metadata.uid(), metadata.mode() & 0o7777), rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn distrust(_: &Path, _: &Metadata) -> Option<Distrust> {
    None
}

/// Judges owner and mode, as seen by the user `me`.
#[cfg(unix)]
fn judge(path: &Path, (owner, mode): (u32, u32), me: u32) -> Option<Distrust> {
    let path = format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    if owner != me && owner != 0 {
        Some(Distrust::Owner { owner, path })
    } else if mode & 0o022 != 0 {
        Some(Distrust::Writable { mode, path })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn written(folder: &TempDir, text: impl AsRef<[u8]>) -> PathBuf {
        let path = folder.path().join(".env");
        fs::write(&path, text).expect("the folder can be written");
        set_mode(&path, 0o600);
        path
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
    }

    #[cfg(not(unix))]
    fn set_mode(_: &Path, _: u32) {}

    #[test]
    fn the_last_line_that_sets_a_variable_counts_and_an_empty_one_is_not_set() {
        let dir = folder();
        let file = EnvFile::read(&written(&dir, "A=1\nA=2\nB=b\nB=\n")).expect("a good file");
        assert_eq!((file.var("A"), file.var("B"), file.var("C")), (Some("2"), None, None));
        assert!(file.claims("A") && !file.claims("B") && !file.claims("C"));
    }

    #[test]
    fn a_flaw_in_a_wanted_variable_names_file_line_and_variable_but_never_the_value() {
        let dir = folder();
        let path = written(&dir, "X=$HOME\nMY_KEY=hunter$2\n");
        let file = EnvFile::read(&path).expect("readable");
        assert!(file.check(&["OTHER".to_owned()]).is_ok() && file.claims("MY_KEY") && file.var("MY_KEY").is_none());
        let error = file.check(&["MY_KEY".to_owned()]).expect_err("a bare dollar").to_string();
        assert!(error.starts_with(&format!("{}:2: `MY_KEY` can't be read", path.display())), "{error}");
        assert!(error.contains("single quotes") && !error.contains("hunter"), "{error}");
    }

    #[test]
    fn a_line_of_the_wrong_form_does_not_show_what_may_be_a_secret() {
        let dir = folder();
        let file =
            EnvFile::read(&written(&dir, "\n\nhunter2=swordfish!\nMY_KEY: hunter2\nhun-ter=2\n")).expect("readable");
        let error = file.check(&[]).expect_err("no assignment").to_string();
        assert!(error.contains(":4: `MY_KEY`") && !error.contains("hunter2"), "{error}");
        let file = EnvFile::read(&written(&dir, "hunter2\n")).expect("readable");
        assert!(!file.check(&[]).expect_err("no assignment").to_string().contains("hunter2"));
    }

    #[test]
    fn what_is_no_regular_file_is_passed_over_unless_it_was_named() {
        let dir = folder();
        let path = dir.path().join(".env");
        assert!(EnvFile::find(&path).expect("nothing there is fine").is_none());
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::Missing(_))));
        fs::create_dir(&path).expect("a new folder");
        assert!(EnvFile::find(&path).expect("a folder is fine").is_none());
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::NotAFile(_))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let dir = folder();
        let path = dir.path().join(".env");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a new pipe");
        assert!(EnvFile::find(&path).expect("a pipe is fine").is_none());
    }

    #[test]
    fn size_and_encoding_are_bounded() {
        let dir = folder();
        let path = written(&dir, vec![b'#'; 1 << 20]);
        assert!(EnvFile::read(&path).is_ok());
        let path = written(&dir, vec![b'#'; (1 << 20) + 1]);
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::TooLarge(_))));
        let path = written(&dir, b"A=1\nB=\xff\n");
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::NotText { line: 2, .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_refused_with_the_remedy() {
        let dir = folder();
        let path = written(&dir, "A=1\n");
        for mode in [0o660, 0o602] {
            set_mode(&path, mode);
            let error = EnvFile::read(&path).expect("readable").check(&[]).expect_err("writable").to_string();
            assert!(error.contains(&format!("chmod 600 '{}'", path.display())), "{error}");
        }
        set_mode(&path, 0o644);
        assert!(EnvFile::read(&path).expect("readable").check(&[]).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn only_our_own_files_and_those_of_root_are_trusted() {
        let path = Path::new("/x/.env");
        assert_eq!(judge(path, (1000, 0o600), 1000), None);
        assert_eq!(judge(path, (0, 0o644), 1000), None);
        assert_eq!(judge(path, (7, 0o600), 1000), Some(Distrust::Owner { owner: 7, path: "'/x/.env'".to_owned() }));
        assert!(judge(path, (7, 0o600), 0).is_some());
    }

    #[test]
    fn the_places_go_from_the_playbook_up_to_the_git_root_and_then_to_the_working_directory() {
        let dir = folder();
        let root = dir.path().canonicalize().expect("it is there");
        let (repo, cwd) = (root.join("repo"), root.join("cwd"));
        fs::create_dir_all(repo.join("ops/books")).expect("new folders");
        fs::create_dir(&cwd).expect("a new folder");
        let book = repo.join("ops/books/book.yaml");
        let names = |book: Option<&Path>, cwd: &Path| -> Vec<String> {
            let places = candidates(book, cwd);
            places.iter().map(|path| path.strip_prefix(&root).expect("below the root").display().to_string()).collect()
        };
        let without_git =
            ["repo/ops/books/.env", "repo/ops/books/orchestrate/.env", "cwd/.env", "cwd/orchestrate/.env"];
        assert_eq!(names(Some(&book), &cwd), without_git);
        // In a work tree `.git` is a file.
        fs::write(repo.join(".git"), "gitdir: elsewhere").expect("a new file");
        let with_git = [
            "repo/ops/books/.env",
            "repo/ops/books/orchestrate/.env",
            "repo/ops/.env",
            "repo/ops/orchestrate/.env",
            "repo/.env",
            "repo/orchestrate/.env",
        ];
        assert_eq!(names(Some(Path::new("ops/books/book.yaml")), &repo), with_git);
        assert_eq!(names(None, &cwd), ["cwd/.env", "cwd/orchestrate/.env"]);
    }
}
