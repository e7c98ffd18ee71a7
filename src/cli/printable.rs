//! Makes foreign text harmless to a terminal.
//!
//! In: text from a server, a file or a person. Out: the same text in which control characters and those that reorder or
//! hide text are written out, as `\x1b` or `\u{202e}`. Line feeds and tabs stay; `\r\n` becomes `\n`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text as it may go to a terminal.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        write_out(&mut shown, c);
    }
    Cow::Owned(shown)
}

fn write_out(shown: &mut String, c: char) {
    let written = match (is_unsafe(c), c) {
        (false, _) => {
            shown.push(c);
            Ok(())
        }
        (true, '\r') => {
            shown.push_str("\\r");
            Ok(())
        }
        (true, _) if c.is_ascii() => write!(shown, "\\x{:02x}", u32::from(c)),
        (true, _) => write!(shown, "\\u{{{:x}}}", u32::from(c)),
    };
    written.expect("a String takes all that is written to it");
}

/// Controls, and what changes the direction of text or breaks lines unseen.
fn is_unsafe(c: char) -> bool {
    let reorders = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    (c.is_control() && c != '\n' && c != '\t') || reorders || breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_touched() {
        assert!(matches!(printable("a line\n\tand an é, 日本, 🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_controls_and_reordering_are_written_out() {
        let cases = [
            ("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\x1b[31mred\\x1b]0;title\\x07"),
            ("over\rwritten", "over\\rwritten"),
            ("two\r\nlines", "two\nlines"),
            ("c1 \u{9b}2J", "c1 \\u{9b}2J"),
            ("bidi \u{202e}txt", "bidi \\u{202e}txt"),
            ("nul \0 del \u{7f}", "nul \\x00 del \\x7f"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text), shown);
        }
    }
}
