//! Airflows before the ones that the sandbox imitates: what they answer otherwise, as measured on 2.8.4, 2.10.3 and 3.0.6.

use myaf_run::event::WriteFate;
use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};
use serde_json::Value;

use crate::between::{Asked, Then};
use crate::run::BOTH;
use crate::stage::{Ran, Stage};

const WORLD: &str = "{dags: [{dag_id: a, run: {duration: 1m}}], datasets: [{uri: d}], generate_dags: {count: 250}}";
const TRIGGER: &str = "name: o\nsteps: [{id: load, trigger_dag: {dag_id: a, conf: {n: 50}}}]";
const EVENT: &str = "name: o\nsteps: [{id: tell, post_dataset_event: {dataset_uri: d, consumers: ignore}}]";
const LIST: &str = "name: o\nsteps: [{list_dags: {}}]";

/// The page of Airflow 2 for a call that broke down in it.
const OOPS: &str = include_str!("../src/sandbox/v1/oops.html");

fn oops() -> Then {
    Then::Say(500, "text/html; charset=utf-8", OOPS.to_owned())
}

fn last(asked: &[Asked]) -> &Asked {
    asked.last().expect("the request that has come")
}

fn posts(stage: &Stage, end: &str) -> usize {
    stage.asked().iter().filter(|asked| asked.posts_to(end)).count()
}

fn listed(ran: &Ran) -> Vec<String> {
    match &ran.step(0).result {
        Some(ActionResult::ListDags(list)) => list.dag_ids.clone(),
        other => panic!("no list: {other:?} {:#?}", ran.record),
    }
}

// A call that breaks down in Airflow 2

#[tokio::test]
async fn a_conf_that_airflow_2_8_breaks_down_at_is_told_and_no_run_is_made() {
    let rule = |asked: &[Asked]| if last(asked).posts_to("/dagRuns") { oops() } else { Then::Forward };
    let stage = Stage::behind("v1", WORLD, rule).await;
    let ran = stage.run(TRIGGER).await;
    assert_eq!((ran.kind(), ran.write().fate), (FailureKind::ServerError, Some(WriteFate::Refused)), "{ran:#?}");
    let expected = "500 Internal Server Error for POST /api/v1/dags/a/dagRuns: Ooops!; \
                    Airflow 2.8 answers so to a `conf` that doesn't fit the DAG's params";
    assert_eq!(ran.failure().message, expected);
    assert_eq!(ran.failure().notes, ["gave up after 3 tries", "it was looked for and is not there: nothing was made"]);
    assert!(ran.failure().location.is_some(), "it blames the conf: {ran:#?}");
    assert_eq!(posts(&stage, "/dagRuns"), 3);
    assert!(ran.step(0).elapsed_ms < Some(10_000), "it waits for nothing that can't come: {ran:#?}");
    assert!(stage.runs("a").await.is_empty());
}

