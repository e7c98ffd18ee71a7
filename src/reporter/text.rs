//! A run as lines for people: each step with its outcome, time and what it did, and one last line.
//!
//! ```text
//! seed: run 20261123t061530z-5f3a9c1e on `my` (https://…/api/v1)
//! 1/2 passed  list the DAGs (81ms): 266 DAGs on 3 pages
//! 2/2 FAILED  load (6.2s)
//! error: the DAG run `…` of `loans` failed
//!   task `load`, try 1: ValueError: …
//!     at /opt/airflow/dags/loans.py:34 in load
//!     its last lines:
//!   | …
//! seed: failed in 6.3s: 1 passed, 1 failed
//! ```
//!
//! On a terminal the outcome is a mark, and pieces of a line have tones.

use crate::diagnostic::{Code, Diagnostic, draw};
use crate::event::{Event, EventKind, OutputsMade, RunStarted, StepFinished, TryFailed, WriteFate};
use crate::outcome::{FailedTask, Failure, FailureKind, Section, Unmet};
use crate::record::{RunRecord, Verdict};
use crate::reporter::curl::Curl;
use crate::reporter::painted::{Look, Painted, Tone};
use crate::reporter::step_line::step_line;
use crate::reporter::{summary, unsent};
use crate::source::SourceFile;

/// A text and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A result: stdout.
    Result(String),
    /// For the person who looks on: stderr.
    Note(Painted),
    /// A line of a script for a shell, which a check prints: stdout.
    Command(String),
    /// A note, drawn with our own colours and with everything foreign made visible already.
    Drawn(String),
}

/// Turns events into lines.
#[derive(Debug)]
pub struct Text {
    file: SourceFile,
    look: Look,
    /// In a check with `--curl`: what the commands need.
    curl: Option<Curl>,
}

impl Text {
    /// A reporter that draws failures in `file`, the playbook.
    #[must_use]
    pub const fn new(file: SourceFile, look: Look) -> Self {
        Self { file, look, curl: None }
    }

    /// With the writes of a check as commands for a shell, for which stdout is kept.
    #[must_use]
    pub fn with_curl(self, curl: Option<Curl>) -> Self {
        Self { curl, ..self }
    }

    /// The lines of an event; `record` has taken it in already.
    #[must_use]
    pub fn lines(&self, event: &Event, record: &RunRecord) -> Vec<Line> {
        match &event.kind {
            EventKind::RunStarted(started) => vec![Line::Note(beginning(started))],
            EventKind::RunResumed(_) => vec![Line::Note(next_attempt(record))],
            EventKind::TryFailed(tried) => failed_try(tried).map(Line::Note).into_iter().collect(),
            EventKind::WriteSettled { fate: WriteFate::Found, .. } => {
                vec![Line::Note("    no answer came, but Airflow has it: nothing is sent again".into())]
            }
            EventKind::Warned { step: Some(_), message } => {
                vec![Line::Note(Painted::message(&format!("    warning: {message}")))]
            }
            EventKind::Printed { text, .. } if self.curl.is_some() => vec![Line::Note(text.as_str().into())],
            EventKind::Printed { text, .. } => vec![Line::Result(text.clone())],
            EventKind::StepFinished(finished) => self.finished(finished, record),
            EventKind::FailureRescued { step } => rescued(*step, record).map(Line::Note).into_iter().collect(),
            EventKind::OutputsMade(made) => self.outputs(made),
            EventKind::RunFinished { .. } => ending(record).into_iter().map(Line::Note).collect(),
            // What is warned of beside the steps is told at the end.
            EventKind::Warned { step: None, .. }
            | EventKind::StepStarted { .. }
            | EventKind::WriteShown(_)
            | EventKind::LeftOpen { .. }
            | EventKind::WriteAnnounced(_)
            | EventKind::WriteSettled { .. }
            | EventKind::Waiting { .. }
            | EventKind::Interrupted { .. }
            | EventKind::DeadlinePassed { .. } => Vec::new(),
        }
    }

    fn finished(&self, finished: &StepFinished, record: &RunRecord) -> Vec<Line> {
        let Some(step) = record.steps.get(finished.step) else { return Vec::new() };
        let mut lines = vec![Line::Note(step_line(step, finished, record, self.look))];
        lines.extend(unsent::of_step(step, record, self.curl.as_ref()));
        // What a signal or the deadline stopped is told in the last line.
        let failure = finished.failure.as_ref().filter(|failure| !failure.kind.is_stop());
        lines.extend(failure.into_iter().flat_map(|failure| self.failure(failure)));
        lines
    }

