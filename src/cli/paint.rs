//! Tones and links as escapes of a terminal.
//!
//! In: a line in pieces. Out: one text in which nothing foreign is an escape and no secret is left. What is masked in the
//! whole line and would not be in its pieces takes the tones away: a line without colours is better than a secret with some.

use std::borrow::Cow;

use anstream::adapter::strip_str;

use crate::cli::look::Side;
use crate::cli::printable::printable;
use crate::reporter::painted::{Painted, Piece, Tone};
use crate::secret::Masker;

const RESET: &str = "\x1b[0m";

/// The line as it is written to a stream that looks so.
pub(super) fn paint(line: &Painted, side: Side, masker: &Masker) -> String {
    let shown = line.0.iter().map(|piece| masker.mask(&piece.text)).collect::<Vec<_>>();
    let whole = line.text();
    let whole = masker.mask(&whole);
    if shown.concat() != whole {
        return printable(&whole).into_owned();
    }
    let pieces = line.0.iter().zip(&shown);
    pieces.map(|(piece, text)| painted(piece, &printable(text), side, masker)).collect()
}

fn painted(piece: &Piece, text: &str, side: Side, masker: &Masker) -> String {
    let code = if side.colour { code(piece.tone) } else { "" };
    let text = if code.is_empty() { text.to_owned() } else { format!("{code}{text}{RESET}") };
    let is_link = |url: &&String| side.links && is_harmless(url) && !masker.holds_secret(url);
    match piece.link.as_ref().filter(is_link) {
        Some(url) => format!("\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"),
        None => text,
    }
}

const fn code(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Strong => "\x1b[1m",
        Tone::Dim => "\x1b[2m",
        Tone::Good => "\x1b[32m",
        Tone::Bad => "\x1b[1;31m",
        Tone::Warning => "\x1b[33m",
        Tone::Help => "\x1b[36m",
    }
}

/// Whether a link leads to a page, and nothing in it can end the escape that it stands in.
fn is_harmless(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && url.chars().all(|c| c.is_ascii_graphic())
}

/// A text with our own escapes, masked. Where an escape stands within a secret, the text loses all of them.
pub(super) fn whole<'a>(text: &'a str, masker: &Masker) -> Cow<'a, str> {
    let shown = masker.mask(text);
    let plain = strip_str(text).to_string();
    let is_same = masker.mask(&plain) == strip_str(&shown).to_string();
    if is_same { shown } else { masker.mask(&plain).into_owned().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Side = Side { colour: true, is_for_people: true, is_unicode: true, links: true };

    fn masker() -> Masker {
        let masker = Masker::new();
        masker.learn("hunter2-hunter2");
        masker
    }

    fn linked(text: &str, link: &str) -> Painted {
        Painted(vec![Piece { text: text.to_owned(), tone: Tone::Plain, link: Some(link.to_owned()) }])
    }

    #[test]
    fn a_tone_is_an_escape_and_foreign_escapes_are_written_out() {
        let line = Painted::default().with(Tone::Bad, "no\x1b[2J").with(Tone::Plain, " yes");
        assert_eq!(paint(&line, ALL, &masker()), "\x1b[1;31mno\\x1b[2J\x1b[0m yes");
        assert_eq!(paint(&line, Side::default(), &masker()), "no\\x1b[2J yes");
    }

    #[test]
    fn a_secret_over_two_pieces_is_masked_and_costs_the_colours() {
        let line = Painted::default().with(Tone::Good, "a hunter2").with(Tone::Dim, "-hunter2 b");
        assert_eq!(paint(&line, ALL, &masker()), "a *** b");
        let line = Painted::default().with(Tone::Good, "a hunter2-hunter2").with(Tone::Dim, " b");
        assert_eq!(paint(&line, ALL, &masker()), "\x1b[32ma ***\x1b[0m\x1b[2m b\x1b[0m");
    }

    #[test]
    fn a_secret_with_an_escape_within_is_masked() {
        for (text, expected) in [
            ("\x1b[1ma hunter2-hunter2\x1b[0m", "\x1b[1ma ***\x1b[0m"),
            ("\x1b[1ma hunter2\x1b[0m-hunter2 b", "a *** b"),
            ("\x1b[1mnothing\x1b[0m", "\x1b[1mnothing\x1b[0m"),
        ] {
            assert_eq!(whole(text, &masker()), expected);
        }
    }

    #[test]
    fn only_a_page_without_a_secret_and_without_an_escape_is_a_link() {
        let url = "https://air.example/dags/a/runs/b%20c";
        assert_eq!(paint(&linked("id", url), ALL, &masker()), format!("\x1b]8;;{url}\x1b\\id\x1b]8;;\x1b\\"));
        for url in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://a/\x1b\\\x1b[2J",
            "https://a/ b",
            "https://a/é",
            "https://a/hunter2-hunter2",
        ] {
            assert_eq!(paint(&linked("id", url), ALL, &masker()), "id", "{url}");
        }
        assert_eq!(paint(&linked("id", url), Side { links: false, ..ALL }, &masker()), "id");
    }
}
