//! Runs of the history as lines for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::outcome::{Failure, StepOutcome};
use crate::record::{EarlierRecord, RunRecord, StepRecord, WriteRecord};
use crate::reporter::painted::{Painted, Tone};
use crate::reporter::summary;

/// The most characters of a cell in a table.
const CELL_MAX: usize = 64;

/// A table of runs, one line each, from the rows of `runs list --json`.
#[must_use]
pub fn table(rows: &[Value], zone: &TimeZone) -> Vec<Painted> {
    let text = |row: &Value, key: &str| cell(row[key].as_str().unwrap_or("-"));
    let cells = rows.iter().map(|row| {
        let took = row["elapsed_ms"].as_u64().map_or_else(|| "-".to_owned(), summary::elapsed);
        let started = row["started_at"]
            .as_str()
            .and_then(|at| at.parse().ok())
            .map_or_else(|| "-".to_owned(), |at| local(at, zone));
        let steps = format!("{}/{}", row["steps_done"], row["steps"]);
        [text(row, "run_id"), text(row, "status"), text(row, "playbook"), text(row, "target"), started, took, steps]
    });
    let is_utc = matches!(zone.iana_name(), Some("UTC" | "Etc/UTC"));
    let started = if is_utc { "STARTED (UTC)" } else { "STARTED" };
    let heading = ["RUN", "STATUS", "PLAYBOOK", "TARGET", started, "TOOK", "STEPS"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(heading).chain(cells).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..7).map(width).collect();
    let line = |(at, row): (usize, &[String; 7])| {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded_to(cell, *width)).collect();
        let tone = if at == 0 { Tone::Strong } else { Tone::Plain };
        let line = Painted::default().with(tone, format!("{}  ", padded[0]));
        let line = line.with(if at == 0 { tone } else { tone_of(&row[1]) }, &padded[1]);
        line.with(tone, format!("  {}", padded[2..].join("  ")).trim_end())
    };
    cells.iter().enumerate().map(line).collect()
}

/// A moment without the fraction of its second, in this zone.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The tone of a run's or a step's word.
fn tone_of(word: &str) -> Tone {
    match word {
        "passed" | "already" => Tone::Good,
        "failed" | "unknown" => Tone::Bad,
        "interrupted" | "unfinished" | "ignored" | "rescued" | "running" | "begun" => Tone::Warning,
        "skipped" | "not run" => Tone::Dim,
        _ => Tone::Plain,
    }
}

/// A cell with spaces after it. The standard library's own widths end at 65,535.
fn padded_to(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count())))
}

/// A text as it stands in a table: on its line, and no wider than others can be read beside it.
fn cell(text: &str) -> String {
    let mut shown: String = text.chars().take(CELL_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(CELL_MAX).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// A run, step by step, with its writes, and with the command that goes on with it.
#[must_use]
pub fn lines(record: &RunRecord, status: &str, (way_on, zone): (Option<&str>, &TimeZone)) -> Vec<Painted> {
    let line = |label: &str, value: String| {
        Painted::default().with(Tone::Dim, format!("{label:<10}")).with(Tone::Plain, value)
    };
    let mut lines = vec![line("run", record.run_id.clone())];
    lines.push(Painted::default().with(Tone::Dim, "status    ").with(tone_of(status), status));
    let sha = record.git_sha.as_ref().map(|sha| format!(" at {sha}")).unwrap_or_default();
    lines.push(line("playbook", format!("{} ({}{sha})", record.playbook, record.path)));
    lines.push(line("target", format!("{} ({})", record.target, record.base_url)));
    lines.extend(
        record
            .started_at
            .map(|at| line("started", at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string())),
    );
    lines.extend(record.elapsed_ms.map(|took| line("took", summary::elapsed(took))));
    lines.extend(record.held_by.iter().map(|by| line("skipped", format!("it was running already: {by}"))));
    lines.extend(way_on.map(|command| line("go on", command.to_owned())));
    if record.resumed > 0 {
        lines.push(line("resumed", format!("{} times", record.resumed)));
    }
    lines.extend(record.inputs.iter().map(|(name, value)| line("input", format!("{name} = {value}"))));
    lines.push(Painted::default());
    lines.extend(record.steps.iter().enumerate().flat_map(|(at, step)| step_lines(&record.number(at), step)));
    lines.extend(record.outputs.iter().map(|(name, value)| line("output", format!("{name} = {value}"))));
    lines
}

fn step_lines(number: &str, step: &StepRecord) -> Vec<Painted> {
    let word = match step.outcome {
        Some(outcome) => StepOutcome::as_str(outcome),
        None if step.name.is_empty() => "not run",
        None => "begun",
    };
    let took = step.elapsed_ms.map(|took| format!(" ({})", summary::elapsed(took))).unwrap_or_default();
    let line = Painted::default().with(Tone::Dim, format!("{number} ")).with(tone_of(word), format!("{word:<8}"));
    let mut lines = vec![line.with(Tone::Plain, format!(" {}", step.id)).with(Tone::Dim, took)];
    let is_of_attempt = !step.section.is_steps();
    lines.extend(step.earlier.iter().flat_map(|one| earlier(one, is_of_attempt)).map(Painted::from));
    lines.extend(came_to(step.failure.as_ref(), &step.writes).into_iter().map(Painted::from));
    lines
}

/// What a step came to before its writes were made anew.
fn earlier(earlier: &EarlierRecord, is_of_attempt: bool) -> Vec<String> {
    let word = earlier.outcome.map_or("not ended", StepOutcome::as_str);
    let when = if is_of_attempt {
        format!("attempt {}", u64::from(earlier.attempt) + 1)
    } else {
        format!("generation {}", u64::from(earlier.generation) + 1)
    };
    let below = came_to(earlier.failure.as_ref(), &earlier.writes);
    std::iter::once(format!("    before, {when}: {word}")).chain(below.iter().map(|line| format!("  {line}"))).collect()
}

/// Why it failed, with the tasks that did, and every write with its fate.
fn came_to(failure: Option<&Failure>, writes: &[WriteRecord]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(failure) = failure {
        lines.push(format!("    {}", failure.message));
        lines.extend(summary::failed_tasks(failure).map(|tasks| format!("    {tasks}")));
    }
    lines.extend(writes.iter().map(|write| {
        let fate = write.fate.map_or("announced, and nothing more is known", crate::event::WriteFate::as_str);
        format!("    {} on `{}`: {fate}", write.identity, write.subject)
    }));
    lines
}
