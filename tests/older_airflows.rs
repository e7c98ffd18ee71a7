//! Airflows before the ones that the sandbox imitates: what they answer otherwise, as measured on 2.8.4, 2.10.3 and 3.0.6.

use myaf_run::outcome::{ActionResult, FailureKind, StepOutcome};
use serde_json::Value;

use crate::between::{Asked, Then};
use crate::run::BOTH;
use crate::stage::{Ran, Stage};

const WORLD: &str = "{dags: [{dag_id: a, run: {duration: 1m}}], datasets: [{uri: d}], generate_dags: {count: 250}}";
const LIST: &str = "name: o\nsteps: [{list_dags: {}}]";

fn last(asked: &[Asked]) -> &Asked {
    asked.last().expect("the request that has come")
}

fn listed(ran: &Ran) -> Vec<String> {
    match &ran.step(0).result {
        Some(ActionResult::ListDags(list)) => list.dag_ids.clone(),
        other => panic!("no list: {other:?} {:#?}", ran.record),
    }
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
