//! How a wait for a DAG run ends, and what it says.

use myaf_run::event::EventKind;
use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::{Ran, Stage};

/// A playbook whose one step triggers `a` and waits for it so.
fn waiting(wait: &str) -> String {
    format!("name: w\nsteps: [{{id: load, trigger_dag: {{dag_id: a, wait: {wait}}}}}]")
}

fn on(scenario: &str, wait: &str) -> Run {
    Run::playbook(&waiting(wait)).scenario(scenario)
}

/// Waits for `a`, whose runs go so, and has something happen to the run at the state it is first seen in.
async fn wait_while(version: &'static str, scenario: &str, wait: &str) -> Ran {
    Stage::new(version, scenario).await.run(&waiting(wait)).await
}

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
    is_golden_on_both("wait/failed_no_lines", || on(scenario, "{log_lines: 0}"));
    is_golden_on_each("wait/failed_quiet", || on(scenario, "true").args(&["--output", "quiet"]));
}

#[test]
fn tasks_or_logs_that_cannot_be_read_do_not_hide_the_failure() {
    let dag = "dags: [{dag_id: a, run: {tasks: [{task_id: load, outcome: failed, log: [boom]}]}}]";
    for (name, path) in [("tasks", "taskInstances"), ("logs", "logs")] {
        let faults = format!("faults: [{{on: {{path: {path}, always: true}}, fault: status, status: 404}}]");
        is_golden_on_both(&format!("wait/failed_without_{name}"), || on(&format!("{{{dag}, {faults}}}"), "true"));
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
    is_golden_on_both("wait/queued_too_long", || {
        on("{dags: [{dag_id: a, run: {queued_for: 1h}}]}", "{timeout: 2h, queued_for: 10m}")
    });
}

#[tokio::test]
async fn a_deadline_is_judged_only_after_a_look_at_it() {
    for version in BOTH {
        for (run, wait, elapsed) in [
            ("{duration: 60s}", "{timeout: 60s, poll: {every: 50s}}", 60_000),
            ("{queued_for: 30s, duration: 1s}", "{queued_for: 30s, poll: {every: 20s, max_every: 20s}}", 50_000),
        ] {
            let ran = wait_while(version, &format!("{{dags: [{{dag_id: a, run: {run}}}]}}"), wait).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {run}: {ran:#?}");
            assert_eq!(ran.step(0).elapsed_ms, Some(elapsed), "{version} {run}");
        }
    }
}

#[tokio::test]
async fn looks_come_less_often_as_the_wait_goes_on() {
    for version in BOTH {
        let scenario = "{dags: [{dag_id: a, run: {duration: 1h}}]}";
        let stage = Stage::new(version, scenario).await;
        let ran = stage.run(&waiting("{timeout: 2h, poll: {every: 4s, max_every: 9s}}")).await;
        let looks: Vec<i64> = ran
            .events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Waiting { .. }))
            .map(|event| event.at.as_second() - ran.events[0].at.as_second())
            .collect();
        assert_eq!(looks[..6], [0, 4, 10, 19, 28, 37], "{version}");
    }
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
async fn one_404_is_not_believed() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 20s}}], faults: [{on: {method: GET, path: '*/dagRuns/*', nth: [2]}, FAULT}]}";
    for version in BOTH {
        let stage = Stage::new(version, &scenario.replace("FAULT", "fault: status, status: 404")).await;
        let ran = stage.run(&waiting("true")).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn an_api_that_is_away_is_ridden_out() {
    let faults =
        ["reset", "status, status: 500", "status, status: 503", "html", "truncated", "rate_limit", "delay, delay: 70s"];
    for version in BOTH {
        for fault in faults {
            let scenario = format!(
                "{{dags: [{{dag_id: a, run: {{duration: 5m}}}}], \
                 faults: [{{on: {{method: GET, path: dagRuns, times: 6}}, fault: {fault}}}]}}"
            );
            let ran = wait_while(version, &scenario, "{timeout: 1h}").await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
        }
    }
}

#[test]
fn an_api_that_stays_away_ends_the_wait_after_unreachable_for() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], faults: [{on: {method: GET, path: dagRuns, always: true}, fault: reset}]}";
    is_golden_on_both("wait/unreachable", || on(scenario, "{timeout: 1h, unreachable_for: 5m}"));
}

