//! Why a try failed, as the text of its log says it.
//!
//! In: lines of Airflow 2 (`[time] {file.py:12} LEVEL - message`, each with the lines that follow it), or of a log that is
//! written otherwise. Out: the log with its reason. Airflow tells the exception twice, when the task fails and when its
//! process ends; a process that is killed, or that leaves by itself, tells none. Seen on 2.8 to 2.11.

use std::ops::Range;

use super::{lines, traceback};
use crate::airflow::answer::{Reason, TaskLog};

/// What Airflow says of a task that raised an exception.
const RAISED: &str = "Task failed with exception";
/// What it says of one that called `sys.exit`.
const LEFT: &str = "Task failed due to ";
/// What it says when the task's process has ended, with the same exception again.
const ENDED: &str = "Failed to execute job ";
/// How its last word about a process begins.
const EXIT: &str = "Task exited with return code ";

/// A line with a head, and the lines that belong to it.
struct Record {
    /// What stands behind the level.
    message: String,
    lines: Range<usize>,
    is_error: bool,
}

/// A log with its reason.
pub(in crate::airflow) fn of_text(text: &str) -> TaskLog {
    let lines = lines(text);
    let records = records(&lines);
    let told = told(&records, &lines);
    let reason = told.as_ref().map(|(_, reason)| reason.clone());
    let hidden = |record: &Record| record.message.starts_with(ENDED) && reason.is_some();
    let mut spans: Vec<Range<usize>> =
        records.iter().filter(|record| hidden(record)).map(|record| record.lines.clone()).collect();
    spans.extend(told.map(|(span, _)| span));
    let is_beside = |at: &usize| !spans.iter().any(|span| span.contains(at));
    let beside = (0..lines.len()).filter(is_beside).filter_map(|at| lines.get(at).cloned()).collect();
    TaskLog { lines, beside, reason }
}

/// Whether a frame is the author's: not of an installed package, nor of Python itself.
pub(in crate::airflow) fn is_author_frame(file: &str) -> bool {
    let foreign = ["/site-packages/", "/dist-packages/", "/lib/python", "\\site-packages\\"];
    !file.starts_with('<') && !foreign.iter().any(|part| file.contains(part))
}

/// The reason and the lines that tell it.
fn told(records: &[Record], lines: &[String]) -> Option<(Range<usize>, Reason)> {
    let last = |is: &dyn Fn(&&Record) -> bool| records.iter().rev().find(is);
    let of = |record: &Record| {
        let reason = raised(record, lines)?;
        Some((record.lines.clone(), reason))
    };
    let left = |record: &Record| {
        let exception = record.message.strip_prefix(LEFT)?.to_owned();
        let ended = last(&|record| record.message.starts_with(ENDED)).and_then(|record| raised(record, lines));
        let frames = ended.and_then(|ended| ended.causes.into_iter().next()).map(|cause| cause.frames);
        Some((record.lines.clone(), Reason { exception, frames: frames.unwrap_or_default(), causes: Vec::new() }))
    };
    last(&|record| record.message.starts_with(RAISED))
        .and_then(of)
        .or_else(|| last(&|record| record.message.starts_with(LEFT)).and_then(left))
        .or_else(|| last(&|record| record.message.starts_with(ENDED)).and_then(of))
        .or_else(|| killed(records))
        .or_else(|| last(&|record| record.is_error && raised(record, lines).is_some()).and_then(of))
}

/// A process that a signal ended says nothing itself; Airflow tells the number.
fn killed(records: &[Record]) -> Option<(Range<usize>, Reason)> {
    let record = records.iter().rev().find(|record| record.message.starts_with(EXIT))?;
    let number = record.message.strip_prefix(EXIT)?.split(['.', ' ']).next()?;
    let exception = format!("{EXIT}{number}");
    (number.starts_with('-')).then(|| (record.lines.clone(), Reason { exception, ..Reason::default() }))
}

/// The exception of a record: its last traceback to the record's end. Without a head nobody knows where that is, so that
/// there the exception has one line.
fn raised(record: &Record, lines: &[String]) -> Option<Reason> {
    let own: Vec<&str> = lines.get(record.lines.clone())?.iter().map(String::as_str).collect();
    let begin = own.iter().position(|line| traceback::begins(line))?;
    traceback::read(&own[begin..])
}

