//! A check: the steps as in a run, but what would change something is shown, and what can't be known is left open.
//!
//! In: a step on a client that only reads. Out: the write's request as an event, results of which a part is known, and a word
//! for each condition that can't be judged. Whether a value is known is the template engine's to say; nothing is guessed.

use minijinja::Value as Dynamic;
use serde_json::{Map, Value, json};

use crate::airflow::answer::{DagRun, NewDagRun};
use crate::airflow::auth::AuthScheme;
use crate::airflow::unsent::UnsentRequest;
use crate::event::{EventKind, SinkError, WriteShown};
use crate::executor::Stop;
use crate::executor::capture::names;
use crate::executor::retry::exhausted;
use crate::executor::step::StepRun;
use crate::executor::write::{Write, Written};
use crate::outcome::{ActionKind, ActionResult, ShownAuth, ShownRequest, ShownWrite, StepOutcome, Unsent};
use crate::plan::{Condition, Expectation};

impl StepRun<'_, '_> {
    /// Whether nothing may be changed.
    pub(super) fn is_check(&self) -> bool {
        self.run.tools.client.only_reads()
    }

    /// Says what is left out; the step's outcome stays what it is.
    pub(super) fn leave_out(&mut self, message: impl Into<String>) -> Result<(), SinkError> {
        let message = message.into();
        self.run.emitter.emit(EventKind::LeftOpen { step: self.index, condition: None, message })
    }

    /// Says what can't be known, so that the step's outcome can't be, either.
    pub(super) fn leave_open(&mut self, message: impl Into<String>) -> Result<(), SinkError> {
        self.outcome = StepOutcome::Unknown;
        self.leave_out(message)
    }

    /// Shows a write in place of sending it.
    pub(super) async fn show<W: Write>(&mut self, write: &W) -> Result<Written<W::Made>, Stop> {
        let client = self.run.tools.client;
        let sent = write.send(client, self.run.tools.limits.max_time).await;
        let Some(request) = client.take_unsent() else {
            return match sent {
                Ok(made) => Ok(Written::Made(made)),
                Err(error) => Err(exhausted(&error, None).at(write.place(self, &error)).into()),
            };
        };
        self.outcome = StepOutcome::Unknown;
        let shown = ShownWrite {
            write: W::KIND,
            identity: write.identity(),
            subject: std::mem::take(&mut self.subject),
            request: shown(request),
            unknown: self.open.values().cloned().collect(),
            is_masked: false,
        };
        self.run.emitter.emit(EventKind::WriteShown(Box::new(WriteShown { step: self.index, shown })))?;
        Ok(Written::Shown)
    }

    /// The end of an action of whose result only this is known.
    pub(super) fn left_open(&self, known: Map<String, Value>) -> Stop {
        let fields = self.planned.action.result_fields().iter();
        let unknown = fields.filter(|field| !known.contains_key(**field)).map(|field| (*field).to_owned()).collect();
        Stop::LeftOpen(Box::new(ActionResult::Unsent(Unsent { unknown, known })))
    }

    /// The end of a step whose run is not made.
    pub(super) fn only_shown(&mut self, new: &NewDagRun, is_waited_for: bool) -> Result<Stop, SinkError> {
        if is_waited_for {
            self.leave_open("its end is not waited for")?;
        }
        Ok(self.run_left_open(&new.dag_id, &new.dag_run_id))
    }

    /// The end of a step whose run is there and has not ended.
    pub(super) fn not_followed(&mut self, run: &DagRun) -> Result<Stop, SinkError> {
        let (id, state) = (&run.dag_run_id, run.state.as_str());
        self.leave_open(format!("the DAG run `{id}` is {state}, and its end is not waited for"))?;
        Ok(self.run_left_open(&run.dag_id, id))
    }

    /// The end of a step of whose run the id is known, and where it would be seen.
    pub(super) fn run_left_open(&self, dag_id: &str, dag_run_id: &str) -> Stop {
        let tools = self.run.tools;
        let url = tools.ui_url.as_deref().map(|ui| tools.client.run_link(ui, dag_id, dag_run_id));
        let known = [("dag_id", json!(dag_id)), ("dag_run_id", json!(dag_run_id)), ("url", json!(url))];
        self.left_open(known.map(|(field, value)| (field.to_owned(), value)).into_iter().collect())
    }

