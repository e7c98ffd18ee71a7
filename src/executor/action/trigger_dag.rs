//! `trigger_dag`: one DAG run, never two.
//!
//! > DAG there and not paused? → own id free? → way made (see `active_runs`) → announced → written (see `write`) → followed (see `wait`)

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::airflow::answer::{Dag, DagRun, NewDagRun};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, ErrorKind};
use crate::airflow::model::{NOTE_MAX_CHARS, RunState, check_dag_run_id};
use crate::executor::Stop;
use crate::executor::action::active_runs::Way;
use crate::executor::action::once::{Before, Rules};
use crate::executor::identity::Identity;
use crate::executor::settle::{Patience, Settled, unknown};
use crate::executor::step::StepRun;
use crate::executor::write::{Write, Written};
use crate::outcome::{ActionResult, DagRunResult, Failure, FailureKind, WriteKind};
use crate::playbook::action::{IfActive, TriggerDag, Wait};
use crate::source::Location;

/// How long it is believed that a DAG is there and not paused.
const DAG_READY_FOR: Duration = Duration::from_secs(60);
/// How far the server's clock may be ahead of ours: it sets the date of a run that was given none.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn trigger_dag(&mut self) -> Result<ActionResult, Stop> {
        let keys: TriggerDag = self.arguments()?;
        let wait = keys.wait.clone().and_then(Wait::settings);
        let way = Way {
            unpause: keys.unpause.is_some_and(|unpause| unpause.0),
            if_active: keys.if_active.unwrap_or(IfActive::Trigger),
        };
        let rules = Rules::of(&keys);
        let new = self.new_run(keys)?;
        if let Some(earlier) = self.earlier(WriteKind::DagRun) {
            return self.go_on(earlier, new, (wait, way.unpause)).await;
        }
        let new = match self.look_before(new, &rules).await? {
            Before::Absent(new) => new,
            Before::There(run, new) => return self.adopt(*run, &new, (&rules, wait), way.unpause).await,
        };
        let paused = self.ready(&new.dag_id, way.unpause).await?;
        self.make_way(&new, paused, way).await?;
        let sent = new.conf.clone();
        let write = RunWrite { new, is_authors: rules.is_authors() };
        self.announce_run(&write)?;
        let run = match self.write(&write).await? {
            Written::Made(run) => run,
            Written::Taken => self.taken(write.new).await,
            Written::Shown => return Err(self.only_shown(&write.new, wait.is_some())?),
        };
        self.known = Some(self.run_result(run.clone()));
        self.same_conf(&run, sent.as_ref(), &rules)?;
        self.warn_of_later_date(&run)?;
        let run = match wait {
            Some(settings) => self.follow(run, &settings).await?,
            None => run,
        };
        Ok(self.run_result(run))
    }

    /// No task of a run starts before its logical date, which may be years away. Airflow 2 and 3.0 keep the run queued until
    /// then, later ones show it as running; seen on 2.8.4, 2.11.2, 3.0.6 and 3.3.2.
    fn warn_of_later_date(&mut self, run: &DagRun) -> Result<(), Stop> {
        let soon = self.run.tools.clock.now().saturating_add(CLOCK_SLACK).unwrap_or(Timestamp::MAX);
        let Some(date) = run.logical_date.filter(|date| *date > soon && !run.state.is_final()) else { return Ok(()) };
        let (id, dag_id) = (&run.dag_run_id, &run.dag_id);
        self.warn(format!("the DAG run `{id}` of `{dag_id}` waits for its logical date {date}: no task starts before"))
    }

    /// Airflow has taken the run, but its answer was cut off: it is read once, and else it is what was sent.
    pub(super) async fn taken(&mut self, new: NewDagRun) -> DagRun {
        let (dag_id, id) = (&new.dag_id, &new.dag_run_id);
        match self.read_once(&async |client: &Client, limit| client.dag_run(dag_id, id, limit).await).await {
            Ok(Ok(run)) => run,
            Ok(Err(_)) | Err(_) => DagRun {
                dag_id: new.dag_id,
                dag_run_id: new.dag_run_id,
                state: RunState::Queued,
                run_type: None,
                logical_date: new.logical_date,
                run_after: None,
                start_date: None,
                end_date: None,
                conf: new.conf.unwrap_or_default(),
                note: new.note,
            },
        }
    }

    /// What will be sent, checked before anything is.
    fn new_run(&mut self, keys: TriggerDag) -> Result<NewDagRun, Stop> {
        let dag_run_id = match (keys.dag_run_id, keys.once_per) {
            (None, Some(key)) => self.once_id(&key.0, self.planned.generation)?,
            (Some(own), _) => {
                if let Err(reason) = check_dag_run_id(&own.0) {
                    return Err(self
                        .at_key("dag_run_id", Failure::new(FailureKind::Template, reason.to_string()))
                        .into());
                }
                own.0
            }
            (None, None) => self.identity().dag_run_id(),
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
        Identity {
            playbook: &plan.playbook,
            place: self.planned.place(),
            run_id: &plan.run_id,
            generation: self.planned.generation,
        }
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
        Ok(self.run.tools.masker.cut_between_secrets(&note, NOTE_MAX_CHARS))
    }

    pub(super) fn time(&self, key: &str, text: &str) -> Result<Timestamp, Box<Failure>> {
        text.parse().map_err(|_| self.no_time(key, text, "write it like `2026-10-01T00:00:00Z`"))
    }

    /// The bound of a list: a time, or a date, which is its midnight in the playbook's time zone.
    pub(super) fn bound(&self, key: &str, text: &str) -> Result<Timestamp, Box<Failure>> {
        let instant = self.run.plan.engine.instant(text);
        instant.ok_or_else(|| self.no_time(key, text, "write it like `2026-10-01` or `2026-10-01T00:00:00Z`"))
    }

    fn no_time(&self, key: &str, text: &str, help: &str) -> Box<Failure> {
        let failure = Failure::new(FailureKind::Template, format!("`{text}` is not a timestamp with a UTC offset"));
        self.at_key(key, failure.with_help(help)).into()
    }

    pub(in crate::executor) fn at_key(&self, key: &str, failure: Failure) -> Failure {
        failure.at(self.location_of(key))
    }

    /// A run of a paused DAG stays queued and nobody says so; so no run is made, unless the DAG may be unpaused: then it is
    /// handed back.
    pub(super) async fn ready(&mut self, dag_id: &str, may_unpause: bool) -> Result<Option<Dag>, Stop> {
        let now = self.run.tools.clock.elapsed();
        let known = self.run.ready_dags.get(dag_id);
        if known.is_some_and(|read| now.saturating_sub(*read) < DAG_READY_FOR) {
            return Ok(None);
        }
        let dag = self.dag(dag_id).await?;
        if dag.is_paused && may_unpause {
            return Ok(Some(dag));
        }
        if dag.is_paused {
            let message = format!("the DAG `{dag_id}` is paused; no run was made");
            let failure = Failure::new(FailureKind::NotReady, message).with_note("its runs would stay queued");
            let help = "write `unpause: true` to unpause it before the run and leave it so";
            return Err(self.at_key("dag_id", failure.with_help(help)).into());
        }
        self.run.ready_dags.insert(dag_id.to_owned(), now);
        Ok(None)
    }

    pub(in crate::executor) fn already_there(&self, run: &DagRun) -> Failure {
        let (dag_id, id) = (&run.dag_id, &run.dag_run_id);
        let message = format!("the DAG `{dag_id}` already has a run `{id}`, it is {}", run.state.as_str());
        let failure = Failure::new(FailureKind::Rejected, message);
        self.at_key("dag_run_id", failure.with_help("give it an id of its own, or say `if_exists: use`"))
    }

    fn announce_run(&mut self, write: &RunWrite) -> Result<(), Stop> {
        let new = &write.new;
        let arguments = json!({ "note": new.note, "conf": new.conf, "logical_date": new.logical_date });
        self.announce(write, &new.dag_id, arguments)
    }

    pub(in crate::executor) fn run_result(&self, run: DagRun) -> ActionResult {
        ActionResult::TriggerDag(Box::new(self.dag_run_result(run)))
    }

    /// A run as results show it.
    pub(super) fn dag_run_result(&self, run: DagRun) -> DagRunResult {
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
            conf: Value::Object(run.conf),
            note: run.note,
        }
    }
}

