//! A terminal of some width, with a model of its screen.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::run::{Run, is_golden};

/// What has said nothing for so long hangs; no measure of speed, so that a busy machine never meets it.
const HANGS: Duration = Duration::from_secs(900);

/// A program that runs on a terminal.
pub(super) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    said: mpsc::Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    columns: u16,
}

impl Terminal {
    pub(super) fn start(run: &Run, columns: u16) -> Self {
        Self::open(run, columns, true)
    }

    /// On a terminal whose screen is frozen.
    fn unread(run: &Run, columns: u16) -> Self {
        Self::open(run, columns, false)
    }

    fn open(run: &Run, columns: u16, is_read: bool) -> Self {
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
            while is_read && let Ok(count @ 1..) = reader.read(&mut piece) {
                if tell.send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { master: pair.master, child, said, bytes: Vec::new(), columns }
    }

    /// Reads until this text has come.
    pub(super) fn until(&mut self, text: &str) {
        while !self.text().contains(text) {
            let piece = self.said.recv_timeout(HANGS);
            self.bytes.extend(piece.unwrap_or_else(|_| panic!("`{text}` never came: {}", self.text())));
        }
    }

    /// Runs it to its end: the exit code, every byte, and what the screen shows then.
    pub(super) fn end(mut self) -> (u32, String, vt100::Parser) {
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

    /// What is typed.
    pub(super) fn keys(&self) -> Box<dyn std::io::Write + Send> {
        self.master.take_writer().expect("a keyboard")
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
    for columns in [20, 40, 80] {
        let (code, text, screen) = Terminal::start(&watched("xterm-256color"), columns).end();
        let contents = screen.screen().contents();
        assert_eq!(code, 1, "{contents}");
        assert!(text.contains("1s left"), "progress was shown: {text:?}");
        assert!(!contents.contains("left") && !screen.screen().hide_cursor(), "{contents}");
        assert!(text.contains("\r\u{1b}[J") && !text.contains("\u{1b}[2J"), "{text:?}");
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
        assert!(!text.contains('\u{1b}') && !text.contains("left"), "{text:?}");
    }
}

#[test]
fn without_colours_there_is_still_progress() {
    let colour = |text: &str| text.contains("\u{1b}[1m") || text.contains("\u{1b}[3") || text.contains("\u{1b}[9");
    let (_, coloured, _) = Terminal::start(&watched("xterm-256color"), 80).end();
    assert!(colour(&coloured), "{coloured:?}");
    let (_, plain, _) = Terminal::start(&watched("xterm-256color").var("NO_COLOR", "1"), 80).end();
    assert!(plain.contains("s left, pausing") && !colour(&plain), "{plain:?}");
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

/// A playbook with a step for most ways to end.
const MANY: &str = "name: month end
steps:
  - { name: The loan DAG is there, assert_dag: { dag_id: daily_loan_run } }
  - { name: Nothing to do, print: no, when: false }
  - { name: Try a thing, assert: 1 == 2, ignore_errors: true }
  - { name: Load the month, id: load, trigger_dag: { dag_id: daily_loan_run, wait: true } }
  - { name: Fail, trigger_dag: { dag_id: broken_loan_run, wait: true } }
";

fn many(vars: &[(&str, &str)]) -> Run {
    let run = Run::playbook(MANY).args(&["--sandbox"]).var("TERM", "xterm-256color");
    vars.iter().fold(run, |run, (name, value)| run.var(name, value))
}

/// What the screen shows at the end, with changing times named, too.
fn picture(run: &Run, columns: u16) -> String {
    let (code, _, screen) = Terminal::start(run, columns).end();
    let times = regex_lite::Regex::new(r"\b(\d+ms|\d+\.\ds)\b").expect("a good pattern");
    let hash = regex_lite::Regex::new(r"__(…|\.\.\.)__[0-9a-f]{16}").expect("a good pattern");
    let shown = screen.screen().contents();
    let shown = times.replace_all(&shown, "TIME");
    let shown = hash.replace_all(&shown, "__${1}__HASH");
    format!("--- {columns} columns, exit code {code}\n{}\n", run.named(&shown).trim_end())
}

#[test]
fn a_run_is_a_calm_picture_with_marks_where_the_locale_has_them_and_words_where_not() {
    let unicode = many(&[("LANG", "C.UTF-8")]);
    is_golden("terminal/marks", &picture(&unicode, 120));
    is_golden("terminal/words", &picture(&many(&[("LANG", "C")]), 120));
}

#[test]
fn colour_is_as_the_flag_says_and_then_as_the_variables_say() {
    let green = |text: &str| text.contains("\u{1b}[32m");
    for (vars, args, is_terminal, expected) in [
        (&[][..], &[][..], true, true),
        (&[], &["--no-color"], true, false),
        (&[], &["--color", "never"], true, false),
        (&[("MYAF_RUN_COLOR", "never")], &[], true, false),
        (&[("CLICOLOR", "0")], &[], true, false),
        (&[("NO_COLOR", "1")], &["--color=always"], true, true),
        (&[], &[], false, false),
        (&[], &["--color=always"], false, true),
        (&[("MYAF_RUN_COLOR", "always"), ("NO_COLOR", "1")], &[], false, true),
        (&[("FORCE_COLOR", "1")], &[], false, true),
        (&[("CLICOLOR_FORCE", "1")], &["--no-color"], false, false),
        (&[("MYAF_RUN_COLOR", "always")], &["--no-color"], false, false),
        (&[("MYAF_RUN_NO_COLOR", "1")], &["--color", "always"], false, true),
    ] {
        let run = many(vars).args(args);
        let text = if is_terminal { Terminal::start(&run, 80).end().1 } else { run.end().stderr };
        assert_eq!(green(&text), expected, "{vars:?} {args:?} {is_terminal}: {text:?}");
    }
}

#[test]
fn colours_change_no_word_of_what_a_pipe_gets() {
    let escapes = regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").expect("a good pattern");
    let times = regex_lite::Regex::new(r"\b(\d+ms|\d+\.\ds)\b").expect("a good pattern");
    let words = |run: &Run| times.replace_all(&escapes.replace_all(&run.end().stderr, ""), "TIME").into_owned();
    assert_eq!(words(&many(&[]).args(&["--color=always"])), words(&many(&[])));
}

#[test]
fn help_mistakes_and_the_history_are_coloured_like_a_run() {
    for (args, playbook) in [
        (&["--color=always", "--help"][..], MANY),
        (&["--color=always", "check", "--help"], MANY),
        (&["check", "--color=always", "p.yaml"], "name: x\nsteps: [{prnt: x}]"),
        (&["--color", "always", "--nonsense"], MANY),
        (&["doctor", "--color=always", "--sandbox"], MANY),
    ] {
        let coloured = Run::playbook(playbook).args(args).end();
        let text = coloured.stdout + &coloured.stderr;
        assert!(text.contains("\u{1b}["), "{args:?}: {text}");
        let plain: Vec<&str> = args.iter().map(|arg| if *arg == "always" { "never" } else { *arg }).collect();
        let plain: Vec<&str> =
            plain.iter().map(|arg| if *arg == "--color=always" { "--no-color" } else { *arg }).collect();
        let plain = Run::playbook(playbook).args(&plain).end();
        assert!(!(plain.stdout + &plain.stderr).contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn a_secret_is_masked_in_colour_also_where_a_colour_would_change_within_it() {
    let secret = "Load the month (";
    let run = many(&[("LANG", "C.UTF-8"), ("MY_PASSWORD", secret)]);
    let (_, text, screen) = Terminal::start(&run, 120).end();
    let escapes = regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").expect("a good pattern");
    assert!(!escapes.replace_all(&text, "").contains(secret), "{text:?}");
    assert!(screen.screen().contents().contains("4/5 ***"), "{}", screen.screen().contents());
}

#[test]
fn a_terminal_that_is_stopped_does_not_hold_the_run_up() {
    let run = Run::playbook("name: t\nsteps: [{name: first, pause: 500ms}, {print: second}]").args(&["--sandbox"]);
    let run = run.var("TERM", "xterm");
    let mut terminal = Terminal::start(&run, 80);
    terminal.until("left, pausing");
    let mut keyboard = terminal.master.take_writer().expect("a keyboard");
    keyboard.write_all(b"\x13").expect("ctrl-S is typed");
    // It ends although nobody types ctrl-Q; what was not shown is lost with it.
    let code = terminal.child.wait().expect("it ends").exit_code();
    assert!([0, 74].contains(&code), "{code}");
}

#[test]
fn a_terminal_that_nobody_reads_does_not_hold_the_run_up() {
    let steps = "  - set_vars: {a_rather_long_name_for_a_variable_that_fills_the_terminal_soon: 1}\n".repeat(1500);
    let run = Run::playbook(&format!("name: t\nsteps:\n{steps}")).args(&["--sandbox"]).var("TERM", "xterm");
    let mut terminal = Terminal::unread(&run, 80);
    let code = terminal.child.wait().expect("it ends").exit_code();
    assert!([0, 74].contains(&code), "{code}");
}
