//! The order of a run: its steps, what rescues their failure, and what runs in any case.
//!
//! ```text
//! steps ─ all passed ─────────────────────────────────→ always → outputs
//!   ├ one failed → rescue ─ did its work: rescued ────→ always
//!   │                └ failed: the first failure stays → always
//!   └ a signal, the deadline ── within the grace ─────→ always
//! ```

use std::time::Duration;

use serde_json::{Value, json};

use crate::event::{EventKind, SinkError};
use crate::executor::halt::Cause;
use crate::executor::step::StepRun;
use crate::executor::{Run, millis};
use crate::outcome::{FailedTask, Failure, FailureKind, Section, StepOutcome};
use crate::plan::{Past, PlannedStep, WriteRecord};
use crate::playbook::field::format_duration;

/// The name under which `rescue` and `always` see what went wrong.
const FAILURE: &str = "failure";

/// How a list of steps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// All of it has run; whether any step of it did more than be skipped.
    Whole { did_something: bool },
    /// A step failed.
    Failed,
    /// A step failed in an earlier attempt of the run, and was rescued there.
    Rescued,
    /// The run was stopped.
    Cut,
}

/// What went wrong first.
#[derive(Debug)]
pub(super) struct Failed {
    /// The step's place in the plan.
    pub(super) step: usize,
    /// Why it failed.
    pub(super) kind: FailureKind,
    /// What `failure` is.
    pub(super) told: Value,
}

impl Failed {
    pub(super) fn new(step: usize, planned: &PlannedStep, failure: Option<&Failure>) -> Self {
        let kind = failure.map_or(FailureKind::Interrupted, |failure| failure.kind);
        Self { step, kind, told: told(planned, failure) }
    }
}

