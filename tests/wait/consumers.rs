//! `wait_for_consumers`: the runs that a dataset event causes.

use myaf_run::event::EventKind;
use myaf_run::outcome::{ActionResult, ConsumerRun, FailureKind, StepOutcome};

use crate::run::{BOTH, Run, is_golden_on_each};
use crate::stage::{Ran, Stage};

const TELL: &str =
    "name: w\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, wait_for_consumers: {timeout: 1h}}}]";

async fn told(version: &'static str, scenario: &str) -> Ran {
    Stage::new(version, scenario).await.run(TELL).await
}

/// The runs in the result of the step at this place.
fn runs(ran: &Ran, step: usize) -> &[ConsumerRun] {
    let Some(ActionResult::PostDatasetEvent(event)) = &ran.step(step).result else { panic!("{ran:#?}") };
    &event.consumer_runs
}

#[tokio::test]
async fn every_run_that_the_event_causes_is_followed_to_its_end() {
    let scenario = "
        dags:
          - {dag_id: one, schedule_on: [d], run: {duration: 20m}}
          - {dag_id: two, schedule_on: [d], run: {queued_for: 5m, duration: 1m}}
    ";
    for version in BOTH {
        let ran = told(version, scenario).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let shown: Vec<_> =
            runs(&ran, 0).iter().map(|run| (run.dag_id.as_str(), run.state.as_str(), run.is_shared)).collect();
        assert_eq!(shown, [("one", "success", false), ("two", "success", false)], "{version}");
    }
}

#[test]
fn a_consumer_that_fails_fails_the_step_with_its_tasks() {
    let scenario = "
        dags:
          - {dag_id: bad, schedule_on: [d], run: {tasks: [{task_id: t, outcome: failed, log: [boom]}]}}
          - {dag_id: good, schedule_on: [d], run: {duration: 10m}}
          - {dag_id: worse, schedule_on: [d], run: {tasks: [{task_id: u, outcome: failed}, {task_id: v}]}}
    ";
    is_golden_on_each("wait/consumer_failed", || Run::playbook(TELL).scenario(scenario));
}

#[tokio::test]
async fn the_runs_are_in_the_result_when_one_of_them_failed() {
    let scenario = "
        dags:
          - {dag_id: bad, schedule_on: [d], run: {tasks: [{task_id: t, outcome: failed}]}}
          - {dag_id: good, schedule_on: [d], run: {duration: 10m}}
    ";
    for version in BOTH {
        let ran = told(version, scenario).await;
        assert_eq!(ran.kind(), FailureKind::DagRunFailed, "{version}: {ran:#?}");
        let states: Vec<_> = runs(&ran, 0).iter().map(|run| run.state.as_str()).collect();
        assert_eq!(states, ["failed", "success"], "{version}");
    }
}

#[tokio::test]
async fn a_paused_consumer_is_said_before_the_event_is_posted_and_not_waited_for() {
    let scenario = "dags: [{dag_id: awake, schedule_on: [d]}, {dag_id: asleep, is_paused: true, schedule_on: [d]}]";
    for version in BOTH {
        let ran = told(version, scenario).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let at = |wanted: fn(&EventKind) -> bool| ran.events.iter().position(|event| wanted(&event.kind));
        let warned =
            at(|kind| matches!(kind, EventKind::Warned { message, .. } if message.contains("`asleep` is paused")));
        let announced = at(|kind| matches!(kind, EventKind::WriteAnnounced(_)));
        assert!(warned.is_some() && warned < announced, "{version}: {warned:?} {announced:?}");
        assert_eq!(runs(&ran, 0).len(), 1, "{version}");
    }
}

#[tokio::test]
async fn without_a_consumer_there_is_nothing_to_wait_for() {
    for version in BOTH {
        let ran = told(version, "datasets: [{uri: d}]").await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        assert_eq!(ran.step(0).warnings, ["no DAG is scheduled on the dataset `d`"], "{version}");
        assert!(runs(&ran, 0).is_empty(), "{version}");
    }
}

#[tokio::test]
async fn a_consumer_of_other_datasets_too_need_not_run() {
    let scenario = "dags: [{dag_id: both, schedule_on: [d, e]}, {dag_id: one, schedule_on: [d]}]";
    for version in BOTH {
        let ran = told(version, scenario).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let ids: Vec<_> = runs(&ran, 0).iter().map(|run| run.dag_id.as_str()).collect();
        assert_eq!(ids, ["one"], "{version}");
    }
}

#[tokio::test]
async fn events_that_merge_into_one_run_are_both_known_to_have_caused_it() {
    // The first event's run is still queued when the second comes, which makes no other.
    let playbook = "
        name: w
        steps:
          - {id: first, post_dataset_event: {dataset_uri: d}}
          - {pause: 1s}
          - {id: second, post_dataset_event: {dataset_uri: d, wait_for_consumers: {timeout: 1h}}}
    ";
    for version in BOTH {
        let stage = Stage::new(version, "dags: [{dag_id: one, schedule_on: [d], run: {queued_for: 1m}}]").await;
        let ran = stage.run(playbook).await;
        assert_eq!(ran.outcome(2), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        let shown: Vec<_> = runs(&ran, 2).iter().map(|run| (run.state.as_str(), run.is_shared)).collect();
        assert_eq!(shown, [("success", true)], "{version}");
        assert_eq!(stage.runs("one").await.len(), 1, "{version}");
    }
}

#[tokio::test]
async fn an_event_that_causes_no_run_in_time_is_told_and_not_posted_again() {
    // The run that is queued already takes no event in that comes before it starts, and it does not start in time.
    let scenario = "{scheduler_stops_after: 0s, dags: [{dag_id: one, schedule_on: [d]}], \
                    faults: [{on: {path: events, method: GET, always: true}, fault: status, status: 503}, \
                    {on: {path: upstream, always: true}, fault: status, status: 503}]}";
    for version in BOTH {
        let stage = Stage::new(version, scenario).await;
        let ran = stage.run(&TELL.replace("timeout: 1h", "timeout: 5m")).await;
        assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version}: {ran:#?}");
        assert_eq!(
            ran.failure().message,
            "no run of `one` came for the event on the dataset `d` in 5m00s",
            "{version}"
        );
        assert_eq!(ran.failure().notes, ["the event was posted, and is not posted again"], "{version}");
    }
}

#[tokio::test]
async fn an_event_of_a_key_that_was_posted_before_is_followed_and_not_posted_again() {
    let playbook = TELL.replace("dataset_uri: d,", "dataset_uri: d, once_per: october,");
    for version in BOTH {
        let stage = Stage::new(version, "dags: [{dag_id: one, schedule_on: [d], run: {duration: 10m}}]").await;
        for outcome in [StepOutcome::Passed, StepOutcome::Already] {
            let ran = stage.run(&playbook).await;
            assert_eq!(ran.outcome(0), Some(outcome), "{version}: {ran:#?}");
            assert_eq!(runs(&ran, 0).len(), 1, "{version}");
        }
        assert_eq!(stage.events().await.len(), 1, "{version}");
    }
}
