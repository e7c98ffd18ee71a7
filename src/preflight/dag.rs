//! A DAG that a step needs: there, not stale, without import error.
//!
//! In: an id with its place. Out: the DAG, or findings in the words of a run.

use crate::airflow::answer::Dag;
use crate::airflow::error::ErrorKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::near;
use crate::preflight::Checking;
use crate::preflight::earlier::Surely;
use crate::preflight::reads::Read;
use crate::preflight::step::{Said, Step};
use crate::source::Span;

/// As many import errors are shown beside a DAG that is not there.
const MOST_IMPORT_ERRORS: usize = 3;

impl Checking<'_> {
    /// The DAG's id, if it is known and may be asked for.
    pub(super) fn dag_id(&mut self, step: &Step<'_>) -> Option<Said> {
        self.said(step, "dag_id")
    }

    /// A text that Airflow is asked for, if it is known and may be.
    pub(super) fn said(&mut self, step: &Step<'_>, key: &str) -> Option<Said> {
        match step.text(key, &self.known) {
            Ok(Some(said)) if self.masker.holds_secret(&said.text) => {
                let message = format!("`{key}` holds a secret; nothing was sent");
                let finding = self.diagnostic(Code::REFUSED, said.span, message);
                let finding = finding.with_help("Airflow shows it to everybody; leave the secret out of it");
                self.find(step, finding, None);
                None
            }
            Ok(said) => said,
            Err(unknown) => {
                self.unknown(step, key, &unknown);
                None
            }
        }
    }

    /// The DAG, if a run would find it; else what a run would say. `doubt` is why that need not be a mistake.
    pub(super) async fn found_dag(
        &mut self,
        step: &Step<'_>,
        said: &Said,
        doubt: Option<&'static str>,
    ) -> Read<Option<Dag>> {
        let dag_id = &said.text;
        let dag = match self.reads.dag(dag_id).await {
            Err(error) if error.kind == ErrorKind::BadRequestPath => {
                let finding = self.diagnostic(Code::REFUSED, said.span, error.message.clone());
                self.find(step, finding, doubt);
                return Ok(None);
            }
            read => match self.permitted("DAGs", dag_id, read)? {
                Some(dag) => dag,
                None => return Ok(None),
            },
        };
        let finding = match &dag {
            None => self.no_such_dag(said).await,
            Some(dag) if dag.is_stale => {
                let message = format!("the DAG `{dag_id}` is stale: its file is gone from the DAGs folder");
                self.diagnostic(Code::REFUSED, said.span, message)
            }
            Some(dag) if dag.has_import_errors => self.broken_dag(dag, said).await,
            Some(_) => return Ok(dag),
        };
        self.find(step, finding, doubt);
        Ok(None)
    }

    /// Whether the DAG is not there, and an earlier step surely waits for it: that step has told so.
    pub(super) async fn is_awaited(&mut self, dag_id: &str) -> Read<bool> {
        if self.earlier.is_awaited(dag_id) != Some(Surely::Yes) {
            return Ok(false);
        }
        let read = self.reads.dag(dag_id).await;
        let Some(dag) = self.permitted("DAGs", dag_id, read)? else { return Ok(false) };
        Ok(dag.is_none_or(|dag| dag.is_stale || dag.has_import_errors))
    }

    async fn no_such_dag(&mut self, said: &Said) -> Diagnostic {
        let dag_id = &said.text;
        let mut finding = self.diagnostic(Code::NOT_IN_AIRFLOW, said.span, format!("there is no DAG `{dag_id}`"));
        let all = self.reads.dag_ids().await;
        let names = near(dag_id, all.iter().map(String::as_str));
        finding = match did_you_mean(&names) {
            Some(help) => finding.with_help(help),
            None if all.is_empty() => finding,
            None => finding.with_note(none_near(all.len(), "DAG")),
        };
        for error in self.reads.import_errors().await.iter().take(MOST_IMPORT_ERRORS) {
            finding = finding.with_note(format!("`{}` can't be imported: {}", error.filename, error.reason()));
        }
        finding
    }

    async fn broken_dag(&mut self, dag: &Dag, said: &Said) -> Diagnostic {
        let message = format!("the file of the DAG `{}` has an import error", dag.dag_id);
        let finding = self.diagnostic(Code::REFUSED, said.span, message);
        let file = dag.fileloc.as_deref().unwrap_or_default();
        let errors = self.reads.import_errors().await;
        match errors.iter().find(|error| file.ends_with(&error.filename)) {
            Some(error) => finding.with_note(format!("`{}`: {}", error.filename, error.reason())),
            None => finding,
        }
    }

    /// A finding at a place of the playbook.
    pub(super) fn diagnostic(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, &self.plan.file, span, message)
    }
}

/// The help with the near names, where there are some.
pub(super) fn did_you_mean(names: &[&str]) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        _ => Some(format!("did you mean one of {}?", names.join(", "))),
    }
}

/// How many there are when none is near.
pub(super) fn none_near(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what} is there at all"),
        1 => format!("one {what} is there, with another name"),
        _ => format!("{count} {what}s are there, none with a name near it"),
    }
}