    fn outputs(&self, made: &OutputsMade) -> Vec<Line> {
        let lines = made.outputs.iter().map(|(name, value)| Line::Note(format!("output {name} = {value}").into()));
        lines.chain(made.failure.iter().flat_map(|failure| self.failure(failure))).collect()
    }

    fn failure(&self, failure: &Failure) -> Vec<Line> {
        let drawn = self.drawn(failure);
        if drawn.is_empty() {
            return plain(failure).into_iter().map(Line::Note).collect();
        }
        vec![Line::Drawn(draw(&drawn, self.look.colour).trim_end().to_owned())]
    }

    /// A failure that has a place in the playbook, under its line.
    fn drawn(&self, failure: &Failure) -> Vec<Diagnostic> {
        if !failure.unmet.is_empty() {
            return failure.unmet.iter().filter_map(|unmet| self.unmet(unmet)).collect();
        }
        let Some(location) = &failure.location else { return Vec::new() };
        let code = match failure.kind {
            FailureKind::Template => Code::RENDER,
            FailureKind::NotFound => Code::NOT_IN_AIRFLOW,
            _ => Code::REFUSED,
        };
        let diagnostic = Diagnostic::new(code, &self.file, location.span, failure.message.clone());
        let diagnostic = failure.notes.iter().fold(diagnostic, |diagnostic, note| diagnostic.with_note(note.clone()));
        vec![match &failure.help {
            Some(help) => diagnostic.with_help(help.clone()),
            None => diagnostic,
        }]
    }

    fn unmet(&self, unmet: &Unmet) -> Option<Diagnostic> {
        let location = unmet.location.as_ref()?;
        let message = match (&unmet.message, &unmet.gave) {
            (Some(message), _) => message.clone(),
            (None, Some(gave)) => format!("`{}` is {gave}, not true or false", unmet.expression),
            (None, None) => format!("`{}` is not true", unmet.expression),
        };
        let diagnostic = Diagnostic::new(Code::NOT_TRUE, &self.file, location.span, message);
        let values = unmet.values.iter();
        Some(values.fold(diagnostic, |diagnostic, (name, value)| diagnostic.with_note(format!("{name} = {value}"))))
    }
}

fn beginning(started: &RunStarted) -> Painted {
    if let Some(held_by) = &started.held_by {
        return summary::skipped(&started.playbook, held_by).into();
    }
    let sha = started.git_sha.as_ref().map(|sha| format!(" at {sha}")).unwrap_or_default();
    let (target, url) = (&started.target, &started.base_url);
    let words = if started.is_check {
        format!("{sha}: check on `{target}` ({url}): nothing is sent that changes anything")
    } else {
        format!("{sha}: run {} on `{target}` ({url})", started.run_id)
    };
    Painted::default().with(Tone::Strong, &started.playbook).with(Tone::Dim, words)
}

fn next_attempt(record: &RunRecord) -> Painted {
    let steps = record.section(Section::Steps);
    let done = steps.iter().filter(|step| step.is_done()).count();
    let (all, target, url) = (steps.len(), &record.target, &record.base_url);
    let words = format!(": run {} goes on, {done} of {all} steps are done, on `{target}` ({url})", record.run_id);
    Painted::default().with(Tone::Strong, &record.playbook).with(Tone::Dim, words)
}

fn rescued(step: usize, record: &RunRecord) -> Option<Painted> {
    record.steps.get(step).map(|step| format!("    the failure of step `{}` is rescued", step.id).into())
}

/// A try that something follows; the failure of the step tells the last one.
fn failed_try(tried: &TryFailed) -> Option<Painted> {
    let next = match tried.retry_in_ms {
        _ if tried.is_unknown => "looking for what became of it".to_owned(),
        Some(pause) => format!("trying again in {}", summary::elapsed(pause)),
        None => return None,
    };
    let line = Painted::default().with(Tone::Warning, format!("    try {} of {}", tried.try_number, tried.attempts));
    Some(line.with(Tone::Plain, format!(": {}; ", tried.message)).with(Tone::Dim, next))
}

fn plain(failure: &Failure) -> Vec<Painted> {
    let mut lines = vec![Painted::message(&format!("error: {}", failure.message))];
    lines.extend(tasks(&failure.failed_tasks));
    lines.extend(failure.notes.iter().map(|note| Painted::message(&format!("  note: {note}"))));
    lines.extend(failure.help.iter().map(|help| Painted::message(&format!("  help: {help}"))));
    lines
}

