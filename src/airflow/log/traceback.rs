//! A traceback as Python prints it.
//!
//! In: its lines, from `Traceback (most recent call last):` on. Out: the exception that was raised, the author's frames, and
//! what led to it. In a group each line stands behind a bar, and its members follow between lines of dashes.

use super::{MOST, is_author_frame};
use crate::airflow::answer::Reason;

/// How a traceback begins.
const BEGIN: &str = "Traceback (most recent call last):";
/// What stands between the exceptions of a chain.
const BETWEEN: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// Whether a line begins a traceback.
pub(super) fn begins(line: &str) -> bool {
    line.ends_with(BEGIN)
}

/// What was raised; none where these lines are no traceback.
pub(super) fn read(lines: &[&str]) -> Option<Reason> {
    let lines: Vec<&str> = lines.iter().map(|line| without_bar(line)).collect();
    let mut parts = lines.split(|line| is_rule(line));
    let mut raised = chain(parts.next().unwrap_or_default())?;
    let members = parts.filter_map(chain).map(|member| Reason { causes: Vec::new(), ..member });
    raised.causes = members.chain(raised.causes).take(MOST).collect();
    Some(raised)
}

/// The exception of a text that is a traceback and nothing else.
pub(in crate::airflow) fn exception(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    read(&lines).map(|raised| raised.exception)
}

/// The last exception of a chain, with those before it, the nearest first.
fn chain(lines: &[&str]) -> Option<Reason> {
    let each = lines.split(|line| BETWEEN.contains(line)).filter_map(link);
    let mut chained: Vec<Reason> = each.collect();
    let raised = chained.pop()?;
    Some(Reason { causes: chained.into_iter().rev().take(MOST).collect(), ..raised })
}

fn link(lines: &[&str]) -> Option<Reason> {
    let begin = lines.iter().position(|line| begins(line))?;
    let below = &lines[begin + 1..];
    let end = below.iter().position(|line| !line.is_empty() && !line.starts_with(' '))?;
    let (above, exception) = below.split_at(end);
    let frames = above.iter().filter_map(|line| frame(line));
    let authors: Vec<String> = frames
        .filter(|(file, ..)| is_author_frame(file))
        .map(|(file, line, name)| format!("{file}:{line} in {name}"))
        .collect();
    let text = exception.join("\n");
    let place = above.iter().rev().find_map(|line| place(line)).unwrap_or_default();
    let text = format!("{}{place}", without_module(text.trim_end()));
    Some(Reason { exception: text, frames: last(authors), causes: Vec::new() })
}

fn last(mut frames: Vec<String>) -> Vec<String> {
    frames.split_off(frames.len().saturating_sub(MOST))
}

/// `  File "loans.py", line 34, in load`.
fn frame(line: &str) -> Option<(&str, &str, &str)> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, name) = rest.split_once(", in ")?;
    Some((file, number, name))
}

/// Where a text that is no Python is wrong: `  File "loans.py", line 1`, which is no frame.
fn place(line: &str) -> Option<String> {
    let (file, number) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!(" ({file}, line {number})"))
}

/// `airflow.exceptions.AirflowException: x` as `AirflowException: x`, which is how Airflow 3 says it.
pub(super) fn without_module(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
    let is_type = text[end..].is_empty() || text[end..].starts_with([':', '\n']);
    match text[..end].rfind('.') {
        Some(dot) if is_type => &text[dot + 1..],
        Some(_) | None => text,
    }
}

/// A line of a group without the bar before it.
fn without_bar(line: &str) -> &str {
    let inner = line.trim_start();
    match inner.strip_prefix("| ").or_else(|| inner.strip_prefix("+ ")) {
        Some(rest) => rest,
        None if inner == "|" => "",
        None => line,
    }
}

/// `  +-+---------------- 1 ----------------`, between the members of a group.
fn is_rule(line: &str) -> bool {
    let line = line.trim_start();
    (line.starts_with("+-") && line.contains("-----")) || line.starts_with("+-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reason {
        read(&text.lines().collect::<Vec<_>>()).expect("a traceback")
    }

    #[test]
    fn the_last_exception_is_the_reason_and_those_before_it_led_to_it() {
        let text = "Traceback (most recent call last):\n  File \"/dags/loans.py\", line 4, in read\n    return loads(text)\n           ^^^\n  \
                    File \"/usr/lib/python3.11/json/decoder.py\", line 353, in raw_decode\njson.decoder.JSONDecodeError: no {: line 1\n\n\
                    During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  \
                    File \"/v/site-packages/airflow/models/x.py\", line 7, in run\n  File \"/dags/loans.py\", line 9, in load\n\
                    KeyError: 'no such loan'\nof the bank";
        let reason = of(text);
        assert_eq!(reason.exception, "KeyError: 'no such loan'\nof the bank");
        assert_eq!(reason.frames, ["/dags/loans.py:9 in load"]);
        let cause = &reason.causes[0];
        assert_eq!(
            (cause.exception.as_str(), cause.frames.as_slice()),
            ("JSONDecodeError: no {: line 1", &["/dags/loans.py:4 in read".to_owned()][..])
        );
    }

    #[test]
    fn a_group_names_its_members_also_those_of_a_group_in_it() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"/dags/a.py\", line 48, in load\n  | ExceptionGroup: two (2 sub-exceptions)\n  \
                    +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/dags/a.py\", line 45, in one\n    | ValueError: loan 1\n    \
                    +---------------- 2 ----------------\n    | Exception Group Traceback (most recent call last):\n    | ExceptionGroup: inner (1 sub-exception)\n    \
                    +-+---------------- 1 ----------------\n      | Traceback (most recent call last):\n      |   File \"/dags/a.py\", line 46, in two\n      | ValueError: loan 2\n      +------------------------------------";
        let reason = of(text);
        assert_eq!(reason.exception, "ExceptionGroup: two (2 sub-exceptions)");
        let members: Vec<&str> = reason.causes.iter().map(|cause| cause.exception.as_str()).collect();
        assert_eq!(members, ["ValueError: loan 1", "ExceptionGroup: inner (1 sub-exception)", "ValueError: loan 2"]);
    }

    #[test]
    fn a_text_that_is_no_python_has_its_place() {
        let text = "Traceback (most recent call last):\n  File \"/dags/a.py\", line 52, in syntax\n    compile(x)\n  File \"loans.py\", line 1\n    \
                    select = (1,\n             ^\nSyntaxError: '(' was never closed";
        assert_eq!(of(text).exception, "SyntaxError: '(' was never closed (loans.py, line 1)");
    }

    #[test]
    fn a_module_is_cut_only_from_a_type() {
        for (text, expected) in [
            ("a.b.Wrong: x.y", "Wrong: x.y"),
            ("a.b.Wrong", "Wrong"),
            ("Wrong: a.b", "Wrong: a.b"),
            ("it broke at a.b", "it broke at a.b"),
            ("", ""),
        ] {
            assert_eq!(without_module(text), expected);
        }
    }

    #[test]
    fn what_is_no_traceback_or_is_cut_has_no_reason() {
        for text in [
            "",
            "hello",
            "Traceback (most recent call last):",
            "Traceback (most recent call last):\n  File \"a\", line 1, in b",
        ] {
            assert_eq!(read(&text.lines().collect::<Vec<_>>()), None, "{text}");
        }
    }
}
