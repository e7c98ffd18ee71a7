//! A person before a terminal is asked before the newest run goes on.

use std::io::Write;

use super::screen::Terminal;
use crate::run::Run;

/// A folder in which a run has failed after its first step; nothing of it asks an Airflow.
fn failed() -> Run {
    let run = Run::new().file("t.yaml", "name: t\nsteps: [{id: one, print: hi}, {id: two, assert: 1 == 2}]\n");
    let run = run.var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1").var("MY_AIRFLOW_API_KEY", "some-key-of-mine");
    let run = run.var("TERM", "xterm");
    let ended = run.command().args(["t.yaml", "--run-id", "it"]).output().expect("it starts");
    assert_eq!(ended.status.code(), Some(1));
    run
}

/// What `resume` says to a person who answers so, and its exit code.
fn answered(run: &Run, answer: &str) -> (u32, String) {
    let mut terminal = Terminal::start(run, 120);
    terminal.until("resume it? [y/N] ");
    let mut keys = terminal.keys();
    keys.write_all(answer.as_bytes()).expect("it is typed");
    let (code, text, _) = terminal.end();
    drop(keys);
    (code, text)
}

#[test]
fn the_newest_run_goes_on_only_when_the_person_says_yes() {
    let run = failed().args(&["resume"]);
    for (answer, goes_on) in
        [("n\n", false), ("\n", false), ("maybe\n", false), ("\u{4}", false), ("y\n", true), ("YES\n", true)]
    {
        let (code, text) = answered(&run, answer);
        assert!(text.contains("run it of `t` (t.yaml) on `my`"), "{text}");
        assert!(text.contains("1 of 2 steps are done; resumes with step `two`"), "{text}");
        assert_eq!(
            (code, text.contains("run it goes on")),
            (if goes_on { 1 } else { 2 }, goes_on),
            "{answer:?}: {text}"
        );
        assert_eq!(text.contains("nothing was resumed"), !goes_on, "{answer:?}: {text}");
    }
    let (code, text, _) = Terminal::start(&run.args(&["--yes"]), 120).end();
    assert!(code == 1 && text.contains("run it goes on") && !text.contains("[y/N]"), "{text}");
    let (code, text, _) = Terminal::start(&failed().args(&["resume", "it"]), 120).end();
    assert!(code == 1 && !text.contains("[y/N]"), "an id needs no question: {text}");
}
