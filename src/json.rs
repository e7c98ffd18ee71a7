//! JSON that loses nothing.
//!
//! In: JSON from people, or an answer of Airflow's. Out: the value, or why it can't be kept as it is written: a key that is
//! there twice, or a number with more digits than a number here has. In an answer such an integer becomes text instead,
//! since nobody could write it otherwise; its fractions come from Python's floats and lose nothing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The digits of the largest integer that is kept, less one: an integer with fewer always is.
const DIGITS_KEPT: usize = 18;

/// Why JSON can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON; with the reason and its place.
    #[error("{0}")]
    Syntax(String),
    /// A key is there twice; with its place.
    #[error("duplicate key at {0}")]
    DuplicateKey(Position),
    /// A number can't be kept with all its digits; with its place.
    #[error("a number at {0} has more digits than can be kept")]
    Inexact(Position),
}

/// A place in a text, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in bytes.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// Reads JSON that a person wrote.
///
/// # Errors
/// When it is not JSON, or can't be kept as it is written.
pub fn read(text: &str) -> Result<Value, JsonError> {
    let strict: Strict = serde_json::from_str(text).map_err(|error| {
        let words = error.to_string();
        if words.starts_with(DUPLICATE_KEY) {
            return JsonError::DuplicateKey(Position { line: error.line(), column: error.column() });
        }
        JsonError::Syntax(words)
    })?;
    match numbers(text.as_bytes()).find(|range| !is_exact(&text[range.clone()])) {
        None => Ok(strict.0),
        Some(range) => Err(JsonError::Inexact(position(text, range.start))),
    }
}

/// With so many digits every fraction of 64 bits can be told from its neighbours.
const DIGITS_OF_FRACTION: usize = 17;

/// Whether a decimal number, as JSON and YAML write it, is kept as the number that it is: an integer of 64 bits, or a
/// fraction of which no digit is lost.
#[must_use]
pub fn is_exact(number: &str) -> bool {
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let signed = number.strip_prefix('+').unwrap_or(number);
        return signed.parse::<u64>().is_ok() || signed.parse::<i64>().is_ok();
    }
    let Ok(kept) = unsigned.parse::<f64>() else { return false };
    let written = scientific(unsigned);
    // Of two texts of as many digits that are equally near the number, each is one that it is written as.
    let to_as_many_digits = || format!("{kept:.*e}", written.0.len().saturating_sub(1));
    let is_kept = || {
        written == scientific(&format!("{kept:e}"))
            || (written.0.len() <= DIGITS_OF_FRACTION && written == scientific(&to_as_many_digits()))
    };
    kept.is_finite() && is_kept()
}

/// An answer in which every integer that can't be kept stands in quotes.
#[must_use]
pub fn with_long_integers_as_text(body: &[u8]) -> Cow<'_, [u8]> {
    let has_many_digits = (0..body.len()).step_by(DIGITS_KEPT).any(|at| digits_around(body, at) > DIGITS_KEPT);
    if !has_many_digits {
        return Cow::Borrowed(body);
    }
    let is_long = |range: &std::ops::Range<usize>| {
        std::str::from_utf8(&body[range.clone()])
            .is_ok_and(|number| !number.contains(['.', 'e', 'E']) && !is_exact(number))
    };
    let mut quoted: Vec<u8> = Vec::new();
    let mut copied = 0;
    for range in numbers(body).filter(is_long) {
        quoted.extend_from_slice(&body[copied..range.start]);
        quoted.push(b'"');
        quoted.extend_from_slice(&body[range.clone()]);
        quoted.push(b'"');
        copied = range.end;
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    quoted.extend_from_slice(&body[copied..]);
    Cow::Owned(quoted)
}

/// How many values a JSON text has, keys not counted; of a text that is no JSON some number.
#[must_use]
pub fn values(text: &[u8]) -> usize {
    let (mut at, mut count) = (0, 1);
    while let Some(byte) = text.get(at) {
        at = if *byte == b'"' { end_of_text(text, at + 1) } else { at + 1 };
        count += usize::from(matches!(byte, b',' | b'[' | b'{'));
    }
    count
}

/// How many digits stand together at a byte, up to one more than are always kept.
fn digits_around(body: &[u8], at: usize) -> usize {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let before = body[..at].iter().rev().take(DIGITS_KEPT).take_while(is_digit).count();
    let from = body[at..].iter().take(DIGITS_KEPT + 1).take_while(is_digit).count();
    if from == 0 { 0 } else { before + from }
}

