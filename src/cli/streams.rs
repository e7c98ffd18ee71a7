//! The process's stdout and stderr: nobody else writes to them.
//!
//! In: text. Out: the same text, masked and made harmless to a terminal. A reader that went away stops the printing,
//! silently and never the run; one that does not read does not hold the run up, either. Any other failure on stdout, and
//! results that nobody took in the end, are remembered for the exit code.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use serde_json::Value;

use crate::cli::environment::Environment;
#[cfg(unix)]
use crate::cli::outlet::Own;
use crate::cli::outlet::{Outlet, Way, Willing};
use crate::cli::printable::printable;
use crate::secret::{MASK, Masker};

/// Where results and everything else are printed.
pub struct Streams {
    out: Stream,
    err: Stream,
    masker: Masker,
    out_is_terminal: bool,
}

/// How many bytes of results are kept for a reader that does not read.
const RESULTS_KEPT: usize = 16 * 1024 * 1024;
/// The same of everything else.
const NOTES_KEPT: usize = 256 * 1024;
/// How long a reader that does not read is waited for at the end.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

struct Stream {
    outlet: Outlet,
    state: State,
    is_terminal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nobody reads any more.
    Closed,
    /// It could not be written for another reason.
    Failed(ErrorKind),
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("out", &self.out.state).field("err", &self.err.state).finish_non_exhaustive()
    }
}

impl Streams {
    /// The process's own streams.
    #[must_use]
    pub fn of_process(environment: &Environment, masker: Masker) -> Self {
        let [out, err] = own();
        let mut streams = Self::over(out, err, masker);
        streams.out_is_terminal = environment.terminals.stdout;
        streams.out.is_terminal = environment.terminals.stdout;
        streams.err.is_terminal = environment.terminals.stderr;
        streams
    }

    /// Any two streams, none being a terminal.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, masker: Masker) -> Self {
        Self::over(Box::new(Willing(out)), Box::new(Willing(err)), masker)
    }

    fn over(out: Box<dyn Way>, err: Box<dyn Way>, masker: Masker) -> Self {
        let stream = |way, most| Stream { outlet: Outlet::new(way, most), state: State::Open, is_terminal: false };
        let (out, err) = (stream(out, RESULTS_KEPT), stream(err, NOTES_KEPT));
        Self { out, err, masker, out_is_terminal: false }
    }

    /// Gives readers a last time to take what they have not taken yet.
    pub fn finish(&mut self) {
        self.out.finish();
        self.err.finish();
    }

    /// Prints a line of results. Escapes in it reach a file or a pipe as they are, but no terminal.
    pub fn out_line(&mut self, text: &str) {
        self.out_text(&format!("{text}\n"));
    }

    /// Prints results without an end of line. A secret must not be split over two calls.
    pub fn out_text(&mut self, text: &str) {
        let text = self.masker.mask(text);
        let text = if self.out_is_terminal { printable(&text) } else { text };
        self.out.write(&text);
    }

    /// Prints a JSON document, indented. It is masked as data, so that it stays JSON whatever the secrets are.
    pub fn out_json(&mut self, mut document: Value) {
        mask_numbers(&self.masker, &mut document);
        self.masker.mask_json(&mut document);
        let text = format!("{document:#}\n");
        let text = if self.out_is_terminal { printable(&text) } else { text.into() };
        self.out.write(&text);
    }

    /// Prints a line for the person who looks on. Escapes in it are written out.
    pub fn err_line(&mut self, text: &str) {
        self.err_text(&format!("{text}\n"));
    }

    /// Prints for the person who looks on, without an end of line. A secret must not be split over two calls.
    pub fn err_text(&mut self, text: &str) {
        let text = self.masker.mask(text);
        self.err.write(&printable(&text));
        if self.err.outlet.is_empty() && self.err.outlet.has_dropped() {
            let dropped = self.err.outlet.take_dropped();
            self.err.write(&format!("warning: {dropped} lines are missing here, since nobody read them\n"));
        }
    }

    /// Prints text with our own colours or cursor movements: what is foreign in it went through [`printable`] before.
    pub fn err_styled(&mut self, text: &str) {
        let text = self.masker.mask(text);
        self.err.write(&text);
    }

    /// Whether results were lost for another reason than a reader that went away.
    #[must_use]
    pub fn out_failed(&self) -> bool {
        matches!(self.out.state, State::Failed(_))
    }

    /// Whether nobody reads the results any more.
    #[must_use]
    pub fn out_closed(&self) -> bool {
        self.out.state == State::Closed
    }

    /// The masker, which learns secrets at run time.
    #[must_use]
    pub const fn masker(&self) -> &Masker {
        &self.masker
    }
}

impl Stream {
    /// Writes, or keeps what is not taken now; after a failure nothing more.
    fn write(&mut self, text: &str) {
        if self.state != State::Open {
            return;
        }
        let written = self.outlet.put(text);
        self.judge(written);
    }

    fn judge(&mut self, written: std::io::Result<()>) {
        let Err(error) = written else { return };
        self.state = match error.kind() {
            ErrorKind::BrokenPipe => State::Closed,
            // A terminal that is gone.
            _ if self.is_terminal => State::Closed,
            kind => State::Failed(kind),
        };
    }

