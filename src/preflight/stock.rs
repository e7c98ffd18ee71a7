//! `get_variable`, `assert_connection`, `assert_pool`: what they name is there.
//!
//! In: the step. Out: a finding with near names when it is not. A variable is looked for among the keys; no value is
//! kept; the type of a connection and the room in a pool are left to the run.

use crate::diagnostic::Code;
use crate::playbook::near;
use crate::preflight::Checking;
use crate::preflight::dag::{did_you_mean, none_near};
use crate::preflight::reads::{Read, Stock};
use crate::preflight::step::Step;

/// Why an absence is no mistake where a step waits.
const WAITS: &str = "the step waits for it";

impl Checking<'_> {
    /// Looks for the thing that the step names under `key`.
    pub(super) async fn stock(&mut self, step: &Step<'_>, (stock, key): (Stock, &'static str)) -> Read<()> {
        self.tally.count(step.planned.action);
        let Some(said) = self.said(step, key) else { return Ok(()) };
        let has_default = stock == Stock::Variable && step.has("default");
        if has_default {
            return Ok(());
        }
        let (all, word) = match self.reads.stock(stock).await {
            Ok(all) => (all, stock.word()),
            // Airflow 2 can't list pools while one of them has any number of slots.
            Err(error) if error.is_worked_off() => {
                let line = format!("not judged: the {} `{}`: {}", stock.word(), said.text, error.message);
                self.report.not_judged.push(line);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if all.contains(&said.text) {
            return Ok(());
        }
        let finding = self.diagnostic(Code::NOT_IN_AIRFLOW, said.span, format!("there is no {word} `{}`", said.text));
        let finding = match did_you_mean(&near(&said.text, all.iter().map(String::as_str))) {
            Some(help) => finding.with_help(help),
            None => finding.with_note(none_near(all.len(), word)),
        };
        let finding = match stock {
            Stock::Connection => {
                finding.with_note("connections from environment variables or a secrets backend are not in the API")
            }
            Stock::Variable | Stock::Pool => finding,
        };
        self.find(step, finding, step.has("within").then_some(WAITS));
        Ok(())
    }
}