#[test]
fn a_wait_that_runs_out_unanswered_says_when_the_run_was_last_seen() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], \
                    faults: [{on: {method: GET, path: dagRuns, nth: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65]}, fault: reset}]}";
    is_golden_on_both("wait/timed_out_unanswered", || on(scenario, "{timeout: 10m, poll: {max_every: 30s}}"));
}

#[tokio::test]
async fn a_signal_while_it_is_asked_why_does_not_hide_that_the_run_failed() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed}]}}]}").await;
        let seen =
            |kind: &EventKind| matches!(kind, EventKind::Waiting { state, .. } if state == "failed").then_some(15);
        let ran = stage.run_watched(&waiting("true"), &|_| false, &seen).await;
        assert_eq!((ran.kind(), ran.record.signal), (FailureKind::DagRunFailed, Some(15)), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn a_login_that_runs_out_within_a_wait_is_renewed() {
    let scenario = "{auth: {token_life: 5m}, dags: [{dag_id: a, run: {duration: 1h}}]}";
    for version in BOTH {
        let ran = wait_while(version, scenario, "{timeout: 2h}").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[test]
fn a_credential_that_is_refused_for_good_ends_the_wait() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 2h}}], faults: [{on: {method: GET, path: dagRuns, always: true}, fault: status, status: 403}]}";
    is_golden_on_each("wait/forbidden", || on(scenario, "{timeout: 1h}"));
}

#[tokio::test]
async fn the_default_timeout_of_a_step_does_not_cut_a_wait() {
    let playbook = "
        name: w
        defaults: {timeout: 1m}
        steps: [{trigger_dag: {dag_id: a, wait: {timeout: 3h}}}]
    ";
    for version in BOTH {
        let ran = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 2h}}]}").await.run(playbook).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

#[test]
fn a_timeout_of_the_step_cuts_its_wait_and_the_run_goes_on() {
    is_golden_on_both("wait/step_timeout", || {
        Run::playbook("name: w\nsteps: [{id: load, timeout: 30s, trigger_dag: {dag_id: a, wait: true}}]")
            .scenario("{dags: [{dag_id: a, run: {duration: 2h}}]}")
    });
}

#[test]
fn a_timeout_that_is_shorter_than_the_wait_in_it_is_a_mistake() {
    Run::playbook("name: w\nsteps: [{timeout: 30s, trigger_dag: {dag_id: a, wait: {timeout: 1m}}}]")
        .args(&["check"])
        .end()
        .is_golden("wait/timeout_too_short");
}

#[tokio::test]
async fn a_signal_ends_the_wait_and_names_the_run() {
    for version in BOTH {
        for signal in [1, 2, 15] {
            let stage = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 2h}}]}").await;
            let seen = |kind: &EventKind| matches!(kind, EventKind::Waiting { .. }).then_some(signal);
            let ran = stage.run_watched(&waiting("true"), &|_| false, &seen).await;
            assert_eq!((ran.outcome(0), ran.record.signal), (Some(StepOutcome::Interrupted), Some(signal)));
            let message = &ran.failure().message;
            assert!(message.starts_with("stopped waiting; the DAG run `myaf__w__load__"), "{message}");
            assert_eq!(stage.runs("a").await.len(), 1);
        }
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

#[tokio::test]
async fn a_run_that_ended_while_nobody_could_ask_is_not_called_timed_out() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 9s}}], \
                    faults: [{on: {method: GET, path: dagRuns, nth: [3, 4, 5, 6]}, fault: status, status: 503}]}";
    for version in BOTH {
        let ran = wait_while(version, scenario, "{timeout: 10s, poll: {max_every: 2s}}").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}
