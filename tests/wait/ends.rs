//! How a run that is followed ends, and what is said of it.

use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};

use crate::between::Then;
use crate::run::{BOTH, is_golden_on_both, is_golden_on_each};
use crate::stage::{Ran, Stage};
use crate::wait::{on, wait_while, waiting, warnings};

#[test]
fn a_run_that_succeeds_is_told_with_its_state() {
    is_golden_on_both("wait/success", || {
        on("{dags: [{dag_id: a, run: {queued_for: 10s, duration: 1h}}]}", "{timeout: 2h}")
    });
}

#[test]
fn a_failed_run_shows_its_failed_tasks_with_the_last_lines_of_their_logs() {
    let scenario = "
        dags:
          - dag_id: a
            run:
              duration: 30s
              tasks:
                - {task_id: extract, log: [extracted]}
                - {task_id: load, outcome: failed, try_number: 3, log: [loading, 'ValueError: row 17 is odd']}
                - {task_id: check}
    ";
    is_golden_on_each("wait/failed", || on(scenario, "true"));
    is_golden_on_each("wait/failed_one_line", || on(scenario, "{log_lines: 1}"));
    is_golden_on_each("wait/failed_no_lines", || on(scenario, "{log_lines: 0}"));
    is_golden_on_each("wait/failed_quiet", || on(scenario, "true").args(&["--output", "quiet"]));
}

/// Eight tasks that fail, and three instances of a mapped one would be named together.
fn many() -> String {
    let task = |at: usize| format!("{{task_id: bad_{at}, outcome: failed, log: ['ValueError: number {at}']}}");
    let tasks: Vec<String> = (0..8).map(task).collect();
    format!("{{dags: [{{dag_id: a, run: {{tasks: [{}]}}}}]}}", tasks.join(", "))
}

#[test]
fn every_failed_task_is_named_and_the_first_five_say_why() {
    is_golden_on_each("wait/many_failed", || on(&many(), "true"));
    is_golden_on_both("wait/many_failed_quiet", || on(&many(), "true").args(&["--output", "quiet"]));
}

#[tokio::test]
async fn the_report_has_every_failed_task_and_five_logs_are_read() {
    for version in BOTH {
        let stage = Stage::behind(version, &many(), |_| Then::Forward).await;
        let ran = stage.run("name: o\nsteps: [{trigger_dag: {dag_id: a, wait: true}}]").await;
        let tasks = &ran.failure().failed_tasks;
        let names: Vec<&str> = tasks.iter().map(|task| task.task_id.as_str()).collect();
        assert_eq!(names, ["bad_0", "bad_1", "bad_2", "bad_3", "bad_4", "bad_5", "bad_6", "bad_7"], "{version}");
        let told = tasks.iter().filter_map(|task| task.exception.as_deref()).collect::<Vec<_>>();
        assert_eq!((told.len(), told[0]), (5, "ValueError: number 0"), "{version}");
        assert_eq!(stage.asked().iter().filter(|asked| asked.path.contains("/logs/")).count(), 5, "{version}");
    }
}

#[test]
fn tasks_or_logs_that_cannot_be_read_do_not_hide_the_failure() {
    let dag = "dags: [{dag_id: a, run: {tasks: [{task_id: load, outcome: failed, log: [boom]}]}}]";
    for (name, path) in [("tasks", "taskInstances"), ("logs", "logs")] {
        let faults = format!("faults: [{{on: {{path: {path}, always: true}}, fault: status, status: 404}}]");
        is_golden_on_each(&format!("wait/failed_without_{name}"), || on(&format!("{{{dag}, {faults}}}"), "true"));
    }
}

#[test]
fn a_wait_that_runs_out_says_that_the_run_goes_on() {
    is_golden_on_both("wait/timed_out", || on("{dags: [{dag_id: a, run: {duration: 3h}}]}", "{timeout: 90m}"));
    is_golden_on_both("wait/timed_out_quiet", || {
        on("{dags: [{dag_id: a, run: {duration: 3h}}]}", "{timeout: 90m}").args(&["--output", "quiet"])
    });
}

#[test]
fn a_run_that_stays_queued_too_long_is_told_as_such() {
    is_golden_on_each("wait/queued_too_long", || {
        on("{dags: [{dag_id: a, run: {queued_for: 1h}}]}", "{timeout: 2h, queued_for: 10m}")
    });
}

#[tokio::test]
async fn a_dag_that_is_paused_meanwhile_ends_the_wait() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 1h}}]}").await;
        let playbook = waiting("{timeout: 2h}");
        let run = stage.run(&playbook);
        let pause = async {
            stage.until_there_is_a_run("a").await;
            stage.send("PATCH", "/dags/a", r#"{"is_paused": true}"#).await;
        };
        let (ran, ()) = tokio::join!(run, pause);
        assert_eq!(ran.kind(), FailureKind::DagPaused, "{version}: {ran:#?}");
        let message = &ran.failure().message;
        assert!(message.starts_with("the DAG `a` was paused while its run `myaf__w__load__"), "{message}");
        assert!(message.ends_with("was running"), "{message}");
    }
}

#[tokio::test]
async fn a_run_that_somebody_deletes_has_vanished_and_is_not_made_again() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 1h}}]}").await;
        let playbook = waiting("{timeout: 2h}");
        let run = stage.run(&playbook);
        let delete = async {
            let id = stage.until_there_is_a_run("a").await;
            stage.send("DELETE", &format!("/dags/a/dagRuns/{id}"), "").await;
        };
        let (ran, ()) = tokio::join!(run, delete);
        assert_eq!(ran.kind(), FailureKind::Vanished, "{version}: {ran:#?}");
        assert!(stage.runs("a").await.is_empty());
    }
}

