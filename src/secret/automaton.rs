//! Finds many patterns in one pass.
//!
//! In: the patterns and some bytes. Out: the ranges they cover, and where a pattern may have begun that the next bytes
//! could complete.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// The patterns, ready to be searched for.
pub(super) struct Automaton {
    search: Option<AhoCorasick>,
    sorted: Vec<Vec<u8>>,
    longest: usize,
}

impl Automaton {
    /// Takes the patterns in ascending order.
    pub(super) fn new(sorted: Vec<Vec<u8>>) -> Self {
        let longest = sorted.iter().map(Vec::len).max().unwrap_or_default();
        // Secrets are learned at run time: quick to build matters more than quick to search.
        let search = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&sorted);
        Self { search: search.ok(), sorted, longest }
    }

    /// What the patterns cover, from left to right; patterns that overlap are one range, neighbours are two.
    ///
    /// When there are too many patterns to search for, everything is covered: rather nothing readable than a secret.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let Some(search) = &self.search else { return Vec::from([Range { start: 0, end: bytes.len() }]) };
        let mut found: Vec<Range<usize>> = search.find_overlapping_iter(bytes).map(|found| found.range()).collect();
        found.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    /// Whether any pattern is in the bytes; quicker than finding all of them.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.search.as_ref().is_none_or(|search| search.is_match(bytes))
    }

    /// The first place from which the rest of `bytes` is the beginning of a pattern, or the end.
    pub(super) fn may_begin_at(&self, bytes: &[u8]) -> usize {
        let from = (bytes.len() + 1).saturating_sub(self.longest);
        (from..bytes.len()).find(|at| self.is_beginning(&bytes[*at..])).unwrap_or(bytes.len())
    }

    fn is_beginning(&self, bytes: &[u8]) -> bool {
        let next = self.sorted.partition_point(|pattern| pattern.as_slice() < bytes);
        // An equal pattern is complete, but a longer one may follow it.
        self.sorted[next..]
            .iter()
            .take_while(|pattern| pattern.starts_with(bytes))
            .any(|pattern| pattern.len() > bytes.len())
    }
}
