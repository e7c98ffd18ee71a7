//! Masks a stream of bytes, whatever its chunks.
//!
//! In: bytes, in pieces. Out: the same bytes with `***` where a secret stood, though it came in two pieces. What may be
//! the start of a secret is held back, also by a flush; only [`MaskingWriter::finish`] lets it go.

use std::io::{self, Write};
use std::ops::Range;

use super::{MASK, Masker};

/// A writer that masks what goes through it.
#[derive(Debug)]
pub struct MaskingWriter<W: Write> {
    inner: W,
    masker: Masker,
    held: Vec<u8>,
    /// How many of the held bytes stand under a mask that is already written.
    covered: usize,
}

impl<W: Write> MaskingWriter<W> {
    /// Masks what goes to `inner` with what `masker` knows at that time.
    #[must_use]
    pub fn new(inner: W, masker: Masker) -> Self {
        Self { inner, masker, held: Vec::new(), covered: 0 }
    }

    /// Lets go what was held back, as no more comes, and gives the inner writer back.
    ///
    /// # Errors
    /// When the inner writer fails.
    pub fn finish(mut self) -> io::Result<W> {
        let end = self.held.len();
        let found = self.found();
        self.release(&found, end)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// The secrets in what is held, together with what is already covered.
    fn found(&self) -> Vec<Range<usize>> {
        let mut found = self.masker.automaton().map(|automaton| automaton.find(&self.held)).unwrap_or_default();
        if self.covered > 0 {
            let mut end = self.covered;
            found.retain(|range| {
                let touches = range.start < end;
                end = if touches { end.max(range.end) } else { end };
                !touches
            });
            found.insert(0, 0..end);
        }
        found
    }

    /// Writes what is held up to `end`, masked, and keeps the rest.
    fn release(&mut self, found: &[Range<usize>], end: usize) -> io::Result<()> {
        let (mut at, mut covered) = (0, 0);
        let mut text = Vec::with_capacity(end);
        for range in found.iter().filter(|range| range.start < end) {
            text.extend_from_slice(&self.held[at..range.start]);
            if range.start > 0 || self.covered == 0 {
                text.extend_from_slice(MASK.as_bytes());
            }
            at = range.end.min(end);
            covered = range.end - at;
        }
        text.extend_from_slice(&self.held[at..end]);
        // First forgotten, then written: an error must not send the same bytes again.
        self.held.drain(..end);
        self.covered = covered;
        self.inner.write_all(&text)
    }
}

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        let end = self.masker.automaton().map_or(self.held.len(), |automaton| automaton.may_begin_at(&self.held));
        let found = self.found();
        self.release(&found, end)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(secrets: &[&str]) -> MaskingWriter<Vec<u8>> {
        let masker = Masker::new();
        for secret in secrets {
            masker.learn(secret);
        }
        MaskingWriter::new(Vec::new(), masker)
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).expect("the tests write UTF-8")
    }

    #[test]
    fn only_what_may_be_the_start_of_a_secret_is_held_back() {
        let mut writer = writer(&["hunter2"]);
        writer.write_all(b"hello hunt").expect("a vector takes all");
        writer.flush().expect("a vector flushes");
        assert_eq!(text(&writer.inner), "hello ");
        writer.write_all(b"ing\n").expect("a vector takes all");
        assert_eq!(text(&writer.inner), "hello hunting\n");
        writer.write_all(b"hunter2").expect("a vector takes all");
        assert_eq!(text(&writer.inner), "hello hunting\n***");
        writer.write_all(b" hunte").expect("a vector takes all");
        assert_eq!(text(&writer.finish().expect("a vector takes all")), "hello hunting\n*** hunte");
    }

    #[test]
    fn a_secret_that_goes_on_under_a_mask_is_covered_to_its_end_and_holds_little() {
        let mut writer = writer(&["aaaaaa"]);
        for _ in 0..10_000 {
            writer.write_all(b"aaa").expect("a vector takes all");
        }
        assert!(writer.held.len() < 100, "{} bytes held", writer.held.len());
        writer.write_all(b"b").expect("a vector takes all");
        assert_eq!(text(&writer.finish().expect("a vector takes all")), "***b");
    }

    #[test]
    fn a_longer_secret_that_starts_with_a_shorter_one_is_masked_to_its_end() {
        let mut writer = writer(&["hunter2", "hunter2-and-more"]);
        writer.write_all(b"<hunter2-and").expect("a vector takes all");
        writer.write_all(b"-more>").expect("a vector takes all");
        assert_eq!(text(&writer.finish().expect("a vector takes all")), "<***>");
    }
}
