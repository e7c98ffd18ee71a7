//! `trigger_dag`: one DAG run, never two.
//!
//! ```text
//! DAG there and not paused? → own id free? → announced → POST ─ accepted ──────────────→ run → wait
//!                                              ↑               ├ refused → try again or fail
//!                                              └── not there ──┴ unknown → GET by id ─ there → run → wait
//! ```

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::airflow::answer::{DagRun, NewDagRun};
use crate::airflow::error::{ApiError, Delivery, ErrorKind};
use crate::airflow::model::{NOTE_MAX_CHARS, check_dag_run_id};
use crate::event::{EventKind, WriteAnnounced, WriteFate};
use crate::executor::Stop;
use crate::executor::identity::Identity;
use crate::executor::request::Sent;
use crate::executor::retry::{Next, exhausted};
use crate::executor::settle::{Settled, unknown};
use crate::executor::step::StepRun;
use crate::outcome::{ActionKind, ActionResult, DagRunResult, Failure, FailureKind};
use crate::playbook::action::{TriggerDag, Wait, WaitSettings};

/// What one try to make a run came to.
enum Tried {
    /// The run is there.
    Made(DagRun),
    /// It is not, or not yet; without an error, a signal came before the answer.
    Not { error: Option<ApiError>, next: Next },
}

