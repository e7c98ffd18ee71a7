//! A run that may be there before the step: one with the author's own id, or the one of a `once_per` key.
//!
//! ```text
//! there? ─ no ──→ made
//!   └ yes ─ another conf → fails, or accepted    ├ success → already
//!           ├ queued, running → followed, or already
//!           └ failed → fails, or cleared and followed, or the next generation
//! ```

use serde_json::{Map, Value};

use crate::airflow::answer::{DagRun, NewDagRun};
use crate::airflow::error::ErrorKind;
use crate::airflow::model::RunState;
use crate::executor::Stop;
use crate::executor::identity::OncePer;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, StepOutcome};
use crate::playbook::action::{IfDiffers, IfExists, IfFailed, TriggerDag, WaitSettings};

/// How many runs of one key may have failed.
const GENERATIONS_MAX: u32 = 100;

/// What a run that is there already means.
#[derive(Debug, Clone)]
pub(super) enum Rules {
    /// Its id is ours alone: none can be there.
    Fresh,
    /// It has the author's own id.
    Own(IfExists),
    /// It is the run of a key.
    Once {
        /// The key.
        key: String,
        /// When it has failed.
        if_failed: IfFailed,
        /// When its conf is another one.
        if_differs: IfDiffers,
    },
}

/// What was found before anything is sent.
pub(super) enum Before {
    /// Nothing: this is to be made.
    Absent(NewDagRun),
    /// A run, and what would have been sent.
    There(Box<DagRun>, NewDagRun),
}

impl Rules {
    /// The rules that the keys of a `trigger_dag` make.
    pub(super) fn of(keys: &TriggerDag) -> Self {
        match (&keys.once_per, &keys.dag_run_id) {
            (Some(key), _) => Self::Once {
                key: key.0.clone(),
                if_failed: keys.if_failed.unwrap_or(IfFailed::Fail),
                if_differs: keys.if_differs.unwrap_or(IfDiffers::Fail),
            },
            (None, Some(_)) => Self::Own(keys.if_exists.unwrap_or(IfExists::Fail)),
            (None, None) => Self::Fresh,
        }
    }

    /// Whether a run with this id may be somebody else's, which the step must not take for its own.
    pub(super) const fn is_authors(&self) -> bool {
        matches!(self, Self::Own(IfExists::Fail))
    }
}

impl StepRun<'_, '_> {
    /// The id of the run of a key.
    pub(super) fn once_id(&self, key: &str, generation: u32) -> Result<String, Box<Failure>> {
        Ok(self.once_identity(key, generation)?.dag_run_id())
    }

    /// The identity that a key makes; an empty key is none.
    pub(super) fn once_identity<'k>(&'k self, key: &'k str, generation: u32) -> Result<OncePer<'k>, Box<Failure>> {
        self.check_no_secret("once_per", key)?;
        if key.trim().is_empty() {
            let failure = Failure::new(FailureKind::Template, "the key of `once_per` is empty");
            return Err(failure.at(self.location_of("once_per")).into());
        }
        Ok(OncePer { playbook: &self.run.plan.playbook, step: &self.planned.id, key, generation })
    }

    /// Looks whether the run is there before anything is sent.
    pub(super) async fn look_before(&mut self, new: NewDagRun, rules: &Rules) -> Result<Before, Stop> {
        match rules {
            Rules::Fresh => Ok(Before::Absent(new)),
            Rules::Own(if_exists) => match (self.run_there(&new).await?, if_exists) {
                (None, _) => Ok(Before::Absent(new)),
                (Some(run), _) if self.planned.is_anew => {
                    let help = format!(
                        "another run needs another `dag_run_id`; `--clear {}` runs the failed tasks of this one again",
                        self.planned.id
                    );
                    Err(self.already_there(&run).with_help(help).into())
                }
                (Some(run), IfExists::Use) => Ok(Before::There(Box::new(run), new)),
                (Some(run), IfExists::Fail) => Err(self.already_there(&run).into()),
            },
            Rules::Once { key, if_failed, .. } => self.look_through_generations(new, key, *if_failed).await,
        }
    }

    /// The first run of a key that stands; with `if_failed: new` those that have failed are passed over, unless the last of them
    /// is to be cleared, and every run when another one is asked for.
    async fn look_through_generations(
        &mut self,
        mut new: NewDagRun,
        key: &str,
        if_failed: IfFailed,
    ) -> Result<Before, Stop> {
        let mut failed = None;
        for generation in self.planned.generation..self.planned.generation + GENERATIONS_MAX {
            new.dag_run_id = self.once_id(key, generation)?;
            match (self.run_there(&new).await?, failed.take()) {
                (None, Some(run)) => return Ok(Before::There(run, new)),
                (None, None) => return Ok(Before::Absent(new)),
                (Some(_), _) if self.planned.is_anew => {}
                (Some(run), _) if run.state == RunState::Failed && if_failed == IfFailed::New => {
                    failed = Some(Box::new(run)).filter(|_| self.planned.clears);
                }
                (Some(run), _) => return Ok(Before::There(Box::new(run), new)),
            }
        }
        let message = format!("this key has {GENERATIONS_MAX} runs already; no other is made");
        Err(Failure::new(FailureKind::DagRunFailed, message).at(self.location_of("once_per")).into())
    }