#[tokio::test]
async fn a_run_without_wait_is_given_as_it_is() {
    for version in BOTH {
        for keys in ["dag_id: a", "dag_id: a, wait: false"] {
            let stage = Stage::new(version, "{dags: [{dag_id: a, run: {queued_for: 5s}}]}").await;
            let ran = stage.run(&format!("name: w\nsteps: [{{trigger_dag: {{{keys}}}}}]")).await;
            let Some(ActionResult::TriggerDag(run)) = &ran.step(0).result else { panic!("{ran:#?}") };
            assert_eq!((run.state.as_str(), ran.step(0).elapsed_ms), ("queued", Some(0)), "{version} {keys}");
        }
    }
}

#[test]
fn a_success_with_failed_tasks_is_a_failure_when_all_must_be_success() {
    let scenario = "
        dags:
          - dag_id: a
            run: {outcome: success, tasks: [{task_id: t, outcome: failed, try_number: 2, log: [boom]}, {task_id: u}]}
    ";
    is_golden_on_each("wait/all_success", || on(scenario, "{tasks: all_success}"));
}

#[tokio::test]
async fn a_success_with_failed_tasks_is_one_when_the_run_counts() {
    let scenario = "dags: [{dag_id: a, run: {outcome: success, tasks: [{task_id: t, outcome: failed}]}}]";
    let skipped = "dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: skipped}]}}]";
    for version in BOTH {
        for (scenario, wait) in [(scenario, "true"), (scenario, "{tasks: run}"), (skipped, "{tasks: all_success}")] {
            let ran = wait_while(version, scenario, wait).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {wait}: {ran:#?}");
        }
    }
}

/// Waits for a run of `a` that is set to a state by hand.
async fn set_by_hand(version: &'static str, scenario: &str, word: &str) -> Ran {
    let stage = Stage::new(version, scenario).await;
    let playbook = waiting("{timeout: 2h, poll: {every: 5s}}");
    let by_hand = async {
        let id = stage.until_there_is_a_run("a").await;
        stage.send("PATCH", &format!("/dags/a/dagRuns/{id}"), &format!(r#"{{"state": "{word}"}}"#)).await;
    };
    tokio::join!(stage.run(&playbook), by_hand).0
}

const QUEUED: &str = "dags: [{dag_id: a, run: {queued_for: 1h, tasks: [{task_id: t}]}}]";
const RUNNING: &str = "dags: [{dag_id: a, run: {duration: 1h, tasks: [{task_id: t}, {task_id: u}]}}]";

#[tokio::test]
async fn who_set_a_run_to_failed_is_told_however_late_one_looks() {
    for version in BOTH {
        for scenario in [QUEUED, RUNNING] {
            let ran = set_by_hand(version, scenario, "failed").await;
            assert_eq!(ran.kind(), FailureKind::DagRunFailed, "{version}: {ran:#?}");
            let [note] = &ran.failure().notes[..] else { panic!("{version}: {ran:#?}") };
            assert!(note.starts_with("`admin` set the run to failed at 2026-11-22T12:0"), "{version}: {note}");
        }
    }
}

#[tokio::test]
async fn without_the_audit_log_only_what_the_tasks_show_is_told() {
    let fault = "\nfaults: [{on: {path: eventLogs, always: true}, fault: status, status: 403}]";
    for version in BOTH {
        let queued = set_by_hand(version, &format!("{QUEUED}{fault}"), "failed").await;
        let why = "somebody may have set it to failed, or its DAG's `dagrun_timeout` ran out";
        assert_eq!(queued.failure().notes, [format!("no task of it failed: {why}")], "{version}");
        let running = set_by_hand(version, &format!("{RUNNING}{fault}"), "failed").await;
        // Airflow 2 may have dated the end of the run once more by then: dates prove nothing.
        let why = "its failed tasks were ended together with it: somebody may have set it to failed";
        let notes = &running.failure().notes;
        assert!(notes == &[why] || (version == "v1" && notes.is_empty()), "{version}: {notes:?}");
    }
}

#[tokio::test]
async fn who_set_a_run_to_success_is_told_and_the_step_passes() {
    for version in BOTH {
        let ran = set_by_hand(version, RUNNING, "success").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let [told] = &warnings(&ran)[..] else { panic!("{version}: {:?}", warnings(&ran)) };
        assert!(told.starts_with("`admin` set the DAG run `myaf__w__load__"), "{told}");
        assert!(told.contains("of `a` to success at 2026-11-22T12:0"), "{told}");
    }
}

#[tokio::test]
async fn a_run_that_failed_by_itself_is_not_blamed_on_anybody() {
    for version in BOTH {
        for tasks in ["{task_id: t, outcome: failed}", "{task_id: t, outcome: failed}, {task_id: u}"] {
            let ran = wait_while(version, &format!("dags: [{{dag_id: a, run: {{tasks: [{tasks}]}}}}]"), "true").await;
            assert_eq!(ran.kind(), FailureKind::DagRunFailed, "{version}: {ran:#?}");
            assert!(ran.failure().notes.is_empty(), "{version}: {ran:#?}");
        }
    }
}

#[test]
fn a_scheduler_that_dies_is_warned_of_and_told_with_the_verdict() {
    let scenario = "{scheduler_stops_after: 20s, dags: [{dag_id: a, run: {queued_for: 1m}}]}";
    is_golden_on_each("wait/scheduler_dead", || on(scenario, "{timeout: 2h, queued_for: 1h}"));
}
