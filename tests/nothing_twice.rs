//! Whatever happens to an answer, there is one run and one event.

use myaf_run::airflow::model::RunState;
use myaf_run::event::{EventKind, WriteFate};
use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};
use myaf_run::record::Verdict;

use crate::between::{Asked, Then};
use crate::run::{BOTH, Run, is_golden_on_both, is_golden_on_each};
use crate::stage::{Ran, Stage};

const TRIGGER: &str = "name: t\nsteps: [{id: load, trigger_dag: {dag_id: a}}]";
const EVENT: &str =
    "name: e\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, extra: {k: 1}, consumers: ignore}}]";

/// What can become of a POST that has an effect now, later or not at all, and is never answered as it should be.
const LOST: [&str; 19] = [
    "fault: lost_answer",
    "fault: lost_answer, late: 100ms",
    "fault: lost_answer, late: 3s",
    "fault: lost_answer, late: 20s",
    "fault: reset",
    "fault: truncated",
    "fault: not_json",
    "fault: delay, delay: 15s",
    "fault: status, status: 500",
    "fault: status, status: 500, carried_out: true",
    "fault: status, status: 502",
    "fault: status, status: 503, carried_out: true",
    "fault: status, status: 524",
    "fault: status, status: 520, carried_out: true",
    "fault: status, status: 408",
    "fault: status, status: 408, carried_out: true",
    "fault: html",
    "fault: html, carried_out: true",
    "fault: html, status: 200, carried_out: true",
];

async fn world(version: &'static str, faults: &str) -> Stage {
    let scenario = format!("{{dags: [{{dag_id: a}}], datasets: [{{uri: d}}], faults: [{faults}]}}");
    Stage::new(version, &scenario).await.max_time(10)
}

