//! Every fault on every request of every action, over both APIs, on a manual clock: each ends as a success, as a failure
//! that says what it is, or as an outcome that is not known; never twice, never lost in silence.

use myaf_run::cli::exit_code::ExitCode;
use myaf_run::outcome::{FailureKind, StepOutcome};
use myaf_run::record::Verdict;

use crate::run::BOTH;
use crate::stage::{Ran, Stage};

/// What is carried out, each as the only step: its keys, and how many runs of `a`, runs of `asleep` and events it makes.
const ACTIONS: [(&str, [usize; 3]); 8] = [
    ("list_dags: {tags: [t]}", [0, 0, 0]),
    ("assert_dag: {dag_id: a, is_paused: false, within: 5m}", [0, 0, 0]),
    ("trigger_dag: {dag_id: a, wait: true}", [1, 0, 0]),
    ("trigger_dag: {dag_id: a, once_per: k, conf: {x: 1}, wait: true}", [1, 0, 0]),
    ("trigger_dag: {dag_id: a, dag_run_id: mine, if_exists: use, if_active: fail}", [1, 0, 0]),
    ("trigger_dag: {dag_id: asleep, unpause: true, wait: true}", [0, 1, 0]),
    ("post_dataset_event: {dataset_uri: d, extra: {k: 1}}", [0, 0, 1]),
    ("post_dataset_event: {dataset_uri: d, once_per: k}", [0, 0, 1]),
];

/// What passes when it is met once.
const PASSING: [&str; 11] = [
    "fault: lost_answer",
    "fault: lost_answer, late: 3s",
    "fault: delay, delay: 15s",
    "fault: reset",
    "fault: truncated",
    "fault: status, status: 500",
    "fault: status, status: 503, carried_out: true",
    "fault: status, status: 408",
    "fault: html, status: 502",
    "fault: html, status: 504, carried_out: true",
    "fault: rate_limit, retry_after: 2s",
];

/// What needs somebody to look.
const LASTING: [&str; 6] = [
    "fault: not_json",
    "fault: html, status: 200",
    "fault: status, status: 400",
    "fault: status, status: 401",
    "fault: status, status: 403",
    "fault: status, status: 409",
];

fn playbook(action: &str) -> String {
    format!("name: faults\nsteps: [{{id: one, {action}}}]")
}

async fn world(version: &'static str, faults: &str) -> Stage {
    let scenario = format!(
        "{{dags: [{{dag_id: a, tags: [t], run: {{duration: 1m}}}}, {{dag_id: asleep, is_paused: true, run: {{duration: 1m}}}}, \
         {{dag_id: consumer, schedule_on: [d]}}], datasets: [{{uri: d}}], faults: [{faults}]}}"
    );
    Stage::new(version, &scenario).await.max_time(10)
}

/// How many runs and events there are.
async fn made(stage: &Stage) -> [usize; 3] {
    stage.use_faults_up(2).await;
    [stage.runs("a").await.len(), stage.runs("asleep").await.len(), stage.events().await.len()]
}

/// A failure has words and a code that the table of exit codes explains; an unknown outcome says where to look.
fn is_told(ran: &Ran, context: &dyn Fn() -> String) {
    assert_eq!(ran.result, Ok(()), "{}", context());
    let failure = ran.failure();
    let code = ExitCode::of_verdict(ran.record.verdict());
    let codes =
        [ExitCode::Failed, ExitCode::Unreachable, ExitCode::Denied, ExitCode::TimedOut, ExitCode::OutcomeUnknown];
    assert!(codes.contains(&code), "{}: {code:?}", context());
    assert!(failure.message.len() > 10 && !failure.message.contains('\n'), "{}: {failure:#?}", context());
    let is_unknown = failure.kind == FailureKind::OutcomeUnknown;
    assert_eq!(is_unknown, code == ExitCode::OutcomeUnknown, "{}", context());
    if is_unknown {
        assert!(failure.help.as_deref().is_some_and(|help| help.contains("http://")), "{}: {failure:#?}", context());
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_overcome_on_every_request_of_every_action_on_v1() {
    is_overcome("v1").await;
}

#[tokio::test]
async fn a_fault_that_passes_is_overcome_on_every_request_of_every_action_on_v2() {
    is_overcome("v2").await;
}

async fn is_overcome(version: &'static str) {
    for (action, expected) in ACTIONS {
        for fault in PASSING {
            for nth in 1.. {
                let stage = world(version, &format!("{{on: {{nth: [{nth}]}}, {fault}}}")).await;
                let ran = stage.run(&playbook(action)).await;
                let context = || format!("{version} {action}, request {nth}, {fault}: {ran:#?}");
                assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{}", context());
                assert_eq!(made(&stage).await, expected, "{}", context());
                // A login is a request, too.
                if nth > ran.step(0).requests + 1 {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fault_that_needs_a_look_is_told_and_makes_nothing_twice() {
    for version in BOTH {
        for (action, expected) in ACTIONS {
            for fault in LASTING {
                for nth in 1.. {
                    let stage = world(version, &format!("{{on: {{nth: [{nth}]}}, {fault}}}")).await;
                    let ran = stage.run(&playbook(action)).await;
                    let context = || format!("{version} {action}, request {nth}, {fault}: {ran:#?}");
                    let made = made(&stage).await;
                    if ran.record.verdict() == Verdict::Passed {
                        assert_eq!(made, expected, "{}", context());
                    } else {
                        is_told(&ran, &context);
                        assert!(made.iter().zip(expected).all(|(made, most)| *made <= most), "{made:?} {}", context());
                    }
                    // A login is a request, too.
                    if nth > ran.step(0).requests + 1 {
                        break;
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fault_that_never_ends_is_told_and_makes_nothing_twice() {
    for version in BOTH {
        for (action, expected) in ACTIONS {
            for fault in PASSING.iter().chain(&LASTING) {
                for method in ["GET", "POST", "PATCH"] {
                    let faults = format!("{{on: {{method: {method}, path: /api/, always: true}}, {fault}}}");
                    let stage = world(version, &faults).await;
                    let ran = stage.run(&playbook(action)).await;
                    let context = || format!("{version} {action}, every {method}, {fault}: {ran:#?}");
                    if ran.record.verdict() != Verdict::Passed {
                        is_told(&ran, &context);
                    }
                    if method != "GET" {
                        let made = made(&stage).await;
                        assert!(made.iter().zip(expected).all(|(made, most)| *made <= most), "{made:?} {}", context());
                        let is_done = ran.record.verdict() == Verdict::Passed;
                        assert!(!is_done || made == expected, "{made:?} {}", context());
                    }
                }
            }
        }
    }
}