fn records(lines: &[String]) -> Vec<Record> {
    let heads: Vec<(usize, Head<'_>)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, head(line)?))).collect();
    if heads.is_empty() {
        return headless(lines);
    }
    let end = |nth: usize| heads.get(nth + 1).map_or(lines.len(), |(at, _)| *at);
    let record = |(nth, (at, head)): (usize, &(usize, Head<'_>))| Record {
        message: head.message.to_owned(),
        lines: *at..end(nth),
        is_error: head.is_error,
    };
    heads.iter().enumerate().map(record).collect()
}

/// The tracebacks of a log whose lines have no head that is known.
fn headless(lines: &[String]) -> Vec<Record> {
    let Some(begin) = lines.iter().rposition(|line| traceback::begins(line)) else { return Vec::new() };
    let below = &lines[begin + 1..];
    let raised = below.iter().position(|line| !line.is_empty() && !line.starts_with(' '));
    let end = raised.map_or(lines.len(), |at| begin + at + 2);
    vec![Record { message: String::new(), lines: begin..end, is_error: true }]
}

struct Head<'l> {
    message: &'l str,
    is_error: bool,
}

/// `[2026-11-28T02:30:15.984+0000] {taskinstance.py:3337} ERROR - Task failed with exception`; a `*** ` begins what Airflow
/// says of the log itself.
fn head(line: &str) -> Option<Head<'_>> {
    if line.starts_with("*** ") {
        return Some(Head { message: "", is_error: false });
    }
    let (_, rest) =
        line.strip_prefix('[').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?.split_once("] ")?;
    let rest = rest.strip_prefix('{').and_then(|rest| rest.split_once("} ")).map_or(rest, |(_, rest)| rest);
    let (level, message) = rest.split_once(" - ")?;
    let is_word = level.chars().all(|c| c.is_ascii_uppercase());
    is_word.then_some(Head { message, is_error: matches!(level, "ERROR" | "CRITICAL") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[2026-11-28T02:30:15.984+0000] {taskinstance.py:3337}";
    const TRACE: &str = "Traceback (most recent call last):\n  File \"/dags/a.py\", line 3, in bad\n    raise x";

    fn of(text: &str) -> (Option<String>, Vec<String>) {
        let log = of_text(text);
        (log.reason.map(|reason| reason.exception), log.beside)
    }

    #[test]
    fn an_exception_that_was_caught_is_not_the_reason() {
        let text = format!(
            "{HEAD} ERROR - left out\n{TRACE}\nKeyError: 1\n{HEAD} ERROR - Task failed with exception\n{TRACE}\nValueError: 2\nits second line\n\
             {HEAD} INFO - Marking task as FAILED\n{HEAD} ERROR - Failed to execute job 3\n{TRACE}\nValueError: 2\nits second line"
        );
        let (reason, beside) = of(&text);
        assert_eq!(reason.as_deref(), Some("ValueError: 2\nits second line"));
        assert_eq!(beside.len(), 6, "{beside:#?}");
        assert!(beside[4] == "KeyError: 1" && beside[5].ends_with("Marking task as FAILED"), "{beside:#?}");
    }

    #[test]
    fn a_process_that_was_killed_or_left_has_a_reason() {
        let killed =
            format!("{HEAD} INFO - hello\n{HEAD} INFO - Task exited with return code -9. For more information, see x");
        assert_eq!(of(&killed).0.as_deref(), Some("Task exited with return code -9"));
        let left =
            format!("{HEAD} ERROR - Task failed due to SystemExit(3)\n{HEAD} INFO - Task exited with return code 1");
        assert_eq!(of(&left).0.as_deref(), Some("SystemExit(3)"));
        let well = format!("{HEAD} INFO - hello\n{HEAD} INFO - Task exited with return code 0");
        assert_eq!(of(&well), (None, well.lines().map(str::to_owned).collect()));
    }

    #[test]
    fn a_log_that_is_written_otherwise_has_its_last_exception_in_one_line() {
        let text = format!("INFO hello\n{TRACE}\nKeyError: 1\nINFO going on\n{TRACE}\na.b.Wrong: 2\nINFO the end");
        let (reason, beside) = of(&text);
        assert_eq!(reason.as_deref(), Some("Wrong: 2"));
        assert_eq!(beside.last().map(String::as_str), Some("INFO the end"));
        assert_eq!(of("hello\nworld").0, None);
    }
}
