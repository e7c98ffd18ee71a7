//! `demo`, and trials in the sandbox that are recorded.

use crate::run::Run;

#[test]
fn the_demo_runs_through_where_nobody_types_and_shows_a_failure_its_mend_and_the_history() {
    let ended = Run::new().args(&["demo", "here"]).var("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1").end();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    let mut from = 0;
    for text in [
        "$ myaf-run check loans.yaml",
        "loans.yaml: ok, 3 steps",
        "$ myaf-run -C loans.yaml",
        "$ myaf-run loans.yaml",
        "ValueError: column 'amount'",
        "to go on with it: myaf-run resume --clear load RUN",
        "$ myaf-run resume --clear load",
        "loans: passed in",
        "$ myaf-run runs list",
        "passed",
        "2/3 already",
        "$ myaf-run -v loans.yaml",
        "    GET /api/v2/",
    ] {
        let found = ended.stdout[from..].find(text);
        from += found.unwrap_or_else(|| panic!("no `{text}` after byte {from}: {}", ended.stdout));
    }
}

#[test]
fn the_demo_leaves_a_folder_with_something_in_it_alone() {
    let run = Run::new().file("here/mine.txt", "mine").args(&["demo", "here"]);
    let ended = run.end();
    assert!(ended.code == 2 && ended.stderr.contains("is not empty"), "{ended:#?}");
    assert_eq!(std::fs::read_dir(run.folder().join("here")).expect("it is there").count(), 1);
}

#[test]
fn a_trial_is_recorded_where_it_is_asked_for_and_says_that_it_can_not_go_on() {
    let playbook = "name: t\nsteps: [{id: load, trigger_dag: {dag_id: broken_loan_run, wait: true}}]";
    let run = Run::playbook(playbook).args(&["--sandbox", "--state-dir", "history"]);
    let ended = run.end();
    assert!(ended.code == 1 && !ended.stderr.contains("resume"), "{ended:#?}");
    let again = |words: &[&str]| {
        let command = run.command();
        let output = std::process::Command::new(command.get_program())
            .args(words)
            .current_dir(run.folder())
            .env_clear()
            .output()
            .expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, listed, _) = again(&["runs", "list", "--state-dir", "history"]);
    assert!(code == Some(0) && listed.contains("failed") && listed.contains("sandbox"), "{listed}");
    for words in [&["resume", "--state-dir", "history"][..], &["resume", "--state-dir", "history", "--sandbox"]] {
        let (code, _, told) = again(words);
        assert!(code == Some(2) && told.contains("was made on a sandbox that ended with it"), "{words:?}: {told}");
    }
    let by_variable = Run::playbook(playbook).args(&["--sandbox"]).var("MYAF_RUN_STATE_DIR", "history");
    assert_eq!(by_variable.end().code, 1);
    assert!(!by_variable.folder().join("history").exists(), "a variable records real runs only");
}
