//! `assert`: expressions over names that must be true.

use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Assertions};

impl StepRun<'_, '_> {
    pub(in crate::executor) fn assert(&self) -> Result<ActionResult, Stop> {
        self.expect(&self.planned.assertions, &self.run.variables.scope())?;
        Ok(ActionResult::Assert(Assertions { assertions: self.planned.assertions.len() }))
    }
}
