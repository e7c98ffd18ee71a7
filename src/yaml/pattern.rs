//! Regular expressions whose search takes no longer than somebody waits.
//!
//! In: a pattern and a text, neither of them trusted. Out: what the pattern finds, or that the search would take too long.
//! The engine goes through a text once, but at each character through as many states as the pattern has: what a search
//! costs at most is its states times the bytes of the text, and that is known before it begins.

use regex_lite::{Captures, Regex, RegexBuilder};

/// The most memory a pattern may take once compiled.
const LARGEST: usize = 1024 * 1024;
/// The least memory that a pattern is tried with.
const SMALLEST: usize = 512;
/// The bytes that a state takes, about.
const STATE: usize = 24;
/// The most states that a search may go through: half a second of them.
const MOST_STATES: u64 = 20_000_000;

/// A pattern that can be read.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// As many states as it has, at most.
    states: u64,
}

/// A search that would take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is too complex to search {kib} KiB of text")]
pub struct TooMuch {
    kib: usize,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is no regular expression, or too large.
    pub fn new(pattern: &str) -> Result<Self, regex_lite::Error> {
        let mut size = SMALLEST;
        loop {
            // It is not told how large it is, but whether it is too large.
            match RegexBuilder::new(pattern).size_limit(size).build() {
                Ok(regex) => return Ok(Self { regex, states: (size / STATE) as u64 }),
                Err(error) if size >= LARGEST => return Err(error),
                Err(_) => size *= 2,
            }
        }
    }

    /// The states that a search of so much text goes through, at most.
    #[must_use]
    pub fn states(&self, text: &str) -> u64 {
        // What each group has found is carried from state to state.
        let groups = 1 + self.regex.captures_len() as u64 / 8;
        self.states.saturating_mul(groups).saturating_mul(text.len() as u64 + 1)
    }

    /// Whether it is found in a text.
    ///
    /// # Errors
    /// When the search would take too long.
    pub fn is_match(&self, text: &str) -> Result<bool, TooMuch> {
        self.affordable(text)?;
        Ok(self.regex.is_match(text))
    }

    /// The first place at which it is found in a text.
    ///
    /// # Errors
    /// When the search would take too long.
    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t>>, TooMuch> {
        self.affordable(text)?;
        Ok(self.regex.captures(text))
    }

    fn affordable(&self, text: &str) -> Result<(), TooMuch> {
        if self.states(text) > MOST_STATES { Err(TooMuch { kib: text.len().div_ceil(1024) }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_would_take_too_long_is_refused_before_it_begins() {
        let costly = Pattern::new("(?:a?){500}a{500}b").expect("it can be read");
        let much = "a".repeat(1_000_000);
        assert_eq!(costly.is_match(&much), Err(TooMuch { kib: 977 }));
        assert!(costly.captures(&much).is_err());
        assert_eq!(costly.is_match("ab"), Ok(false));
        let groups = Pattern::new(&"(a?)".repeat(200)).expect("it can be read");
        assert!(groups.captures(&much).is_err());
    }

    #[test]
    fn what_people_look_for_is_found_in_a_long_log() {
        let log = format!("{}\n2026-10-01 06:00:00 ERROR rows=42\n", "INFO nothing happened here ".repeat(8000));
        for pattern in [r"\d{4}-\d{2}-\d{2}", r"(ERROR|WARNING).*", r"rows=([0-9]+)", r"(?i)error\s+rows"] {
            let pattern = Pattern::new(pattern).expect("it can be read");
            assert_eq!(pattern.captures(&log).map(|found| found.is_some()), Ok(true));
        }
        assert!(Pattern::new("(").is_err() && Pattern::new("(?:a{1000}){1000}").is_err());
    }
}
