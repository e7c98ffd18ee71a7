//! Which DAG runs to list.

use jiff::Timestamp;

use super::DagRun;
use crate::airflow::model::RunState;

/// Which DAG runs to list; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// In any of these states; empty for all.
    pub states: Vec<RunState>,
    /// By logical date; a run without one is outside of any bound.
    pub logical_date: Span,
    /// By start; a run that has not started is outside of any bound.
    pub start_date: Span,
    /// By end; a run that has not ended is outside of any bound.
    pub end_date: Span,
}

/// A stretch of time, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before.
    pub gte: Option<Timestamp>,
    /// Not after.
    pub lte: Option<Timestamp>,
}

impl Span {
    fn holds(self, moment: Option<Timestamp>) -> bool {
        let is_after = |gte| moment.is_some_and(|moment| moment >= gte);
        let is_before = |lte| moment.is_some_and(|moment| moment <= lte);
        self.gte.is_none_or(is_after) && self.lte.is_none_or(is_before)
    }
}

impl RunFilter {
    /// Runs in any of these states.
    #[must_use]
    pub fn in_states(states: &[RunState]) -> Self {
        Self { states: states.to_vec(), ..Self::default() }
    }

    /// Whether a run passes; servers ignore the filters that they don't know.
    #[must_use]
    pub fn admits(&self, run: &DagRun) -> bool {
        (self.states.is_empty() || self.states.contains(&run.state))
            && self.logical_date.holds(run.logical_date)
            && self.start_date.holds(run.start_date)
            && self.end_date.holds(run.end_date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    #[test]
    fn a_filter_admits_what_is_within_its_bounds_and_no_run_without_the_date() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let run = DagRun {
            dag_id: "d".to_owned(),
            dag_run_id: "r".to_owned(),
            state: RunState::Running,
            run_type: None,
            logical_date: at("2026-01-02T00:00:00Z"),
            run_after: None,
            start_date: at("2026-01-03T00:00:00Z"),
            end_date: None,
            conf: Map::new(),
            note: None,
        };
        let from = |gte: &str| Span { gte: at(gte), lte: None };
        let to = |lte: &str| Span { gte: None, lte: at(lte) };
        let all = RunFilter::default;
        let table = [
            (all(), true),
            (RunFilter::in_states(&[RunState::Running, RunState::Queued]), true),
            (RunFilter::in_states(&[RunState::Queued]), false),
            (RunFilter { logical_date: from("2026-01-02T00:00:00Z"), ..all() }, true),
            (RunFilter { logical_date: from("2026-01-02T00:00:01Z"), ..all() }, false),
            (RunFilter { start_date: to("2026-01-03T00:00:00Z"), ..all() }, true),
            (RunFilter { start_date: to("2026-01-02T00:00:00Z"), ..all() }, false),
            (RunFilter { end_date: to("2030-01-01T00:00:00Z"), ..all() }, false),
        ];
        for (filter, expected) in table {
            assert_eq!(filter.admits(&run), expected, "{filter:?}");
        }
    }
}
