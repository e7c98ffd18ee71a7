//! What a check shows: the writes that a step would make, as requests or as commands for a shell, and what is left open.

use serde_json::Value;

use crate::outcome::{ShownAuth, ShownWrite, WriteKind};
use crate::record::{RunRecord, StepRecord};
use crate::reporter::curl::Curl;
use crate::reporter::text::Line;

/// The lines of a step below its own.
pub(super) fn of_step(step: &StepRecord, record: &RunRecord, curl: Option<&Curl>) -> Vec<Line> {
    let note = |open: &String| Line::Note(format!("    {open}").into());
    // The condition was said first.
    let (condition, open) = step.left_open.split_at(usize::from(step.condition.is_some()).min(step.left_open.len()));
    let mut lines: Vec<Line> = condition.iter().map(note).collect();
    for write in &step.would {
        match curl {
            Some(curl) => {
                lines.push(Line::Note(format!("    would {}", what(write)).into()));
                let is_first = first(record).is_some_and(|first| std::ptr::eq(first, write));
                lines.extend(curl.command(write, step, is_first).into_iter().map(Line::Command));
            }
            None => lines.extend(request(write).into_iter().map(|line| Line::Note(line.into()))),
        }
    }
    lines.extend(open.iter().map(note));
    lines
}

/// How many writes would be made, in words.
pub(super) fn count(record: &RunRecord) -> String {
    let of = |is_counted: fn(&StepRecord) -> bool| -> usize {
        record.steps.iter().filter(|step| is_counted(step)).map(|step| step.would.len()).sum()
    };
    let (all, conditional) = (of(|_| true), of(|step| step.condition.is_some()));
    let all = match all {
        0 => "no write would be made".to_owned(),
        1 => "1 write would be made".to_owned(),
        all => format!("{all} writes would be made"),
    };
    let conditional = match conditional {
        0 => String::new(),
        some => format!(", {some} of them under a condition"),
    };
    let unshown = record.steps.iter().filter(|step| step.has_unshown_write()).count();
    let unshown = match unshown {
        0 => String::new(),
        1 => "; what 1 step would write is not known".to_owned(),
        some => format!("; what {some} steps would write is not known"),
    };
    format!("nothing was sent that changes anything; {all}{conditional}{unshown}")
}

/// The first write that is shown whole.
fn first(record: &RunRecord) -> Option<&ShownWrite> {
    record.steps.iter().flat_map(|step| &step.would).find(|write| write.request.body.is_some())
}

/// A request as people read it.
fn request(write: &ShownWrite) -> Vec<String> {
    let request = &write.request;
    let mut lines = vec![format!("    would {}", what(write))];
    let Some(body) = &request.body else { return lines };
    lines.push(format!("      {} {}", request.method, request.url));
    let auth = match request.auth {
        ShownAuth::Token => Some("Token ***"),
        ShownAuth::Bearer | ShownAuth::Exchange => Some("Bearer ***"),
        ShownAuth::Basic => Some("Basic ***"),
        ShownAuth::None => None,
    };
    lines.extend(auth.map(|auth| format!("      authorization: {auth}")));
    let headers = request.headers.iter().filter(|(name, _)| *name != "accept");
    let headers = headers.map(|(name, value)| (name, value.as_str().unwrap_or_default()));
    lines.extend(headers.map(|(name, value)| format!("      {name}: {value}")));
    lines.extend(pretty(body).lines().map(|line| format!("      {line}")));
    lines
}

fn pretty(body: &Value) -> String {
    format!("{body:#}")
}

/// What a write does, as a verb and its object; one that may not be shown has no body.
fn what(write: &ShownWrite) -> String {
    if write.request.body.is_none() {
        return "make a write that is not shown, since the step has `no_log`".to_owned();
    }
    let (identity, subject) = (&write.identity, &write.subject);
    match write.write {
        WriteKind::DagRun => format!("make the DAG run `{identity}` of `{subject}`"),
        WriteKind::DatasetEvent => format!("post the event `{identity}` on `{subject}`"),
        WriteKind::Unpause => format!("unpause `{subject}`"),
        WriteKind::Clear => format!("clear the failed tasks of a DAG run of `{subject}`"),
    }
}
