//! A stretch of text as it reads once its escapes are undone.
//!
//! In: bytes as they leave. Out: the bytes that a reader would make of them, each with the range it stands in. Undone are
//! percent-encoding, the escapes of JSON, Python, Rust and shells, and the entities of HTML and XML, as often as they were
//! applied over each other. What looks like an escape and is none stays as it is.

use std::ops::Range;

/// How many escapes over each other are undone.
const LAYERS: usize = 8;

/// Bytes with the ranges of the text that they were read from.
pub(super) struct Reading {
    pub(super) bytes: Vec<u8>,
    /// None while each byte stands for itself.
    ranges: Option<Vec<(u32, u32)>>,
}

/// What an escape stands for: a character's bytes, and how many bytes of text it takes.
struct Escape {
    bytes: [u8; 4],
    length: usize,
    takes: usize,
}

impl Reading {
    /// Reads a text, which must be shorter than 4 GiB.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut reading = Self { bytes: text.to_vec(), ranges: None };
        for _ in 0..LAYERS {
            match reading.without_a_layer() {
                Some(plainer) => reading = plainer,
                None => break,
            }
        }
        reading
    }

    /// Where a byte stands in the text.
    pub(super) fn range(&self, at: usize) -> Range<usize> {
        match &self.ranges {
            None => at..at + 1,
            Some(ranges) => ranges.get(at).map_or(0..0, |(from, to)| *from as usize..*to as usize),
        }
    }

    /// The same with one layer of escapes less; none when there is no escape in it.
    fn without_a_layer(&self) -> Option<Self> {
        let first = self.bytes.iter().position(|byte| matches!(byte, b'%' | b'\\' | b'&'))?;
        let mut plainer = Self { bytes: Vec::with_capacity(self.bytes.len()), ranges: None };
        let mut ranges = Vec::with_capacity(self.bytes.len());
        plainer.bytes.extend_from_slice(&self.bytes[..first]);
        ranges.extend((0..first).map(|at| self.span(at..at + 1)));
        let (mut at, mut has_changed) = (first, false);
        while at < self.bytes.len() {
            let escape = escape(&self.bytes[at..]);
            has_changed |= escape.is_some();
            let Escape { bytes, length, takes } = escape.unwrap_or_else(|| Escape::of_byte(self.bytes[at], 1));
            plainer.bytes.extend_from_slice(&bytes[..length]);
            ranges.extend(std::iter::repeat_n(self.span(at..at + takes), length));
            at += takes;
        }
        plainer.ranges = Some(ranges);
        has_changed.then_some(plainer)
    }

    fn span(&self, bytes: Range<usize>) -> (u32, u32) {
        let (start, end) = (self.range(bytes.start).start, self.range(bytes.end - 1).end);
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        (short(start), short(end))
    }
}

impl Escape {
    const fn of_byte(byte: u8, takes: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, takes }
    }

    fn of_char(code: u32, takes: usize) -> Option<Self> {
        let mut bytes = [0; 4];
        let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self { bytes, length, takes })
    }
}

fn escape(text: &[u8]) -> Option<Escape> {
    match text.first()? {
        b'%' => percent(text),
        b'\\' => Some(backslash(text)),
        b'&' => entity(text),
        _ => None,
    }
}

/// `%2F`, and `%252F`, which is encoded twice.
fn percent(text: &[u8]) -> Option<Escape> {
    let mut at = 1;
    while text[at..].starts_with(b"25") && hex(text, at + 2..at + 4).is_some() {
        at += 2;
    }
    let byte = u8::try_from(hex(text, at..at + 2)?).ok()?;
    Some(Escape::of_byte(byte, at + 2))
}

/// A backslash, or some that escape each other, with what it escapes; alone it stands for nothing.
fn backslash(text: &[u8]) -> Escape {
    let run = backslashes(text);
    let rest = &text[run..];
    let code = match rest.first() {
        Some(b'n' | b'r' | b't' | b'f' | b'b' | b'0') => return Escape::of_byte(b'\n', run + 1),
        Some(b'x') => return hex_byte(text, run).unwrap_or(Escape { bytes: [0; 4], length: 0, takes: run }),
        Some(b'u') if rest.get(1) == Some(&b'{') => in_braces(rest),
        Some(b'u') => utf16(text, run),
        Some(b'U') => hex(rest, 1..9).map(|code| (code, 9)),
        _ => None,
    };
    let escaped = code.and_then(|(code, takes)| Escape::of_char(code, run + takes));
    escaped.unwrap_or(Escape { bytes: [0; 4], length: 0, takes: run })
}

