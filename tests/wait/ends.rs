//! How a run that is followed ends, and what is said of it.

use myaf_run::outcome::{ActionResult, FailureKind};

use crate::run::{BOTH, is_golden_on_both, is_golden_on_each};
use crate::stage::Stage;
use crate::wait::{on, waiting};

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
