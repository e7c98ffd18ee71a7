//! `assert_dag`: the DAG is there and as it must be. One that waits `within` a time is told only when it is not there.

use crate::airflow::answer::Dag;
use crate::diagnostic::Code;
use crate::preflight::Checking;
use crate::preflight::earlier::Surely;
use crate::preflight::reads::Read;
use crate::preflight::step::{Said, Step};
use crate::yaml::Node;

/// Why an absence is no mistake where a step waits.
const WAITS: &str = "the step waits for it";

impl Checking<'_> {
    pub(super) async fn assert_dag(&mut self, step: &Step<'_>) -> Read<()> {
        self.tally.count(step.planned.action);
        let Some(said) = self.dag_id(step) else { return Ok(()) };
        let waits = step.has("within");
        if !waits && self.is_awaited(&said.text).await? {
            self.not_there_yet(step, &said);
            return Ok(());
        }
        let doubt = if waits { Some(WAITS) } else { self.awaited(&said) };
        let dag = self.found_dag(step, &said, doubt).await?;
        let wanted = match step.flag("is_paused", &self.known) {
            Ok(wanted) => wanted,
            Err(unknown) => {
                self.unknown(step, "is_paused", &unknown);
                None
            }
        };
        if waits {
            self.earlier.awaits(&said.text, step.surely());
            if wanted.is_some_and(|(is_paused, _)| !is_paused) {
                self.earlier.unpauses(&said.text, step.surely());
            }
            return Ok(());
        }
        let Some(dag) = dag else { return Ok(()) };
        let unpaused = self.earlier.is_unpaused(&said.text);
        if let Some((is_paused, span)) = wanted.filter(|(wanted, _)| *wanted != dag.is_paused) {
            let is_made_so = unpaused.filter(|_| !is_paused);
            if is_made_so != Some(Surely::Yes) {
                let is = if is_paused { "not paused" } else { "paused" };
                let finding = self.diagnostic(Code::REFUSED, span, format!("the DAG `{}` is {is}", dag.dag_id));
                self.find(step, finding, unpaused.map(|_| UNPAUSED_PERHAPS));
            }
        }
        self.tags(step, &dag);
        Ok(())
    }

    /// Why an absence is no mistake where an earlier step waits for the DAG.
    pub(super) fn awaited(&self, said: &Said) -> Option<&'static str> {
        self.earlier.is_awaited(&said.text).map(|_| "an earlier step waits for it")
    }

    fn tags(&mut self, step: &Step<'_>, dag: &Dag) {
        let Some(node) = step.arguments.get("tags") else { return };
        let tags = match self.known.node(node) {
            Ok(tags) => tags,
            Err(unknown) => return self.unknown(step, "tags", &unknown),
        };
        let wanted = if tags.items().is_empty() { std::slice::from_ref(&tags) } else { tags.items() };
        let is_missing = |tag: &&Node| tag.text().is_some_and(|tag| !dag.tags.iter().any(|has| has == tag));
        let missing: Vec<&Node> = wanted.iter().filter(is_missing).collect();
        let Some(first) = missing.first() else { return };
        let names: Vec<String> = missing.iter().filter_map(|tag| tag.text()).map(|tag| format!("`{tag}`")).collect();
        let word = if missing.len() == 1 { "tag" } else { "tags" };
        let message = format!("the DAG `{}` does not have the {word} {}", dag.dag_id, names.join(" and "));
        let has: Vec<String> = dag.tags.iter().map(|tag| format!("`{tag}`")).collect();
        let tags_there =
            if has.is_empty() { "it has no tags".to_owned() } else { format!("it has {}", has.join(", ")) };
        let finding = self.diagnostic(Code::REFUSED, first.span, message).with_note(tags_there);
        self.find(step, finding, None);
    }
}

/// Why a paused DAG is no mistake where an earlier step may unpause it.
pub(super) const UNPAUSED_PERHAPS: &str = "an earlier step may unpause it";
