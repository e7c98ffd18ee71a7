//! What a wait costs: requests, events, time of the processor.

use std::time::Duration;

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::between::Then;
use crate::run::BOTH;
use crate::stage::Stage;
use crate::wait::waiting;

#[tokio::test]
async fn a_wait_of_two_hours_sends_at_most_300_requests_and_never_two_a_second() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 3h, tasks: [{task_id: t}, {task_id: u}]}}]}";
    for version in BOTH {
        for is_watched in [false, true] {
            for is_told in [false, true] {
                // Without the call of Airflow 3.1 and later, and with it.
                let stage = if is_told {
                    Stage::new(version, scenario).await
                } else {
                    Stage::behind(version, scenario, |_| Then::Forward).await
                };
                let stage = if is_watched { stage.watched() } else { stage };
                let ran = stage.run(&waiting("{timeout: 2h}")).await;
                assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version}: {ran:#?}");
                let requests = ran.step(0).requests;
                // Two came before the wait: the DAG, and the trigger.
                assert!((200..=302).contains(&requests), "{version} {is_watched} {is_told}: {requests} requests");
            }
        }
    }
}

#[tokio::test]
async fn a_wait_with_a_shorter_poll_than_a_second_still_asks_once_a_second() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 60s}}]}").await;
        let ran = stage.run(&waiting("{timeout: 30s, poll: {every: 100ms, max_every: 100ms}}")).await;
        assert_eq!(ran.kind(), FailureKind::WaitTimedOut, "{version}: {ran:#?}");
        assert!(ran.step(0).requests <= 34, "{version}: {} requests", ran.step(0).requests);
    }
}

#[tokio::test]
async fn a_listened_to_run_costs_fewer_requests_than_a_polled_one() {
    for (duration, timeout) in [("20s", "1h"), ("10m", "1h"), ("110m", "2h")] {
        let scenario = format!("{{dags: [{{dag_id: a, run: {{duration: {duration}}}}}]}}");
        let playbook = waiting(&format!("{{timeout: {timeout}}}"));
        let polled = Stage::behind("v2", &scenario, |_| Then::Forward).await.run(&playbook).await;
        let heard = Stage::new("v2", &scenario).await.run(&playbook).await;
        for ran in [&polled, &heard] {
            assert_eq!(ran.outcome(0), Some(StepOutcome::Passed), "{duration}: {ran:#?}");
        }
        let (polled, heard) = (polled.step(0).requests, heard.step(0).requests);
        assert!(heard < polled, "{duration}: {heard} requests, {polled} when polled");
    }
}

/// The time of the processor that this thread has used: the first number of its `schedstat`, in nanoseconds.
fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(text.split(' ').next().and_then(|word| word.parse().ok()).expect("a number"))
}

#[tokio::test]
async fn a_thousand_polls_cost_little_and_the_record_does_not_grow() {
    let scenario = "{dags: [{dag_id: a, run: {duration: 5000s}}]}";
    let sizes = async |seconds: u32| {
        let stage = Stage::new("v1", scenario).await;
        let playbook = waiting(&format!("{{timeout: {seconds}s, poll: {{every: 1s, max_every: 1s}}}}"));
        let before = processor();
        let ran = stage.run(&playbook).await;
        let looks = ran.events.iter().filter(|event| matches!(event.kind, EventKind::Waiting { .. })).count();
        let record = serde_json::to_string(&ran.record).expect("JSON").len();
        (looks, record, processor().saturating_sub(before))
    };
    let (few, small, _) = sizes(10).await;
    let (many, large, took) = sizes(1100).await;
    assert!(few < 20 && many >= 1000, "{few} and {many} looks");
    // Only digits of times and counts differ.
    assert!(large <= small + 64, "{small} and {large} bytes");
    // The sandbox's share is in it, and the build is none for speed: the benchmark measures the program alone.
    assert!(took < Duration::from_secs(10), "{took:?} for {many} looks");
}
