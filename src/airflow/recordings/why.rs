//! Why a try failed, read from the logs of both Airflows: the same task in each of its ways to fail.

use super::hear;
use crate::airflow::answer::{Reason, TaskLog, TaskLogRequest};
use crate::airflow::model::ApiVersion::{self, V1, V2};
use crate::airflow::{v1, v2};

const DAGS: &str = "/opt/airflow/dags/failing_dags.py";
const JSON: &str = "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)";
const BOTH: [ApiVersion; 2] = [V1, V2];

fn log(version: ApiVersion, way: &str) -> TaskLog {
    let request = TaskLogRequest {
        dag_id: "d".to_owned(),
        dag_run_id: "r".to_owned(),
        task_id: "t".to_owned(),
        try_number: 1,
        map_index: -1,
    };
    let call = match version {
        V1 => v1::task_log(&request),
        V2 => v2::task_log(&request),
    };
    hear(version, &format!("why_{way}"), &call)
}

fn reason(version: ApiVersion, way: &str) -> Reason {
    log(version, way).reason.unwrap_or_else(|| panic!("{version:?} {way}: no reason"))
}

#[test]
fn the_exception_is_told_in_the_same_words_by_both() {
    for (way, exception) in [
        ("chatty", "ValueError: the reason"),
        ("context", "KeyError: 'no such loan'"),
        ("cause", "RuntimeError: the file of the loans can't be read\nit came from the bank"),
        ("group", "ExceptionGroup: two loans are broken (2 sub-exceptions)"),
        ("syntax", "SyntaxError: '(' was never closed (loans.py, line 1)"),
        ("airflow", "AirflowException: the bank has not delivered"),
        ("caught", "ValueError: the reason"),
        ("fields", "ValueError: the reason"),
        ("bash", "AirflowException: Bash command failed. The command returned a non-zero exit code 3."),
        ("colours", "ValueError: \u{1b}[31mred\u{1b}[0m reason\u{1b}[2J"),
    ] {
        for version in BOTH {
            assert_eq!(reason(version, way).exception, exception, "{version:?} {way}");
        }
    }
}

#[test]
fn an_end_without_an_exception_is_told_in_the_words_of_airflow() {
    for (way, one, two) in [
        ("exits", "SystemExit(3)", "Task exited exit_code=3"),
        ("exits_with_words", "SystemExit(no rows came)", "Task exited exit_code=\"no rows came\""),
        (
            "killed",
            "Task exited with return code -9",
            "Process terminated by signal. Likely out of memory error (OOM).",
        ),
        ("sleeps", "AirflowTaskTimeout: Timeout, PID: ", "AirflowTaskTimeout: Timeout, PID: "),
    ] {
        for (version, words) in [(V1, one), (V2, two)] {
            let exception = reason(version, way).exception;
            assert!(exception.starts_with(words), "{version:?} {way}: {exception}");
        }
    }
}

#[test]
fn the_frames_are_the_authors_alone() {
    for (way, frames) in [
        ("chatty", vec!["117 in bad", "24 in chatty"]),
        ("cause", vec!["117 in bad", "38 in cause"]),
        ("syntax", vec!["117 in bad", "52 in syntax"]),
        ("bash", vec![]),
    ] {
        let frames: Vec<String> = frames.into_iter().map(|frame| format!("{DAGS}:{frame}")).collect();
        for version in BOTH {
            assert_eq!(reason(version, way).frames, frames, "{version:?} {way}");
        }
    }
    let left = reason(V1, "exits").frames;
    assert_eq!(left, [format!("{DAGS}:117 in bad"), format!("{DAGS}:65 in exits")]);
}

#[test]
fn what_led_to_an_exception_is_told_with_it() {
    for (way, causes) in [
        ("context", vec![(JSON, "18 in read")]),
        ("cause", vec![(JSON, "18 in read")]),
        (
            "group",
            vec![("ValueError: loan 1 is broken", "45 in group"), ("ValueError: loan 2 is broken", "45 in group")],
        ),
        ("chatty", vec![]),
    ] {
        for version in BOTH {
            let told = reason(version, way).causes;
            let last = |cause: &Reason| cause.frames.last().cloned().unwrap_or_default();
            let told: Vec<(&str, String)> = told.iter().map(|cause| (cause.exception.as_str(), last(cause))).collect();
            let expected: Vec<(&str, String)> =
                causes.iter().map(|(exception, frame)| (*exception, format!("{DAGS}:{frame}"))).collect();
            assert_eq!(told, expected, "{version:?} {way}");
        }
    }
}

#[test]
fn the_last_lines_are_what_the_task_said_and_no_frames_of_airflow() {
    for version in BOTH {
        let chatty = log(version, "chatty").beside;
        assert!(chatty.iter().rev().take(4).any(|line| line.ends_with("line 59")), "{version:?} {chatty:#?}");
        let bash = log(version, "bash").beside;
        assert!(bash.iter().any(|line| line.ends_with("psql: relation loans does not exist")), "{version:?} {bash:#?}");
        for way in ["chatty", "bash", "cause", "group", "exits", "sleeps"] {
            let beside = log(version, way).beside;
            let frame = beside.iter().find(|line| line.contains("Traceback") || line.contains("site-packages"));
            assert_eq!(frame, None, "{version:?} {way}");
        }
    }
}

#[test]
fn the_fields_of_a_line_stand_behind_its_event() {
    let lines = log(V2, "fields").lines;
    let expected = "loaded rows=5 path=s3://bucket/raw names=[\"a\",\"b\"] none=null";
    assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
}
