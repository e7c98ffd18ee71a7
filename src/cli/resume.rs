//! `resume`: goes on with a run that did not come to its end, from what its journal says.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::cli::args::{Output, ResumeArgs};
use crate::cli::check;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::history;
use crate::cli::invocation::{Invocation, Named, Recording};
use crate::cli::overlap;
use crate::cli::schedule::shell;
use crate::cli::signals::Signals;
use crate::cli::streams::Streams;
use crate::cli::{connect, latest, place};
use crate::diagnostic::near_name;
use crate::executor::sha256;
use crate::journal::Store;
use crate::outcome::ActionKind;
use crate::outcome::InputSource;
use crate::plan::{self, Attempt, Given, GivenInput, Plan, PlannedStep, Selection};
use crate::playbook::model::OnOverlap;
use crate::playbook::{self, Loaded};
use crate::record::{RunRecord, StepRecord, Verdict};
use crate::source::{SourceFile, Span};

/// The word for the newest run that is not done.
const LATEST: &str = "latest";

/// Goes on with a run.
pub(super) async fn resume(
    args: &ResumeArgs,
    environment: &Environment,
    streams: &mut Streams,
    exit: fn(i32),
) -> ExitCode {
    let invocation = Invocation::new(&args.running, environment, streams);
    Box::pin(Resuming { args, invocation }.run(exit)).await.unwrap_or_else(|code| code)
}

struct Resuming<'a> {
    args: &'a ResumeArgs,
    invocation: Invocation<'a>,
}

