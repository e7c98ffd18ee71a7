//! The line of a step that has ended: in words for a pipe, with a mark for a person.
//!
//! ```text
//! 2/3 passed  Run it (2.0s): myaf__load__2026-10__51f0b1cb03b07ed5 is success
//! ✓ 2/3 Run it (2.0s): myaf__…__51f0b1cb03b07ed5 is success
//! ```

use crate::event::StepFinished;
use crate::outcome::{Section, StepOutcome};
use crate::record::{RunRecord, StepRecord};
use crate::reporter::painted::{Look, Painted, Tone};
use crate::reporter::summary;

/// The line of a step that has ended.
pub(super) fn step_line(step: &StepRecord, finished: &StepFinished, record: &RunRecord, look: Look) -> Painted {
    let number = record.number(finished.step);
    let took = (finished.outcome != StepOutcome::Skipped).then(|| summary::elapsed(finished.elapsed_ms));
    let did = summary::of_step(step, finished, look);
    let name = one_line(&step.name);
    let mut line = if look.marks {
        let (mark, tone) = mark(finished.outcome);
        let number = aligned(&number, record, finished.step);
        let told = word_beside_mark(finished.outcome).into_iter().map(str::to_owned).chain(took);
        let told: Vec<String> = told.collect();
        let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) };
        let line = Painted::default().with(tone, mark).with(Tone::Dim, format!(" {number} "));
        line.with(tone_of_name(finished.outcome), name).with(Tone::Dim, told)
    } else {
        let (word, tone) = (word(finished.outcome), mark(finished.outcome).1);
        let took = took.map(|took| format!(" ({took})")).unwrap_or_default();
        let line = Painted::default().with(Tone::Dim, format!("{number} ")).with(tone, word);
        line.with(tone_of_name(finished.outcome), format!(" {name}")).with(Tone::Dim, took)
    };
    if !did.0.is_empty() {
        line.push(Tone::Dim, ": ");
        line.0.extend(did.0);
    }
    line
}

/// The word of an outcome, padded to the longest of them.
const fn word(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Passed => "passed ",
        StepOutcome::Already => "already",
        StepOutcome::Skipped => "skipped",
        StepOutcome::Ignored => "ignored",
        StepOutcome::Rescued => "rescued",
        StepOutcome::Failed => "FAILED ",
        StepOutcome::Interrupted => "stopped",
        StepOutcome::Unknown => "unknown",
    }
}

/// The mark of an outcome, one column wide.
const fn mark(outcome: StepOutcome) -> (&'static str, Tone) {
    match outcome {
        StepOutcome::Passed | StepOutcome::Already => ("✓", Tone::Good),
        StepOutcome::Skipped => ("–", Tone::Dim),
        StepOutcome::Ignored | StepOutcome::Rescued => ("✗", Tone::Warning),
        StepOutcome::Failed => ("✗", Tone::Bad),
        StepOutcome::Interrupted => ("■", Tone::Warning),
        StepOutcome::Unknown => ("?", Tone::Bad),
    }
}

/// What a mark does not tell.
const fn word_beside_mark(outcome: StepOutcome) -> Option<&'static str> {
    match outcome {
        StepOutcome::Passed | StepOutcome::Failed => None,
        StepOutcome::Already => Some("already"),
        StepOutcome::Skipped => Some("skipped"),
        StepOutcome::Ignored => Some("ignored"),
        StepOutcome::Rescued => Some("rescued"),
        StepOutcome::Interrupted => Some("stopped"),
        StepOutcome::Unknown => Some("unknown"),
    }
}

const fn tone_of_name(outcome: StepOutcome) -> Tone {
    match outcome {
        StepOutcome::Failed | StepOutcome::Unknown => Tone::Strong,
        StepOutcome::Skipped => Tone::Dim,
        StepOutcome::Passed
        | StepOutcome::Already
        | StepOutcome::Ignored
        | StepOutcome::Rescued
        | StepOutcome::Interrupted => Tone::Plain,
    }
}

/// A number with the width that the last one of its list has, so that names stand below each other.
fn aligned(number: &str, record: &RunRecord, step: usize) -> String {
    let section = record.steps.get(step).map_or(Section::Steps, |step| step.section);
    let all = record.section(section).len().to_string().len();
    let digits = number.split('/').next().unwrap_or_default().rsplit(' ').next().unwrap_or_default().len();
    format!("{}{number}", " ".repeat(all.saturating_sub(digits)))
}

/// A name on one line: a line feed in it must not make a line that looks like ours.
pub(super) fn one_line(name: &str) -> String {
    name.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_no_line_of_its_own() {
        assert_eq!(one_line("x\n2/2 passed  fake"), "x\\n2/2 passed  fake");
    }
}
