//! `get_variable`: the value of a variable, which is a secret unless the author says otherwise.

use crate::airflow::answer::Variable;
use crate::executor::Stop;
use crate::executor::near::{or_none, with_near};
use crate::executor::step::StepRun;
use crate::outcome::{ActionResult, Failure, FailureKind, VariableResult};
use crate::playbook::action::GetVariable;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn get_variable(&mut self) -> Result<ActionResult, Stop> {
        let keys: GetVariable = self.arguments()?;
        let key = &keys.key.0;
        self.check_no_secret("key", key)?;
        let is_secret = keys.secret.is_none_or(|secret| secret.0);
        let missing = Failure::new(FailureKind::NotFound, format!("there is no variable `{key}`"));
        let missing = missing.at(self.location_of("key"));
        let masker = self.run.tools.masker.clone();
        let read = self.found(
            || missing,
            // Nobody sees the value before the masker knows it.
            async |client, limit| {
                client.variable(key, limit).await.inspect(|variable| {
                    if let (true, Some(value)) = (is_secret, &variable.value) {
                        masker.learn(value);
                    }
                })
            },
        );
        let variable = match (read.await, keys.default) {
            (Ok(variable), _) => variable,
            (Err(Stop::Failed(failure)), Some(default)) if failure.kind == FailureKind::NotFound => {
                let (key, value) = (keys.key.0, default.0);
                let result = VariableResult { key, value, description: None, is_default: true };
                return Ok(ActionResult::GetVariable(result));
            }
            (Err(Stop::Failed(failure)), None) if failure.kind == FailureKind::NotFound => {
                return Err(self.no_such_variable(key, *failure).await?.into());
            }
            (Err(stop), _) => return Err(stop),
        };
        let Variable { key, value, description } = variable;
        let Some(value) = value else { return Err(self.hidden(&key).into()) };
        Ok(ActionResult::GetVariable(VariableResult { key, value, description, is_default: false }))
    }

    async fn no_such_variable(&mut self, key: &str, failure: Failure) -> Result<Failure, Stop> {
        let keys = self.pages(async |client, offset, limit| client.variable_keys(offset, limit).await).await;
        Ok(match or_none(keys)? {
            Some(keys) => with_near(failure, key, keys.iter().map(String::as_str), ("variable", "variables")),
            None => failure,
        })
    }

    fn hidden(&self, key: &str) -> Failure {
        let message = format!("Airflow does not show the whole value of the variable `{key}`");
        let failure = Failure::new(FailureKind::Rejected, message).at(self.location_of("key"));
        let failure = failure.with_note(
            "Airflow 3 puts `***` in the place of what it takes for a secret, by the name of a key or by its value",
        );
        failure.with_help("give the value as an input with `secret: true` and `from_env`")
    }
}
