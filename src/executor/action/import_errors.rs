//! `assert_no_import_errors`: every DAG file can be imported.

use crate::airflow::answer::ImportError;
use crate::executor::Stop;
use crate::executor::pattern::is_like;
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, Failure, FailureKind, ImportErrorList, ImportErrorSummary};
use crate::playbook::action::AssertNoImportErrors;
use crate::secret::Masker;

/// How many files a message names.
const SHOWN: usize = 10;
/// How many characters of a reason a message shows.
const REASON_MAX: usize = 201;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn assert_no_import_errors(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertNoImportErrors = self.arguments()?;
        let pattern = keys.filename_pattern.as_ref().map(|pattern| pattern.0.as_str());
        self.within(keys.within, may_come, async |step| step.no_import_errors(pattern).await).await
    }

    async fn no_import_errors(&mut self, pattern: Option<&str>) -> Result<ActionResult, Stop> {
        let errors = self.pages(async |client, offset, limit| client.import_errors(offset, limit).await).await?;
        let is_meant = |error: &ImportError| pattern.is_none_or(|pattern| is_like(pattern, &error.filename));
        let list = result(errors.into_iter().filter(is_meant).collect());
        if list.total == 0 {
            return Ok(ActionResult::AssertNoImportErrors(list));
        }
        let failure = failure(&list, &self.run.tools.masker).at(self.location_of("filename_pattern"));
        self.known = Some(ActionResult::AssertNoImportErrors(list));
        Err(failure.into())
    }
}

fn result(mut errors: Vec<ImportError>) -> ImportErrorList {
    errors.sort_by(|one, other| one.filename.cmp(&other.filename));
    errors.dedup();
    let import_errors: Vec<ImportErrorSummary> = errors
        .into_iter()
        .map(|error| ImportErrorSummary {
            reason: error.reason(),
            filename: error.filename,
            stack_trace: error.stack_trace,
        })
        .collect();
    let filenames = import_errors.iter().map(|error| error.filename.clone()).collect();
    ImportErrorList { total: import_errors.len(), import_errors, filenames }
}

fn failure(list: &ImportErrorList, masker: &Masker) -> Failure {
    let message = match list.total {
        1 => "a DAG file can't be imported".to_owned(),
        total => format!("{total} DAG files can't be imported"),
    };
    let mut failure = Failure::new(FailureKind::NotReady, message);
    for error in list.import_errors.iter().take(SHOWN) {
        failure = failure.with_note(format!("`{}`: {}", error.filename, masker.masked(&error.reason).cut(REASON_MAX)));
    }
    match list.total.saturating_sub(SHOWN) {
        0 => failure,
        more => failure.with_note(format!("and {more} more, which the report has")),
    }
}
