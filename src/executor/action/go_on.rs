//! Going on with a DAG run that an earlier attempt announced: it is looked for, followed, or made as it was announced.

use serde_json::Value;

use crate::airflow::answer::{DagRun, NewDagRun};
use crate::airflow::error::ErrorKind;
use crate::event::WriteFate;
use crate::executor::Stop;
use crate::executor::action::trigger_dag::RunWrite;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::executor::write::Written;
use crate::outcome::{ActionResult, Failure, FailureKind};
use crate::plan::WriteRecord;
use crate::playbook::action::WaitSettings;

impl StepRun<'_, '_> {
    /// Goes on with the run that an earlier attempt announced: it is looked for, or made as it was announced.
    pub(super) async fn go_on(
        &mut self,
        earlier: &WriteRecord,
        rendered: NewDagRun,
        (wait, may_unpause): (Option<WaitSettings>, bool),
    ) -> Result<ActionResult, Stop> {
        let new = announced(earlier, rendered);
        let run = match earlier.fate {
            Some(WriteFate::Accepted | WriteFate::Found) => self.accepted_run(&new).await?,
            Some(WriteFate::Unknown | WriteFate::Refused) | None => {
                if may_unpause && let Some(dag) = self.ready(&new.dag_id, true).await? {
                    self.unpause(dag).await?;
                }
                let write = RunWrite { new, is_authors: false };
                match self.write(&write).await? {
                    Written::Made(run) => run,
                    Written::Taken => self.taken(write.new).await,
                    Written::Shown => return Err(self.only_shown(&write.new, wait.is_some())?),
                }
            }
        };
        self.known = Some(self.run_result(run.clone()));
        let run = if self.is_to_be_cleared(&run).await? {
            self.clear(run, may_unpause).await?
        } else {
            self.ready_for_found(&run, may_unpause).await?;
            run
        };
        let run = match wait {
            Some(settings) => self.follow(run, &settings).await.map_err(|stop| self.with_ways_on(stop))?,
            None => run,
        };
        Ok(self.run_result(run))
    }

    /// A run that is still failed stays so for as long as nobody does something.
    fn with_ways_on(&self, stop: Stop) -> Stop {
        let id = &self.planned.id;
        match stop {
            Stop::Failed(failure) if failure.kind == FailureKind::DagRunFailed && failure.help.is_none() => {
                let ways = format!(
                    "clear it in Airflow and resume, or resume with `--clear {id}`, or with `--again {id}` for another run"
                );
                failure.with_help(ways).into()
            }
            other => other,
        }
    }

    /// A run that Airflow has taken in an earlier attempt; it is not made again.
    async fn accepted_run(&mut self, new: &NewDagRun) -> Result<DagRun, Stop> {
        let (dag_id, id) = (&new.dag_id, &new.dag_run_id);
        match self.try_read(async |client, limit| client.dag_run(dag_id, id, limit).await).await? {
            Ok(run) => Ok(run),
            Err((error, _)) if error.kind == ErrorKind::NotFound => {
                let message = format!("the DAG run `{id}` of `{dag_id}` was there and is gone");
                let failure = Failure::new(FailureKind::Vanished, message).with_note("somebody deleted it");
                let help = format!("resume with `--again {}` to have another one made", self.planned.id);
                Err(failure.with_help(help).into())
            }
            Err((error, reason)) => Err(exhausted(&error, reason).into()),
        }
    }
}

/// A run as it was announced; where its arguments were not kept, with those rendered now.
fn announced(earlier: &WriteRecord, rendered: NewDagRun) -> NewDagRun {
    let (dag_id, dag_run_id) = (earlier.subject.clone(), earlier.identity.clone());
    match &earlier.arguments {
        Value::Object(arguments) => NewDagRun {
            dag_id,
            dag_run_id,
            note: arguments.get("note").and_then(Value::as_str).map(str::to_owned),
            conf: arguments.get("conf").and_then(Value::as_object).cloned(),
            logical_date: arguments.get("logical_date").and_then(Value::as_str).and_then(|date| date.parse().ok()),
        },
        _ => NewDagRun { dag_id, dag_run_id, ..rendered },
    }
}