/// A DAG run to be made.
pub(super) struct RunWrite {
    pub(super) new: NewDagRun,
    /// Whether its id is the author's own, which somebody else may use, too.
    pub(super) is_authors: bool,
}

impl Write for RunWrite {
    type Made = DagRun;

    const KIND: WriteKind = WriteKind::DagRun;

    fn identity(&self) -> String {
        self.new.dag_run_id.clone()
    }

    async fn send(&self, client: &Client, limit: Duration) -> Result<DagRun, ApiError> {
        client.create_dag_run(&self.new, limit).await
    }

    async fn look(&self, step: &mut StepRun<'_, '_>, patience: Patience) -> Settled<DagRun> {
        step.look_for_run(&self.new, patience).await
    }

    /// A repeat is safe, since the id is unique; so one look is enough before it. A conflict about a date that nobody of us
    /// has taken is told at once, too.
    fn patience(&self, error: Option<&ApiError>, is_last: bool, in_doubt: bool) -> Patience {
        let is_conflict = error.is_some_and(|error| error.kind == ErrorKind::Conflict);
        let is_about_date = is_conflict && self.new.logical_date.is_some();
        match (is_conflict, in_doubt) {
            (true, false) if is_about_date => Patience::OneAnswer,
            (false, _) if !is_last => Patience::OneAnswer,
            (true | false, _) => Patience::ToTheEnd,
        }
    }

    fn may_repeat(&self, _: &Settled<DagRun>) -> bool {
        true
    }

    fn refusal(&self, step: &StepRun<'_, '_>, error: &ApiError, found: Option<&DagRun>) -> Option<Failure> {
        if error.kind != ErrorKind::Conflict {
            return None;
        }
        let dag_id = &self.new.dag_id;
        match (found, self.new.logical_date) {
            (Some(run), _) if self.is_authors => Some(step.already_there(run)),
            (None, Some(date)) => {
                let message = format!("the DAG `{dag_id}` already has another run with the logical date {date}");
                Some(step.at_key("logical_date", Failure::new(FailureKind::Rejected, message)))
            }
            (Some(_) | None, _) => None,
        }
    }

    fn unknown(&self, step: &StepRun<'_, '_>, error: Option<&ApiError>) -> Failure {
        let what = format!("the DAG run `{}` of `{}`", self.new.dag_run_id, self.new.dag_id);
        unknown(&what, &step.run.tools.client.run_url(&self.new.dag_id, &self.new.dag_run_id), error)
    }

    fn place(&self, step: &StepRun<'_, '_>, error: &ApiError) -> Option<Location> {
        if error.is_worked_off() {
            return step.location_of("conf");
        }
        let param = error.airflow_says.as_deref().and_then(param)?;
        step.location_of(&format!("conf/{param}")).or_else(|| step.location_of("conf"))
    }
}

/// The param that Airflow names when a conf does not fit: `Invalid input for param n: …`.
fn param(message: &str) -> Option<&str> {
    message.strip_prefix("Invalid input for param ")?.split(':').next()
}
