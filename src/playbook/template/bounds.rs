//! How large the values of templates may become.
//!
//! In: a value, or what a filter is about to make. Out: the same, or an error before the memory is taken: the engine counts
//! instructions, and a single filter, or a list written as `[1] * 100000000`, can make much with one of them.

use std::io::{self, Write};

use minijinja::{Environment, Error, ErrorKind, Value};

/// The longest text a rendering or a filter may give, and the longest JSON of a value.
pub(super) const OUTPUT_MAX: usize = 1024 * 1024;

/// Replaces the engine's own filters that can make a text or list many times as large.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("replace", replace);
    environment.add_filter("string", string);
    environment.remove_filter("pprint");
}

/// A text that is written into and has an end.
#[derive(Debug, Default)]
pub(super) struct Capped {
    /// What was written.
    pub(super) bytes: Vec<u8>,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_MAX {
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The value as JSON on one line.
pub(super) fn json(value: &Value) -> Result<String, Error> {
    let mut text = Capped::default();
    match serde_json::to_writer(&mut text, value) {
        Ok(()) => Ok(String::from_utf8_lossy(&text.bytes).into_owned()),
        Err(error) if error.is_io() => Err(too_large("JSON")),
        Err(error) => {
            let message = format!("it can't be written as JSON: {error}");
            Err(Error::new(ErrorKind::BadSerialization, message))
        }
    }
}

/// Refuses a text of more than this many bytes before it is made.
pub(super) fn hold(length: usize) -> Result<(), Error> {
    if length > OUTPUT_MAX { Err(too_large("text")) } else { Ok(()) }
}

fn too_large(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("its {what} is longer than {} KiB", OUTPUT_MAX / 1024))
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let growth = to.len().saturating_sub(from.len()).saturating_mul(text.matches(from).count());
    hold(text.len().saturating_add(growth))?;
    Ok(text.replace(from, to))
}

fn string(value: &Value) -> Result<Value, Error> {
    if value.as_str().is_some() {
        return Ok(value.clone());
    }
    // Writing a list goes on to its end even when the text is full, so its size is asked first.
    json(value)?;
    let mut text = Capped::default();
    write!(text, "{value}").map_err(|_| too_large("text"))?;
    Ok(Value::from(String::from_utf8_lossy(&text.bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_grow_too_large_is_refused_before_it_is_made() {
        let large = "a".repeat(OUTPUT_MAX);
        assert!(replace(&large, "a", "bb").is_err());
        assert_eq!(replace("aba", "a", "cc").expect("it is short"), "ccbcc");
        assert!(json(&Value::from(large.clone())).is_err() && string(&Value::from(vec![large])).is_err());
        assert_eq!(json(&Value::from(vec![1])).expect("it is short"), "[1]");
        assert_eq!(string(&Value::from(1)).expect("it is short"), Value::from("1"));
    }
}
