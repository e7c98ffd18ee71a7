//! Finds secrets in whatever form they stand in a text.
//!
//! In: secrets, one by one, and texts. Out: the ranges of a text that give a secret away.
//!
//! A text is read twice, once its escapes are undone. As plain text: white space, quotes, backslashes and `+` are no letters,
//! so a secret is found that was quoted, wrapped or squeezed; but where a secret has one of them, something must stand there.
//! As base64: the two alphabets are one, and only white space and backslashes are no letters; a secret is looked for as what
//! it makes of base64 at each of the three places it can start in a group, and base64 of that.

use std::collections::BTreeSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::patterns::{ANCHOR, Patterns, Shape};
use super::reading::Reading;

/// Longer secrets are looked for in pieces of so many letters.
const PIECE: usize = 256;
/// Longer secrets are looked for only as they are and as base64, not in forms over each other.
const NESTED_MAX: usize = 4096;
/// A text is read in stretches of so many bytes.
const STRETCH: usize = 64 * 1024;
/// How much of a stretch is read again with the next: a piece with each letter escaped.
const OVERLAP: usize = PIECE * 16;

/// The secrets in the forms that are looked for.
#[derive(Default)]
pub(super) struct Finder {
    plain: Patterns,
    base64: Patterns,
    /// Secrets with so few letters that they are looked for only as they are.
    odd: BTreeSet<String>,
    is_empty_no_more: bool,
}

/// The letters of a reading, and which of its bytes they are.
struct Letters {
    bytes: Vec<u8>,
    at: Vec<u32>,
}

impl Finder {
    /// Learns a secret.
    pub(super) fn learn(&mut self, secret: &str) {
        self.is_empty_no_more = true;
        let reading = Reading::of(secret.as_bytes());
        let letters = Letters::plain(&reading);
        if letters.bytes.len() < ANCHOR {
            self.odd.extend(escaped(secret));
        } else {
            self.learn_plain(&reading, &letters);
        }
        let nested = if secret.len() <= NESTED_MAX { escaped(secret) } else { BTreeSet::from([secret.to_owned()]) };
        for text in &nested {
            self.learn_base64(text.as_bytes(), secret.len() <= NESTED_MAX);
        }
    }

    /// Whether nothing was learned.
    pub(super) const fn is_empty(&self) -> bool {
        !self.is_empty_no_more
    }

    fn learn_plain(&mut self, reading: &Reading, letters: &Letters) {
        let end = reading.bytes.len();
        let first = letters.at.first().is_some_and(|at| *at > 0);
        let last = letters.at.last().is_some_and(|at| *at as usize + 1 < end);
        let whole = letters.bytes.len();
        for piece in pieces(whole) {
            let gaps = (piece.start + 1..piece.end).filter(|at| letters.has_gap_before(reading, *at));
            let gaps = gaps.filter_map(|at| u32::try_from(at - piece.start).ok()).collect();
            let shape =
                Shape { gaps, begins_before: first && piece.start == 0, ends_after: last && piece.end == whole };
            self.plain.learn(&letters.bytes[piece], shape);
        }
    }

    fn learn_base64(&mut self, secret: &[u8], is_nested: bool) {
        for (kernel, shape) in kernels(secret) {
            for piece in pieces(kernel.len()) {
                let shape = Shape {
                    gaps: Vec::new(),
                    begins_before: shape.begins_before && piece.start == 0,
                    ends_after: shape.ends_after && piece.end == kernel.len(),
                };
                self.base64.learn(&kernel.as_bytes()[piece], shape);
            }
            if is_nested {
                for (inner, shape) in kernels(kernel.as_bytes()) {
                    self.base64.learn(inner.as_bytes(), shape);
                }
            }
        }
    }

    /// What gives a secret away, from left to right; ranges that touch are one.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.search(text, |range| {
            found.push(range);
            true
        });
        found.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    /// Whether any secret stands in the text; quicker than finding all of them.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let mut is_in = false;
        self.search(text, |_| {
            is_in = true;
            false
        });
        is_in
    }

    fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>) -> bool) {
        if self.is_empty() {
            return;
        }
        let mut start = 0;
        loop {
            let end = text.len().min(start + STRETCH + OVERLAP);
            let reading = Reading::of(&text[start..end]);
            let mut goes_on = true;
            let mut tell = |range: Range<usize>| {
                goes_on = found(start + range.start..start + range.end);
                goes_on
            };
            search_plain(&self.plain, &reading, &mut tell);
            if goes_on {
                search_base64(&self.base64, &reading, &mut |range| {
                    goes_on = found(start + range.start..start + range.end);
                    goes_on
                });
            }
            if !goes_on || end == text.len() {
                break;
            }
            start += STRETCH;
        }
        for odd in &self.odd {
            let mut at = 0;
            while let Some(next) = position(&text[at..], odd.as_bytes()) {
                if !found(at + next..at + next + odd.len()) {
                    return;
                }
                at += next + odd.len();
            }
        }
    }
}

