//! `--list-steps`: what a selection would run.

use crate::cli::streams::Streams;
use crate::outcome::Section;
use crate::plan::{Selected, Selection};

/// Writes a line for each step to stdout: its place, id, action and tags, and its name as it is written.
pub(super) fn list_steps(selected: &Selected, streams: &mut Streams) {
    let Selected { steps, left_out } = selected;
    let width = steps.iter().map(|step| step.id.chars().count()).max().unwrap_or_default();
    let (mut section, mut at) = (Section::Steps, 0);
    for step in steps {
        if std::mem::replace(&mut section, step.section) != step.section {
            streams.out_text(&format!("{}:\n", section.key()));
            at = 0;
        }
        at += 1;
        let tags = if step.tags.is_empty() { String::new() } else { format!(" [{}]", step.tags.join(", ")) };
        let name = step.written_name.as_ref().map(|name| format!(": {}", name.trim())).unwrap_or_default();
        streams.out_text(&format!("{:>3}  {:width$}  {}{tags}{name}\n", at, step.id, step.action.key()));
    }
    if *left_out > 0 {
        streams.err_line(&format!("{left_out} more not selected"));
    }
}

/// What the words of the command line ask for.
pub(super) fn selection(tags: &[String], skip_tags: &[String], start_at: Option<&String>) -> Selection {
    let words = |words: &[String]| {
        let trimmed = words.iter().map(|word| word.trim().to_owned());
        trimmed.filter(|word| !word.is_empty()).collect()
    };
    Selection { tags: words(tags), skip_tags: words(skip_tags), start_at: start_at.cloned(), only: None }
}