/// How long it is believed that a DAG is there and not paused.
const DAG_READY_FOR: Duration = Duration::from_secs(60);

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn trigger_dag(&mut self) -> Result<ActionResult, Stop> {
        let keys: TriggerDag = self.arguments()?;
        let wait = match &keys.wait {
            None | Some(Wait::Switch(false)) => None,
            Some(Wait::Switch(true)) => Some(WaitSettings::default()),
            Some(Wait::Settings(settings)) => Some(settings.clone()),
        };
        let new = self.new_run(keys)?;
        self.ready(&new.dag_id).await?;
        if new.dag_run_id != self.identity().dag_run_id() {
            self.not_there_yet(&new).await?;
        }
        self.announce_run(&new)?;
        let run = self.create(&new).await?;
        let run = match wait {
            Some(settings) => self.follow(run, &settings).await?,
            None => run,
        };
        Ok(ActionResult::TriggerDag(Box::new(self.run_result(run))))
    }

    /// What will be sent, checked before anything is.
    fn new_run(&mut self, keys: TriggerDag) -> Result<NewDagRun, Stop> {
        let dag_run_id = match keys.dag_run_id {
            Some(own) => {
                if let Err(reason) = check_dag_run_id(&own.0) {
                    return Err(self
                        .at_key("dag_run_id", Failure::new(FailureKind::Template, reason.to_string()))
                        .into());
                }
                own.0
            }
            None => self.identity().dag_run_id(),
        };
        self.check_no_secret("dag_run_id", &dag_run_id)?;
        let logical_date = keys.logical_date.map(|text| self.time("logical_date", &text.0)).transpose()?;
        let note = match keys.note {
            Some(note) => Some(self.cut_note(note.0)?).filter(|note| !note.is_empty()),
            None => Some(self.cut_note(self.default_note())?),
        };
        let conf = keys.conf.map(|conf| conf.0);
        for (key, value) in [("note", json!(note)), ("conf", json!(conf))] {
            self.warn_of_secret(key, &value)?;
        }
        Ok(NewDagRun { dag_id: keys.dag_id.0, dag_run_id, note, conf, logical_date })
    }

    pub(in crate::executor) fn identity(&self) -> Identity<'_> {
        let plan = self.run.plan;
        Identity { playbook: &plan.playbook, place: &self.planned.id, run_id: &plan.run_id, generation: 0 }
    }

    fn default_note(&self) -> String {
        let plan = self.run.plan;
        let sha = plan.git_sha.as_ref().map(|sha| format!("@{sha}")).unwrap_or_default();
        format!("{}{sha} {} by {} ({})", plan.playbook, self.planned.id, plan.operator, plan.run_id)
    }

    fn cut_note(&mut self, note: String) -> Result<String, Stop> {
        if note.chars().count() <= NOTE_MAX_CHARS {
            return Ok(note);
        }
        self.warn(format!("the note is longer than {NOTE_MAX_CHARS} characters and was cut"))?;
        Ok(note.chars().take(NOTE_MAX_CHARS - 1).chain(['…']).collect())
    }

    fn time(&self, key: &str, text: &str) -> Result<Timestamp, Box<Failure>> {
        text.parse().map_err(|_| {
            let failure = Failure::new(FailureKind::Template, format!("`{text}` is no time with an offset"));
            self.at_key(key, failure.with_help("write it like `2026-10-01T00:00:00Z`"))
        })
    }

    fn at_key(&self, key: &str, failure: Failure) -> Box<Failure> {
        match self.location_of(key) {
            Some(location) => failure.with_location(location).into(),
            None => failure.into(),
        }
    }

    /// A run of a paused DAG stays queued and nobody says so; so no run is made.
    async fn ready(&mut self, dag_id: &str) -> Result<(), Stop> {
        let now = self.run.tools.clock.elapsed();
        let known = self.run.ready_dags.get(dag_id);
        if known.is_some_and(|read| now.saturating_sub(*read) < DAG_READY_FOR) {
            return Ok(());
        }
        let dag = self.dag(dag_id).await?;
        if dag.is_paused {
            let message = format!("the DAG `{dag_id}` is paused; no run was made");
            let failure = Failure::new(FailureKind::NotReady, message);
            return Err(failure.with_help("unpause it in Airflow: its runs would stay queued").into());
        }
        self.run.ready_dags.insert(dag_id.to_owned(), now);
        Ok(())
    }

    /// A run with the author's own id must not be there before our first try.
    async fn not_there_yet(&mut self, new: &NewDagRun) -> Result<(), Stop> {
        let (dag_id, id) = (&new.dag_id, &new.dag_run_id);
        match self.try_read(async |client, limit| client.dag_run(dag_id, id, limit).await).await? {
            Ok(run) => {
                let message = format!("the DAG `{dag_id}` already has a run `{id}`, it is {}", run.state.as_str());
                let failure = Failure::new(FailureKind::Rejected, message);
                let failure = failure.with_help("give it an id of its own, or leave `dag_run_id` out");
                let failure = self.at_key("dag_run_id", failure);
                Err(failure.into())
            }
            Err((error, _)) if error.kind == ErrorKind::NotFound => Ok(()),
            Err((error, reason)) => Err(exhausted(&error, reason).into()),
        }
    }

    fn announce_run(&mut self, new: &NewDagRun) -> Result<(), Stop> {
        let arguments = json!({ "note": new.note, "conf": new.conf, "logical_date": new.logical_date });
        Ok(self.run.emitter.emit(EventKind::WriteAnnounced(Box::new(WriteAnnounced {
            step: self.index,
            action: ActionKind::TriggerDag,
            identity: new.dag_run_id.clone(),
            subject: new.dag_id.clone(),
            arguments,
        })))?)
    }

    /// Sends the POST until it is known that the run is there, or that it can't be.
    async fn create(&mut self, new: &NewDagRun) -> Result<DagRun, Stop> {
        let mut in_doubt = false;
        for number in 1.. {
            let (error, next) = match self.try_to_create(new, number).await {
                Ok(Tried::Made(run)) => return Ok(run),
                Ok(Tried::Not { error, next }) => (error, next),
                // No time for another try; an earlier one may still have made the run.
                Err(Stop::Failed(_)) if in_doubt => (None, Next::GiveUp(None)),
                Err(stop) => return Err(stop),
            };
            in_doubt |= error.as_ref().is_none_or(|error| error.delivery() == Delivery::Unknown);
            let again = match next {
                Next::Retry(pause) => self.pause(pause).await,
                Next::GiveUp(reason) if !in_doubt => return Err(self.refused(error.as_ref(), reason)?),
                Next::GiveUp(_) => Err(Stop::Interrupted(None)),
            };
            match again {
                Ok(()) => {}
                Err(Stop::Interrupted(_)) if in_doubt => return self.last_look(new, error.as_ref()).await,
                Err(stop) => {
                    self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Refused })?;
                    return Err(stop);
                }
            }
        }
        unreachable!("tries are counted until one of them ends the loop")
    }

    /// Sends the POST once, and asks for the run when the answer does not tell.
    async fn try_to_create(&mut self, new: &NewDagRun, number: u32) -> Result<Tried, Stop> {
        let error = match self.write_once(async |client, limit| client.create_dag_run(new, limit).await).await? {
            Sent::Answer(Ok(run)) => return self.made(run, WriteFate::Accepted).map(Tried::Made),
            Sent::Answer(Err(error)) => error,
            Sent::CutShort => return Ok(Tried::Not { error: None, next: Next::GiveUp(None) }),
        };
        if error.delivery() == Delivery::Accepted {
            return self.accepted(new).await.map(Tried::Made);
        }
        let next = self.after_failed_write(&error, number)?;
        if error.delivery() == Delivery::Unknown
            && let Settled::Found(run) = self.look_for_run(new, error.kind == ErrorKind::Conflict).await
        {
            return self.made(run, WriteFate::Found).map(Tried::Made);
        }
        Ok(Tried::Not { error: Some(error), next })
    }

    /// Airflow has taken the run, but its answer was cut off: the run is read, and nothing is sent again.
    async fn accepted(&mut self, new: &NewDagRun) -> Result<DagRun, Stop> {
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Accepted })?;
        let (dag_id, id) = (&new.dag_id, &new.dag_run_id);
        match self.try_read(async |client, limit| client.dag_run(dag_id, id, limit).await).await? {
            Ok(run) => Ok(run),
            Err((error, _)) if error.kind == ErrorKind::NotFound => {
                let message = format!("the DAG run `{id}` of `{dag_id}` was made and is gone");
                Err(Failure::new(FailureKind::Vanished, message).into())
            }
            Err((error, reason)) => {
                let failure = exhausted(&error, reason);
                Err(failure.with_note(format!("the DAG run `{id}` of `{dag_id}` was made")).into())
            }
        }
    }

    /// Looks for as long as settling may take; what is not found then can't be known.
    async fn last_look(&mut self, new: &NewDagRun, error: Option<&ApiError>) -> Result<DagRun, Stop> {
        match self.look_for_run(new, true).await {
            Settled::Found(run) => self.made(run, WriteFate::Found),
            Settled::Absent | Settled::Unknown => Err(self.lost_run(new, error)?),
        }
    }

    fn made(&mut self, run: DagRun, fate: WriteFate) -> Result<DagRun, Stop> {
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate })?;
        Ok(run)
    }

    pub(in crate::executor) fn refused(
        &mut self,
        error: Option<&ApiError>,
        reason: Option<String>,
    ) -> Result<Stop, Stop> {
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Refused })?;
        Ok(match error {
            Some(error) => {
                let failure = exhausted(error, reason);
                let param = error.airflow_says.as_deref().and_then(param);
                let place = |param| self.location_of(&format!("conf/{param}")).or_else(|| self.location_of("conf"));
                match param.and_then(place) {
                    Some(location) => failure.with_location(location).into(),
                    None => failure.into(),
                }
            }
            None => Stop::Interrupted(None),
        })
    }

    fn lost_run(&mut self, new: &NewDagRun, error: Option<&ApiError>) -> Result<Stop, Stop> {
        if let Some(error) = error
            && error.kind == ErrorKind::Conflict
            && let Some(date) = new.logical_date
        {
            self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Refused })?;
            let message = format!("the DAG `{}` already has another run with the logical date {date}", new.dag_id);
            return Ok(self.at_key("logical_date", Failure::new(FailureKind::Rejected, message)).into());
        }
        self.run.emitter.emit(EventKind::WriteSettled { step: self.index, fate: WriteFate::Unknown })?;
        let what = format!("the DAG run `{}` of `{}`", new.dag_run_id, new.dag_id);
        Ok(unknown(&what, &self.run.tools.client.run_url(&new.dag_id, &new.dag_run_id), error).into())
    }

    pub(in crate::executor) fn run_result(&self, run: DagRun) -> DagRunResult {
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let duration = run.start_date.zip(run.end_date).map(|(start, end)| end.duration_since(start).as_secs_f64());
        DagRunResult {
            url: self
                .run
                .tools
                .ui_url
                .as_deref()
                .map(|ui| self.run.tools.client.run_link(ui, &run.dag_id, &run.dag_run_id)),
            dag_id: run.dag_id,
            dag_run_id: run.dag_run_id,
            state: run.state,
            run_type: run.run_type,
            logical_date: text(run.logical_date),
            start_date: text(run.start_date),
            end_date: text(run.end_date),
            duration_seconds: duration,
            conf: conf(run.conf),
            note: run.note,
        }
    }
}

fn conf(conf: Map<String, Value>) -> Value {
    Value::Object(conf)
}

/// The param that Airflow names when a conf does not fit: `Invalid input for param n: …`.
fn param(message: &str) -> Option<&str> {
    message.strip_prefix("Invalid input for param ")?.split(':').next()
}