fn search_plain(patterns: &Patterns, reading: &Reading, found: &mut impl FnMut(Range<usize>) -> bool) {
    let letters = Letters::plain(reading);
    let end_of = |at: usize| reading.range(letters.at[at] as usize).end;
    let start_of = |at: usize| reading.range(letters.at[at] as usize).start;
    let whole = reading.bytes.len().checked_sub(1).map_or(0, |last| reading.range(last).end);
    patterns.find(
        &letters.bytes,
        |at| letters.may_have_gap_before(reading, at),
        |start, length, shape| {
            let last = start + length - 1;
            let from = match start.checked_sub(1) {
                Some(before) if shape.begins_before => end_of(before),
                None if shape.begins_before => 0,
                _ => start_of(start),
            };
            let to = match letters.at.get(last + 1) {
                Some(_) if shape.ends_after => start_of(last + 1),
                None if shape.ends_after => whole,
                _ => end_of(last),
            };
            found(from..to)
        },
    );
    patterns.find_cut(&letters.bytes, |start, length| found(start_of(start)..end_of(start + length - 1)));
}

/// A character of base64 that is the secret's only in part goes with it, and so do the signs that fill its last group.
fn search_base64(patterns: &Patterns, reading: &Reading, found: &mut impl FnMut(Range<usize>) -> bool) {
    let letters = Letters::base64(reading);
    let is_base64 = |at: &usize| {
        letters.bytes.get(*at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    patterns.find(
        &letters.bytes,
        |_| true,
        |start, length, shape| {
            let first = start.checked_sub(1).filter(|at| shape.begins_before && is_base64(at)).unwrap_or(start);
            let next = start + length;
            let mut last = Some(next).filter(|at| shape.ends_after && is_base64(at)).unwrap_or(next - 1);
            while letters.bytes.get(last + 1) == Some(&b'=') {
                last += 1;
            }
            let (first, last) = (reading.range(letters.at[first] as usize), reading.range(letters.at[last] as usize));
            found(first.start..last.end)
        },
    );
    patterns.find_cut(&letters.bytes, |start, length| {
        let (first, last) = (letters.at[start] as usize, letters.at[start + length - 1] as usize);
        found(reading.range(first).start..reading.range(last).end)
    });
}

impl Letters {
    fn plain(reading: &Reading) -> Self {
        Self::of(reading, |byte| {
            let is_none = byte <= b' ' || matches!(byte, b'\'' | b'"' | b'\\' | b'+' | 0x7f);
            (!is_none).then_some(byte)
        })
    }

    fn base64(reading: &Reading) -> Self {
        Self::of(reading, |byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'\\' | 0..=b' ' => None,
            byte => Some(byte),
        })
    }

    fn of(reading: &Reading, letter: impl Fn(u8) -> Option<u8>) -> Self {
        let (mut bytes, mut at) = (Vec::with_capacity(reading.bytes.len()), Vec::with_capacity(reading.bytes.len()));
        for (place, byte) in (0_u32..).zip(&reading.bytes) {
            if let Some(letter) = letter(*byte) {
                bytes.push(letter);
                at.push(place);
            }
        }
        Self { bytes, at }
    }

    /// The same, or it may have been undone together with the letter: `\\\u0026` is a backslash and `&`, or `&` alone.
    fn may_have_gap_before(&self, reading: &Reading, at: usize) -> bool {
        reading.range(self.at[at] as usize).len() > 1 || self.has_gap_before(reading, at)
    }

    /// Whether something that is no letter stands before this one, be it only a backslash that was undone.
    fn has_gap_before(&self, reading: &Reading, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        reading.range(self.at[at] as usize).start > reading.range(self.at[before] as usize).end
    }
}

/// The text, and as JSON has it: plain, within JSON again, and with everything outside ASCII escaped.
fn escaped(text: &str) -> BTreeSet<String> {
    let once = in_json(text);
    let ascii: String = once
        .chars()
        .map(|c| {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
            if c.is_ascii() { c.to_string() } else { units.collect::<Vec<_>>().concat() }
        })
        .collect();
    BTreeSet::from([text.to_owned(), in_json(&once), once, ascii])
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The ranges of the pieces of so many letters; a last one that is too short to stand alone begins earlier.
fn pieces(length: usize) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> =
        (0..length).step_by(PIECE).map(|start| start..length.min(start + PIECE)).collect();
    if let Some(last) = pieces.last_mut() {
        last.start = last.start.min(length.saturating_sub(PIECE / 8));
    }
    pieces
}

/// The characters of base64 that a secret alone decides, where it starts at byte 0, 1 or 2 of a group of three.
fn kernels(secret: &[u8]) -> impl Iterator<Item = (String, Shape)> {
    (0..3_usize).map(move |lead| {
        let bytes = [&[0; 2][..lead], secret].concat();
        let text = STANDARD_NO_PAD.encode(&bytes);
        let kernel = text[(lead * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned();
        (kernel, Shape { gaps: Vec::new(), begins_before: lead > 0, ends_after: bytes.len() % 3 != 0 })
    })
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
