//! One step, from its `when` to its captures.

use crate::event::{EventKind, SinkError, StepFinished, TryFailed};
use crate::executor::action::vars;
use crate::executor::capture::{Captured, names};
use crate::executor::check::written;
use crate::executor::emitter::NOT_SHOWN;
use crate::executor::retry::Next;
use crate::executor::sections::Failed;
use crate::executor::step::StepRun;
use crate::executor::variables::{EndedStep, Told};
use crate::executor::{Stop, millis};
use crate::outcome::{ActionKind, ActionResult, Failure, FailureKind, StepOutcome};
use crate::plan::{Past, WriteRecord};
use crate::playbook::model::RetryOn;

/// What a step came to.
struct End {
    outcome: StepOutcome,
    result: Option<ActionResult>,
    failure: Option<Failure>,
    captured: Captured,
    /// Why it was skipped, when it found that out itself.
    why: Option<String>,
    /// The `when` that was false.
    condition: Option<String>,
}

impl End {
    fn without_result(outcome: StepOutcome, failure: Option<Failure>) -> Self {
        Self { outcome, result: None, failure, captured: Captured::default(), why: None, condition: None }
    }
}

impl StepRun<'_, '_> {
    /// Runs it. A failed step is a value; `Err` means that an event could not be kept.
    pub(super) async fn run(mut self) -> Result<StepOutcome, SinkError> {
        self.run.plan.engine.refuel();
        let name = self.name();
        let shown = name.as_ref().map_or_else(|_| self.planned.id.clone(), Clone::clone);
        self.run.emitter.emit(EventKind::StepStarted { step: self.index, name: shown })?;
        // A step that is skipped need not be able to work its name out.
        let end = match (self.is_wanted(), name) {
            (Ok(false), _) => {
                let condition = self.planned.when.as_ref().map(written);
                Ok(End { condition, ..End::without_result(StepOutcome::Skipped, None) })
            }
            (Ok(true), Ok(_)) => self.act().await,
            (Err(stop), _) => Err(stop),
            (Ok(true), Err(failure)) => Err(Stop::from(failure)),
        };
        let end = match end {
            Ok(end) => end,
            Err(Stop::Failed(failure)) if self.is_conditional => {
                self.leave_open(format!("it would fail: {}", failure.message))?;
                End::without_result(StepOutcome::Unknown, None)
            }
            Err(Stop::LeftOpen(result)) => {
                End { result: Some(*result), ..End::without_result(StepOutcome::Unknown, None) }
            }
            Err(Stop::Failed(failure)) => {
                let outcome = self.outcome_of(&failure);
                End { result: self.known.take(), ..End::without_result(outcome, Some(*failure)) }
            }
            Err(Stop::Skipped(why)) => End { why: Some(why), ..End::without_result(StepOutcome::Skipped, None) },
            Err(Stop::Interrupted(failure)) => {
                let halt = &self.run.halt;
                let failure = failure.map_or_else(|| Failure::new(halt.kind(), halt.words()), |failure| *failure);
                End { result: self.known.take(), ..End::without_result(StepOutcome::Interrupted, Some(failure)) }
            }
            Err(Stop::Broken(error)) => return Err(error),
        };
        self.finish(end)
    }

