//! Picking and ordering rows as the lists of both APIs do.
//!
//! In: rows of the world and what a query wants. Out: the rows in order. Which words a query may use is each API's own
//! affair.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::dates::{Given, read};
use super::message::last;
use super::scenario::DagScript;
use super::world::{Dag, Run};

/// What runs can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunOrder {
    /// When they were made.
    Made,
    /// Their id.
    RunId,
    /// Their logical date.
    LogicalDate,
    /// When they started.
    Start,
    /// When they ended.
    End,
}

/// Two bounds of a query, `<name>_gte` and `<name>_lte`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds(Option<Timestamp>, Option<Timestamp>);

impl Bounds {
    /// The bounds of this name.
    pub(crate) fn of(query: &[(String, String)], name: &str) -> Self {
        let bound = |end: &str| match last(query, &format!("{name}_{end}")).map(read) {
            Some(Given::Moment(moment)) => Some(moment),
            Some(Given::Naive | Given::Nonsense) | None => None,
        };
        Self(bound("gte"), bound("lte"))
    }

    /// Whether a moment lies between them; none lies between no bounds only.
    pub(crate) fn hold(self, moment: Option<Timestamp>) -> bool {
        let is_after = |bound| moment.is_some_and(|moment| moment >= bound);
        let is_before = |bound| moment.is_some_and(|moment| moment <= bound);
        self.0.is_none_or(is_after) && self.1.is_none_or(is_before)
    }
}

/// SQL's `ILIKE '%pattern%'`: `%` is any text, `_` any character.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
            Some((c, rest)) => {
                text.split_first().is_some_and(|(first, after)| (*c == '_' || c == first) && matches(rest, after))
            }
        }
    }
    let pattern: Vec<char> = format!("%{pattern}%").to_lowercase().chars().take(64).collect();
    matches(&pattern, &text.to_lowercase().chars().collect::<Vec<_>>())
}

/// Whether a DAG has one of the tags, or all of them; no tags are no wish.
pub(crate) fn has_tags(dag: &DagScript, tags: &[&str], all: bool) -> bool {
    let has = |tag: &&str| dag.tags.iter().any(|own| own == tag);
    tags.is_empty() || if all { tags.iter().all(has) } else { tags.iter().any(has) }
}

/// DAGs by id.
pub(crate) fn order_dags(dags: &mut [&Dag], is_descending: bool) {
    dags.sort_by(|one, other| one.script.dag_id.cmp(&other.script.dag_id));
    if is_descending {
        dags.reverse();
    }
}

/// Runs in the order that was asked for.
pub(crate) fn order_runs(runs: &mut [&Run], order: RunOrder, is_descending: bool, now: Timestamp) {
    let compare = |one: &&Run, other: &&Run| -> Ordering {
        match order {
            RunOrder::Made => one.queued_at.cmp(&other.queued_at),
            RunOrder::RunId => one.asked.run_id.cmp(&other.asked.run_id),
            RunOrder::LogicalDate => one.asked.logical_date.cmp(&other.asked.logical_date),
            RunOrder::Start => one.progress(now).start.cmp(&other.progress(now).start),
            RunOrder::End => one.progress(now).end.cmp(&other.progress(now).end),
        }
    };
    runs.sort_by(compare);
    if is_descending {
        runs.reverse();
    }
}

/// The word of an `order_by` and whether it is descending.
pub(crate) fn order_word(order_by: &str) -> (&str, bool) {
    order_by.strip_prefix('-').map_or((order_by, false), |word| (word, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_text_anywhere_in_any_case() {
        for (pattern, text) in [("ok", "my_ok_dag"), ("OK_DAG", "ok_dag"), ("%_dag", "ok_dag"), ("o%g", "xok_dagx")] {
            assert!(is_like(pattern, text), "{pattern}");
        }
        assert!(!is_like("dag_", "ok_dag"));
    }
}