    fn finish(&mut self) {
        if self.state != State::Open {
            return;
        }
        let written = self.outlet.drain(LAST_PATIENCE);
        self.judge(written);
        if !self.outlet.is_empty() || self.outlet.has_dropped() {
            self.state = State::Failed(ErrorKind::TimedOut);
        }
    }
}

/// The process's stdout and stderr.
#[cfg(unix)]
fn own() -> [Box<dyn Way>; 2] {
    [Box::new(Own(rustix::stdio::stdout())), Box::new(Own(rustix::stdio::stderr()))]
}

/// Elsewhere it can't be asked whether they take something.
#[cfg(not(unix))]
fn own() -> [Box<dyn Way>; 2] {
    [Box::new(Willing(Box::new(std::io::stdout()))), Box::new(Willing(Box::new(std::io::stderr())))]
}

/// A number that is a secret is masked like a text.
fn mask_numbers(masker: &Masker, value: &mut Value) {
    match value {
        Value::Number(number) if masker.holds_secret(&number.to_string()) => *value = Value::String(MASK.to_owned()),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_numbers(masker, item)),
        Value::Object(map) => map.values_mut().for_each(|item| mask_numbers(masker, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a terminal is one that people look at and that can be drawn on: no `TERM=dumb`, and no log of CI.
#[must_use]
pub fn is_for_people(environment: &Environment) -> bool {
    environment.var("TERM").map_or(cfg!(windows), |term| term != "dumb")
        && environment.var("CI").is_none_or(|ci| ci == "false")
}

/// Whether to colour a stream: only a terminal for people, and neither `--no-color` nor `NO_COLOR`; `CLICOLOR_FORCE` colours any.
#[must_use]
pub fn is_coloured(environment: &Environment, is_terminal: bool, no_color_flag: bool) -> bool {
    let forbidden = no_color_flag || environment.var("NO_COLOR").is_some();
    let forced = environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let able = is_terminal && is_for_people(environment);
    !forbidden && (forced || able)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>, Option<ErrorKind>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no other thread").extend_from_slice(bytes);
            self.1.map_or(Ok(bytes.len()), |kind| Err(kind.into()))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Shared {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no other thread").clone()).expect("UTF-8")
        }
    }

    fn streams(out: &Shared, err: &Shared) -> Streams {
        let masker = Masker::new();
        masker.learn("hunter2");
        Streams::new(Box::new(out.clone()), Box::new(err.clone()), masker)
    }

    #[test]
    fn nothing_is_printed_unmasked() {
        let (out, err) = (Shared::default(), Shared::default());
        let mut streams = streams(&out, &err);
        streams.out_line("a hunter2");
        streams.err_line("b hunter2");
        streams.err_styled("\u{1b}[1mc hunter2");
        assert_eq!(out.text(), "a ***\n");
        assert_eq!(err.text(), "b ***\n\u{1b}[1mc ***");
    }

    #[test]
    fn escapes_never_reach_a_terminal_but_a_file_gets_results_as_they_are() {
        let (out, err) = (Shared::default(), Shared::default());
        let mut streams = streams(&out, &err);
        streams.out_text("\u{1b}[2J");
        streams.err_text("\u{1b}[2J");
        streams.out_is_terminal = true;
        streams.out_text("\u{1b}[2J");
        assert_eq!(out.text(), "\u{1b}[2J\\x1b[2J");
        assert_eq!(err.text(), "\\x1b[2J");
    }

    #[test]
    fn a_reader_that_went_away_stops_the_printing_silently() {
        let out = Shared(Arc::default(), Some(ErrorKind::BrokenPipe));
        let err = Shared::default();
        let mut streams = streams(&out, &err);
        streams.out_line("one");
        streams.out_line("two");
        assert!(streams.out_closed() && !streams.out_failed());
        assert_eq!(out.text(), "one\n");
        assert_eq!(err.text(), "");
    }

    #[test]
    fn a_full_disk_on_stdout_is_remembered() {
        let out = Shared(Arc::default(), Some(ErrorKind::StorageFull));
        let mut streams = streams(&out, &Shared::default());
        streams.out_line("one");
        assert!(streams.out_failed() && !streams.out_closed());
    }

    #[test]
    fn colours_need_a_terminal_and_nobody_against_them() {
        let of = |pairs: &[(&str, &str)]| {
            let vars = pairs.iter().map(|(name, value)| (name.into(), value.into()));
            Environment::new(vars, Vec::new(), "/".into())
        };
        let on_xterm = |more: &[(&str, &str)]| of(&[&[("TERM", "xterm")], more].concat());
        assert!(is_coloured(&on_xterm(&[]), true, false));
        assert!(!is_coloured(&on_xterm(&[]), false, false));
        assert!(!is_coloured(&on_xterm(&[]), true, true));
        assert!(!is_coloured(&on_xterm(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), true, false));
        assert!(is_coloured(&on_xterm(&[("NO_COLOR", "")]), true, false));
        assert!(!is_coloured(&on_xterm(&[("CI", "true")]), true, false));
        assert!(is_coloured(&on_xterm(&[("CI", "false")]), true, false));
        assert!(!is_coloured(&of(&[("TERM", "dumb")]), true, false));
        assert!(cfg!(windows) || !is_coloured(&of(&[]), true, false));
        assert!(is_coloured(&of(&[("CLICOLOR_FORCE", "1")]), false, false));
    }
}
