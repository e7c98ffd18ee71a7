//! Finds many texts in one pass over a reading.
//!
//! In: the texts, one by one, and the letters of a reading. Out: where the longest of them stands, from each place on. To
//! learn a text costs no more than its length, whatever is known already.
//!
//! The first six bytes of a text are its anchor. Most places of a reading begin with no anchor, which one look into a table
//! of bits tells; the others are looked up among the texts in their order.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

/// The fewest letters of a text.
pub(super) const ANCHOR: usize = 6;
/// The bits of the table.
const BITS: u32 = 16;
/// The bits of an anchor.
const ANCHOR_BITS: u64 = (1 << (8 * ANCHOR)) - 1;

/// The fewest letters of a text that was cut.
const BEGINNING: usize = 4;
/// What stands where a text was cut.
const CUTS: [&[u8]; 2] = ["…".as_bytes(), b"..."];

/// What is known of a text beside its letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Before which of its letters something must stand that is no letter.
    pub(super) gaps: Vec<u32>,
    /// Whether what stands before it belongs to it.
    pub(super) begins_before: bool,
    /// Whether what stands after it belongs to it.
    pub(super) ends_after: bool,
}

/// Texts to look for.
#[derive(Default)]
pub(super) struct Patterns {
    texts: BTreeMap<Box<[u8]>, Shape>,
    anchors: HashSet<u64>,
    table: Vec<u64>,
    /// The first letters of each text.
    starts: HashSet<[u8; BEGINNING]>,
    longest: usize,
}

impl Patterns {
    /// Learns a text; one that is shorter than an anchor can't be found.
    pub(super) fn learn(&mut self, letters: &[u8], shape: Shape) {
        let Some(anchor) = letters.get(..ANCHOR) else { return };
        let anchor = anchor.iter().fold(0, |anchor, byte| (anchor << 8) | u64::from(*byte));
        self.anchors.insert(anchor);
        self.starts.extend(letters.first_chunk());
        self.longest = self.longest.max(letters.len());
        self.table.resize(1 << (BITS - 6), 0);
        let (word, bit) = place(anchor);
        self.table[word] |= bit;
        match self.texts.get_mut(letters) {
            None => {
                self.texts.insert(letters.into(), shape);
            }
            Some(known) => known.widen(&shape),
        }
    }

    /// Calls `found` with the start and the length of what stands at each place, until it says that this is enough.
    pub(super) fn find(
        &self,
        letters: &[u8],
        is_gap: impl Fn(usize) -> bool,
        mut found: impl FnMut(usize, usize, &Shape) -> bool,
    ) {
        if self.table.is_empty() {
            return;
        }
        let mut anchor = 0;
        for (at, byte) in letters.iter().enumerate() {
            anchor = ((anchor << 8) | u64::from(*byte)) & ANCHOR_BITS;
            let (word, bit) = place(anchor);
            if self.table[word] & bit == 0 || at + 1 < ANCHOR || !self.anchors.contains(&anchor) {
                continue;
            }
            let start = at + 1 - ANCHOR;
            let here = self.longest_at(&letters[start..], |gap| is_gap(start + gap));
            if here.is_some_and(|(length, shape)| !found(start, length, shape)) {
                return;
            }
        }
    }

    /// Calls `found` with the start and the length of what stands before a `…` and is only the beginning of a text: somebody
    /// has cut it, and did not know it.
    pub(super) fn find_cut(&self, letters: &[u8], mut found: impl FnMut(usize, usize) -> bool) {
        if self.table.is_empty() {
            return;
        }
        for (at, here) in letters.windows(3).enumerate() {
            if CUTS.contains(&here)
                && let Some(length) = self.cut_before(&letters[..at])
                && !found(at - length, length)
            {
                return;
            }
        }
    }

    /// How many of the last letters are the beginning of a text.
    fn cut_before(&self, letters: &[u8]) -> Option<usize> {
        let longest = letters.len().min(self.longest);
        (BEGINNING..=longest).rev().find(|length| {
            let tail = &letters[letters.len() - length..];
            let is_likely = tail.get(..BEGINNING).is_some_and(|start| self.starts.contains(start));
            let mut after = self.texts.range::<[u8], _>((Bound::Included(tail), Bound::Unbounded));
            is_likely && after.next().is_some_and(|(text, _)| text.starts_with(tail))
        })
    }

    /// The longest text that these letters begin with and whose gaps are there.
    fn longest_at(&self, letters: &[u8], is_gap: impl Fn(usize) -> bool) -> Option<(usize, &Shape)> {
        let mut letters = letters;
        loop {
            let upwards = self.texts.range::<[u8], _>((Bound::Unbounded, Bound::Included(letters)));
            let (text, shape) = upwards.into_iter().next_back()?;
            let common = text.iter().zip(letters).take_while(|(one, other)| one == other).count();
            if common < ANCHOR {
                return None;
            }
            if common == text.len() && shape.gaps.iter().all(|gap| is_gap(*gap as usize)) {
                return Some((common, shape));
            }
            // What is shorter than all they have in common may still fit.
            letters = &letters[..if common == text.len() { common - 1 } else { common }];
        }
    }
}

impl Shape {
    /// Takes what fits either shape.
    fn widen(&mut self, other: &Self) {
        self.gaps.retain(|gap| other.gaps.contains(gap));
        self.begins_before |= other.begins_before;
        self.ends_after |= other.ends_after;
    }
}

fn place(anchor: u64) -> (usize, u64) {
    let mixed = anchor.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    (usize::try_from(mixed >> 6).unwrap_or_default(), 1 << (mixed & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], letters: &str) -> Vec<(usize, usize)> {
        let mut patterns = Patterns::default();
        for text in texts {
            patterns.learn(text.as_bytes(), Shape::default());
        }
        let mut all = Vec::new();
        patterns.find(
            letters.as_bytes(),
            |_| false,
            |start, length, _| {
                all.push((start, length));
                true
            },
        );
        all
    }

    #[test]
    fn the_longest_text_is_found_at_every_place() {
        let texts = ["hunter2", "hunter2-and-more", "hunter2-and-less", "unter2-b"];
        assert_eq!(found(&texts, "<hunter2-and-mo hunter2-and-more>"), [(1, 7), (16, 16)]);
        assert_eq!(found(&texts, "hunter2-b"), [(0, 7), (1, 8)]);
        assert_eq!(found(&texts, "hunter"), []);
        assert_eq!(found(&[], "hunter2"), []);
    }

    #[test]
    fn a_text_with_a_gap_is_found_only_where_there_is_one() {
        let mut patterns = Patterns::default();
        patterns.learn(b"hunter22", Shape { gaps: vec![6], ..Shape::default() });
        for (gap, expected) in [(6, 1), (5, 0)] {
            let mut count = 0;
            patterns.find(
                b"hunter22",
                |at| at == gap,
                |_, _, _| {
                    count += 1;
                    true
                },
            );
            assert_eq!(count, expected);
        }
    }
}
