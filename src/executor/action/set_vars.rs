//! `set_vars` and `pause`: what a step does without asking Airflow anything.

use serde_json::{Map, Value};

use crate::event::Doing;
use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, Paused, VarsSet};
use crate::playbook::field::{RenderedPeriod, describe, format_duration};

impl StepRun<'_, '_> {
    /// Gives names their values; they are rendered together, before any of them is set.
    pub(in crate::executor) fn set_vars(&mut self) -> Result<ActionResult, Stop> {
        match self.rendered()? {
            Value::Object(mut vars) => {
                vars.retain(|name, _| !self.open.contains_key(name));
                for (name, what) in self.open.clone() {
                    self.leave_open(format!("`{name}` is not known, since the {what} is not"))?;
                }
                Ok(ActionResult::SetVars(VarsSet { vars }))
            }
            other => {
                let message = format!("`set_vars` takes a map, this is {}", describe(&other));
                let place = self.run.plan.file.location(self.planned.value);
                Err(Failure::new(FailureKind::Template, message).with_location(place).into())
            }
        }
    }

    /// Lets time pass. It has its own bound, which a `timeout` of the step can't be shorter than.
    pub(in crate::executor) async fn pause_for(&mut self) -> Result<ActionResult, Stop> {
        let rendered = self.rendered()?;
        if let Some((_, what)) = self.needed_and_open(&rendered) {
            self.leave_open(format!("how long it would pause is not known, since the {what} is not"))?;
            return Err(self.left_open(Map::new()));
        }
        let RenderedPeriod(period) = serde_json::from_value(rendered).map_err(|error| {
            let place = self.run.plan.file.location(self.planned.value);
            Failure::new(FailureKind::Template, error.to_string()).with_location(place)
        })?;
        if self.planned.timeout.is_some_and(|allowed| allowed < period.0) {
            let (pause, left) = (format_duration(period.0), format_duration(self.time_left()));
            let message = format!("the step may take {left}, but pauses for {pause}");
            return Err(Failure::new(FailureKind::TimedOut, message).with_location(self.location()).into());
        }
        if self.is_check() {
            self.leave_out(format!("not paused for {}", format_duration(period.0)))?;
        } else {
            self.glimpse(|| Doing::Pausing, period.0);
            self.pause(period.0).await?;
        }
        Ok(ActionResult::Pause(Paused { seconds: period.0.as_secs_f64() }))
    }
}

/// The names that a `set_vars` sets.
pub(in crate::executor) fn vars(result: &ActionResult) -> Map<String, Value> {
    match result {
        ActionResult::SetVars(set) => set.vars.clone(),
        ActionResult::Unsent(_)
        | ActionResult::ListDags(_)
        | ActionResult::AssertDag(_)
        | ActionResult::GetDag(_)
        | ActionResult::TriggerDag(_)
        | ActionResult::ListDagRuns(_)
        | ActionResult::ListTaskInstances(_)
        | ActionResult::GetTaskLog(_)
        | ActionResult::GetXcom(_)
        | ActionResult::PostDatasetEvent(_)
        | ActionResult::ListDatasets(_)
        | ActionResult::AssertDataset(_)
        | ActionResult::ListDatasetEvents(_)
        | ActionResult::AssertHealthy(_)
        | ActionResult::AssertNoImportErrors(_)
        | ActionResult::GetVariable(_)
        | ActionResult::AssertConnection(_)
        | ActionResult::AssertPool(_)
        | ActionResult::Print(_)
        | ActionResult::Assert(_)
        | ActionResult::Pause(_)
        | ActionResult::Notify(_) => Map::new(),
    }
}