fn id_of(ran: &Ran) -> &str {
    match &ran.step(0).result {
        Some(ActionResult::TriggerDag(run)) => &run.dag_run_id,
        other => panic!("no run: {other:?}"),
    }
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_to_a_trigger_there_is_one_run() {
    for version in BOTH {
        for fault in LOST {
            let stage = world(version, &format!("{{on: {{method: POST, path: dagRuns}}, {fault}}}")).await;
            let ran = stage.run(TRIGGER).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            assert_eq!(stage.runs("a").await, [id_of(&ran)], "{version} {fault}");
            let fate = ran.write().fate;
            assert!(matches!(fate, Some(WriteFate::Accepted | WriteFate::Found)), "{version} {fault}: {fate:?}");
        }
    }
}

#[tokio::test]
async fn whatever_becomes_of_two_answers_in_a_row_there_is_one_run() {
    for version in BOTH {
        for fault in LOST {
            let stage = world(version, &format!("{{on: {{method: POST, path: dagRuns, times: 2}}, {fault}}}")).await;
            let ran = stage.run(TRIGGER).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            assert_eq!(stage.runs("a").await.len(), 1, "{version} {fault}");
        }
    }
}

#[tokio::test]
async fn a_trigger_without_retry_is_settled_all_the_same() {
    let not_made =
        ["reset", "status, status: 500", "status, status: 502", "status, status: 524", "status, status: 408", "html"];
    for version in BOTH {
        for fault in LOST {
            let stage = world(version, &format!("{{on: {{method: POST, path: dagRuns}}, {fault}}}")).await;
            let ran = stage.run("name: t\nsteps: [{id: load, trigger_dag: {dag_id: a}, retry: false}]").await;
            let is_made = !not_made.iter().any(|not| fault == format!("fault: {not}"));
            let expected = if is_made { StepOutcome::Passed } else { StepOutcome::Failed };
            assert_eq!(ran.outcome(0), Some(expected), "{version} {fault}: {ran:#?}");
            assert_eq!(stage.runs("a").await.len(), usize::from(is_made), "{version} {fault}");
            if !is_made {
                assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version} {fault}: {ran:#?}");
                assert_eq!(ran.write().fate, Some(WriteFate::Unknown));
            }
        }
    }
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_to_an_event_there_is_one_event() {
    for version in BOTH {
        for fault in LOST {
            let stage = world(version, &format!("{{on: {{method: POST, path: events}}, {fault}}}")).await;
            let ran = stage.run(EVENT).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            let events = stage.events().await;
            assert_eq!(events.len(), 1, "{version} {fault}: {events:?}");
            assert_eq!(events[0]["myaf_run"], "20261122t120000z-0badcafe/tell/0", "{version} {fault}");
            assert_eq!(events[0]["k"], 1, "{version} {fault}");
        }
    }
}

#[tokio::test]
async fn an_event_that_was_not_made_is_sent_again_however_slow_the_looks_for_it_are() {
    for version in BOTH {
        for delay in (50..=1000).step_by(50) {
            let slow = format!("{{on: {{method: GET, path: events, always: true}}, fault: delay, delay: {delay}ms}}");
            let stage = world(version, &format!("{{on: {{method: POST, path: events}}, fault: reset}}, {slow}")).await;
            let ran = stage.run(EVENT).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {delay} ms: {ran:#?}");
            assert_eq!(stage.events().await.len(), 1, "{version} {delay} ms");
        }
    }
}

#[tokio::test]
async fn an_event_that_was_not_made_is_sent_again_whichever_look_for_it_fails() {
    for version in BOTH {
        for nth in 1..=11 {
            let failing = format!("{{on: {{method: GET, path: events, nth: [{nth}]}}, fault: html, status: 502}}");
            let stage =
                world(version, &format!("{{on: {{method: POST, path: events}}, fault: reset}}, {failing}")).await;
            let ran = stage.run(EVENT).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}, look {nth}: {ran:#?}");
            assert_eq!(stage.events().await.len(), 1, "{version}, look {nth}");
        }
    }
}

#[tokio::test]
async fn an_event_without_retry_or_with_on_unknown_fail_is_sent_once() {
    let not_made =
        ["reset", "status, status: 500", "status, status: 502", "status, status: 524", "status, status: 408", "html"];
    for version in BOTH {
        for (key, fault) in [("retry: false", ""), ("retry: {attempts: 5}", ", on_unknown: fail")]
            .iter()
            .flat_map(|key| LOST.iter().map(move |fault| (*key, *fault)))
        {
            let stage = world(version, &format!("{{on: {{method: POST, path: events}}, {fault}}}")).await;
            let arguments = format!("dataset_uri: d, consumers: ignore{}", key.1);
            let ran = stage
                .run(&format!("name: e\nsteps: [{{id: tell, post_dataset_event: {{{arguments}}}, {}}}]", key.0))
                .await;
            let is_made = !not_made.iter().any(|not| fault == format!("fault: {not}"));
            assert_eq!(stage.events().await.len(), usize::from(is_made), "{version} {key:?} {fault}");
            if !is_made {
                assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version} {key:?} {fault}: {ran:#?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_makes_nothing_and_is_not_looked_into() {
    for version in BOTH {
        for (status, kind) in [(400, FailureKind::Rejected), (403, FailureKind::Authentication)] {
            let faults =
                format!("{{on: {{method: POST, path: dagRuns, always: true}}, fault: status, status: {status}}}");
            let stage = world(version, &faults).await;
            let ran = stage.run(TRIGGER).await;
            assert_eq!(
                (ran.kind(), ran.write().fate),
                (kind, Some(WriteFate::Refused)),
                "{version} {status}: {ran:#?}"
            );
            assert!(stage.runs("a").await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_rate_limited_trigger_is_sent_again_without_a_search() {
    for version in BOTH {
        let stage = world(version, "{on: {method: POST, path: dagRuns}, fault: rate_limit, retry_after: 5s}").await;
        let ran = stage.run(TRIGGER).await;
        assert_eq!((ran.outcome(0), ran.step(0).requests), (Some(StepOutcome::Passed), 3), "{ran:#?}");
        assert_eq!(stage.runs("a").await.len(), 1);
    }
}

#[tokio::test]
async fn an_outcome_that_cannot_be_known_is_said_with_id_and_url() {
    let everything_is_broken = "{on: {path: dagRuns, always: true}, fault: status, status: 500}";
    for version in BOTH {
        let ran = world(version, everything_is_broken).await.run(TRIGGER).await;
        assert_eq!((ran.kind(), ran.write().fate), (FailureKind::OutcomeUnknown, Some(WriteFate::Unknown)));
        let help = ran.failure().help.clone().unwrap_or_default();
        assert!(help.contains(&format!("/api/{version}/dags/a/dagRuns/myaf__t__load__")), "{help}");
        assert!(ran.failure().message.contains(&ran.write().identity), "{:?}", ran.failure());
    }
}

/// On this world with these faults, through the binary, without chance in its pauses.
fn on_world(playbook: &str, faults: &str) -> Run {
    let playbook = format!("{playbook}\ndefaults: {{retry: {{jitter: false}}}}");
    let dags = "dags: [{dag_id: a}], datasets: [{uri: d}]";
    Run::playbook(&playbook).scenario(&format!("{{{dags}, faults: [{faults}]}}"))
}

#[test]
fn the_last_line_of_an_unknown_outcome_says_what_to_look_at() {
    let broken = |path: &str| format!("{{on: {{path: {path}, always: true}}, fault: status, status: 500}}");
    is_golden_on_both("nothing_twice/unknown_trigger", || on_world(TRIGGER, &broken("dagRuns")));
    is_golden_on_each("nothing_twice/unknown_event", || on_world(EVENT, &broken("events")));
}

#[test]
fn a_quiet_run_says_in_its_one_line_what_to_look_at() {
    let broken = "{on: {path: dagRuns, always: true}, fault: status, status: 500}";
    is_golden_on_both("nothing_twice/unknown_quiet", || on_world(TRIGGER, broken).args(&["--output", "quiet"]));
}

#[test]
fn what_was_found_after_a_lost_answer_is_told() {
    let lost = |path: &str| format!("{{on: {{method: POST, path: {path}}}, fault: lost_answer}}");
    is_golden_on_both("nothing_twice/found_trigger", || on_world(TRIGGER, &lost("dagRuns")));
    is_golden_on_each("nothing_twice/found_event", || on_world(EVENT, &lost("events")));
}

#[tokio::test]
async fn a_broken_list_of_events_is_not_asked_for_every_event() {
    let ran = world("v2", "{on: {path: events, always: true}, fault: status, status: 500}").await;
    let ran = ran.run(&EVENT.replace("consumers", "on_unknown: fail, consumers")).await;
    assert_eq!(ran.kind(), FailureKind::OutcomeUnknown);
    assert!(ran.step(0).requests < 200, "{} requests", ran.step(0).requests);
}

#[tokio::test]
async fn an_authors_id_that_is_there_already_is_a_failure_and_nothing_is_sent() {
    for version in BOTH {
        let stage = world(version, "").await;
        let body = r#"{"dag_run_id": "mine", "logical_date": "2026-10-01T00:00:00Z"}"#;
        stage.send("POST", "/dags/a/dagRuns", body).await;
        let ran = stage.run("name: t\nsteps: [{trigger_dag: {dag_id: a, dag_run_id: mine}}]").await;
        assert_eq!(ran.kind(), FailureKind::Rejected, "{ran:#?}");
        assert!(ran.step(0).writes.is_empty(), "nothing was announced");
        assert_eq!(stage.runs("a").await, ["mine"]);
    }
}

#[tokio::test]
async fn an_authors_id_is_ours_from_the_first_post_on() {
    for version in BOTH {
        for fault in LOST {
            let stage = world(version, &format!("{{on: {{method: POST, path: dagRuns}}, {fault}}}")).await;
            let ran = stage.run("name: t\nsteps: [{trigger_dag: {dag_id: a, dag_run_id: mine}}]").await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {fault}: {ran:#?}");
            assert_eq!(stage.runs("a").await, ["mine"], "{version} {fault}");
        }
    }
}

#[test]
fn an_authors_id_is_looked_at_before_anything_is_sent() {
    for (name, id) in [("reserved", "scheduled__x"), ("dots", "a..b"), ("space", "a b"), ("long", &"x".repeat(201))] {
        is_golden_on_both(&format!("nothing_twice/bad_id_{name}"), || {
            Run::playbook(&format!(
                "name: t\nsteps: [{{trigger_dag: {{dag_id: a, dag_run_id: \"{{{{ '{id}' }}}}\"}}}}]"
            ))
            .scenario("{dags: [{dag_id: a}]}")
        });
    }
}

#[tokio::test]
async fn a_logical_date_that_another_run_has_is_told_and_makes_nothing() {
    let playbook = "name: t\nsteps: [{trigger_dag: {dag_id: a, logical_date: '2026-10-01T00:00:00Z'}}]";
    for version in BOTH {
        let stage = world(version, "").await;
        let body = r#"{"dag_run_id": "theirs", "logical_date": "2026-10-01T00:00:00Z"}"#;
        stage.send("POST", "/dags/a/dagRuns", body).await;
        let ran = stage.run(playbook).await;
        assert_eq!((ran.kind(), ran.write().fate), (FailureKind::Rejected, Some(WriteFate::Refused)), "{ran:#?}");
        assert!(ran.failure().message.contains("logical date"), "{:?}", ran.failure());
        assert_eq!(stage.runs("a").await, ["theirs"]);
    }
}

#[tokio::test]
async fn a_write_that_no_sink_has_taken_is_not_sent() {
    let announcement = |kind: &EventKind| matches!(kind, EventKind::WriteAnnounced(_));
    for version in BOTH {
        for playbook in [TRIGGER, EVENT] {
            let stage = world(version, "").await;
            let ran = stage.run_watched(playbook, &announcement, &|_| None).await;
            assert_eq!(ran.result, Err("the run can't be recorded: the disk is full".to_owned()));
            assert!(stage.runs("a").await.is_empty());
            assert!(stage.events().await.is_empty());
        }
    }
}

#[tokio::test]
async fn every_write_is_announced_before_it_is_settled() {
    for playbook in [TRIGGER, EVENT] {
        let ran = world("v2", "").await.run(playbook).await;
        let place = |wanted: fn(&EventKind) -> bool| ran.events.iter().position(|event| wanted(&event.kind));
        let announced = place(|kind| matches!(kind, EventKind::WriteAnnounced(_)));
        let settled = place(|kind| matches!(kind, EventKind::WriteSettled { fate: WriteFate::Accepted, .. }));
        assert!(announced.is_some() && announced < settled, "{:#?}", ran.events);
        assert!(ran.events.iter().zip(1..).all(|(event, number)| event.seq == number));
    }
}

#[tokio::test]
async fn a_failing_capture_or_expectation_repeats_no_write() {
    let after = ["capture: {x: result.conf.nothing.there}", "expect: false", "expect: result.conf.nope == 1"];
    for version in BOTH {
        for key in after {
            let stage = world(version, "").await;
            let step = format!("{{trigger_dag: {{dag_id: a}}, {key}, retry: {{attempts: 5}}}}");
            let ran = stage.run(&format!("name: t\nsteps: [{step}]")).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Failed), "{version} {key}");
            assert_eq!(stage.runs("a").await.len(), 1, "{version} {key}");
        }
    }
}

#[tokio::test]
async fn a_failed_run_is_not_made_again() {
    let scenario = "{dags: [{dag_id: a, run: {outcome: failed}}]}";
    for version in BOTH {
        let stage = Stage::new(version, scenario).await;
        let ran = stage.run("name: t\nsteps: [{trigger_dag: {dag_id: a, wait: true}, retry: {attempts: 9}}]").await;
        assert_eq!(ran.kind(), FailureKind::DagRunFailed);
        assert_eq!(stage.runs("a").await.len(), 1);
    }
}

#[tokio::test]
async fn the_time_of_the_step_never_leaves_an_unknown_write_unsaid() {
    for version in BOTH {
        for (playbook, path) in [(TRIGGER, "dagRuns"), (EVENT, "events")] {
            let faults = format!(
                "{{on: {{method: POST, path: {path}}}, fault: reset}}, \
                 {{on: {{method: GET, path: {path}}}, fault: delay, delay: 9s}}"
            );
            let stage = world(version, &faults).await;
            let ran = stage.run(&format!("{playbook}\ndefaults: {{timeout: 5s}}")).await;
            assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version} {path}: {ran:#?}");
            assert_eq!(ran.write().fate, Some(WriteFate::Unknown), "{version} {path}");
            assert_eq!(stage.runs("a").await.len() + stage.events().await.len(), 0, "{version} {path}");
        }
    }
}

#[tokio::test]
async fn a_signal_never_leaves_an_unknown_write_unsaid() {
    let tried = |kind: &EventKind| matches!(kind, EventKind::TryFailed(_)).then_some(15);
    for version in BOTH {
        for (playbook, path) in [(TRIGGER, "dagRuns"), (EVENT, "events")] {
            for (fault, fate) in [
                ("fault: reset", WriteFate::Unknown),
                ("fault: lost_answer", WriteFate::Found),
                ("fault: lost_answer, late: 5s", WriteFate::Found),
                ("fault: status, status: 500, carried_out: true", WriteFate::Found),
            ] {
                let stage =
                    world(version, &format!("{{on: {{method: POST, path: {path}, always: true}}, {fault}}}")).await;
                let ran = stage.run_watched(playbook, &|_| false, &tried).await;
                assert_eq!(ran.write().fate, Some(fate), "{version} {path} {fault}: {ran:#?}");
                let verdict = ran.record.verdict();
                let expected = if fate == WriteFate::Found {
                    Verdict::Passed
                } else {
                    assert_eq!(ran.record.signal, Some(15), "{version} {path} {fault}");
                    Verdict::Failed(FailureKind::OutcomeUnknown)
                };
                assert_eq!(verdict, expected, "{version} {path} {fault}");
                let made = stage.runs("a").await.len() + stage.events().await.len();
                assert_eq!(made, usize::from(fate == WriteFate::Found), "{version} {path} {fault}");
            }
        }
    }
}

#[tokio::test]
async fn a_signal_after_a_refusal_leaves_nothing_in_doubt() {
    let tried = |kind: &EventKind| matches!(kind, EventKind::TryFailed(_)).then_some(15);
    for version in BOTH {
        for (playbook, path) in [(TRIGGER, "dagRuns"), (EVENT, "events")] {
            let faults = format!("{{on: {{method: POST, path: {path}, always: true}}, fault: rate_limit}}");
            let ran = world(version, &faults).await.run_watched(playbook, &|_| false, &tried).await;
            assert_eq!(ran.record.verdict(), Verdict::Interrupted(15), "{version} {path}: {ran:#?}");
            assert_eq!(ran.write().fate, Some(WriteFate::Refused), "{version} {path}");
        }
    }
}

#[tokio::test]
async fn a_mistake_in_unless_does_not_leave_a_write_in_doubt() {
    for version in BOTH {
        for (playbook, path) in [(TRIGGER, "dagRuns"), (EVENT, "events")] {
            let stage =
                world(version, &format!("{{on: {{method: POST, path: {path}}}, fault: lost_answer, late: 3s}}")).await;
            let ran = stage.run(&format!("{playbook}\ndefaults: {{retry: {{unless: error.status + 1 > 400}}}}")).await;
            assert_eq!(ran.write().fate, Some(WriteFate::Found), "{version} {path}: {ran:#?}");
        }
    }
}

#[tokio::test]
async fn a_run_that_is_found_is_followed_like_one_that_was_answered() {
    let scenario = "
        dags: [{dag_id: a, run: {duration: 40s}}]
        faults: [{on: {method: POST, path: dagRuns}, fault: lost_answer, late: 2s}]
    ";
    for version in BOTH {
        let stage = Stage::new(version, scenario).await;
        let ran = stage.run("name: t\nsteps: [{trigger_dag: {dag_id: a, wait: true}}]").await;
        let Some(ActionResult::TriggerDag(run)) = &ran.step(0).result else { panic!("{ran:#?}") };
        assert_eq!((run.state, run.duration_seconds), (RunState::Success, Some(40.0)));
        assert_eq!(stage.runs("a").await.len(), 1);
    }
}

#[tokio::test]
async fn an_event_that_airflow_cannot_show_is_not_sent_again() {
    // Airflow 3 answers 500 for an event whose consumer's run has not started, which is here our own.
    let scenario = "{dags: [{dag_id: c, schedule_on: [d], run: {queued_for: 10m}}], \
                    faults: [{on: {method: POST, path: events}, fault: lost_answer}]}";
    for (version, expected) in [("v1", StepOutcome::Passed), ("v2", StepOutcome::Failed)] {
        let stage = Stage::new(version, scenario).await.max_time(10);
        let ran = stage.run(EVENT).await;
        assert_eq!(ran.outcome(0), Some(expected), "{version}: {ran:#?}");
        if expected == StepOutcome::Failed {
            assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version}: {ran:#?}");
        }
        assert_eq!(stage.events().await.len(), 1, "{version}");
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_does_not_end_the_doubt() {
    // The first request arrives long after its client has gone, and the second is refused.
    for (playbook, path) in [(TRIGGER, "dagRuns"), (EVENT, "events")] {
        for version in BOTH {
            let faults = format!(
                "{{on: {{method: POST, path: {path}, nth: [1]}}, fault: lost_answer, late: 10m}}, \
                 {{on: {{method: POST, path: {path}}}, fault: status, status: 403}}"
            );
            let ran = world(version, &faults).await.run(playbook).await;
            assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version} {path}: {ran:#?}");
            assert_eq!(ran.write().fate, Some(WriteFate::Unknown), "{version} {path}");
        }
    }
}

#[tokio::test]
async fn a_run_of_somebody_else_with_the_authors_id_is_not_taken_for_ours() {
    // The other one makes it between our question and our request: the question of the second step is answered 404.
    let playbook = "name: t\nsteps:\n\
                    - {id: theirs, trigger_dag: {dag_id: a, dag_run_id: mine}}\n\
                    - {id: ours, trigger_dag: {dag_id: a, dag_run_id: mine, conf: {n: 2}}}";
    for version in BOTH {
        let stage = world(version, "{on: {method: GET, path: dagRuns, nth: [2]}, fault: status, status: 404}").await;
        let ran = stage.run(playbook).await;
        assert_eq!(ran.outcome(1), Some(StepOutcome::Failed), "{version}: {ran:#?}");
        assert!(ran.failure().message.contains("already has a run `mine`"), "{version}: {ran:#?}");
        assert_eq!(ran.step(1).writes.first().and_then(|write| write.fate), Some(WriteFate::Refused), "{version}");
    }
}

#[tokio::test]
async fn a_logical_date_that_is_taken_is_told_at_once() {
    let playbook = "name: t\nsteps:\n\
                    - {id: one, trigger_dag: {dag_id: a, logical_date: '2026-10-01T00:00:00Z'}}\n\
                    - {id: two, trigger_dag: {dag_id: a, logical_date: '2026-10-01T00:00:00Z'}}";
    for version in BOTH {
        let stage = world(version, "").await;
        let ran = stage.run(playbook).await;
        assert!(ran.failure().message.contains("another run with the logical date"), "{version}: {ran:#?}");
        assert!(ran.step(1).elapsed_ms.is_some_and(|took| took < 1000), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn a_run_whose_answer_was_cut_off_is_followed_through_an_outage() {
    let faults = "{on: {method: POST, path: dagRuns}, fault: truncated}, \
                  {on: {method: GET, path: dagRuns, times: 5}, fault: status, status: 503}";
    let playbook = "name: t\nsteps: [{id: load, trigger_dag: {dag_id: a, wait: true}}]";
    for version in BOTH {
        let stage = world(version, faults).await;
        let ran = stage.run(playbook).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
        assert_eq!(stage.runs("a").await.len(), 1, "{version}");
    }
}

#[tokio::test]
async fn an_event_that_comes_after_all_looking_is_sent_once_and_said_to_be_unknown() {
    for version in BOTH {
        let faults = "{on: {method: POST, path: events}, fault: lost_answer, late: 45s}";
        let stage = world(version, faults).await;
        let ran = stage.run(&EVENT.replace("consumers", "on_unknown: fail, consumers")).await;
        assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version}: {ran:#?}");
        assert_eq!(ran.write().fate, Some(WriteFate::Unknown), "{version}");
        stage.clock.sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(stage.events().await.len(), 1, "{version}");
    }
}

#[tokio::test]
async fn an_event_is_not_sent_again_by_who_may_not_list_events() {
    for version in BOTH {
        let faults = "{on: {method: POST, path: events}, fault: lost_answer}, \
                      {on: {method: GET, path: events, always: true}, fault: status, status: 403}";
        let stage = world(version, faults).await;
        let ran = stage.run(EVENT).await;
        assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "{version}: {ran:#?}");
        assert_eq!(ran.tried(0).len(), 1, "{version}: it is sent once");
    }
}

#[tokio::test]
async fn where_a_proxy_repeats_a_post_none_is_made_by_us_too_many() {
    let is_post =
        |asked: &[Asked]| asked.last().is_some_and(|asked| asked.method == "POST" && !asked.path.ends_with("token"));
    let rules: [fn(bool) -> Then; 2] = [
        |is_post| if is_post { Then::Twice } else { Then::Forward },
        |is_post| if is_post { Then::TwiceLost } else { Then::Forward },
    ];
    let event = EVENT.replace("consumers", "on_unknown: fail, consumers");
    for version in BOTH {
        for rule in rules {
            // The second of two runs with one id is a conflict, and the run is ours all the same.
            let world = "{dags: [{dag_id: a}], datasets: [{uri: d}]}";
            let stage = Stage::behind(version, world, move |asked| rule(is_post(asked))).await;
            let ran = stage.run(TRIGGER).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
            assert_eq!(stage.runs("a").await, [id_of(&ran)], "{version}");
            // Airflow keeps both events of the proxy; a third would be ours.
            let ran = stage.run(&event).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
            assert_eq!(stage.events().await.len(), 2, "{version}");
            let sent =
                stage.asked().iter().filter(|asked| asked.method == "POST" && asked.path.ends_with("/events")).count();
            assert_eq!(sent, 1, "{version}");
        }
    }
}
