//! `get_variable`, `assert_connection`, `assert_pool`: what they name is there.
//!
//! In: the step. Out: a finding with near names when it is not. It is asked for by its name, and no value is kept; a list is
//! read only for the near names of what is not there. The type of a connection and the room in a pool are left to the run.

use crate::diagnostic::Code;
use crate::playbook::near;
use crate::preflight::Checking;
use crate::preflight::dag::{did_you_mean, none_near};
use crate::preflight::reads::{Read, Stock};
use crate::preflight::step::{Said, Step};

/// Why an absence is no mistake where a step waits.
const WAITS: &str = "the step waits for it";

impl Checking<'_> {
    /// Looks for the thing that the step names under `key`.
    pub(super) async fn stock(&mut self, step: &Step<'_>, (stock, key): (Stock, &'static str)) -> Read<()> {
        self.tally.count(step.planned.action);
        let Some(said) = self.said(step, key) else { return Ok(()) };
        let has_default = stock == Stock::Variable && step.has("default");
        if has_default || self.denied.covers(stock.plural(), &said.text) {
            return Ok(());
        }
        let read = match self.reads.has(stock, &said.text).await {
            // Airflow 2 can't show a pool of any number of slots.
            Err(error) if error.is_worked_off() => {
                let line = format!("not judged: the {} `{}`: {}", stock.word(), said.text, error.message);
                self.report.not_judged.push(line);
                return Ok(());
            }
            read => read,
        };
        if self.permitted(stock.plural(), &said.text, read)? == Some(false) {
            self.not_in_stock(step, stock, &said).await;
        }
        Ok(())
    }

    async fn not_in_stock(&mut self, step: &Step<'_>, stock: Stock, said: &Said) {
        let word = stock.word();
        let finding = self.diagnostic(Code::NOT_IN_AIRFLOW, said.span, format!("there is no {word} `{}`", said.text));
        let all = self.reads.stock(stock).await;
        let names = all.as_deref().map(|all| near(&said.text, all.iter().map(String::as_str)));
        let finding = match (names.as_deref().and_then(did_you_mean), &all) {
            (Some(help), _) => finding.with_help(help),
            (None, Some(all)) => finding.with_note(none_near(all.len(), word)),
            (None, None) => finding,
        };
        let finding = match stock {
            Stock::Connection => {
                finding.with_note("connections from environment variables or a secrets backend are not in the API")
            }
            Stock::Variable | Stock::Pool => finding,
        };
        self.find(step, finding, step.has("within").then_some(WAITS));
    }
}
