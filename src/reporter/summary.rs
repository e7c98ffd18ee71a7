//! The words in which a step and a run are summed up.

use std::time::Duration;

use crate::event::StepFinished;
use crate::outcome::{
    ActionResult, DagRunResult, FailedTask, Failure, FailureKind, HealthResult, Notified, PoolResult, Section,
    StepOutcome,
};
use crate::record::{RunRecord, StepRecord, Verdict};
use crate::reporter::painted::{Look, Painted, Piece, Tone};
use crate::reporter::short::short;
use crate::reporter::step_line::one_line;
use crate::reporter::unsent;

/// What a step did, in a few words: counts, the run's id, its state, tries.
pub(super) fn of_step(record: &StepRecord, finished: &StepFinished, look: Look) -> Painted {
    // Other failures name what they are about themselves.
    let kind = finished.failure.as_ref().map(|failure| failure.kind);
    if !matches!(kind, None | Some(FailureKind::Expectation | FailureKind::Template)) {
        return Painted::default();
    }
    if let Some(condition) = &finished.condition {
        let is_constant = condition == "false";
        let told =
            if is_constant { "`when: false`".into() } else { format!("`when: {}` is false", one_line(condition)) };
        return Painted::default().with(Tone::Dim, told);
    }
    let mut words = match &finished.result {
        // Where it failed, its id is needed whole.
        Some(ActionResult::TriggerDag(run)) => {
            of_run_made(run, Look { short_ids: look.short_ids && kind.is_none(), ..look })
        }
        Some(result) => Painted::default().with(Tone::Dim, of_result(result, finished).unwrap_or_default()),
        None => Painted::default(),
    };
    let failed_tries = record.tries.iter().filter(|tried| tried.retry_in_ms.is_some()).count();
    if failed_tries > 0 {
        let gap = if words.0.is_empty() { "" } else { ", " };
        let tries = counted(failed_tries, "failed try", "failed tries");
        words.push(Tone::Dim, format!("{gap}passed after {tries}"));
    }
    words
}

/// A DAG run with its state. Its page is behind its id where a link can be, else beside it.
fn of_run_made(run: &DagRunResult, look: Look) -> Painted {
    let id = if look.short_ids { short(&run.dag_run_id, look.marks) } else { run.dag_run_id.clone() };
    let page = run.url.clone().filter(|_| look.links);
    let beside = run.url.as_ref().filter(|_| page.is_none()).map(|url| format!(", {url}")).unwrap_or_default();
    let line = Painted(vec![Piece { text: id, tone: Tone::Dim, link: page }]);
    line.with(Tone::Dim, format!(" is {}{beside}", run.state.as_str()))
}

fn of_result(result: &ActionResult, finished: &StepFinished) -> Option<String> {
    match result {
        ActionResult::ListDags(list) => {
            let pages = counted(finished.pages as usize, "page", "pages");
            Some(format!("{} on {pages}", counted(list.total, "DAG", "DAGs")))
        }
        ActionResult::AssertDag(dag) => {
            let paused = if dag.is_paused { "paused" } else { "not paused" };
            Some(format!("`{}` is there, {paused}", dag.dag_id))
        }
        ActionResult::TriggerDag(run) => Some(of_run_made(run, Look::default()).text()),
        ActionResult::GetDag(dag) => {
            let paused = if dag.is_paused { "paused" } else { "not paused" };
            Some(format!("`{}`, {paused}, {}", dag.dag_id, counted(dag.params.len(), "param", "params")))
        }
        ActionResult::ListDagRuns(list) => Some(list_of(list.total, list.is_complete, ("run", "runs"))),
        ActionResult::ListTaskInstances(list) => Some(counted(list.total, "task instance", "task instances")),
        ActionResult::GetTaskLog(log) => {
            let lines = counted(log.lines.len(), "line", "lines");
            Some(format!("{lines} of {} of try {} of `{}`", log.total_lines, log.try_number, log.task_id))
        }
        ActionResult::GetXcom(xcom) => Some(format!("`{}` of `{}`", xcom.key, xcom.task_id)),
        ActionResult::ListDatasets(list) => Some(counted(list.total, "dataset", "datasets")),
        ActionResult::AssertDataset(dataset) => {
            let consumers = counted(dataset.consumers.len(), "consumer", "consumers");
            Some(format!("`{}` is there, {consumers}", dataset.dataset_uri))
        }
        ActionResult::ListDatasetEvents(list) => Some(list_of(list.total, list.is_complete, ("event", "events"))),
        ActionResult::AssertHealthy(health) => Some(healthy(health)),
        ActionResult::AssertNoImportErrors(list) => Some(counted(list.total, "import error", "import errors")),
        ActionResult::GetVariable(variable) => {
            let default = if variable.is_default { " is not there, its default is taken" } else { "" };
            Some(format!("`{}`{default}", variable.key))
        }
        ActionResult::AssertConnection(connection) => {
            Some(format!("`{}` is there, of the type `{}`", connection.connection_id, connection.conn_type))
        }
        ActionResult::AssertPool(pool) => Some(slots(pool)),
        ActionResult::PostDatasetEvent(event) => {
            let id = event.event_id.map_or_else(|| "event".to_owned(), |id| format!("event {id}"));
            let consumers = counted(event.consumers.len(), "consumer", "consumers");
            Some(format!("{id} on `{}`, {consumers}", event.dataset_uri))
        }
        ActionResult::Assert(assertions) => {
            Some(format!("{} held", counted(assertions.assertions, "assertion", "assertions")))
        }
        ActionResult::SetVars(set) => {
            let names: Vec<String> = set.vars.keys().map(|name| format!("`{name}`")).collect();
            Some(names.join(", "))
        }
        ActionResult::Notify(notified) => Some(told(notified)),
        ActionResult::Print(_) | ActionResult::Pause(_) | ActionResult::Unsent(_) => None,
    }
}

