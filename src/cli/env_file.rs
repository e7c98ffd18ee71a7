//! Finds and reads `.env` files.
//!
//! In: the places to look in. Out: the variables of a file, or why it can't be used. A file's owner and mode are judged
//! only when it is going to be used, so that a foreign file that says nothing about the target is in nobody's way. No
//! error shows a value.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::cli::env_syntax::{Entry, Flaw, entries};
use crate::file::{self, FileError, PATIENCE, Patience};

/// The most bytes a `.env` file may have.
pub const MAX_BYTES: u64 = 1 << 20;

/// What text in UTF-16 begins with.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// As many lines of other programs are named.
const LINES_NAMED: usize = 3;

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
    /// It is something else than a file, or can't be read.
    #[error("`{}` can't be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: FileError,
    },
    /// It is in UTF-16, as some editors and shells of Windows write it.
    #[error("`{}` is UTF-16, not UTF-8; save it as UTF-8", .0.display())]
    Utf16(PathBuf),
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
    /// When it is missing, no file or pipe, unreadable, too large or UTF-16.
    pub fn read(path: &Path) -> Result<Self, EnvFileError> {
        Self::read_in(path, PATIENCE)
    }

    /// Reads a file where one may be: nothing there, or a folder or the like, is `None`. A pipe is read: secret managers
    /// mount one.
    ///
    /// # Errors
    /// When it is there and unreadable, too large or UTF-16, or a pipe that says nothing.
    pub fn find(path: &Path) -> Result<Option<Self>, EnvFileError> {
        match Self::read(path) {
            Ok(file) => Ok(Some(file)),
            Err(EnvFileError::Missing(_) | EnvFileError::Unreadable { cause: FileError::Kind(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read_in(path: &Path, patience: Patience) -> Result<Self, EnvFileError> {
        let (bytes, metadata) = file::read_or_pipe(path, MAX_BYTES, patience).map_err(|cause| match cause {
            FileError::Missing => EnvFileError::Missing(path.to_owned()),
            cause => EnvFileError::Unreadable { path: path.to_owned(), cause },
        })?;
        if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(EnvFileError::Utf16(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), entries: entries(&bytes), distrust: distrust(path, &metadata) })
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
        self.last_about(name).is_some_and(|entry| entry.value.as_deref().map_or(true, |value| !value.is_empty()))
    }

    fn last_about(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.is_about(name))
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
    /// When somebody else could have written it, or one of `wanted` can't be read as meant.
    pub fn check(&self, wanted: &[String]) -> Result<(), EnvFileError> {
        if let Some(distrust) = &self.distrust {
            return Err(EnvFileError::Untrusted { path: self.path.clone(), distrust: distrust.clone() });
        }
        for entry in wanted.iter().filter_map(|name| self.last_about(name)) {
            if let Err(flaw) = entry.value {
                let (path, line, name) = (self.path.clone(), entry.line, shown_name(&entry.name));
                return Err(EnvFileError::Line { path, line, name, flaw });
            }
        }
        Ok(())
    }

    /// What is to be said of the lines that are passed over; none when there are none.
    #[must_use]
    pub fn passed_over(&self) -> Option<String> {
        let lines: Vec<String> =
            self.entries.iter().filter(|entry| entry.is_foreign()).map(|entry| entry.line.to_string()).collect();
        let path = self.path.display();
        let (last, before) = lines.split_last()?;
        let which = match before.len() {
            0 => format!("line {last} is"),
            count if count < LINES_NAMED => format!("lines {} and {last} are", before.join(", ")),
            _ => format!("line {} and {} others are", lines[0], lines.len() - 1),
        };
        Some(format!("{which} not of the form `NAME='value'`, and passed over, in `{path}`"))
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
        let error = file.check(&["MY_KEY".to_owned()]).expect_err("no assignment").to_string();
        assert!(error.contains(":4: `MY_KEY`") && !error.contains("hunter2"), "{error}");
        assert!(file.check(&["OTHER".to_owned()]).is_ok());
        let told = file.passed_over().expect("two lines");
        assert!(told.starts_with("lines 4 and 5 are not of the form") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn only_the_last_line_about_a_variable_has_to_be_readable() {
        let dir = folder();
        let file = EnvFile::read(&written(&dir, ";MY_KEY=old\nMY_KEY=$old\nMY_KEY=new\n")).expect("readable");
        assert!(file.check(&["MY_KEY".to_owned()]).is_ok() && file.var("MY_KEY") == Some("new"));
        assert!(file.passed_over().is_some_and(|told| told.starts_with("line 1 is not")));
        let many = EnvFile::read(&written(&dir, "a b\n".repeat(70))).expect("readable");
        assert!(many.passed_over().is_some_and(|told| told.starts_with("line 1 and 69 others are not")));
    }

    #[test]
    fn what_is_no_regular_file_is_passed_over_unless_it_was_named() {
        let dir = folder();
        let path = dir.path().join(".env");
        assert!(EnvFile::find(&path).expect("nothing there is fine").is_none());
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::Missing(_))));
        fs::create_dir(&path).expect("a new folder");
        assert!(EnvFile::find(&path).expect("a folder is fine").is_none());
        assert!(matches!(
            EnvFile::read(&path),
            Err(EnvFileError::Unreadable { cause: FileError::Kind("a folder"), .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_writes_to_is_given_up() {
        let dir = folder();
        let path = dir.path().join(".env");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("there is `mkfifo`");
        assert!(made.success());
        let short = std::time::Duration::from_millis(20);
        let found = EnvFile::read_in(&path, Patience { writer: short, bytes: short });
        assert!(matches!(found, Err(EnvFileError::Unreadable { cause: FileError::NoWriter, .. })));
    }

    #[test]
    fn size_and_encoding_are_bounded() {
        let dir = folder();
        let path = written(&dir, vec![b'#'; 1 << 20]);
        assert!(EnvFile::read(&path).is_ok());
        let path = written(&dir, vec![b'#'; (1 << 20) + 1]);
        let too_large = |error| matches!(error, EnvFileError::Unreadable { cause: FileError::TooLarge(_), .. });
        assert!(EnvFile::read(&path).is_err_and(too_large));
        let file = EnvFile::read(&written(&dir, b"A=1\nB=\xff\n")).expect("readable");
        assert!(file.check(&["A".to_owned()]).is_ok());
        assert!(file.check(&["B".to_owned()]).is_err_and(|error| error.to_string().contains("is not UTF-8")));
        let path = written(&dir, b"\xff\xfeA\0=\x001\0");
        assert!(matches!(EnvFile::read(&path), Err(EnvFileError::Utf16(_))));
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
