//! Runs of the history as lines for people.

use serde_json::Value;

use crate::outcome::StepOutcome;
use crate::record::{RunRecord, StepRecord};
use crate::reporter::summary;

/// A table of runs, one line each, from the rows of `runs list --json`.
#[must_use]
pub fn table(rows: &[Value]) -> Vec<String> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
    let cells = rows.iter().map(|row| {
        let took = row["elapsed_ms"].as_u64().map_or_else(|| "-".to_owned(), summary::elapsed);
        // Without the fraction of a second.
        let started = text(row, "started_at").chars().take(19).collect::<String>();
        let steps = format!("{}/{}", row["steps_done"], row["steps"]);
        [text(row, "run_id"), text(row, "status"), text(row, "playbook"), text(row, "target"), started, took, steps]
    });
    let heading = ["RUN", "STATUS", "PLAYBOOK", "TARGET", "STARTED (UTC)", "TOOK", "STEPS"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(heading).chain(cells).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..7).map(width).collect();
    let line = |row: &[String; 7]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

/// A run, step by step, with its writes.
#[must_use]
pub fn lines(record: &RunRecord, status: &str) -> Vec<String> {
    let mut lines = vec![format!("run       {}", record.run_id), format!("status    {status}")];
    let sha = record.git_sha.as_ref().map(|sha| format!(" at {sha}")).unwrap_or_default();
    lines.push(format!("playbook  {} ({}{sha})", record.playbook, record.path));
    lines.push(format!("target    {} ({})", record.target, record.base_url));
    lines.extend(record.started_at.map(|at| format!("started   {at}")));
    lines.extend(record.elapsed_ms.map(|took| format!("took      {}", summary::elapsed(took))));
    lines.extend(record.held_by.iter().map(|held_by| format!("skipped   it was running already: {held_by}")));
    if record.resumed > 0 {
        lines.push(format!("resumed   {} times", record.resumed));
    }
    lines.extend(record.inputs.iter().map(|(name, value)| format!("input     {name} = {value}")));
    lines.push(String::new());
    lines.extend(record.steps.iter().enumerate().flat_map(|(at, step)| step_lines(&record.number(at), step)));
    lines.extend(record.outputs.iter().map(|(name, value)| format!("output    {name} = {value}")));
    lines
}

fn step_lines(number: &str, step: &StepRecord) -> Vec<String> {
    let word = match step.outcome {
        Some(outcome) => StepOutcome::as_str(outcome),
        None if step.name.is_empty() => "not run",
        None => "begun",
    };
    let took = step.elapsed_ms.map(|took| format!(" ({})", summary::elapsed(took))).unwrap_or_default();
    let mut lines = vec![format!("{number} {word:<8} {}{took}", step.id)];
    lines.extend(step.failure.iter().map(|failure| format!("    {}", failure.message)));
    lines.extend(step.writes.iter().map(|write| {
        let fate = write.fate.map_or("announced, and nothing more is known", crate::event::WriteFate::as_str);
        format!("    {} on `{}`: {fate}", write.identity, write.subject)
    }));
    lines
}