/// Where the numbers of a JSON text stand.
fn numbers(text: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(byte) = text.get(at) {
            match byte {
                b'"' => at = end_of_text(text, at + 1),
                b'-' | b'0'..=b'9' => {
                    let in_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                    let range = at..at + text[at..].iter().take_while(in_number).count();
                    at = range.end;
                    return Some(range);
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// The byte after the quote that ends a text.
fn end_of_text(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// A number without a sign as its digits, without zeros around them, and the power of ten of the last.
fn scientific(unsigned: &str) -> (String, i64) {
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).unwrap_or(i64::MAX);
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let digits = digits.trim_start_matches('0').to_owned();
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MIN);
    let power = if digits.is_empty() { 0 } else { exponent.saturating_add(zeros).saturating_sub(places) };
    (digits, power)
}

fn position(text: &str, at: usize) -> Position {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Position { line: before.matches('\n').count() + 1, column: at - line_start + 1 }
}

const DUPLICATE_KEY: &str = "duplicate key";

/// A value without duplicate keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(DUPLICATE_KEY));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_json::json;

    #[test]
    fn what_can_be_kept_is_read() {
        for (text, value) in [
            ("{\"a\":[1,-2,0.5,1e3,true,null,\"x\"]}", json!({ "a": [1, -2, 0.5, 1000.0, true, null, "x"] })),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("{\"a\":{\"a\":1},\"b\":{\"a\":2}}", json!({ "a": { "a": 1 }, "b": { "a": 2 } })),
            ("\"12345678901234567890123 \\\" 1e999\"", json!("12345678901234567890123 \" 1e999")),
            ("0.10", json!(0.1)),
            ("100e-2", json!(1.0)),
            ("0e5", json!(0.0)),
            ("1e22", json!(1e22)),
        ] {
            assert_eq!(read(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_would_lose_something_is_refused_with_its_place() {
        let inexact = |line, column| Err(JsonError::Inexact(Position { line, column }));
        for (text, refused) in [
            ("12345678901234567890123", inexact(1, 1)),
            ("{\"a\":\n 18446744073709551616}", inexact(2, 2)),
            ("[-9223372036854775809]", inexact(1, 2)),
            ("[1, 0.1234567890123456789]", inexact(1, 5)),
            ("9007199254740993.0", inexact(1, 1)),
            ("1e-400", inexact(1, 1)),
            ("{\"a\":1,\"a\":2}", Err(JsonError::DuplicateKey(Position { line: 1, column: 10 }))),
            ("{\"x\":{\"a\":1,\"\\u0061\":1}}", Err(JsonError::DuplicateKey(Position { line: 1, column: 20 }))),
        ] {
            assert_eq!(read(text), refused, "{text}");
        }
        assert!(matches!(read("{"), Err(JsonError::Syntax(_))) && matches!(read("1e999"), Err(JsonError::Syntax(_))));
    }

    #[test]
    fn a_long_integer_of_an_answer_becomes_text_and_all_else_stays() {
        for (body, kept) in [
            ("{\"v\":123456789012345678901234567890}", "{\"v\":\"123456789012345678901234567890\"}"),
            ("[-9223372036854775809, 18446744073709551616]", "[\"-9223372036854775809\", \"18446744073709551616\"]"),
        ] {
            assert_eq!(&*with_long_integers_as_text(body.as_bytes()), kept.as_bytes(), "{body}");
        }
        for body in [
            "{\"v\":18446744073709551615,\"w\":-9223372036854775808}",
            "{\"v\":\"123456789012345678901234567890\"}",
            "{\"v\":\"\\\"123456789012345678901234567890\"}",
            "{\"v\":0.1234567890123456789012345, \"w\":1234567890123456789012e5}",
            "",
            "\"123456789012345678901234567890",
        ] {
            assert!(matches!(with_long_integers_as_text(body.as_bytes()), Cow::Borrowed(_)), "{body}");
        }
    }

    #[test]
    fn a_fraction_halfway_between_two_texts_is_both() {
        assert!(is_exact("248814982555906.12") && read("-248814982555906.12").is_ok());
        assert!(!is_exact("248814982555906.14") && !is_exact("0.1234567890123456789"));
    }

    proptest! {
        #[test]
        fn every_number_of_64_bits_is_exact(whole in any::<i64>(), large in any::<u64>(), bits in any::<u64>()) {
            let fraction = f64::from_bits(bits);
            prop_assert!(is_exact(&whole.to_string()) && is_exact(&large.to_string()));
            if fraction.is_finite() {
                let value = Value::from(fraction);
                prop_assert_eq!(read(&value.to_string()), Ok(value));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), digits in "[0-9eE.+\"\\\\-]{0,80}") {
            let _ = with_long_integers_as_text(&bytes);
            let _ = with_long_integers_as_text(digits.as_bytes());
            let _ = (read(&digits), is_exact(&digits), read(&String::from_utf8_lossy(&bytes)));
        }
    }
}
