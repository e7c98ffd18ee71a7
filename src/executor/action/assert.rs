//! `assert`: expressions over names that must be true.

use serde_json::Map;

use crate::executor::Stop;
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Assertions};

impl StepRun<'_, '_> {
    pub(in crate::executor) fn assert(&mut self) -> Result<ActionResult, Stop> {
        let scope = self.run.variables.scope();
        let judged = self.judged(&self.planned.assertions, &scope)?;
        self.expect(&judged, &scope)?;
        if judged.len() < self.planned.assertions.len() {
            return Err(self.left_open(Map::new()));
        }
        Ok(ActionResult::Assert(Assertions { assertions: self.planned.assertions.len() }))
    }
}