    fn finish(&mut self, mut end: End) -> Result<StepOutcome, SinkError> {
        if self.is_conditional && end.outcome != StepOutcome::Skipped && end.failure.is_none() {
            end.outcome = StepOutcome::Unknown;
        }
        // A step that may not run, or may fail and be ignored, may make no captures.
        let may_make_none = self.is_conditional || self.planned.ignore_errors || end.result.is_none();
        if end.outcome == StepOutcome::Unknown && may_make_none {
            end.captured = Captured { open: self.all_open(), ..Captured::default() };
        }
        if end.captured.values.is_empty() {
            let why =
                end.why.as_ref().filter(|_| !self.planned.no_log).map(|why| format!(": {why}")).unwrap_or_default();
            let why = format!("step `{}` was {}{why}", self.planned.id, end.outcome.as_str());
            for name in names(self.planned) {
                self.run.variables.unmake(name, &why);
            }
        }
        for (name, value) in &end.captured.values {
            self.run.variables.set(name, value);
        }
        let unknown = end.captured.open.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in end.captured.open {
            self.run.variables.set_open(name, value);
        }
        let outcome = end.outcome;
        let elapsed = self.run.tools.clock.elapsed().saturating_sub(self.started);
        let failure = end.failure.as_ref().map(|failure| self.told(failure));
        let ended = EndedStep { outcome, failure, elapsed: elapsed.as_secs_f64() };
        if self.planned.section.is_steps() && matches!(outcome, StepOutcome::Failed | StepOutcome::Interrupted) {
            self.run.failed = Some(Failed::new(self.index, self.planned, end.failure.as_ref()));
        }
        if outcome == StepOutcome::Unknown {
            self.run.is_open |= self.planned.section.is_steps();
            self.run.variables.set_ended_open(&self.planned.id, self.ended_open());
        } else {
            self.run.variables.set_ended(&self.planned.id, ended);
        }
        self.run.emitter.emit(EventKind::StepFinished(Box::new(StepFinished {
            step: self.index,
            outcome,
            result: end.result,
            failure: end.failure,
            condition: end.condition,
            captured: end.captured.values,
            withheld: Vec::new(),
            unknown,
            requests: self.requests,
            pages: self.pages,
            elapsed_ms: millis(elapsed),
        })))?;
        Ok(outcome)
    }

    /// What a failure makes of the step. That a write may or may not have happened is never ignored.
    fn outcome_of(&self, failure: &Failure) -> StepOutcome {
        let is_ignored = self.planned.ignore_errors && failure.kind != FailureKind::OutcomeUnknown;
        if is_ignored { StepOutcome::Ignored } else { StepOutcome::Failed }
    }

    /// A failure as `steps.<id>.failure` shows it.
    fn told(&self, failure: &Failure) -> Told {
        let message = if self.planned.no_log { NOT_SHOWN } else { &failure.message };
        Told { kind: failure.kind, message: Some(message.to_owned()) }
    }