#[tokio::test]
async fn the_page_of_somebody_else_leaves_a_doubt() {
    let nginx = "<html><head><title>500 Internal Server Error</title></head></html>";
    for (version, page) in [("v1", nginx), ("v2", nginx), ("v2", OOPS)] {
        let rule = move |asked: &[Asked]| {
            let page = || Then::Say(500, "text/html", page.to_owned());
            if last(asked).posts_to("/dagRuns") { page() } else { Then::Forward }
        };
        let ran = Stage::behind(version, WORLD, rule).await.run(TRIGGER).await;
        let expected = (FailureKind::OutcomeUnknown, Some(WriteFate::Unknown));
        assert_eq!((ran.kind(), ran.write().fate), expected, "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn an_event_that_airflow_2_breaks_down_at_is_told_too() {
    let rule = |asked: &[Asked]| if last(asked).posts_to("/datasets/events") { oops() } else { Then::Forward };
    let stage = Stage::behind("v1", WORLD, rule).await;
    let ran = stage.run(EVENT).await;
    assert_eq!((ran.kind(), ran.write().fate), (FailureKind::ServerError, Some(WriteFate::Refused)), "{ran:#?}");
    assert!(ran.failure().message.ends_with("Ooops!"), "a conf is nothing of an event: {ran:#?}");
    assert!(stage.events().await.is_empty());
}

#[tokio::test]
async fn a_run_that_is_there_although_airflow_2_broke_down_is_taken() {
    let rule = |asked: &[Asked]| {
        if last(asked).posts_to("/dagRuns") {
            Then::ForwardAndSay(500, "text/html", OOPS.to_owned())
        } else {
            Then::Forward
        }
    };
    let stage = Stage::behind("v1", WORLD, rule).await;
    let ran = stage.run(TRIGGER).await;
    assert_eq!((ran.outcome(0), ran.write().fate), (Some(StepOutcome::Passed), Some(WriteFate::Found)), "{ran:#?}");
    assert_eq!((posts(&stage, "/dagRuns"), stage.runs("a").await.len()), (1, 1));
}

#[tokio::test]
async fn a_call_that_breaks_down_once_is_sent_again() {
    let rule = |asked: &[Asked]| {
        let posts = asked.iter().filter(|asked| asked.posts_to("/dagRuns")).count();
        if last(asked).posts_to("/dagRuns") && posts == 1 { oops() } else { Then::Forward }
    };
    let stage = Stage::behind("v1", WORLD, rule).await;
    let ran = stage.run(TRIGGER).await;
    assert_eq!((ran.outcome(0), ran.write().fate), (Some(StepOutcome::Passed), Some(WriteFate::Accepted)), "{ran:#?}");
    assert_eq!(stage.runs("a").await.len(), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_before_stays_in_doubt() {
    let scenario = WORLD.replace("{dags", "{faults: [{on: {method: POST}, fault: lost_answer, late: 20s}], dags");
    let rule = |asked: &[Asked]| {
        let posts = asked.iter().filter(|asked| asked.posts_to("/dagRuns")).count();
        if last(asked).posts_to("/dagRuns") && posts > 1 { oops() } else { Then::Forward }
    };
    let stage = Stage::behind("v1", &scenario, rule).await;
    let ran = stage.run(TRIGGER).await;
    assert_eq!((ran.outcome(0), ran.write().fate), (Some(StepOutcome::Passed), Some(WriteFate::Found)), "{ran:#?}");
    assert_eq!(stage.runs("a").await.len(), 1);
}

const NO_EVENTS: &str = r#"{"detail": "The method is not allowed for the requested URL.", "status": 405, "title": "Method Not Allowed",
 "type": "about:blank"}"#;

#[tokio::test]
async fn an_airflow_without_dataset_events_is_named() {
    let rule = |asked: &[Asked]| {
        let refused = || Then::Say(405, "application/problem+json", NO_EVENTS.to_owned());
        if last(asked).posts_to("/datasets/events") { refused() } else { Then::Forward }
    };
    let stage = Stage::behind("v1", WORLD, rule).await;
    let ran = stage.run(EVENT).await;
    assert_eq!((ran.kind(), ran.write().fate), (FailureKind::Rejected, Some(WriteFate::Refused)), "{ran:#?}");
    assert!(ran.failure().message.ends_with("; dataset events need Airflow 2.9 or later"), "{ran:#?}");
    assert_eq!(posts(&stage, "/datasets/events"), 1);
    let scenario = WORLD.replace("{dags", "{faults: [{on: {method: POST}, fault: reset}], dags");
    let rule = |asked: &[Asked]| {
        let posts = asked.iter().filter(|asked| asked.posts_to("/datasets/events")).count();
        let is_second = last(asked).posts_to("/datasets/events") && posts == 2;
        if is_second { Then::Say(405, "application/problem+json", NO_EVENTS.to_owned()) } else { Then::Forward }
    };
    let ran = Stage::behind("v1", &scenario, rule).await.run(EVENT).await;
    assert_eq!(ran.kind(), FailureKind::OutcomeUnknown, "the first answer was lost: {ran:#?}");
    let note = ran.failure().notes.last().expect("a note");
    assert!(note.starts_with("no further try: 405 ") && note.ends_with("need Airflow 2.9 or later"), "{note}");
}

// Lists

#[tokio::test]
async fn a_list_is_whole_however_long_its_pages_are() {
    for version in BOTH {
        for cap in ["7", "50", "100"] {
            let rule = move |asked: &[Asked]| {
                let query = last(asked).query.iter().cloned();
                let capped = |(name, value): (String, String)| {
                    let is_limit = name == "limit";
                    (name, if is_limit { cap.to_owned() } else { value })
                };
                Then::ForwardWith(query.map(capped).collect())
            };
            let stage = Stage::behind(version, WORLD, rule).await;
            assert_eq!(listed(&stage.run(LIST).await).len(), 251, "{version} {cap}");
        }
    }
}

#[tokio::test]
async fn a_list_is_whole_where_nobody_says_how_long_it_is() {
    for version in BOTH {
        let rule = |_: &[Asked]| {
            Then::Amend(|body| {
                body.as_object_mut().map(|body| body.remove("total_entries"));
            })
        };
        let stage = Stage::behind(version, WORLD, rule).await;
        let ran = stage.run(LIST).await;
        assert_eq!(listed(&ran).len(), 251, "{version}");
        assert_eq!(
            stage.asked().last().and_then(|asked| asked.parameter("offset").map(str::to_owned)),
            Some("251".into())
        );
    }
}

/// A page of DAGs with these numbers, as both versions send it.
fn page(numbers: std::ops::Range<usize>, total: Option<usize>) -> Then {
    let dags: Vec<Value> = numbers.map(|number| serde_json::json!({ "dag_id": format!("d{number:03}") })).collect();
    let mut body = serde_json::json!({ "dags": dags });
    if let Some(total) = total {
        body["total_entries"] = total.into();
    }
    Then::Say(200, "application/json", body.to_string())
}

/// A rule for the list of DAGs; the rest is the sandbox's.
fn of_dags(play: impl Fn(usize) -> Then + Send + Sync + 'static) -> impl Fn(&[Asked]) -> Then + Send + Sync + 'static {
    move |asked: &[Asked]| match last(asked).parameter("offset") {
        Some(offset) if last(asked).path.ends_with("/dags") => play(offset.parse().expect("a number")),
        _ => Then::Forward,
    }
}

#[tokio::test]
async fn a_server_that_caps_nothing_is_read_in_one_page() {
    for version in BOTH {
        for total in [Some(266), None] {
            let stage = Stage::behind(version, WORLD, of_dags(move |offset| page(offset..266, total))).await;
            assert_eq!(listed(&stage.run(LIST).await).len(), 266, "{version} {total:?}");
            let lists = stage.asked().iter().filter(|asked| asked.path.ends_with("/dags")).count();
            assert_eq!(lists, if total.is_some() { 1 } else { 2 }, "{version} {total:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_gives_the_same_page_for_ever_ends_and_says_so() {
    for version in BOTH {
        let stage = Stage::behind(version, WORLD, of_dags(|_| page(0..100, None))).await;
        let ran = stage.run(LIST).await;
        assert_eq!(ran.kind(), FailureKind::Rejected, "{version}: {ran:#?}");
        assert_eq!(ran.failure().message, "the list does not go on: the same 100 rows come again and again");
        assert_eq!(stage.asked().iter().filter(|asked| asked.path.ends_with("/dags")).count(), 4, "{version}");
    }
}

#[tokio::test]
async fn a_list_that_grows_while_it_is_read_is_no_circle() {
    // The last page has one row, and a DAG that was added meanwhile moves it to the next page.
    let pages = |offset: usize| {
        if offset < 101 { page(offset..101.min(offset + 100), None) } else { page(100..(offset == 101).into(), None) }
    };
    let grown = move |offset: usize| if offset == 101 { page(100..101, None) } else { pages(offset) };
    let stage = Stage::behind("v1", WORLD, of_dags(grown)).await;
    assert_eq!(listed(&stage.run(LIST).await).len(), 101);
}

#[tokio::test]
async fn what_a_server_does_not_filter_is_filtered_here() {
    let scenario = "{dags: [{dag_id: fit, tags: [a, b]}, {dag_id: one_tag, tags: [a]}, {dag_id: paused, tags: [a, b], is_paused: true}, \
                    {dag_id: gone, tags: [a, b], is_stale: true}]}";
    let playbook = "name: o\nsteps: [{list_dags: {tags: [a, b], tags_match: all, paused: false}}]";
    for version in BOTH {
        let stage = Stage::behind(version, scenario, |asked| Then::ForwardWith(unfiltered(last(asked)))).await;
        let ran = stage.run(playbook).await;
        assert_eq!(listed(&ran), ["fit"], "{version}");
    }
}

/// The query of a request without its filters; by default v1 leaves out what is stale.
fn unfiltered(asked: &Asked) -> Vec<(String, String)> {
    let is_kept = |name: &str| matches!(name, "limit" | "offset" | "order_by");
    let kept = asked.query.iter().filter(|(name, _)| is_kept(name)).cloned();
    kept.chain((asked.path == "/api/v1/dags").then(|| ("only_active".to_owned(), "false".to_owned()))).collect()
}

#[tokio::test]
async fn a_run_that_has_ended_is_not_active_though_the_server_lists_it() {
    let playbook = "name: o\nsteps: [{trigger_dag: {dag_id: a, if_active: fail, wait: true}}]";
    for version in BOTH {
        let rule = |asked: &[Asked]| {
            let one = last(asked);
            if one.method == "GET" { Then::ForwardWith(unfiltered(one)) } else { Then::Forward }
        };
        let stage = Stage::behind(version, WORLD, rule).await;
        stage
            .send("POST", "/dags/a/dagRuns", r#"{"dag_run_id": "theirs", "logical_date": "2026-10-01T00:00:00Z"}"#)
            .await;
        stage.clock.sleep(std::time::Duration::from_secs(3600)).await;
        let ran = stage.run(playbook).await;
        assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version}: {ran:#?}");
    }
}

// Runs

#[tokio::test]
async fn a_run_that_waits_for_its_date_is_told() {
    let waits = "the DAG run `r` of `a` waits for its logical date 2031-01-01T00:00:00Z: no task starts before";
    for version in BOTH {
        for (keys, told) in [
            ("logical_date: '2031-01-01T00:00:00Z'", vec![waits]),
            ("logical_date: '2021-01-01T00:00:00Z'", vec![]),
            ("note: no date", vec![]),
        ] {
            let playbook = format!("name: o\nsteps: [{{trigger_dag: {{dag_id: a, dag_run_id: r, {keys}}}}}]");
            let ran = Stage::new(version, WORLD).await.run(&playbook).await;
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{version} {keys}: {ran:#?}");
            assert_eq!(ran.step(0).warnings, told, "{version} {keys}");
        }
    }
}

#[tokio::test]
async fn a_server_whose_clock_is_ahead_has_no_later_date() {
    let ahead = |asked: &[Asked]| {
        let ahead = || Then::Amend(|body| body["logical_date"] = "2026-11-22T12:00:30+00:00".into());
        if last(asked).posts_to("/dagRuns") { ahead() } else { Then::Forward }
    };
    let ran = Stage::behind("v1", WORLD, ahead).await.run(TRIGGER).await;
    assert_eq!(ran.step(0).warnings, [""; 0], "{ran:#?}");
}

#[tokio::test]
async fn a_task_that_failed_untried_is_not_asked_for_a_log() {
    let scenario = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed, try_number: 0}]}}]}";
    for version in BOTH {
        let stage = Stage::behind(version, scenario, |_| Then::Forward).await;
        let ran = stage.run("name: o\nsteps: [{trigger_dag: {dag_id: a, wait: true}}]").await;
        assert_eq!(ran.kind(), FailureKind::DagRunFailed, "{version}: {ran:#?}");
        let no_log = ran.failure().failed_tasks[0].no_log.clone();
        assert_eq!(no_log.as_deref(), Some("it never started, so it has no log"), "{version}");
        assert!(stage.asked().iter().all(|asked| !asked.path.contains("/logs/")), "{version}");
    }
}