/// `\xe4`: in Python's `repr` of a text a character, in that of bytes one byte of some.
fn hex_byte(text: &[u8], run: usize) -> Option<Escape> {
    let first = u8::try_from(hex(text, run + 1..run + 3)?).ok()?;
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let (mut bytes, mut at) = ([first, 0, 0, 0], run + 3);
    for byte in &mut bytes[1..length] {
        let next = at + backslashes(text.get(at..).unwrap_or_default());
        let is_one = next > at && text.get(next) == Some(&b'x');
        let value = hex(text, next + 1..next + 3).filter(|_| is_one);
        (*byte, at) = (value.and_then(|value| u8::try_from(value).ok()).unwrap_or(0), next + 3);
    }
    match std::str::from_utf8(&bytes[..length]) {
        Ok(_) if length > 1 => Some(Escape { bytes, length, takes: at }),
        Ok(_) | Err(_) => Escape::of_char(u32::from(first), run + 3),
    }
}

/// `\u{e4}`, as Rust writes it: the code, and how much it takes without the backslash.
fn in_braces(rest: &[u8]) -> Option<(u32, usize)> {
    let end = rest.iter().take(9).position(|byte| *byte == b'}')?;
    Some((hex(rest, 2..end)?, end + 1))
}

/// `\u00e4`, or two of them for a character that takes two.
fn utf16(text: &[u8], run: usize) -> Option<(u32, usize)> {
    let high = hex(text, run + 1..run + 5)?;
    let next = run + 5;
    let then = next + backslashes(&text[next..]);
    let is_pair = (0xd800..0xdc00).contains(&high) && then > next && text.get(then) == Some(&b'u');
    if !is_pair {
        return Some((high, 5));
    }
    let low = hex(text, then + 1..then + 5).filter(|low| (0xdc00..0xe000).contains(low))?;
    Some((0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), then + 5 - run))
}

/// `&lt;`, `&#60;`, `&#x3c;`.
fn entity(text: &[u8]) -> Option<Escape> {
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let code = match name {
        "amp" => u32::from('&'),
        "lt" => u32::from('<'),
        "gt" => u32::from('>'),
        "quot" => u32::from('"'),
        "apos" => u32::from('\''),
        "nbsp" => u32::from(' '),
        number => {
            let number = number.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            hexadecimal.map_or_else(|| number.parse(), |digits| u32::from_str_radix(digits, 16)).ok()?
        }
    };
    Escape::of_char(code, end + 1)
}

fn backslashes(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b'\\').count()
}

/// The number that these bytes are in hexadecimal, all of them.
fn hex(text: &[u8], range: Range<usize>) -> Option<u32> {
    let digits = text.get(range).filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0_u32, |sum, digit| Some((sum << 4) | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        String::from_utf8_lossy(&Reading::of(text.as_bytes()).bytes).into_owned()
    }

    #[test]
    fn escapes_are_undone_however_often_they_were_applied() {
        for (text, plain) in [
            ("a%2fb%2Fc%252Fd%25252fe", "a/b/c/d/e"),
            ("100% 5%zz %", "100% 5%zz %"),
            (r#"\"a\/b\\\"c\nd"#, "\"a/b\"c\nd"),
            (r"\u00e4\\u00E4\xe4\xc3\xa4\u{e4}\U000000e4", "ääääää"),
            (r"\ud83d\ude00 \ud83d \u12", "😀 ud83d u12"),
            ("a&amp;b&amp;lt;&#39;&#x27;&quot;&nope;&", "a&b<''\"&nope;&"),
            ("%5Cu00e4%26lt%3B", "ä<"),
            (r"it'\''s", "it'''s"),
        ] {
            assert_eq!(read(text), plain, "{text}");
        }
    }

    #[test]
    fn each_byte_knows_where_it_stood() {
        let reading = Reading::of(r"a\\u00e4%252Fz".as_bytes());
        let ranges: Vec<_> = (0..reading.bytes.len()).map(|at| reading.range(at)).collect();
        assert_eq!(ranges, [0..1, 1..8, 1..8, 8..13, 13..14]);
    }

    #[test]
    fn nothing_at_the_end_of_a_text_is_read_past_it() {
        for start in [
            "%",
            "%2",
            "%25",
            "%252",
            "\\",
            "\\\\",
            "\\u",
            "\\u{",
            "\\u12",
            "\\ud83d\\",
            "\\ud83d\\u",
            "\\x",
            "\\U",
            "&",
            "&#",
            "&#x",
        ] {
            assert!(read(start).len() <= start.len(), "{start}");
        }
    }
}
