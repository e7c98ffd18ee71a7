//! A terminal of some width, with a model of its screen.

use std::io::Read;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::run::Run;

/// What has said nothing for so long hangs; no measure of speed, so that a busy machine never meets it.
const HANGS: Duration = Duration::from_secs(900);

/// A program that runs on a terminal.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    said: mpsc::Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    columns: u16,
}

impl Terminal {
    fn start(run: &Run, columns: u16) -> Self {
        let size = PtySize { rows: 40, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let plain = run.command();
        let mut command = CommandBuilder::new(plain.get_program());
        command.env_clear();
        command.cwd(run.folder());
        command.args(plain.get_args());
        for (name, value) in plain.get_envs() {
            command.env(name, value.expect("every variable has a value"));
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let (tell, said) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if tell.send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { master: pair.master, child, said, bytes: Vec::new(), columns }
    }

    /// Reads until this text has come.
    fn until(&mut self, text: &str) {
        while !self.text().contains(text) {
            let piece = self.said.recv_timeout(HANGS);
            self.bytes.extend(piece.unwrap_or_else(|_| panic!("`{text}` never came: {}", self.text())));
        }
    }

    /// Runs it to its end: the exit code, every byte, and what the screen shows then.
    fn end(mut self) -> (u32, String, vt100::Parser) {
        let code = self.child.wait().expect("it ends").exit_code();
        drop(self.master);
        while let Ok(piece) = self.said.recv_timeout(HANGS) {
            self.bytes.extend(piece);
        }
        let mut parser = vt100::Parser::new(rows(40), rows(self.columns), 0);
        parser.process(&self.bytes);
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        (code, text, parser)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn rows(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).expect("a screen has some")
}

/// A step long enough to be seen, with a name that is wide, long, and would like to be several lines.
const WATCHED: &str = "name: t\nsteps: [{name: \"日本語の名前 \\e[2J\\nand a long tail that fits on no line of a small terminal at all\", pause: 400ms}, {assert: 1 == 2}]";

fn watched(term: &str) -> Run {
    Run::playbook(WATCHED).args(&["--sandbox"]).var("TERM", term)
}

#[test]
fn progress_stays_on_its_line_and_leaves_nothing_behind_on_any_width() {
    for columns in [40, 80] {
        let (code, text, screen) = Terminal::start(&watched("xterm-256color"), columns).end();
        let contents = screen.screen().contents();
        assert_eq!(code, 1, "{contents}");
        assert!(text.contains(" [0s]"), "progress was shown: {text:?}");
        assert!(!contents.contains("[0s]") && !screen.screen().hide_cursor(), "{contents}");
        assert!(text.contains("\u{1b}[2K") && !text.contains("\u{1b}[2J"), "{text:?}");
        // Without what was drawn and taken away, each line is one that a pipe would get.
        let piped = watched("xterm-256color").end().stderr;
        let unwrapped = |text: &str| text.split_whitespace().collect::<String>();
        let lasts = ["error[E040]", "t: failed in"].map(|line| contents.lines().any(|shown| shown.starts_with(line)));
        assert_eq!(lasts, [true, true], "{contents}");
        let first = contents.lines().next().unwrap_or_default();
        assert!(unwrapped(&piped).starts_with("t:runRUN") && first.starts_with("t: run "), "{contents}");
    }
}

#[test]
fn a_dumb_terminal_and_a_log_of_ci_get_plain_lines() {
    for run in [watched("dumb"), watched("xterm").var("CI", "true")] {
        let (code, text, _) = Terminal::start(&run, 80).end();
        assert_eq!(code, 1, "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("[0s]"), "{text:?}");
    }
}

#[test]
fn without_colours_there_is_still_progress() {
    let colour = |text: &str| text.contains("\u{1b}[1m") || text.contains("\u{1b}[3") || text.contains("\u{1b}[9");
    let (_, coloured, _) = Terminal::start(&watched("xterm-256color"), 80).end();
    assert!(colour(&coloured), "{coloured:?}");
    let (_, plain, _) = Terminal::start(&watched("xterm-256color").var("NO_COLOR", "1"), 80).end();
    assert!(plain.contains(" [0s]") && !colour(&plain), "{plain:?}");
}

#[test]
fn a_terminal_that_vanishes_ends_the_run_by_the_rules_of_signals() {
    let run = Run::playbook("name: t\nsteps: [{name: first, pause: 1h}, {print: never}]").var("TERM", "xterm");
    let run = run.var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1").var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    let mut terminal = Terminal::start(&run, 80);
    terminal.until("1/2 first");
    let Terminal { master, mut child, said, .. } = terminal;
    drop((said, master));
    assert_eq!(child.wait().expect("it ends").exit_code(), 129);
    let mut history = std::process::Command::new(env!("CARGO_BIN_EXE_myaf-run"));
    let output = history.args(["runs", "list"]).env_clear().env("XDG_STATE_HOME", run.folder().join(".state")).output();
    let told = String::from_utf8(output.expect("it runs").stdout).expect("text");
    assert!(told.contains("interrupted") || told.contains("stopped"), "{told}");
}
