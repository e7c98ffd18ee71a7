//! The process's stdout and stderr: nobody else writes to them.
//!
//! In: text. Out: the same text, masked and made harmless to a terminal. A reader that went away stops the printing,
//! silently and never the run; any other failure on stdout is remembered for the exit code.

use std::io::{self, ErrorKind, Write};

use serde_json::Value;

use crate::cli::environment::Environment;
use crate::cli::printable::printable;
use crate::secret::{MASK, Masker};

/// Where results and everything else are printed.
pub struct Streams {
    out: Stream,
    err: Stream,
    masker: Masker,
    out_is_terminal: bool,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    state: State,
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
        let streams = Self::new(Box::new(io::stdout()), Box::new(io::stderr()), masker);
        Self { out_is_terminal: environment.terminals.stdout, ..streams }
    }

    /// Any two streams, stdout being no terminal.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, masker: Masker) -> Self {
        let [out, err] = [out, err].map(|writer| Stream { writer, state: State::Open });
        Self { out, err, masker, out_is_terminal: false }
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
    /// Writes and flushes; after a failure nothing more.
    fn write(&mut self, text: &str) {
        if self.state != State::Open {
            return;
        }
        let written = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        self.state = match written {
            Ok(()) => State::Open,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => State::Closed,
            Err(error) => State::Failed(error.kind()),
        };
    }
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

/// Whether to colour a stream: only a terminal, and neither `--no-color` nor `NO_COLOR`; `CLICOLOR_FORCE` colours any.
#[must_use]
pub fn is_coloured(environment: &Environment, is_terminal: bool, no_color_flag: bool) -> bool {
    let forbidden = no_color_flag || environment.var("NO_COLOR").is_some();
    let forced = environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let able = is_terminal && environment.var("TERM") != Some("dumb");
    !forbidden && (forced || able)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>, Option<ErrorKind>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no other thread").extend_from_slice(bytes);
            self.1.map_or(Ok(bytes.len()), |kind| Err(kind.into()))
        }
        fn flush(&mut self) -> io::Result<()> {
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
        assert!(is_coloured(&of(&[]), true, false));
        assert!(!is_coloured(&of(&[]), false, false));
        assert!(!is_coloured(&of(&[]), true, true));
        assert!(!is_coloured(&of(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), true, false));
        assert!(is_coloured(&of(&[("NO_COLOR", "")]), true, false));
        assert!(!is_coloured(&of(&[("TERM", "dumb")]), true, false));
        assert!(is_coloured(&of(&[("CLICOLOR_FORCE", "1")]), false, false));
    }
}
