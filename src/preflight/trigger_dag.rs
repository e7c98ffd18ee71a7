//! `trigger_dag`: the DAG is there and not paused, or will be unpaused by then, and takes the `conf`.

use crate::airflow::answer::Dag;
use crate::diagnostic::Code;
use crate::preflight::Checking;
use crate::preflight::assert_dag::UNPAUSED_PERHAPS;
use crate::preflight::earlier::Surely;
use crate::preflight::reads::Read;
use crate::preflight::step::{Said, Step};

/// Why it is no mistake that a run could not be made.
const PERHAPS_MADE: &str = "the run may be there already, and then none is made";

impl Checking<'_> {
    pub(super) async fn trigger_dag(&mut self, step: &Step<'_>) -> Read<()> {
        self.tally.count(step.planned.action);
        let Some(said) = self.dag_id(step) else { return Ok(()) };
        let unpause = match step.flag("unpause", &self.known) {
            Ok(flag) => flag.is_some_and(|(flag, _)| flag).then_some(Surely::Yes),
            Err(_) => Some(Surely::Perhaps),
        };
        if self.is_awaited(&said.text).await? {
            self.not_there_yet(step, &said);
        } else if let Some(dag) = &self.found_dag(step, &said, self.awaited(&said)).await? {
            self.paused(step, &said, dag, unpause);
            let read = self.reads.params(&said.text).await;
            if let Some(params) = self.permitted("params of DAGs", &said.text, read)? {
                self.conf(step, &said, &params, perhaps_made(step));
            }
        }
        if let Some(unpause) = unpause {
            self.earlier.unpauses(&said.text, unpause.min(step.surely()));
        }
        Ok(())
    }

    fn paused(&mut self, step: &Step<'_>, said: &Said, dag: &Dag, unpause: Option<Surely>) {
        let unpaused = unpause.max(self.earlier.is_unpaused(&said.text));
        if !dag.is_paused || unpaused == Some(Surely::Yes) {
            return;
        }
        let message = format!("the DAG `{}` is paused; no run would be made", said.text);
        let finding = self.diagnostic(Code::REFUSED, said.span, message).with_note("its runs would stay queued");
        let finding = finding.with_help("write `unpause: true` to unpause it before the run and leave it so");
        self.find(step, finding, perhaps_made(step).or(unpaused.map(|_| UNPAUSED_PERHAPS)));
    }
}

/// Why a run need not be made: one of this key, or of this id, may be there.
fn perhaps_made(step: &Step<'_>) -> Option<&'static str> {
    let uses_own = step.arguments.get("if_exists").and_then(crate::yaml::Node::text).is_some_and(|word| word != "fail");
    (step.has("once_per") || (step.has("dag_run_id") && uses_own)).then_some(PERHAPS_MADE)
}