/// A pool with what is open of it.
fn slots(pool: &PoolResult) -> String {
    if pool.slots < 0 {
        return format!("`{}` is there, with any number of slots", pool.pool_name);
    }
    format!("`{}` is there, {} of {} slots are open", pool.pool_name, pool.open_slots, pool.slots)
}

/// Who was told.
fn told(notified: &Notified) -> String {
    let of = |ok: bool| notified.webhooks.iter().filter(move |webhook| webhook.ok == ok);
    let names = |ok: bool| of(ok).map(|webhook| format!("`{}`", webhook.host)).collect::<Vec<_>>().join(", ");
    match (notified.sent, notified.failed) {
        (_, 0) => format!("told {}", names(true)),
        (0, _) => format!("{} not told", names(false)),
        (_, _) => format!("told {}, {} not told", names(true), names(false)),
    }
}

/// How many, and whether there may be more.
fn list_of(total: usize, is_complete: bool, (one, many): (&str, &str)) -> String {
    let more = if is_complete { "" } else { ", there may be more" };
    format!("{}{more}", counted(total, one, many))
}

/// The parts of Airflow that have a status.
fn healthy(health: &HealthResult) -> String {
    let parts = [
        ("metadatabase", &health.metadatabase),
        ("scheduler", &health.scheduler),
        ("triggerer", &health.triggerer),
        ("dag_processor", &health.dag_processor),
    ];
    let words = parts.iter().filter_map(|(name, part)| Some(format!("`{name}` {}", part.status.as_deref()?)));
    words.collect::<Vec<_>>().join(", ")
}

/// The one line of a run that left the playbook to another one.
pub(super) fn skipped(playbook: &str, held_by: &str) -> String {
    format!("{playbook}: nothing is run, since it is running already: {held_by}")
}

/// The last line: how the run ended.
pub(super) fn of_run(record: &RunRecord) -> String {
    let word = match record.verdict() {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed(_) | Verdict::Unrecorded => "failed".to_owned(),
        Verdict::Interrupted(signal) => format!("stopped by {}", signal_name(signal)),
        Verdict::DeadlinePassed => {
            format!("stopped by its deadline of {}", record.deadline_ms.map(elapsed).unwrap_or_default())
        }
    };
    let took = record.elapsed_ms.map(elapsed).unwrap_or_default();
    let counts = StepOutcome::ALL
        .into_iter()
        .map(|outcome| (record.count(outcome), outcome.as_str()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"));
    let not_run = record.section(Section::Steps).iter().filter(|step| step.outcome.is_none()).count();
    let not_run = (not_run > 0).then(|| format!("{not_run} not run"));
    let left_out = (record.left_out > 0).then(|| format!("{} not selected", record.left_out));
    let counts: Vec<String> = counts.chain(not_run).chain(left_out).collect();
    if record.is_check {
        return format!("check {word} in {took}: {}; {}", counts.join(", "), unsent::count(record));
    }
    format!("{word} in {took}: {}", counts.join(", "))
}

/// What decides, in one line: with the failed tasks, and with what to do or to know; and what went wrong before it.
pub(super) fn first_failure(record: &RunRecord) -> Option<String> {
    let of_outputs = || record.failure.as_ref().map(|failure| failure.message.clone());
    let of_step = record.first_failure().map(|(step, failure)| {
        let tasks = failed_tasks(failure);
        let more = failure.help.as_ref().or(failure.notes.first()).cloned();
        let parts: Vec<String> = [failure.message.clone()].into_iter().chain(tasks).chain(more).collect();
        let before = record.failures().next().filter(|(first, _)| first.id != step.id);
        let before = before.map(|(first, why)| format!("; before it, step `{}`: {}", first.id, why.message));
        format!("step `{}`: {}{}", step.id, parts.join("; "), before.unwrap_or_default())
    });
    of_step.or_else(of_outputs)
}

/// The failed tasks in one line, with the first exception: `` failed tasks: `load`, `each[0-2]`; `load`: ValueError: boom ``.
pub(super) fn failed_tasks(failure: &Failure) -> Option<String> {
    let tasks = &failure.failed_tasks;
    let told = tasks.iter().find_map(|task| Some((task.label(), task.exception.as_ref()?)));
    let why = told.map(|(label, exception)| format!("; `{label}`: {exception}")).unwrap_or_default();
    (!tasks.is_empty()).then(|| format!("failed tasks: {}{why}", FailedTask::names(tasks)))
}

fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP".to_owned(),
        2 => "SIGINT".to_owned(),
        15 => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    }
}

/// `3 DAGs`, `1 DAG`.
fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A time in milliseconds as people write it.
pub(super) fn elapsed(millis: u64) -> String {
    let duration = Duration::from_millis(millis);
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{millis}ms"),
        1..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(
            [0, 999, 1000, 59_940, 61_000, 7_260_000].map(elapsed),
            ["0ms", "999ms", "1.0s", "59.9s", "1m01s", "2h01m"]
        );
    }
}
