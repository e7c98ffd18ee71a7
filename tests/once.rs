//! One run, one event for each key; a run that is there before the step.

use myaf_run::airflow::model::RunState;
use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};

use crate::between::{Asked, Then};
use crate::run::BOTH;
use crate::stage::{Ran, Stage};

/// A DAG that is done in a minute, one that fails and recovers when it is cleared, and one that never ends.
const WORLD: &str = "
    dags:
      - {dag_id: good, run: {duration: 1m}}
      - {dag_id: bad, run: {duration: 1m, tasks: [{task_id: first}, {task_id: t, outcome: failed, recovers_after: 1}]}}
      - {dag_id: long, run: {duration: 100h}}
    datasets: [{uri: d}]
";

async fn world(version: &'static str, faults: &str) -> Stage {
    Stage::new(version, &format!("{}\n{faults}", crate::run::unindented(WORLD))).await
}

fn trigger(dag_id: &str, keys: &str) -> String {
    format!("name: months\nsteps: [{{id: load, trigger_dag: {{dag_id: {dag_id}, {keys}}}, capture: made}}]")
}

fn outcome(ran: &Ran) -> Option<StepOutcome> {
    ran.outcome(0)
}

/// How often the failing task of the only run of `bad` was tried.
async fn tries(stage: &Stage) -> i64 {
    let id = stage.runs("bad").await.remove(0);
    let task = stage.send("GET", &format!("/dags/bad/dagRuns/{id}/taskInstances/t"), "").await;
    task["try_number"].as_i64().expect("a number")
}

#[tokio::test]
async fn the_same_key_makes_one_run_and_another_key_another() {
    for version in BOTH {
        let stage = world(version, "").await;
        let first = stage.run(&trigger("good", "once_per: 2026-10, wait: true")).await;
        assert_eq!(outcome(&first), Some(StepOutcome::Passed), "{first:#?}");
        let again = stage.run(&trigger("good", "once_per: 2026-10, wait: true")).await;
        assert_eq!(outcome(&again), Some(StepOutcome::Already), "{again:#?}");
        assert!(again.step(0).writes.is_empty(), "nothing is announced");
        assert_eq!(stage.runs("good").await.len(), 1);
        stage.run(&trigger("good", "once_per: 2026-11, wait: true")).await;
        assert_eq!(stage.runs("good").await.len(), 2);
    }
}

#[tokio::test]
async fn a_run_that_goes_on_is_followed_with_wait_and_already_without() {
    for version in BOTH {
        let stage = world(version, "").await;
        stage.run(&trigger("good", "once_per: k")).await;
        let without = stage.run(&trigger("good", "once_per: k")).await;
        assert_eq!(outcome(&without), Some(StepOutcome::Already), "{without:#?}");
        let with = stage.run(&trigger("good", "once_per: k, wait: true")).await;
        assert_eq!(outcome(&with), Some(StepOutcome::Passed), "{with:#?}");
        assert_eq!(stage.runs("good").await.len(), 1);
    }
}

#[tokio::test]
async fn a_run_that_has_failed_fails_is_cleared_or_made_anew() {
    for version in BOTH {
        let stage = world(version, "").await;
        let first = stage.run(&trigger("bad", "once_per: k, wait: true")).await;
        assert_eq!(first.kind(), FailureKind::DagRunFailed);
        let again = stage.run(&trigger("bad", "once_per: k")).await;
        assert_eq!(again.kind(), FailureKind::DagRunFailed, "{again:#?}");
        let failure = again.step(0).failure.clone().expect("it failed");
        assert!(failure.message.contains("was there already"), "{failure:#?}");
        assert_eq!(failure.failed_tasks.len(), 1, "{failure:#?}");
        let cleared = stage.run(&trigger("bad", "once_per: k, if_failed: clear")).await;
        assert_eq!(outcome(&cleared), Some(StepOutcome::Passed), "{cleared:#?}");
        assert!(cleared.write().identity.starts_with("clear myaf__months__load__k__"), "{cleared:#?}");
        assert_eq!(stage.runs("bad").await.len(), 1);
    }
}

#[tokio::test]
async fn the_next_generation_is_made_beside_the_run_that_has_failed() {
    for version in BOTH {
        let stage = world(version, "").await;
        stage.run(&trigger("bad", "once_per: k, wait: true")).await;
        let next = stage.run(&trigger("bad", "once_per: k, if_failed: new, wait: true")).await;
        assert_eq!(outcome(&next), Some(StepOutcome::Passed), "it recovers at its second start: {next:#?}");
        assert_eq!(stage.runs("bad").await.len(), 2);
        let done = stage.run(&trigger("bad", "once_per: k, if_failed: new, wait: true")).await;
        assert_eq!(outcome(&done), Some(StepOutcome::Already), "{done:#?}");
        assert_eq!(stage.runs("bad").await.len(), 2);
    }
}

