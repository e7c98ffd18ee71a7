//! The process's stdout and stderr: nobody else writes to them.
//!
//! In: text. Out: the same text, masked and made harmless to a terminal. A reader that went away stops the printing,
//! silently and never the run; one that does not read does not hold the run up, either. Any other failure on stdout, and
//! results that nobody took in the end, are remembered for the exit code.
//!
//! On a terminal, a line of progress may stand below what is printed. It is taken away before anything else is written.

use std::io::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::environment::Environment;
use crate::cli::live::Live;
use crate::cli::look::Look;
use crate::cli::outlet::{Way, Willing};
use crate::cli::paint::{paint, whole};
use crate::cli::printable::printable;
use crate::cli::stream::{Stream, width};
use crate::cli::trace::Trace;
use crate::http::Observer;
use crate::reporter::painted::{Painted, Tone};
use crate::secret::Masker;

/// Where results and everything else are printed.
pub struct Streams {
    out: Stream,
    err: Stream,
    masker: Masker,
    look: Look,
    /// The line of progress, once there is one.
    live: Option<Live>,
    /// With `-v`: what is told of requests.
    trace: Option<Trace>,
}

/// How many bytes of results are kept for a reader that does not read.
const RESULTS_KEPT: usize = 16 * 1024 * 1024;
/// The same of everything else.
const NOTES_KEPT: usize = 256 * 1024;

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("out", &self.out).field("err", &self.err).finish_non_exhaustive()
    }
}

impl Streams {
    /// The process's own streams.
    #[must_use]
    pub fn of_process(environment: &Environment, masker: Masker) -> Self {
        let terminals = environment.terminals;
        let [out, err] = Stream::of_process((terminals.stdout, terminals.stderr), (RESULTS_KEPT, NOTES_KEPT));
        Self { out, err, masker, look: Look::of_words(environment), live: None, trace: None }
    }