impl Resuming<'_> {
    /// `Err` is the code of what was said already.
    async fn run(mut self, exit: fn(i32)) -> Result<ExitCode, ExitCode> {
        if self.args.check {
            return Err(
                self.refuse("`--check` cannot be used with `resume`", "unset `MYAF_RUN_CHECK`, or check the playbook")
            );
        }
        let store = history::store(&self.args.running.state, self.invocation.environment, self.invocation.streams)?;
        let Some(run_id) = self.run_id(&store)? else {
            return Ok(ExitCode::Success);
        };
        // Who begins with an id that is still free must not be kept from it.
        let entry = store.read(&run_id).map_err(|error| self.say(&error))?;
        if !entry.is_running {
            self.was_begun(&run_id, &entry.journal.record)?;
        }
        let (writer, journal) = store.take_up(&run_id).map_err(|error| self.say(&error))?;
        let record = journal.record;
        self.was_begun(&run_id, &record)?;
        let is_done = record.elapsed_ms.is_some() && record.verdict() == Verdict::Passed;
        if is_done && self.args.again.is_empty() && self.args.clear.is_empty() {
            self.invocation
                .streams
                .err_line(&format!("{}: run {run_id} has already passed: nothing is left to do", record.playbook));
            return Ok(ExitCode::Success);
        }
        let signals = Signals::watch(exit);
        let (mut loaded, path) = self.playbook(&record)?;
        let is_changed = self.compare(&loaded, &record)?;
        let selected = plan::select(&mut loaded, &selection(&record)).map_err(|error| {
            let code = self.invocation.not_selected(&error);
            self.invocation.streams.err_line("  = note: these are the steps of the run's first attempt");
            code
        })?;
        let given = self.inputs(&record)?;
        let place = self.place(&record, &path).await?;
        let started_at = record.started_at.unwrap_or_else(|| place.clock.now());
        let named =
            Named { run_id: &run_id, is_id_given: record.is_id_given, started_at, path: &record.path, file: &path };
        let mut plan = self.invocation.plan(&loaded, (selected, &given), named, &place)?;
        drop(loaded);
        plan.playbook.clone_from(&record.playbook);
        self.same_sources(&plan, &record)?;
        self.remember(&mut plan, is_changed, &record)?;
        let connection = &self.args.running.connection;
        let client = connect::client(connection, &place, self.invocation.environment, self.invocation.streams)?;
        let around = (&place.clock, &signals);
        let streams = &mut *self.invocation.streams;
        let taken = overlap::take(&store, &plan, (OnOverlap::Fail, None), around, streams).await?;
        let recording = Recording { writer: Some(writer), is_trial: place.provenance.is_none(), record };
        let code = Ok(self.invocation.carry_out(&plan, (&place, &client), signals, recording).await);
        drop(taken);
        code
    }

    /// Refuses a run of which nothing was run.
    fn was_begun(&mut self, run_id: &str, record: &RunRecord) -> Result<(), ExitCode> {
        if record.steps.is_empty() {
            let help = format!("run the playbook with `--run-id {run_id}`");
            return Err(self.refuse(&format!("the run `{run_id}` has not begun"), &help));
        }
        let Some(held_by) = &record.held_by else { return Ok(()) };
        let message = format!("nothing of the run `{run_id}` was run: its playbook was running already, as {held_by}");
        let run_id = if record.is_id_given { format!("--run-id {run_id} ") } else { String::new() };
        Err(self.refuse(&message, &format!("run it now: `myaf-run {run_id}{}`", shell(&record.path))))
    }

    /// The run that is meant; none when there is nothing to go on with.
    fn run_id(&mut self, store: &Store) -> Result<Option<String>, ExitCode> {
        if self.args.run != LATEST {
            return Ok(Some(self.args.run.clone()));
        }
        latest::choose(store, self.args, &mut self.invocation)
    }

    /// The playbook as it is now; where its file is gone, as the journal has it.
    fn playbook(&mut self, record: &RunRecord) -> Result<(Loaded, PathBuf), ExitCode> {
        let Invocation { environment, streams, manner, .. } = &mut self.invocation;
        let path = self.args.playbook.clone().unwrap_or_else(|| latest::file_of(record, &environment.cwd));
        if environment.cwd.join(&path).exists() {
            let loaded = check::read(&path, environment, streams, *manner).ok_or(ExitCode::Usage)?;
            return Ok((loaded, path));
        }
        if sha256(&record.text) != record.text_sha256 {
            let message =
                format!("the playbook `{}` is not here, and the journal has it without its secrets", record.path);
            let help = format!("say where it is: `myaf-run resume {} PLAYBOOK`", record.run_id);
            return Err(self.refuse(&message, &help));
        }
        streams.err_line(&format!("warning: `{}` is not here; its text is taken from the journal", path.display()));
        let loaded = playbook::load(&record.path, record.text.clone().into_bytes());
        Ok((loaded.map_err(|mistakes| self.invocation.mistaken(&mistakes))?, path))
    }

    /// Whether the playbook is another one than before, which must be allowed.
    fn compare(&mut self, loaded: &Loaded, record: &RunRecord) -> Result<bool, ExitCode> {
        let is_changed = sha256(loaded.file.text()) != record.text_sha256;
        if is_changed && !self.args.allow_changed {
            let now = self.invocation.streams.masker().mask(loaded.file.text()).into_owned();
            let diff = TextDiff::from_lines(&record.text, &now);
            let diff = diff.unified_diff().context_radius(2).header("as it was run", "as it is now").to_string();
            self.invocation.streams.err_text(&diff);
            let message = format!("the playbook `{}` has changed since run {}", record.path, record.run_id);
            let command = format!("`myaf-run resume --allow-changed {}`", record.run_id);
            return Err(self.refuse(&message, &format!("{command} goes on with it as it is now; or change it back")));
        }
        Ok(is_changed)
    }

    /// The inputs of the first attempt. Those that were not kept come from where they came from then.
    fn inputs(&mut self, record: &RunRecord) -> Result<Vec<GivenInput>, ExitCode> {
        let again = self.invocation.given(&self.args.extra_vars)?;
        if let Some(other) = again.iter().find(|input| !record.withheld.contains(&input.name)) {
            let message = format!("the input `{}` has its value from the first attempt", other.name);
            return Err(self.refuse(&message, "`-e` is only for inputs that were not kept, since they are secret"));
        }
        let kept = record.inputs.iter().filter(|(name, _)| !record.withheld.contains(name));
        let kept = kept.map(|(name, value)| {
            let file = SourceFile::new("journal", name.clone());
            let span = Span::new(0, name.len());
            GivenInput { name: name.clone(), value: Given::Value(value.clone()), file, span, warnings: Vec::new() }
        });
        Ok(kept.filter(|input| !matches!(input.value, Given::Value(serde_json::Value::Null))).chain(again).collect())
    }

    /// An input whose value was not kept must have it from where it came from then: another place has another value.
    fn same_sources(&mut self, plan: &Plan, record: &RunRecord) -> Result<(), ExitCode> {
        let sources = |name: &String| record.sources.get(name).zip(plan.input_sources.get(name));
        let is_other =
            |name: &&String| sources(name).is_some_and(|(then, now)| now != then && *now != InputSource::Given);
        let Some(name) = record.withheld.iter().find(is_other) else { return Ok(()) };
        let from = match record.sources.get(name) {
            Some(InputSource::Given) => "was given by `-e`",
            Some(InputSource::Environment) => "came from its variable",
            Some(InputSource::Default) | None => "had its default",
        };
        let message =
            format!("the input `{name}` {from} in the first attempt, and was not kept, since it holds a secret");
        Err(self.refuse(&message, &format!("give it again with `-e {name}=VALUE`")))
    }

    /// The Airflow of the first attempt.
    async fn place(&mut self, record: &RunRecord, path: &Path) -> Result<place::Place, ExitCode> {
        let is_quiet = self.args.running.output == Output::Quiet;
        let named = place::Named { path: Some(path), target: Some(&record.target), is_quiet };
        let connection = &self.args.running.connection;
        let is_elsewhere = connection.url.is_some() || self.args.allow_changed;
        if was_a_trial(record) && !is_elsewhere && self.invocation.environment.var("SANDBOX_AIRFLOW_API_URL").is_none()
        {
            let message = format!("the run `{}` was made on a sandbox that ended with it", record.run_id);
            return Err(
                self.refuse(&message, "`myaf-run sandbox` serves one that stays; `myaf-run demo` shows how to resume")
            );
        }
        let place = place::find(connection, named, self.invocation.environment, self.invocation.streams).await?;
        let url = place.base_url.to_string();
        // A URL that holds a secret is recorded without it.
        let is_same = url == record.base_url || self.invocation.streams.masker().mask(&url) == record.base_url;
        if !is_same && !self.args.allow_changed {
            let message =
                format!("the target `{}` is at {url} now, and the run was made at {}", place.target, record.base_url);
            let command = format!("`myaf-run resume --allow-changed {}`", record.run_id);
            return Err(self.refuse(&message, &format!("{command} goes on there, if it is the same Airflow")));
        }
        Ok(place)
    }

    /// Tells the plan what is done.
    fn remember(&mut self, plan: &mut Plan, is_changed: bool, record: &RunRecord) -> Result<(), ExitCode> {
        for asked in self.args.again.iter().chain(&self.args.clear) {
            if !plan.steps.iter().any(|step| step.id == *asked) {
                let ids = plan.steps.iter().map(|step| step.id.as_str());
                let help = near_name(asked, ids.clone()).map_or_else(
                    || format!("its steps are {}", ids.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(self.refuse(&format!("the run has no step `{asked}`"), &help));
            }
        }
        self.can_be_made_anew(plan)?;
        self.can_be_cleared(plan)?;
        self.all_doubts_are_settled(plan, record)?;
        let (again, clear) = (self.args.again.clone(), self.args.clear.clone());
        plan.resume(Attempt { last_seq: record.last_seq, again, clear, is_changed }, record);
        Ok(())
    }

    /// `rescue` and `always` begin anew with every attempt.
    fn can_be_made_anew(&mut self, plan: &Plan) -> Result<(), ExitCode> {
        let is_asked = |step: &&PlannedStep| self.args.again.contains(&step.id) || self.args.clear.contains(&step.id);
        let mut others = plan.steps.iter().filter(|step| !step.section.is_steps());
        let Some(step) = others.find(is_asked) else { return Ok(()) };
        let message = format!("the step `{}` stands in `{}`", step.id, step.section.key());
        Err(self.refuse(&message, "what stands there is done anew whenever the run goes on"))
    }

    /// Only a step that makes a DAG run has one to clear.
    fn can_be_cleared(&mut self, plan: &Plan) -> Result<(), ExitCode> {
        let clears = |step: &&PlannedStep| self.args.clear.contains(&step.id);
        let both = plan.steps.iter().filter(clears).find(|step| self.args.again.contains(&step.id));
        if let Some(step) = both {
            let message = format!("`--again` and `--clear` are both asked for the step `{}`", step.id);
            return Err(
                self.refuse(&message, "`--clear` runs its DAG run's failed tasks again, `--again` makes another run")
            );
        }
        match plan.steps.iter().filter(clears).find(|step| step.action != ActionKind::TriggerDag) {
            Some(step) => {
                let message = format!("the step `{}` makes no DAG run that could be cleared", step.id);
                let is_another = step.action == ActionKind::WaitForDagRun;
                let in_airflow = "clear the failed tasks in Airflow, then resume without `--clear`";
                let help = if is_another { in_airflow } else { "`--again` does a step anew" };
                Err(self.refuse(&message, help))
            }
            None => Ok(()),
        }
    }

    /// A write in doubt is looked for by its step, so the step must be there.
    fn all_doubts_are_settled(&mut self, plan: &Plan, record: &RunRecord) -> Result<(), ExitCode> {
        let is_gone =
            |known: &&StepRecord| !plan.steps.iter().any(|step| step.id == known.id && step.action == known.action);
        let gone = record.steps.iter().filter(is_gone);
        let mut doubts = gone
            .flat_map(|step| step.writes.iter().filter(|write| write.is_in_doubt()).map(move |write| (step, write)));
        let Some((step, write)) = doubts.next() else { return Ok(()) };
        let (id, identity) = (&step.id, &write.identity);
        let message =
            format!("it is not known whether `{identity}` was made, and its step `{id}` is not there any more");
        Err(self.refuse(&message, "put the step back, so that it is looked for"))
    }

    fn say(&mut self, error: &crate::journal::JournalError) -> ExitCode {
        history::say(error, self.invocation.streams)
    }

    fn refuse(&mut self, message: &str, help: &str) -> ExitCode {
        self.invocation.streams.err_line(&format!("error: {message}\n  = help: {help}"));
        ExitCode::Usage
    }
}

/// Whether a run was made on a sandbox in its own process.
fn was_a_trial(record: &RunRecord) -> bool {
    record.target == place::SANDBOX && record.base_url.starts_with("http://127.0.0.1:")
}

/// The steps that the first attempt chose.
fn selection(record: &RunRecord) -> Selection {
    let ids = (record.left_out > 0).then(|| record.steps.iter().map(|step| step.id.clone()).collect());
    Selection { only: ids, ..Selection::default() }
}
