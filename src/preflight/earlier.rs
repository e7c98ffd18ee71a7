//! What earlier steps will have done to DAGs by the time a step is run.
//!
//! In: steps that unpause a DAG or wait for one. Out: whether a later step may rely on it.

use std::collections::BTreeMap;

/// What is done to DAGs, by id.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    unpaused: BTreeMap<String, Surely>,
    awaited: BTreeMap<String, Surely>,
}

/// Whether the step that does it is surely run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surely {
    /// It may be skipped, or its failure ignored.
    Perhaps,
    /// It is.
    Yes,
}

impl Earlier {
    /// A step leaves the DAG not paused.
    pub(super) fn unpauses(&mut self, dag_id: &str, surely: Surely) {
        raise(&mut self.unpaused, dag_id, surely);
    }

    /// A step waits until the DAG is there.
    pub(super) fn awaits(&mut self, dag_id: &str, surely: Surely) {
        raise(&mut self.awaited, dag_id, surely);
    }

    /// Whether an earlier step leaves the DAG not paused.
    pub(super) fn is_unpaused(&self, dag_id: &str) -> Option<Surely> {
        self.unpaused.get(dag_id).copied()
    }

    /// Whether an earlier step waits until the DAG is there.
    pub(super) fn is_awaited(&self, dag_id: &str) -> Option<Surely> {
        self.awaited.get(dag_id).copied()
    }
}

fn raise(known: &mut BTreeMap<String, Surely>, dag_id: &str, surely: Surely) {
    let kept = known.entry(dag_id.to_owned()).or_insert(surely);
    *kept = surely.max(*kept);
}