    fn name(&self) -> Result<String, Box<Failure>> {
        let Some(name) = &self.planned.name else { return Ok(self.planned.id.clone()) };
        let value = name.render_open(&self.run.plan.engine, &self.run.variables.scope(), &mut Vec::new());
        let value = value.map_err(|error| self.run.variables.failure(&error, None))?;
        Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// Whether its `when` lets it run. What an earlier attempt has left in doubt is settled in any case.
    fn is_wanted(&mut self) -> Result<bool, Stop> {
        if matches!(&self.planned.past, Past::Begun(writes) if writes.iter().any(WriteRecord::is_in_doubt)) {
            return Ok(true);
        }
        let Some(when) = &self.planned.when else { return Ok(true) };
        let scope = self.run.variables.scope();
        if let Some(what) = self.open_in(when, &scope) {
            self.may_run(when, &what)?;
            return Ok(true);
        }
        Ok(self.condition(when, &scope)?)
    }

    async fn act(&mut self) -> Result<End, Stop> {
        let result = self.result().await?;
        let captured = self.capture(&result);
        match captured {
            Ok(mut captured) => {
                captured.values = vars(&result).into_iter().chain(captured.values).collect();
                captured.open.extend(self.open_vars());
                Ok(End { captured, result: Some(result), ..End::without_result(self.outcome, None) })
            }
            Err(failure) if self.is_conditional => Err(failure.into()),
            Err(failure) => {
                let outcome = self.outcome_of(&failure);
                Ok(failed_with(result, *failure, outcome))
            }
        }
    }

    /// Does the action until its result is as expected; a reading action may be repeated as a whole.
    async fn result(&mut self) -> Result<ActionResult, Stop> {
        for number in 1.. {
            let done = match &self.planned.until {
                Some(until) => self.once_until(until).await,
                None => self.once().await,
            };
            let failure = match done {
                Ok(result) => match self.unmet_of(&result)? {
                    None => return Ok(result),
                    Some(failure) => {
                        self.known = Some(result);
                        failure
                    }
                },
                Err(Stop::Failed(failure)) => failure,
                Err(stop) => return Err(stop),
            };
            match self.repeat_reading(&failure, number)? {
                Next::Retry(pause) => self.pause(pause).await?,
                Next::GiveUp(_) => return Err(failure.into()),
            }
        }
        unreachable!("tries are counted until one of them ends the loop")
    }

    /// The failure of a result that is not as expected.
    fn unmet_of(&mut self, result: &ActionResult) -> Result<Option<Box<Failure>>, Stop> {
        if self.planned.expect.is_empty() {
            return Ok(None);
        }
        let scope = self.run.variables.scope_with(self.fields(result));
        let judged = self.judged(&self.planned.expect, &scope)?;
        Ok(self.expect(&judged, &scope).err())
    }

    /// Does the action once; in a check as far as that can be known.
    pub(super) async fn once(&mut self) -> Result<ActionResult, Stop> {
        let done = Box::pin(self.do_action()).await;
        self.run.plan.engine.refuel();
        match done {
            Err(Stop::LeftOpen(result)) => {
                self.outcome = StepOutcome::Unknown;
                Ok(*result)
            }
            done => done,
        }
    }

    async fn do_action(&mut self) -> Result<ActionResult, Stop> {
        match self.planned.action {
            ActionKind::ListDags => self.list_dags().await,
            ActionKind::AssertDag => self.assert_dag().await,
            ActionKind::GetDag => self.get_dag().await,
            ActionKind::TriggerDag => self.trigger_dag().await,
            ActionKind::GetDagRun => self.get_dag_run().await,
            ActionKind::ListDagRuns => self.list_dag_runs().await,
            ActionKind::ListTaskInstances => self.list_task_instances().await,
            ActionKind::GetTaskLog => self.get_task_log().await,
            ActionKind::GetXcom => self.get_xcom().await,
            ActionKind::PostDatasetEvent => self.post_dataset_event().await,
            ActionKind::WaitForDagRun => self.wait_for_dag_run().await,
            ActionKind::ListDatasets => self.list_datasets().await,
            ActionKind::AssertDataset => self.assert_dataset().await,
            ActionKind::ListDatasetEvents => self.list_dataset_events().await,
            ActionKind::AssertHealthy => self.assert_healthy().await,
            ActionKind::AssertNoImportErrors => self.assert_no_import_errors().await,
            ActionKind::GetVariable => self.get_variable().await,
            ActionKind::AssertConnection => self.assert_connection().await,
            ActionKind::AssertPool => self.assert_pool().await,
            ActionKind::Print => self.print(),
            ActionKind::Assert => self.assert(),
            ActionKind::SetVars => self.set_vars(),
            ActionKind::Pause => self.pause_for().await,
            ActionKind::Notify => self.notify().await,
        }
    }

    /// Whether a reading action that failed is done again as a whole.
    fn repeat_reading(&mut self, failure: &Failure, number: u32) -> Result<Next, Stop> {
        let policy = &self.planned.retry;
        let kind = match failure.kind {
            FailureKind::Expectation => RetryOn::Expect,
            FailureKind::NotFound => RetryOn::NotFound,
            _ => return Ok(Next::GiveUp(None)),
        };
        let pause = self.jittered(policy.pause_before(number + 1));
        let reads = self.planned.action.is_reading();
        let gives_up = || self.given_up(kind, None, &failure.message).is_some();
        if !reads
            || !policy.only.contains(&kind)
            || number >= policy.attempts
            || pause >= self.time_left()
            || gives_up()
        {
            return Ok(Next::GiveUp(None));
        }
        let tried = TryFailed {
            step: self.index,
            request: self.planned.action.key().to_owned(),
            try_number: number,
            attempts: policy.attempts,
            status: None,
            message: failure.message.clone(),
            is_unknown: false,
            retry_in_ms: Some(millis(pause)),
        };
        self.run.emitter.emit(EventKind::TryFailed(tried))?;
        Ok(Next::Retry(pause))
    }
}

/// A step whose action passed and whose captures failed: the result stays known.
fn failed_with(result: ActionResult, failure: Failure, outcome: StepOutcome) -> End {
    End { result: Some(result), ..End::without_result(outcome, Some(failure)) }
}