    /// Any two streams, none being a terminal.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, masker: Masker) -> Self {
        let stream = |way: Box<dyn Way>, most| Stream::new(way, most, false);
        let (out, err) = (stream(Box::new(Willing(out)), RESULTS_KEPT), stream(Box::new(Willing(err)), NOTES_KEPT));
        Self { out, err, masker, look: Look::default(), live: None, trace: None }
    }

    /// How both look.
    #[must_use]
    pub const fn look(&self) -> Look {
        self.look
    }

    /// Sets how both look, and how much is told.
    pub fn set_look(&mut self, look: Look) {
        self.look = look;
        self.trace = (look.verbosity > 0).then(|| Trace::new(self.masker.clone(), look.verbosity));
    }

    /// Who is to be told of requests; nobody without `-v`.
    #[must_use]
    pub fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.trace.clone().map(|trace| Arc::new(trace) as Arc<dyn Observer>)
    }

    /// Prints what is told of requests since the last time.
    pub fn tell_requests(&mut self) {
        let Some(trace) = &self.trace else { return };
        let lines = trace.take();
        if !lines.is_empty() {
            self.take_away();
        }
        for line in lines {
            let line = Painted::default().with(Tone::Dim, line);
            let text = paint(&line, self.look.err, &self.masker);
            self.err.write(&format!("{text}\n"));
        }
    }

    /// Gives readers a last time to take what they have not taken yet.
    pub fn finish(&mut self) {
        self.still();
        self.out.finish();
        self.err.finish();
    }

    /// Prints a line of results. Escapes in it reach a file or a pipe as they are, but no terminal.
    pub fn out_line(&mut self, text: &str) {
        self.out_text(&format!("{text}\n"));
    }

    /// Prints results without an end of line. A secret must not be split over two calls.
    pub fn out_text(&mut self, text: &str) {
        self.still();
        let text = self.masker.mask(text);
        let text = if self.out.is_terminal { printable(&text) } else { text };
        self.out.write(&text);
    }

    /// Prints a line of results with its tones, where stdout has some; else its words.
    pub fn out_painted(&mut self, line: &Painted) {
        if self.look.out.colour {
            self.still();
            let text = paint(line, self.look.out, &self.masker);
            self.out.write(&format!("{text}\n"));
        } else {
            self.out_line(&line.text());
        }
    }

    /// Prints a text that is wholly ours, with our own colours.
    pub fn out_own_styled(&mut self, text: &str) {
        self.still();
        self.out.write(text);
    }

    /// Prints a JSON document, indented. It is masked as data, so that it stays JSON whatever the secrets are.
    pub fn out_json(&mut self, mut document: Value) {
        self.masker.mask_document(&mut document);
        self.out_own(&format!("{document:#}\n"));
    }

    /// Prints a JSON document on one line, masked as data.
    pub fn out_json_line(&mut self, mut document: Value) {
        self.masker.mask_document(&mut document);
        self.out_own(&format!("{document}\n"));
    }

    /// Prints a text that is wholly ours, such as a schema: whatever is secret, nothing of it is masked.
    pub fn out_own(&mut self, text: &str) {
        self.still();
        let text = if self.out.is_terminal { printable(text) } else { text.into() };
        self.out.write(&text);
    }

    /// Prints a line for the person who looks on. Escapes in it are written out.
    pub fn err_line(&mut self, text: &str) {
        self.err_text(&format!("{text}\n"));
    }

    /// Prints for the person who looks on, without an end of line. A secret must not be split over two calls.
    pub fn err_text(&mut self, text: &str) {
        let text = self.masker.mask(text).into_owned();
        if self.look.err.colour {
            let lines = text.lines().map(|line| paint(&Painted::message(line), self.look.err, &self.masker));
            let end = if text.ends_with('\n') { "\n" } else { "" };
            self.err_write(&(lines.collect::<Vec<_>>().join("\n") + end));
        } else {
            self.err_write(&printable(&text));
        }
        if self.err.is_flowing() && self.err.has_dropped() {
            let dropped = self.err.take_dropped();
            self.err_write(&format!("warning: {dropped} lines are missing here, since nobody read them\n"));
        }
    }

    /// Prints a line for the person who looks on, with its tones where there are some.
    pub fn err_painted(&mut self, line: &Painted) {
        if self.look.err.colour || self.look.err.links {
            let text = paint(line, self.look.err, &self.masker);
            self.err_write(&format!("{text}\n"));
        } else {
            self.err_line(&line.text());
        }
    }

    /// Prints text with our own colours: what is foreign in it went through [`printable`] before.
    pub fn err_styled(&mut self, text: &str) {
        let text = whole(text, &self.masker);
        self.err_write(&text);
    }

    /// Whether a line of progress is shown.
    #[must_use]
    pub const fn can_show_progress(&self) -> bool {
        self.look.err.is_for_people
    }

    /// Shows what runs and what it does as the line of progress, anew or for the first time. A terminal that is stopped is left alone, and then
    /// gets what it has missed of all else.
    pub fn progress(&mut self, (head, does): (&str, &str)) {
        self.err.catch_up();
        self.out.catch_up();
        self.tell_requests();
        if !self.can_show_progress() || !self.err.is_flowing() {
            return;
        }
        let (head, does) = (self.masker.mask(head), self.masker.mask(does));
        let live = self.live.get_or_insert_with(|| Live::new(self.look.err));
        let drawn = live.draw((&printable(&head), &printable(&does)), width());
        self.err.offer(&drawn);
    }

    /// Takes the line of progress away, and prints what belongs before what is printed next.
    pub fn still(&mut self) {
        self.take_away();
        self.tell_requests();
    }

    fn take_away(&mut self) {
        if let Some(taken) = self.live.as_ref().and_then(|live| live.clear(width())) {
            self.err.write(&taken);
        }
    }

    fn err_write(&mut self, text: &str) {
        self.still();
        self.err.write(text);
    }

    /// Whether results were lost for another reason than a reader that went away.
    #[must_use]
    pub fn out_failed(&self) -> bool {
        self.out.has_failed()
    }

    /// Whether nobody reads the results any more.
    #[must_use]
    pub fn out_closed(&self) -> bool {
        self.out.is_closed()
    }

    /// The masker, which learns secrets at run time.
    #[must_use]
    pub const fn masker(&self) -> &Masker {
        &self.masker
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
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
        streams.out.is_terminal = true;
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
}
