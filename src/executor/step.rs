//! A step while it runs: what it is, its time, its arguments and its place in the playbook.
//!
//! How it runs is `perform`; what its action does is in `action`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::airflow::client::Client;
use crate::event::{Doing, EventKind};
use crate::executor::{Run, Stop};
use crate::http::Telling;
use crate::outcome::{ActionResult, Failure, FailureKind, StepOutcome};
use crate::plan::PlannedStep;
use crate::playbook::template::Template;
use crate::source::Location;

/// A step while it runs.
pub(super) struct StepRun<'r, 'a> {
    pub(super) run: &'r mut Run<'a>,
    pub(super) index: usize,
    pub(super) planned: &'a PlannedStep,
    /// When it started, by the clock's elapsed time.
    pub(super) started: Duration,
    /// When its time is up, by the clock's elapsed time.
    pub(super) deadline: Duration,
    pub(super) requests: u32,
    pub(super) pages: u32,
    /// Which try the next request is; 0 where tries are not counted.
    pub(super) try_number: u32,
    /// How it ends unless it fails: an action that finds its work done says `already`.
    pub(super) outcome: StepOutcome,
    /// What is known of the result while the action goes on: told when it fails.
    pub(super) known: Option<ActionResult>,
    /// In a check: the keys of the action in which a value is not known, each with what it is.
    pub(super) open: BTreeMap<String, String>,
    /// In a check: what the write acts on that is shown next.
    pub(super) subject: String,
    /// In a check: whether its `when` can't be judged.
    pub(super) is_conditional: bool,
}

impl<'r, 'a> StepRun<'r, 'a> {
    pub(super) fn new(run: &'r mut Run<'a>, index: usize) -> Self {
        let planned = &run.plan.steps[index];
        run.emitter.set_silent(planned.no_log);
        let started = run.tools.clock.elapsed();
        let deadline = started.saturating_add(planned.timeout.unwrap_or(planned.default_timeout));
        Self {
            run,
            index,
            planned,
            started,
            deadline,
            requests: 0,
            pages: 0,
            try_number: 0,
            outcome: StepOutcome::Passed,
            known: None,
            open: BTreeMap::new(),
            subject: String::new(),
            is_conditional: false,
        }
    }

    /// The action's arguments, rendered once and read as the action wants them.
    pub(super) fn arguments<T: DeserializeOwned>(&mut self) -> Result<T, Stop> {
        let value = self.rendered()?;
        if let Some((key, what)) = self.needed_and_open(&value) {
            self.leave_open(format!("what it does is not known: its `{key}` depends on the {what}"))?;
            return Err(self.left_open(Map::new()));
        }
        let none = value.as_object().and_then(|map| map.iter().find(|(_, value)| value.is_null()));
        if let Some((key, _)) = none {
            let failure = Failure::new(FailureKind::Template, format!("the template of `{key}` gave none"));
            return Err(failure.at(self.location_of(key)).into());
        }
        let value = if value.is_null() { Value::Object(Map::new()) } else { value };
        Ok(self.decode(&value)?)
    }

    /// Reads each key alone first, so that a mistake names its key and its place.
    fn decode<T: DeserializeOwned>(&self, value: &Value) -> Result<T, Box<Failure>> {
        T::deserialize(value).map_err(|error| {
            let keys = value.as_object().into_iter().flat_map(Map::keys);
            let key = keys.into_iter().find(|key| {
                let mut without = value.clone();
                without.as_object_mut().map(|map| map.remove(*key));
                T::deserialize(&without).map_or_else(|other| other.to_string() != error.to_string(), |_| true)
            });
            let (message, location) = match key {
                Some(key) => (format!("`{key}`: {error}"), self.location_of(key)),
                None => (error.to_string(), None),
            };
            Failure::new(FailureKind::Template, message).at(location).into()
        })
    }

    pub(super) fn rendered(&mut self) -> Result<Value, Box<Failure>> {
        let arguments = &self.planned.arguments;
        let (engine, scope) = (&self.run.plan.engine, self.run.variables.scope());
        let mut render = |template: &Template, key: &str| {
            let mut open = Vec::new();
            let value = template.render_open(engine, &scope, &mut open);
            self.open.extend(open.into_iter().next().map(|what| (key.to_owned(), what)));
            value
        };
        let rendered = match arguments {
            Template::Map(entries) => {
                let values = entries.iter().map(|(key, value)| Ok((key.clone(), render(value, key)?)));
                values.collect::<Result<_, _>>().map(Value::Object)
            }
            whole => render(whole, self.planned.action.key()),
        };
        let rendered = rendered.map_err(|error| self.run.variables.failure_in(arguments, &error))?;
        // A template may take a while, and nothing is begun after the step's time is up.
        if self.time_left().is_zero() { Err(self.timed_out()) } else { Ok(rendered) }
    }

    /// Where the value of one of the action's keys stands; a key of a map inside is `outer/inner`.
    pub(super) fn location_of(&self, key: &str) -> Option<Location> {
        let (_, span) = self.planned.places.iter().find(|(name, _)| name == key)?;
        Some(self.run.plan.file.location(*span))
    }

    /// Where the step's action stands.
    pub(super) fn location(&self) -> Location {
        self.run.plan.file.location(self.planned.key)
    }

    /// The client for the next request, which is told of as the step wants it.
    pub(super) fn client(&self) -> Client {
        self.run.tools.client.told(Telling { is_silent: self.planned.no_log, try_number: self.try_number })
    }

    /// Shows whoever looks on what the step does now, and for how long at most.
    pub(super) fn glimpse(&mut self, doing: impl FnOnce() -> Doing, left: Duration) {
        if self.run.tools.is_watched {
            self.run.emitter.glimpse(self.index, doing(), left);
        }
    }

    pub(super) fn warn(&mut self, message: impl Into<String>) -> Result<(), Stop> {
        let message = message.into();
        Ok(self.run.emitter.emit(EventKind::Warned { step: Some(self.index), message })?)
    }
}
