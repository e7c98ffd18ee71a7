//! Unpausing a DAG before a run of it is made.
//!
//! A write like any other: announced, sent, and when its answer is lost settled by reading the DAG again. It may be sent
//! twice without harm, since a DAG is paused or it is not.

use std::time::Duration;

use serde_json::json;

use crate::airflow::answer::Dag;
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::executor::Stop;
use crate::executor::settle::{Patience, Settled};
use crate::executor::step::StepRun;
use crate::executor::write::{Write, Written};
use crate::outcome::{Failure, FailureKind, WriteKind};
use crate::source::Location;

impl StepRun<'_, '_> {
    /// Unpauses a paused DAG for good, and says so.
    pub(super) async fn unpause(&mut self, dag: Dag) -> Result<(), Stop> {
        let write = Unpausing { dag };
        let dag_id = write.dag.dag_id.clone();
        self.announce(&write, &dag_id, json!({ "is_paused": false }))?;
        match self.write(&write).await? {
            Written::Made(_) | Written::Taken => {}
            Written::Shown => {
                self.run.shown_unpaused.insert(dag_id);
                return Ok(self.leave_open(write.said("it would be unpaused and stay so"))?);
            }
        }
        self.run.ready_dags.insert(dag_id, self.run.tools.clock.elapsed());
        self.warn(write.said("it is unpaused now and stays so"))
    }
}

/// A paused DAG that is to be unpaused.
struct Unpausing {
    dag: Dag,
}

impl Unpausing {
    /// What people should know of it, when this becomes of it.
    fn said(&self, what: &str) -> String {
        let dag_id = &self.dag.dag_id;
        let said = format!("the DAG `{dag_id}` was paused; {what}");
        match &self.dag.schedule {
            Some(schedule) => format!("{said}: Airflow may start a run of its schedule `{schedule}` at once"),
            None => said,
        }
    }
}

impl Write for Unpausing {
    type Made = Dag;

    const KIND: WriteKind = WriteKind::Unpause;

    fn identity(&self) -> String {
        format!("unpause {}", self.dag.dag_id)
    }

    async fn send(&self, client: &Client, limit: Duration) -> Result<Dag, ApiError> {
        client.set_paused(&self.dag.dag_id, false, limit).await
    }

    async fn look(&self, step: &mut StepRun<'_, '_>, patience: Patience) -> Settled<Dag> {
        step.look_for_unpaused(&self.dag.dag_id, patience).await
    }

    /// One look is enough before it is sent again, which does no harm.
    fn patience(&self, _: Option<&ApiError>, is_last: bool, _: bool) -> Patience {
        if is_last { Patience::ToTheEnd } else { Patience::OneAnswer }
    }

    fn may_repeat(&self, _: &Settled<Dag>) -> bool {
        true
    }

    fn refusal(&self, _: &StepRun<'_, '_>, _: &ApiError, _: Option<&Dag>) -> Option<Failure> {
        None
    }

    fn unknown(&self, step: &StepRun<'_, '_>, error: Option<&ApiError>) -> Failure {
        let dag_id = &self.dag.dag_id;
        let message = format!("it is not known whether the DAG `{dag_id}` was unpaused; nothing else was sent");
        let note = match error {
            Some(error) => format!("the last answer: {}", error.message),
            None => "the answer did not come in time".to_owned(),
        };
        let url = step.run.tools.client.dag_url(dag_id);
        let help = format!("look at {url}: it is safe to run this again");
        Failure::new(FailureKind::OutcomeUnknown, message).with_note(note).with_help(help)
    }

    fn place(&self, step: &StepRun<'_, '_>, _: &ApiError) -> Option<Location> {
        step.location_of("unpause")
    }
}