    async fn run_there(&mut self, new: &NewDagRun) -> Result<Option<DagRun>, Stop> {
        let (dag_id, id) = (&new.dag_id, &new.dag_run_id);
        match self.try_read(async |client, limit| client.dag_run(dag_id, id, limit).await).await? {
            Ok(run) => Ok(Some(run)),
            Err((error, _)) if error.kind == ErrorKind::NotFound => Ok(None),
            Err((error, reason)) => Err(exhausted(&error, reason).into()),
        }
    }

    /// Takes a run that is there for the step's own, as the rules say.
    pub(super) async fn adopt(
        &mut self,
        run: DagRun,
        new: &NewDagRun,
        (rules, wait): (&Rules, Option<WaitSettings>),
        may_unpause: bool,
    ) -> Result<ActionResult, Stop> {
        self.known = Some(self.run_result(run.clone()));
        self.same_conf(&run, new.conf.as_ref(), rules)?;
        if self.is_to_be_cleared(&run).await? {
            let run = self.clear_and_follow(run, (wait, may_unpause)).await?;
            return Ok(self.run_result(run));
        }
        self.ready_for_found(&run, may_unpause).await?;
        let run = match (run.state, wait) {
            (RunState::Success, _) | (RunState::Queued | RunState::Running, None) => {
                if self.outcome != StepOutcome::Unknown {
                    self.outcome = StepOutcome::Already;
                }
                run
            }
            (RunState::Queued | RunState::Running, Some(settings)) => self.follow(run, &settings).await?,
            (RunState::Failed, wait) => self.after_failed_run(run, rules, (wait, may_unpause)).await?,
        };
        Ok(self.run_result(run))
    }

    async fn after_failed_run(
        &mut self,
        run: DagRun,
        rules: &Rules,
        (wait, may_unpause): (Option<WaitSettings>, bool),
    ) -> Result<DagRun, Stop> {
        if matches!(rules, Rules::Once { if_failed: IfFailed::Clear, .. }) {
            return self.clear_and_follow(run, (wait, may_unpause)).await;
        }
        let settings = wait.unwrap_or_default();
        // It is at its end; following it tells why it failed.
        let (dag_id, id) = (run.dag_id.clone(), run.dag_run_id.clone());
        match self.follow(run, &settings).await {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::DagRunFailed => {
                let message = format!("the DAG run `{id}` of `{dag_id}` was there already, and has failed");
                let help = match rules {
                    Rules::Once { .. } => "clear it in Airflow, or say `if_failed: clear` or `if_failed: new`",
                    Rules::Own(_) | Rules::Fresh => "clear it in Airflow, or give the run another `dag_run_id`",
                };
                let failure = Failure { message, help: Some(help.to_owned()), ..*failure };
                Err(failure.into())
            }
            other => other,
        }
    }

    async fn clear_and_follow(
        &mut self,
        run: DagRun,
        (wait, may_unpause): (Option<WaitSettings>, bool),
    ) -> Result<DagRun, Stop> {
        let run = self.clear(run, may_unpause).await?;
        self.follow(run, &wait.unwrap_or_default()).await
    }

    /// A run of a key must have the conf that would be sent.
    pub(super) fn same_conf(
        &mut self,
        run: &DagRun,
        sent: Option<&Map<String, Value>>,
        rules: &Rules,
    ) -> Result<(), Stop> {
        let Rules::Once { if_differs: IfDiffers::Fail, .. } = rules else { return Ok(()) };
        if let Some(what) = self.open.get("conf") {
            let message = format!("not judged whether its conf is the same, since the {what} is not known");
            return Ok(self.leave_open(message)?);
        }
        let none = Map::new();
        let sent = sent.unwrap_or(&none);
        let keys = sent.keys().chain(run.conf.keys().filter(|key| !sent.contains_key(*key)));
        let other: Vec<String> =
            keys.filter(|key| sent.get(*key) != run.conf.get(*key)).map(|key| format!("`{key}`")).collect();
        if other.is_empty() {
            return Ok(());
        }
        let (id, dag_id) = (&run.dag_run_id, &run.dag_id);
        let message = format!("the DAG run `{id}` of `{dag_id}` was made with another conf: {}", other.join(", "));
        let failure = Failure::new(FailureKind::Rejected, message);
        let failure = failure.with_help("take another key for `once_per`, or say `if_differs: accept`");
        Err(failure.at(self.location_of("conf").or_else(|| self.location_of("once_per"))).into())
    }
}
