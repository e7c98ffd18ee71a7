//! What can be known of a run without running it.
//!
//! In: a plan, the playbook's tree, and an Airflow. Out: a [`Report`]: every mistake that the run would meet there, as
//! diagnostics with their places, and what can't be judged before the run or may not be read. Only `GET`s are sent, each once, however many
//! steps need what it gives. What depends on a capture is never guessed.

mod denied;
mod earlier;
mod known;
mod reads;
mod report;
mod step;

mod conf;
mod dag;

mod assert_dag;
mod post_dataset_event;
mod stock;
mod trigger_dag;

use std::time::Duration;

pub use report::{Asked, Report};

use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::clock::Clock;
use crate::outcome::ActionKind;
use crate::plan::Plan;
use crate::preflight::denied::Denied;
use crate::preflight::earlier::Earlier;
use crate::preflight::known::Known;
use crate::preflight::reads::{Reads, Stock};
use crate::preflight::report::Tally;
use crate::preflight::step::Step;
use crate::secret::Masker;
use crate::yaml::Node;

/// What a check works with.
#[derive(Debug, Clone, Copy)]
pub struct Tools<'a> {
    /// The Airflow that is asked.
    pub client: &'a Client,
    /// Time.
    pub clock: &'a Clock,
    /// Knows the secrets, which must not become part of a URL.
    pub masker: &'a Masker,
    /// How long one request may take.
    pub max_time: Duration,
}

/// A check at work: what it knows, and what it has found so far.
struct Checking<'a> {
    plan: &'a Plan,
    masker: &'a Masker,
    known: Known<'a>,
    reads: Reads<'a>,
    earlier: Earlier,
    denied: Denied,
    tally: Tally,
    report: Report,
}

/// Holds every step of a plan against an Airflow; `tree` is the tree of the plan's file.
///
/// # Errors
/// When that Airflow can't be asked: unreachable, no right to anything, or another answer that a run would end with, too.
pub async fn check(plan: &Plan, tree: &Node, tools: Tools<'_>) -> Result<Report, Box<ApiError>> {
    let mut checking = Checking {
        plan,
        masker: tools.masker,
        known: Known::new(plan),
        reads: Reads::new(tools),
        earlier: Earlier::default(),
        denied: Denied::default(),
        tally: Tally::default(),
        report: Report::default(),
    };
    for planned in &plan.steps {
        if let Some(step) = Step::of(planned, tree, &checking.known) {
            checking.step(&step).await?;
        }
    }
    checking.denied.verdict(&checking.reads).await?;
    Ok(checking.end())
}

impl Checking<'_> {
    async fn step(&mut self, step: &Step<'_>) -> Result<(), Box<ApiError>> {
        match step.planned.action {
            ActionKind::AssertDag => self.assert_dag(step).await,
            ActionKind::TriggerDag => self.trigger_dag(step).await,
            ActionKind::PostDatasetEvent => self.post_dataset_event(step).await,
            ActionKind::AssertDataset => self.assert_dataset(step).await,
            ActionKind::GetVariable => self.stock(step, (Stock::Variable, "key")).await,
            ActionKind::AssertConnection => self.stock(step, (Stock::Connection, "connection_id")).await,
            ActionKind::AssertPool => self.stock(step, (Stock::Pool, "pool_name")).await,
            ActionKind::ListDags
            | ActionKind::WaitForDagRun
            | ActionKind::GetDag
            | ActionKind::GetDagRun
            | ActionKind::ListDagRuns
            | ActionKind::ListTaskInstances
            | ActionKind::GetTaskLog
            | ActionKind::GetXcom
            | ActionKind::ListDatasets
            | ActionKind::ListDatasetEvents
            | ActionKind::AssertHealthy
            | ActionKind::AssertNoImportErrors
            | ActionKind::Print
            | ActionKind::Assert
            | ActionKind::SetVars
            | ActionKind::Pause
            | ActionKind::Notify => Ok(()),
        }
    }

    fn end(mut self) -> Report {
        self.report.findings.sort_by_key(|finding| finding.span.start);
        self.report.not_judged.extend(self.denied.lines());
        self.report.not_judged.extend(self.tally.line());
        self.report.asked = self.reads.asked();
        self.report
    }
}