#[tokio::test]
async fn another_conf_fails_unless_it_is_accepted() {
    for version in BOTH {
        let stage = world(version, "").await;
        stage.run(&trigger("good", "once_per: k, conf: {month: 1, same: x}, wait: true")).await;
        let other = stage.run(&trigger("good", "once_per: k, conf: {month: 2, same: x, new: 3}")).await;
        assert_eq!(other.kind(), FailureKind::Rejected, "{other:#?}");
        let message = other.step(0).failure.clone().expect("it failed").message;
        assert!(message.ends_with("was made with another conf: `month`, `new`"), "{message}");
        let accepted = stage.run(&trigger("good", "once_per: k, conf: {month: 2}, if_differs: accept")).await;
        assert_eq!(outcome(&accepted), Some(StepOutcome::Already), "{accepted:#?}");
        assert_eq!(stage.runs("good").await.len(), 1);
    }
}

#[tokio::test]
async fn a_run_with_the_authors_id_can_be_used() {
    for version in BOTH {
        let stage = world(version, "").await;
        stage.run(&trigger("good", "dag_run_id: mine, wait: true")).await;
        let refused = stage.run(&trigger("good", "dag_run_id: mine")).await;
        assert_eq!(refused.kind(), FailureKind::Rejected, "{refused:#?}");
        let used = stage.run(&trigger("good", "dag_run_id: mine, if_exists: use, wait: true")).await;
        assert_eq!(outcome(&used), Some(StepOutcome::Already), "{used:#?}");
        assert!(matches!(&used.step(0).result, Some(ActionResult::TriggerDag(run)) if run.state == RunState::Success));
        assert_eq!(stage.runs("good").await, ["mine"]);
        stage.run(&trigger("bad", "dag_run_id: lost, wait: true")).await;
        let failed = stage.run(&trigger("bad", "dag_run_id: lost, if_exists: use")).await;
        assert_eq!(failed.kind(), FailureKind::DagRunFailed, "{failed:#?}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_keyed_trigger_or_to_a_clearing_does_nothing_twice() {
    for version in BOTH {
        for fault in ["lost_answer", "reset", "status, status: 503"] {
            let faults = format!("faults: [{{on: {{method: POST, times: 2}}, fault: {fault}}}]");
            let stage = world(version, &faults).await;
            let made = stage.run(&trigger("good", "once_per: k, wait: true")).await;
            assert_eq!(outcome(&made), Some(StepOutcome::Passed), "{version} {fault}: {made:#?}");
            assert_eq!(stage.runs("good").await.len(), 1, "{version} {fault}");

            let faults = format!("faults: [{{on: {{path: clearTaskInstances, times: 2}}, fault: {fault}}}]");
            let stage = world(version, &faults).await;
            stage.run(&trigger("bad", "once_per: k, wait: true")).await;
            let cleared = stage.run(&trigger("bad", "once_per: k, if_failed: clear")).await;
            assert_eq!(outcome(&cleared), Some(StepOutcome::Passed), "{version} {fault}: {cleared:#?}");
            assert_eq!(tries(&stage).await, 2, "{version} {fault}: cleared once");
        }
    }
}

#[tokio::test]
async fn an_event_is_posted_once_for_a_key() {
    for version in BOTH {
        let stage = world(version, "").await;
        let playbook = "name: months\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, once_per: k}}]";
        let first = stage.run(playbook).await;
        assert_eq!(outcome(&first), Some(StepOutcome::Passed), "{first:#?}");
        let again = stage.run(playbook).await;
        assert_eq!(outcome(&again), Some(StepOutcome::Already), "{again:#?}");
        let other = stage.run(&playbook.replace("once_per: k", "once_per: l")).await;
        assert_eq!(outcome(&other), Some(StepOutcome::Passed), "{other:#?}");
        assert_eq!(stage.events().await.len(), 2, "{version}");
    }
}

#[tokio::test]
async fn a_posted_event_that_can_not_be_read_for_a_moment_is_waited_for() {
    // Airflow 3 answers 500 while a run that the event made has not started: here to the page, and to the event alone.
    let faults = "faults: [{on: {method: GET, path: /events, nth: [2, 3]}, fault: status, status: 500}]";
    for version in BOTH {
        let stage = world(version, faults).await;
        let playbook = "name: months\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, once_per: k}}]";
        stage.run(playbook).await;
        let again = stage.run(playbook).await;
        assert_eq!(outcome(&again), Some(StepOutcome::Already), "{version} {again:#?}");
        assert_eq!(stage.events().await.len(), 1, "{version}");
    }
}

const TELL: &str =
    "name: months\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, once_per: k, consumers: ignore}}]";

/// A world in which somebody posts the same event right before ours.
async fn raced(version: &'static str, rule: fn(&[Asked]) -> Then) -> Stage {
    Stage::behind(version, &crate::run::unindented(WORLD), rule).await
}

fn is_post(asked: &[Asked]) -> bool {
    asked.last().is_some_and(|asked| asked.posts_to("/events"))
}

#[tokio::test]
async fn an_event_that_another_host_posted_at_the_same_moment_fails_the_step_unless_the_author_accepts_it() {
    for version in BOTH {
        let stage = raced(version, |asked| if is_post(asked) { Then::Twice } else { Then::Forward }).await;
        let ran = stage.run(TELL).await;
        assert_eq!((ran.kind(), outcome(&ran)), (FailureKind::DuplicateEvent, Some(StepOutcome::Failed)), "{version}");
        let failure = ran.failure();
        assert!(failure.message.ends_with("at the same moment, as event 1"), "{failure:#?}");
        assert!(failure.notes[0].starts_with("ours is event 2, one of 2;"), "{failure:#?}");
        let event = |ran: &Ran| match &ran.step(0).result {
            Some(ActionResult::PostDatasetEvent(event)) => event.event_id,
            other => panic!("{other:#?}"),
        };
        assert_eq!(event(&ran), Some(2), "{version}");
        // Whoever comes later takes the oldest for the one, and says that there are more.
        let later = stage.run(TELL).await;
        assert_eq!((outcome(&later), event(&later)), (Some(StepOutcome::Already), Some(1)), "{version}");
        assert!(later.step(0).warnings[0].contains("has 2 events"), "{later:#?}");
        assert_eq!(stage.events().await.len(), 2, "{version}");

        let stage = raced(version, |asked| if is_post(asked) { Then::Twice } else { Then::Forward }).await;
        let accepted = stage.run(&TELL.replace("}}]", "}, ignore_errors: true}]")).await;
        assert_eq!(outcome(&accepted), Some(StepOutcome::Ignored), "{accepted:#?}");
    }
}

#[tokio::test]
async fn the_oldest_of_several_events_passes_and_says_that_there_are_more() {
    for version in BOTH {
        let stage = raced(version, |asked| if is_post(asked) { Then::TwiceLost } else { Then::Forward }).await;
        let ran = stage.run(TELL).await;
        assert_eq!(outcome(&ran), Some(StepOutcome::Passed), "{ran:#?}");
        assert!(ran.step(0).warnings.iter().any(|warning| warning.contains("the oldest, 1, is the one")), "{ran:#?}");
        assert_eq!(stage.events().await.len(), 2, "{version}");
    }
}

#[tokio::test]
async fn an_event_of_another_host_that_can_not_be_read_for_a_moment_is_waited_for() {
    fn rule(asked: &[Asked]) -> Then {
        let since = asked.iter().rev().take_while(|asked| !asked.posts_to("/events"));
        let looks = since.filter(|asked| asked.method == "GET" && asked.path.ends_with("/events")).count();
        match looks {
            0 if is_post(asked) => Then::Twice,
            // Airflow 3 shows no page while the run that an event made has not started.
            1..=30 if asked.iter().any(|asked| asked.posts_to("/events")) => {
                Then::Say(500, "text/plain", "Internal Server Error".to_owned())
            }
            _ => Then::Forward,
        }
    }
    for version in BOTH {
        let ran = raced(version, rule).await.run(TELL).await;
        assert_eq!(ran.kind(), FailureKind::DuplicateEvent, "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn an_event_whose_neighbours_can_never_be_read_passes_and_says_that_it_could_not_look() {
    fn rule(asked: &[Asked]) -> Then {
        let is_look = asked.last().is_some_and(|asked| asked.method == "GET" && asked.path.ends_with("/events"));
        if is_look && asked.iter().any(|asked| asked.posts_to("/events")) {
            return Then::Say(500, "text/plain", "Internal Server Error".to_owned());
        }
        Then::Forward
    }
    for version in BOTH {
        let ran = raced(version, rule).await.run(TELL).await;
        assert_eq!(outcome(&ran), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        assert!(ran.step(0).warnings[0].starts_with("could not check whether another run posted"), "{ran:#?}");
    }
}
