//! Which version of the playbook is running, as git knows it.
//!
//! In: the playbook's path. Out: the short hash of `HEAD`, with `+dirty` when the playbook is not as committed. A repository
//! can name programs that git runs, such as filters; none of these is run here, so only bytes are compared: a file that a
//! filter or `autocrlf` changed on its way out is dirty. Whatever goes wrong, the answer is "not known".

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::cli::environment::Environment;

/// How long git may take to answer one question.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 4096;

/// The short hash of the commit that `playbook` is in, `+dirty` when the file differs from it.
#[must_use]
pub fn git_sha(playbook: &Path, environment: &Environment) -> Option<String> {
    let playbook = environment.cwd.join(playbook).canonicalize().ok()?;
    let folder = playbook.parent()?;
    // Starting git takes longer than all else before the first request.
    folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let git = Git { program: program(environment)?, folder: folder.to_owned(), environment };
    let file = playbook.file_name()?.to_str()?;
    let sha = git.ask(&["rev-parse", "--short", "HEAD"]).filter(|sha| is_hash(sha))?;
    // Not in the commit at all: no answer, and as dirty as can be.
    let committed = git.ask(&["rev-parse", "--verify", "--quiet", &format!("HEAD:./{file}")]);
    let present = git.ask(&["hash-object", "--no-filters", "--", file])?;
    Some(if committed == Some(present) { sha } else { format!("{sha}+dirty") })
}

/// Whether git keeps this file; not known counts as no.
#[must_use]
pub fn is_tracked(file: &Path, environment: &Environment) -> bool {
    let Some(program) = program(environment) else { return false };
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return false;
    };
    let git = Git { program, folder: folder.to_owned(), environment };
    git.ask(&["ls-files", "--error-unmatch", "--", name]).is_some()
}

fn is_hash(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit())
}

struct Git<'a> {
    program: PathBuf,
    folder: PathBuf,
    environment: &'a Environment,
}

impl Git<'_> {
    /// What git prints, without the white space round it, or `None` when it fails or takes too long.
    fn ask(&self, question: &[&str]) -> Option<String> {
        let mut command = Command::new(&self.program);
        command.args(["--no-optional-locks", "--no-pager"]);
        for setting in ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false"] {
            command.args(["-c", setting]);
        }
        command.args(question).current_dir(&self.folder).env_clear();
        for name in ["PATH", "HOME"] {
            command.envs(self.environment.var(name).map(|value| (name, value)));
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        answer_within(command.spawn().ok()?, PATIENCE).map(|answer| answer.trim().to_owned())
    }
}

/// What a process prints, if it ends well in time; it is ended otherwise.
fn answer_within(mut child: Child, patience: Duration) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // Left behind when the pipe outlives the process; it ends with the pipe.
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(MAX_ANSWER).read_to_string(&mut text);
        // Nobody listens any more once the time has run out.
        let _ = sender.send(read.map(|_| text));
    });
    let answer = receiver.recv_timeout(patience);
    if answer.is_err() {
        // It may have ended just now.
        let _ = child.kill();
    }
    let ended_well = child.wait().is_ok_and(|status| status.success());
    answer.ok()?.ok().filter(|_| ended_well)
}

/// Where git is.
fn program(environment: &Environment) -> Option<PathBuf> {
    let usual = ["/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    let name = format!("git{}", std::env::consts::EXE_SUFFIX);
    environment.path().chain(usual).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn environment(folder: &Path) -> Environment {
        let vars = [("PATH", "/usr/bin:/bin:/usr/local/bin"), ("HOME", "/nonexistent")];
        let vars = vars.map(|(name, value)| (name.into(), value.into()));
        Environment::new(vars, Vec::new(), folder.to_owned())
    }

    /// A repository with `book.yaml` committed.
    fn repository() -> TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("book.yaml"), "steps: []\n").expect("a new file");
        run(&dir, &["init", "-q"]);
        run(&dir, &["add", "book.yaml"]);
        run(&dir, &["-c", "user.name=a", "-c", "user.email=a@h.example", "commit", "-qm", "one"]);
        dir
    }

    fn run(dir: &TempDir, arguments: &[&str]) {
        let environment = environment(dir.path());
        let mut command = Command::new(program(&environment).expect("the tests need git"));
        command.env_clear().env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1").current_dir(dir.path());
        assert!(command.args(arguments).status().expect("git starts").success(), "git {arguments:?}");
    }

    #[test]
    fn a_committed_playbook_has_a_hash_and_a_changed_one_is_dirty() {
        let dir = repository();
        let environment = environment(dir.path());
        let sha = git_sha(Path::new("book.yaml"), &environment).expect("it is committed");
        assert!(sha.len() >= 7 && sha.chars().all(|c| c.is_ascii_hexdigit()), "{sha}");
        fs::write(dir.path().join("other.yaml"), "steps: []\n").expect("a new file");
        assert_eq!(git_sha(Path::new("book.yaml"), &environment).as_ref(), Some(&sha));
        assert_eq!(git_sha(Path::new("other.yaml"), &environment), Some(format!("{sha}+dirty")));
        fs::write(dir.path().join("book.yaml"), "steps: [x]\n").expect("our own file");
        assert_eq!(git_sha(Path::new("book.yaml"), &environment), Some(format!("{sha}+dirty")));
    }

    #[test]
    fn outside_a_repository_or_without_a_commit_nothing_is_known() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let environment = environment(dir.path());
        assert_eq!(git_sha(Path::new("book.yaml"), &environment), None);
        run(&dir, &["init", "-q"]);
        assert_eq!(git_sha(Path::new("book.yaml"), &environment), None);
        assert_eq!(git_sha(Path::new("no/such/folder/book.yaml"), &environment), None);
    }

    #[test]
    fn a_repository_can_not_make_git_run_its_programs() {
        let dir = repository();
        let mark = dir.path().join("mark");
        let touch = format!("touch {}; cat", mark.display());
        run(&dir, &["config", "core.fsmonitor", &touch]);
        run(&dir, &["config", "filter.evil.clean", &touch]);
        fs::write(dir.path().join(".gitattributes"), "* filter=evil\n").expect("a new file");
        fs::write(dir.path().join("book.yaml"), "steps: [x]\n").expect("our own file");
        assert!(git_sha(Path::new("book.yaml"), &environment(dir.path())).is_some());
        assert!(!mark.exists());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let child = Command::new("/bin/sh").args(["-c", "exec sleep 600"]).stdout(Stdio::piped()).spawn();
        assert_eq!(answer_within(child.expect("a shell"), Duration::from_millis(10)), None);
    }
}