    /// The first key whose value must be known before the action can be carried out, and what it depends on.
    pub(super) fn needed_and_open(&self, arguments: &Value) -> Option<(String, String)> {
        let may_be_open = |key: &str| match self.planned.action {
            ActionKind::TriggerDag | ActionKind::PostDatasetEvent => {
                key == "note" || (matches!(key, "conf" | "extra") && arguments[key].is_object())
            }
            ActionKind::Notify => key == "text",
            ActionKind::ListDags
            | ActionKind::AssertDag
            | ActionKind::WaitForDagRun
            | ActionKind::GetDag
            | ActionKind::GetDagRun
            | ActionKind::ListDagRuns
            | ActionKind::ListTaskInstances
            | ActionKind::GetTaskLog
            | ActionKind::GetXcom
            | ActionKind::ListDatasets
            | ActionKind::AssertDataset
            | ActionKind::ListDatasetEvents
            | ActionKind::AssertHealthy
            | ActionKind::AssertNoImportErrors
            | ActionKind::GetVariable
            | ActionKind::AssertConnection
            | ActionKind::AssertPool
            | ActionKind::Print
            | ActionKind::Assert
            | ActionKind::SetVars
            | ActionKind::Pause => false,
        };
        self.open.iter().find(|(key, _)| !may_be_open(key)).map(|(key, what)| (key.clone(), what.clone()))
    }

    /// What a condition looks at that is not known; none when it can be judged.
    pub(super) fn open_in(&self, condition: &Condition, scope: &Dynamic) -> Option<String> {
        match condition {
            Condition::Constant(..) => None,
            Condition::Expression(_) if !self.is_check() => None,
            Condition::Expression(expression) => {
                expression.evaluate(&self.run.plan.engine, scope).err().and_then(|error| error.error.open)
            }
        }
    }

    /// The expectations that can be judged; of the others it is said that they are not.
    pub(super) fn judged(
        &mut self,
        expectations: &[Expectation],
        scope: &Dynamic,
    ) -> Result<Vec<Expectation>, SinkError> {
        let mut judged = Vec::new();
        for expectation in expectations {
            match self.open_in(&expectation.that, scope) {
                None => judged.push(expectation.clone()),
                Some(what) => {
                    let expression = written(&expectation.that);
                    self.leave_open(format!("not judged: `{expression}`, since the {what} is not known"))?;
                }
            }
        }
        Ok(judged)
    }

    /// Says that the step may or may not run.
    pub(super) fn may_run(&mut self, when: &Condition, what: &str) -> Result<(), SinkError> {
        self.is_conditional = true;
        self.outcome = StepOutcome::Unknown;
        let condition = written(when);
        let message = format!("if `{condition}`: the {what} is not known");
        self.run.emitter.emit(EventKind::LeftOpen { step: self.index, condition: Some(condition), message })
    }

    /// Every name that the step would make, as values that are not known.
    pub(super) fn all_open(&self) -> Vec<(String, Dynamic)> {
        let id = &self.planned.id;
        let engine = &self.run.plan.engine;
        names(self.planned).map(|name| (name.to_owned(), engine.open(format!("{name} of step {id}")))).collect()
    }

    /// The names of a `set_vars` whose values are not known.
    pub(super) fn open_vars(&self) -> Vec<(String, Dynamic)> {
        if self.planned.action != ActionKind::SetVars {
            return Vec::new();
        }
        let engine = &self.run.plan.engine;
        self.open.iter().map(|(name, what)| (name.clone(), engine.open(what))).collect()
    }

    /// What templates see of a step whose outcome is not known.
    pub(super) fn ended_open(&self) -> Dynamic {
        let open = ["outcome", "failure", "elapsed"].map(|field| (field.to_owned(), self.field_of(field)));
        self.run.plan.engine.partly_open(Map::new(), open.into())
    }

    /// A result as a template sees it.
    pub(super) fn partly_known(&self, result: &Unsent) -> Dynamic {
        let open = result.unknown.iter().map(|field| (field.clone(), self.field_of(field))).collect();
        self.run.plan.engine.partly_open(result.known.clone(), open)
    }

    /// What a field of the result is called where it is not known.
    pub(super) fn field_of(&self, field: &str) -> String {
        format!("{field} of step {}", self.planned.id)
    }
}

pub(super) fn written(condition: &Condition) -> String {
    match condition {
        Condition::Constant(constant, _) => constant.to_string(),
        Condition::Expression(expression) => expression.text.trim().to_owned(),
    }
}

fn shown(request: UnsentRequest) -> ShownRequest {
    let auth = match request.auth {
        AuthScheme::Token => ShownAuth::Token,
        AuthScheme::Bearer => ShownAuth::Bearer,
        AuthScheme::Basic => ShownAuth::Basic,
        AuthScheme::Exchange => ShownAuth::Exchange,
        AuthScheme::Auto | AuthScheme::None => ShownAuth::None,
    };
    let headers = request.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    ShownRequest { method: request.method, url: request.url, auth, headers, body: request.body }
}