/// The failed tasks: those that were looked at each with the reason, the others by name.
fn tasks(failed: &[FailedTask]) -> Vec<Painted> {
    let (looked_at, others): (Vec<&FailedTask>, Vec<&FailedTask>) = failed.iter().partition(|task| task.is_looked_at());
    let word = if looked_at.is_empty() { "failed tasks" } else { "also failed" };
    let mut lines: Vec<Painted> = looked_at.iter().flat_map(|one| task(one)).collect();
    lines.extend((!others.is_empty()).then(|| Painted::from(format!("  {word}: {}", FailedTask::names(others)))));
    lines
}

fn task(task: &FailedTask) -> Vec<Painted> {
    let begin = format!("  task `{}`, try {}", task.label(), task.try_number);
    let first = match (&task.exception, &task.no_log) {
        (Some(exception), _) => format!("{begin}: {}", indented(exception)),
        (None, Some(no_log)) => format!("{begin}: {no_log}"),
        (None, None) => format!("{begin}, its last lines:"),
    };
    let mut lines = vec![Painted::from(first)];
    let dim = |text: String| Painted::default().with(Tone::Dim, text);
    lines.extend(task.frames.iter().map(|frame| dim(format!("    at {frame}"))));
    lines.extend(task.causes.iter().map(|cause| Painted::from(format!("    caused by {}", indented(cause)))));
    if task.exception.is_some() && !task.log.is_empty() {
        lines.push(dim("    its last lines:".to_owned()));
    }
    lines.extend(task.log.iter().map(|line| Painted::default().with(Tone::Dim, "  | ").with(Tone::Plain, line)));
    lines
}

/// A text whose further lines stand below its first, so that none looks like a line of ours.
fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// The end of the run: what to look at, then how it ended.
fn ending(record: &RunRecord) -> Vec<Painted> {
    if record.held_by.is_some() {
        return Vec::new();
    }
    let warnings = record.warnings.iter().map(|warning| Painted::message(&format!("warning: {warning}")));
    let mut lines: Vec<Painted> = warnings.collect();
    let tone = match record.verdict() {
        Verdict::Passed => Tone::Good,
        Verdict::Failed(_) | Verdict::Unrecorded => Tone::Bad,
        Verdict::Interrupted(_) | Verdict::DeadlinePassed => Tone::Warning,
    };
    let summary = summary::of_run(record);
    let (verdict, counts) = summary.split_at(summary.find(" in ").unwrap_or_default());
    let mut last = Painted::default().with(Tone::Strong, format!("{}: ", record.playbook));
    last = last.with(tone, verdict).with(Tone::Plain, counts);
    if let Some((_, failure)) = record.first_failure()
        && (failure.kind == FailureKind::OutcomeUnknown || failure.kind.is_stop())
    {
        last.push(Tone::Plain, format!("; {}", failure.message));
        if let Some(help) = &failure.help {
            last.push(Tone::Plain, format!("; {help}"));
        }
    }
    lines.push(last);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_run_shows_its_tasks_and_their_last_lines() {
        let mut failure = Failure::new(FailureKind::DagRunFailed, "the DAG run `r` of `d` failed").with_help("look");
        let of = |task_id: &str, map_index| FailedTask {
            task_id: task_id.to_owned(),
            map_index,
            try_number: 1,
            ..FailedTask::default()
        };
        failure.failed_tasks = vec![
            FailedTask {
                exception: Some("ValueError: boom\nerror: not ours".to_owned()),
                frames: vec!["/dags/loans.py:34 in bad".to_owned()],
                causes: vec!["KeyError: 'x'".to_owned()],
                log: vec!["about to fail".to_owned()],
                ..of("bad", 2)
            },
            FailedTask { no_log: Some("it never started, so it has no log".to_owned()), ..of("late", -1) },
            FailedTask { log: vec!["the last word".to_owned()], ..of("quiet", -1) },
            of("more", -1),
            of("more", 0),
        ];
        let expected = [
            "error: the DAG run `r` of `d` failed",
            "  task `bad[2]`, try 1: ValueError: boom\n      error: not ours",
            "    at /dags/loans.py:34 in bad",
            "    caused by KeyError: 'x'",
            "    its last lines:",
            "  | about to fail",
            "  task `late`, try 1: it never started, so it has no log",
            "  task `quiet`, try 1, its last lines:",
            "  | the last word",
            "  also failed: `more`, `more[0]`",
            "  help: look",
        ];
        let lines: Vec<String> = plain(&failure).iter().map(Painted::text).collect();
        assert_eq!(lines, expected);
    }
}
