//! One run of the real binary: a folder of its own, a playbook, a scenario, nothing of the tester's environment.
//!
//! In: texts and arguments. Out: stdout, stderr and the exit code, in which what changes from run to run is named: `RUN`,
//! `HASH`, `PORT`, `TIME`, `OPERATOR`, `KEY`. Whole outputs are held against a file in `tests/golden`, which
//! `MYAF_RUN_TESTS_REMAKE=1 cargo test` makes anew, to be read in review.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex_lite::Regex;
use serde_json::Value;
use tempfile::TempDir;

/// Both APIs, as `--api` spells them.
pub(crate) const BOTH: [&str; 2] = ["v1", "v2"];

/// Where golden files are.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

/// A run to be made.
pub(crate) struct Run {
    folder: TempDir,
    args: Vec<String>,
    vars: Vec<(String, String)>,
    has_sandbox: bool,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// A run in an empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, args: Vec::new(), vars: Vec::new(), has_sandbox: false }
    }

    /// A run of this playbook, `p.yaml`.
    pub(crate) fn playbook(text: &str) -> Self {
        Self::new().file("p.yaml", text)
    }

    /// On this sandbox, on which waiting takes no time.
    pub(crate) fn scenario(self, text: &str) -> Self {
        let text = unindented(text);
        let text = match text.strip_prefix('{') {
            Some(rest) => format!("{{time: virtual, {rest}"),
            None => format!("time: virtual\n{text}"),
        };
        let run = self.file("s.yaml", &text);
        Self { has_sandbox: true, ..run }
    }

    /// With this file in its folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, unindented(text)).expect("the file is written");
        self
    }

    /// With a file of these bytes in its folder.
    pub(crate) fn with_bytes(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.folder.path().join(name), bytes).expect("the file is written");
        self
    }

    /// With these words on the command line.
    pub(crate) fn args(mut self, words: &[&str]) -> Self {
        self.args.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Over this API.
    pub(crate) fn api(self, version: &str) -> Self {
        self.args(&["--api", version])
    }

    /// With this variable in its environment.
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process, not yet started; it is given nothing but what was asked for.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command.current_dir(self.folder()).env_clear().stdin(Stdio::null());
        command.env("XDG_STATE_HOME", self.folder().join(".state"));
        command.env("XDG_STATE_HOME", self.folder().join(".state"));
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        if self.has_sandbox {
            command.arg("--sandbox=s.yaml");
        }
        command.args(&self.args);
        if self.folder().join("p.yaml").exists() && !self.args.iter().any(|arg| arg == "p.yaml") {
            command.arg("p.yaml");
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn end(&self) -> Ended {
        let output = self.command().output().expect("the program starts");
        let text = |bytes: Vec<u8>| self.named(&String::from_utf8(bytes).expect("UTF-8"));
        let code = output.status.code().expect("the program ends by itself");
        Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs it and reads the JSON report on its stdout.
    pub(crate) fn report(self) -> Value {
        let ended = self.args(&["--output", "json"]).end();
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
    }

    /// Gives what changes from run to run a name.
    pub(crate) fn named(&self, text: &str) -> String {
        let folder = self.folder().to_str().expect("UTF-8");
        let canonical = self.folder().canonicalize().expect("it is there");
        let text = text.replace(canonical.to_str().expect("UTF-8"), "FOLDER").replace(folder, "FOLDER");
        let changing = [
            (r"\d{8}t\d{6}z-[0-9a-f]{8}", "RUN"),
            (r"__RUN__[0-9a-f]{16}", "__RUN__HASH"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:?00)", "TIME"),
            (r"_triggered__TIME_[A-Za-z0-9]{8}", "_triggered__TIME_TAIL"),
            (r" by \S+@\S+ \(RUN\)", " by OPERATOR (RUN)"),
        ];
        changing.iter().fold(text, |text, (pattern, name)| {
            Regex::new(pattern).expect("a good pattern").replace_all(&text, *name).into_owned()
        })
    }
}

impl Ended {
    /// All of it in one text.
    pub(crate) fn transcript(&self) -> String {
        let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {name}\n{text}") };
        format!("--- exit code {}\n{}{}", self.code, part("stdout", &self.stdout), part("stderr", &self.stderr))
    }

    /// Holds all of it against a golden file.
    pub(crate) fn is_golden(&self, name: &str) {
        is_golden(name, &self.transcript());
    }

    /// Nothing of a panic in it.
    pub(crate) fn has_no_bug(&self) {
        assert_ne!(self.code, 70, "{self:#?}");
        assert!(!self.stderr.contains("a bug in"), "{self:#?}");
    }
}

/// Runs it over both APIs and holds both against one golden file: what people read is the same, but for the version.
pub(crate) fn is_golden_on_both(name: &str, run: impl Fn() -> Run) {
    for version in BOTH {
        let transcript = run().api(version).end().transcript();
        is_golden(name, &transcript.replace(&format!("/api/{version}"), "/api/VERSION"));
    }
}

/// Runs it over each API and holds each against a golden file of its own, for what Airflow itself words differently.
pub(crate) fn is_golden_on_each(name: &str, run: impl Fn() -> Run) {
    for version in BOTH {
        run().api(version).end().is_golden(&format!("{name}.{version}"));
    }
}

/// Holds a text against a golden file, or makes the file when that is asked for.
pub(crate) fn is_golden(name: &str, text: &str) {
    let path = PathBuf::from(GOLDEN).join(format!("{name}.txt"));
    if std::env::var_os("MYAF_RUN_TESTS_REMAKE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("the golden file is written");
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(golden == text, "{} says\n{golden}\nand this is\n{text}", path.display());
}

/// Says that a test could not be made here.
#[expect(clippy::print_stderr, reason = "whoever runs the tests sees what was left out")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Runs a command as cron starts it: in a shell, with next to no variables, without a terminal.
pub(crate) fn as_cron_does(command: &str, home: &Path) -> std::process::Output {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env_clear().current_dir("/").stdin(Stdio::null());
    shell.env("HOME", home).env("SHELL", "/bin/sh").env("PATH", "/usr/bin:/bin");
    shell.output().expect("there is a shell")
}

/// The text without the indentation that it has in a test.
pub(crate) fn unindented(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let width = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let least = text.lines().filter(|line| !line.trim().is_empty()).map(width).min().unwrap_or(0);
    let lines: Vec<&str> = text.lines().map(|line| line.get(least..).unwrap_or_default()).collect();
    format!("{}\n", lines.join("\n").trim_end())
}