impl Run<'_> {
    /// Runs everything that is to be run.
    pub(super) async fn run(&mut self) -> Result<(), SinkError> {
        let steps = self.section(Section::Steps).await?;
        let is_rescued = steps == Course::Failed && !self.halt.is_due() && self.rescue().await?;
        let is_cut = match steps {
            Course::Cut => true,
            Course::Failed => !is_rescued && self.halt.cause().is_some(),
            // What came when everything was done changes nothing.
            Course::Whole { .. } | Course::Rescued => false,
        };
        if is_cut {
            self.say_why_stopped()?;
        }
        let always = self.always(is_cut).await?;
        self.doubts_of_rescue(steps)?;
        match (steps, always) {
            (Course::Whole { .. }, Course::Whole { .. }) if !self.plan.outputs.is_empty() => self.make_outputs(),
            _ => Ok(()),
        }
    }

    /// Runs `rescue`; whether it has done its work: no step of it fails and one at least is not skipped.
    async fn rescue(&mut self) -> Result<bool, SinkError> {
        let failure = self.failure();
        self.variables.set(FAILURE, &failure);
        let rescue = self.section(Section::Rescue).await?;
        let (Course::Whole { did_something: true }, Some(failed)) = (rescue, &self.failed) else { return Ok(false) };
        // A write that may or may not have happened stays for somebody to look at.
        if failed.kind == FailureKind::OutcomeUnknown {
            return Ok(false);
        }
        let step = failed.step;
        self.variables.set_rescued(&self.plan.steps[step].id);
        self.emitter.emit(EventKind::FailureRescued { step })?;
        Ok(true)
    }

    /// Runs `always`; when the run was stopped before, within what is left of the grace.
    async fn always(&mut self, is_cut: bool) -> Result<Course, SinkError> {
        if self.is_open && self.failed.is_none() {
            self.variables.set_open(FAILURE.to_owned(), self.plan.engine.open("failure of the run"));
        } else {
            let failure = self.failure();
            self.variables.set(FAILURE, &failure);
        }
        // What has stopped the run is told as it was then: from here on the grace counts.
        self.halt.close();
        let always = self.section(Section::Always).await?;
        if always == Course::Cut && !is_cut {
            self.say_why_stopped()?;
        }
        Ok(always)
    }

    async fn section(&mut self, section: Section) -> Result<Course, SinkError> {
        let plan = self.plan;
        let (mut did_something, mut is_known) = (false, true);
        for (index, planned) in plan.steps.iter().enumerate().filter(|(_, step)| step.section == section) {
            if let Past::Done(done) = &planned.past {
                self.variables.keep(planned, done);
                if done.outcome == StepOutcome::Rescued {
                    self.failed = Some(Failed::new(index, planned, done.failure.as_ref()));
                    return Ok(Course::Rescued);
                }
                continue;
            }
            if self.halt.is_due() {
                self.say_left_out(planned)?;
                return Ok(Course::Cut);
            }
            self.variables.set_elapsed(self.took());
            let outcome = StepRun::new(self, index).run().await?;
            self.emitter.set_silent(false);
            match outcome {
                StepOutcome::Skipped => {}
                StepOutcome::Passed | StepOutcome::Already | StepOutcome::Ignored | StepOutcome::Rescued => {
                    did_something = true;
                }
                // In a check: what it would do may mend a failure, or not.
                StepOutcome::Unknown => is_known = false,
                StepOutcome::Failed => return Ok(Course::Failed),
                StepOutcome::Interrupted => {
                    let next = plan.steps.get(index + 1).filter(|next| next.section == section);
                    next.map_or(Ok(()), |next| self.say_left_out(next))?;
                    return Ok(Course::Cut);
                }
            }
        }
        Ok(Course::Whole { did_something: did_something && is_known })
    }

    /// How long this attempt has taken so far.
    pub(super) fn took(&self) -> Duration {
        self.tools.clock.elapsed().saturating_sub(self.started)
    }

    /// What `failure` is now: of the step that failed first, or of what stopped the run; none when all is well.
    fn failure(&self) -> Value {
        match (&self.failed, self.halt.cause()) {
            (Some(failed), _) => failed.told.clone(),
            (None, Some(_)) => facts(None, self.halt.kind(), &self.halt.words()),
            (None, None) => Value::Null,
        }
    }

    /// What must run in any case and did not is said.
    fn say_left_out(&mut self, planned: &PlannedStep) -> Result<(), SinkError> {
        if planned.section != Section::Always {
            return Ok(());
        }
        let grace = format_duration(self.tools.limits.grace);
        let message = format!("`always` was left at step `{}`: the grace of {grace} was over", planned.id);
        self.emitter.emit(EventKind::Warned { step: None, message })
    }

    /// Says what has stopped the run.
    fn say_why_stopped(&mut self) -> Result<(), SinkError> {
        match self.halt.cause() {
            Some(Cause::Signal(signal)) => self.emitter.emit(EventKind::Interrupted { signal }),
            Some(Cause::Deadline) => {
                let deadline_ms = self.tools.limits.deadline.map(millis).unwrap_or_default();
                self.emitter.emit(EventKind::DeadlinePassed { deadline_ms })
            }
            None => Ok(()),
        }
    }

    /// A write of an earlier attempt's `rescue` that is in doubt stays so when nothing is to be rescued now.
    fn doubts_of_rescue(&mut self, steps: Course) -> Result<(), SinkError> {
        if steps == Course::Failed {
            return Ok(());
        }
        for planned in self.plan.steps.iter().filter(|step| step.section == Section::Rescue) {
            let Past::Begun(writes) = &planned.past else { continue };
            for write in writes.iter().filter(|write| WriteRecord::is_in_doubt(write)) {
                let (identity, subject, id) = (&write.identity, &write.subject, &planned.id);
                let message = format!(
                    "it is still not known whether `{identity}` on `{subject}` was made: step `{id}` of `rescue` was not run this time"
                );
                self.emitter.emit(EventKind::Warned { step: None, message })?;
            }
        }
        Ok(())
    }
}

/// What `failure` is of a step that failed.
fn told(planned: &PlannedStep, failure: Option<&Failure>) -> Value {
    let Some(failure) = failure else { return facts(Some(planned), FailureKind::Interrupted, "") };
    if planned.no_log {
        return facts(Some(planned), failure.kind, crate::executor::emitter::NOT_SHOWN);
    }
    let mut facts = facts(Some(planned), failure.kind, &failure.message);
    facts["failed_tasks"] = failure.failed_tasks.iter().map(failed_task).collect();
    facts
}

/// A failed task as `rescue` and `always` know it. What is not known of it is empty, so that it can stand in a text.
fn failed_task(task: &FailedTask) -> Value {
    json!({
        "task_id": task.task_id,
        "map_index": task.map_index,
        "try_number": task.try_number,
        "exception": task.exception.as_deref().unwrap_or_default(),
        "causes": task.causes,
        "frames": task.frames,
        "log": task.log,
    })
}

fn facts(step: Option<&PlannedStep>, kind: FailureKind, message: &str) -> Value {
    json!({ "step": step.map(|step| &step.id), "kind": kind, "message": message, "failed_tasks": [] })
}
