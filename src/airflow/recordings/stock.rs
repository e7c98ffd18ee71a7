//! Variables, connections, pools, health, `XComs`, details and mapped tasks: what is read from both versions.
//!
//! In: recordings, and a health and a pool of Airflows that were not well. Out: tests.

use serde_json::json;

use super::{hear, hear_as};
use crate::airflow::answer::{RunFilter, Span, TaskPlace, XComRequest};
use crate::airflow::base_url::BaseUrl;
use crate::airflow::error::ErrorKind;
use crate::airflow::model::ApiVersion::{V1, V2};
use crate::airflow::model::RunState;
use crate::airflow::{v1, v2};

#[test]
fn variables_read_the_same_but_one_whose_key_looks_secret() {
    let one = hear(V1, "variable_slash_get", &v1::stock::variable("a/b c"));
    assert_eq!(one, hear(V2, "variable_slash_get", &v2::stock::variable("a/b c")));
    assert_eq!((one.key.as_str(), one.value.as_deref()), ("a/b c", Some("v")));
    let secret = "variable_secret_get";
    assert_eq!(hear(V1, secret, &v1::stock::variable("my_password")).value.as_deref(), Some("s3cret"));
    assert_eq!(hear(V2, secret, &v2::stock::variable("my_password")).value, None, "`***` is no value");
    let in_json = br#"{"key": "k", "value": "{\"user\": \"u\", \"password\": \"***\"}"}"#;
    assert_eq!(
        (v2::stock::variable("k").read)(in_json).map(|variable| variable.value),
        Ok(None),
        "nor is a part of it"
    );
    for (version, call) in [(V1, v1::stock::variable("nope")), (V2, v2::stock::variable("nope"))] {
        let error = hear_as(version, "variable_get_404", version, &call).expect_err("it is not there");
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[test]
fn of_a_connection_nothing_secret_is_read() {
    let one = hear(V1, "connection_get", &v1::stock::connection("c1"));
    assert_eq!(one, hear(V2, "connection_get", &v2::stock::connection("c1")));
    assert_eq!((one.connection_id.as_str(), one.conn_type.as_str()), ("c1", "http"));
    let body = json!({ "connections": [{ "connection_id": "c", "conn_type": "http", "password": "sesame-open",
        "login": "ali", "extra": "{}" }], "total_entries": 1 });
    for read in [v1::stock::connections(0).read, v2::stock::connections(0).read] {
        let rows = read(body.to_string().as_bytes()).expect("it reads");
        assert!(!format!("{rows:?}").contains("sesame-open") && rows.items.len() == 1);
    }
    assert!(hear(V1, "connections_list", &v1::stock::connections(0)).items.is_empty());
}

#[test]
fn pools_read_the_same_and_any_number_of_slots_is_minus_one() {
    let (one, two) = (hear(V1, "pools_list", &v1::stock::pools(0)), hear(V2, "pools_list", &v2::stock::pools(0)));
    assert_eq!(one.items, two.items);
    assert_eq!((one.items[0].slots, one.items[0].open_slots), (128, 128));
    let body = json!({ "name": "p", "slots": -1, "open_slots": -1, "occupied_slots": 2 });
    let pool = (v2::stock::pool("p").read)(body.to_string().as_bytes()).expect("it reads");
    assert_eq!((pool.slots, pool.open_slots, pool.occupied_slots), (-1, -1, 2));
}

#[test]
fn health_reads_from_both_and_also_of_a_server_that_is_not_well() {
    let (one, two) = (hear(V1, "health", &v1::stock::health()), hear(V2, "health", &v2::stock::health()));
    assert_eq!(one.scheduler.status.as_deref(), Some("healthy"));
    assert_eq!((one.triggerer.status, one.dag_processor.status), (None, None));
    assert_eq!(two.dag_processor.status.as_deref(), Some("healthy"));
    assert!(one.scheduler.latest_heartbeat.is_some() && two.scheduler.latest_heartbeat.is_some());
    let down = r#"{"metadatabase":{"status":"healthy"},"scheduler":{"status":"unhealthy",
        "latest_scheduler_heartbeat":"2026-11-23T00:17:07.557490+00:00"}}"#;
    for read in [v1::stock::health().read, v2::stock::health().read] {
        let health = read(down.as_bytes()).expect("it reads");
        assert_eq!(health.scheduler.status.as_deref(), Some("unhealthy"));
        assert_eq!(health.triggerer.status, None, "a part that an older version does not name");
    }
}

fn of_first() -> XComRequest {
    let [dag_id, dag_run_id, task_id, key] = ["ok_dag", "my-id-1", "first", "return_value"].map(str::to_owned);
    XComRequest { dag_id, dag_run_id, task_id, map_index: -1, key }
}

#[test]
fn an_xcom_is_json_from_both() {
    let one = hear(V1, "xcom_get_str", &v1::xcom::xcom(&of_first()));
    let two = hear(V2, "xcom_get", &v2::xcom::xcom(&of_first()));
    assert_eq!(one.value, json!({ "answer": 42 }));
    assert_eq!(one.value, two.value);
    let base = BaseUrl::parse("https://h.example").expect("a good URL");
    let mapped = XComRequest { map_index: 3, ..of_first() };
    assert_eq!(v1::xcom::xcom(&mapped).url(&base, V1).query(), Some("stringify=false&map_index=3"));
    assert_eq!(v2::xcom::xcom(&mapped).url(&base, V2).query(), Some("map_index=3"));
    assert_eq!(v2::xcom::xcom(&of_first()).url(&base, V2).query(), None);
}

#[test]
fn params_read_the_same_from_both() {
    let one = hear(V1, "dag_get_details", &v1::dag_details::dag_details("params_dag"));
    let two = hear(V2, "dag_get_details", &v2::dag_details::dag_details("params_dag"));
    assert_eq!(one, two);
    assert_eq!(one.params["n"].value, json!(3));
    assert_eq!(one.params["n"].schema["maximum"], json!(10));
    assert_eq!(one.timezone.as_deref(), Some("UTC"));
}

#[test]
fn a_mapped_task_is_asked_for_with_its_index() {
    let task = |map_index| TaskPlace { dag_id: "mapped_dag", dag_run_id: "mp1", task_id: "each", map_index };
    for (version, mapped, plain) in [
        (V1, v1::task_instance(&task(1)), v1::task_instance(&task(-1))),
        (V2, v2::task_instance(&task(1)), v2::task_instance(&task(-1))),
    ] {
        let read = hear(version, "ti_mapped_get", &mapped);
        assert_eq!((read.map_index, read.state.as_deref()), (1, Some("failed")));
        let base = BaseUrl::parse("https://h.example").expect("a good URL");
        assert!(mapped.url(&base, version).path().ends_with("/taskInstances/each/1"));
        assert!(plain.url(&base, version).path().ends_with("/taskInstances/each"));
        let error = hear_as(version, "ti_mapped_get_nomap", version, &plain).expect_err("it is mapped");
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[test]
fn runs_are_asked_for_newest_first_with_the_bounds_that_a_version_knows() {
    let date = "2026-10-01T00:00:00Z".parse().ok();
    let filter = RunFilter {
        states: vec![RunState::Failed, RunState::Queued],
        logical_date: Span { gte: date, lte: None },
        start_date: Span { gte: None, lte: date },
        end_date: Span { gte: date, lte: date },
    };
    let base = BaseUrl::parse("https://h.example").expect("a good URL");
    let rest = "start_date_lte=2026-10-01T00%3A00%3A00Z&end_date_gte=2026-10-01T00%3A00%3A00Z&\
                end_date_lte=2026-10-01T00%3A00%3A00Z&order_by=-id&state=failed&state=queued&limit=100&offset=0";
    let one = v1::dag_runs("d", &filter, 0).url(&base, V1);
    assert_eq!(one.query(), Some(format!("execution_date_gte=2026-10-01T00%3A00%3A00Z&{rest}").as_str()));
    let two = v2::dag_runs("d", &filter, 0).url(&base, V2);
    assert_eq!(two.query(), Some(format!("logical_date_gte=2026-10-01T00%3A00%3A00Z&{rest}").as_str()));
}

/// Recorded from 3.4.0b2 without a triggerer.
#[test]
fn a_triggerer_that_nobody_started_has_no_status_in_airflow_3_4() {
    let beat = "2026-11-27T23:15:11.666243+00:00";
    let body = json!({
        "metadatabase": { "status": "healthy" },
        "scheduler": { "status": "healthy", "latest_scheduler_heartbeat": beat, "detailed_status": "healthy",
                       "instances": [{ "hostname": "host", "latest_scheduler_heartbeat": beat }] },
        "triggerer": { "status": "unhealthy", "latest_triggerer_heartbeat": null, "detailed_status": "down", "instances": null },
        "dag_processor": { "status": "unhealthy", "latest_dag_processor_heartbeat": null, "detailed_status": "down",
                           "instances": null },
    });
    let health = (v2::stock::health().read)(body.to_string().as_bytes()).expect("it reads");
    assert_eq!(health.triggerer.status, None);
    assert!(health.scheduler.is_healthy());
    assert_eq!(health.dag_processor.status.as_deref(), Some("unhealthy"), "without it no DAG is read");
    let dead = json!({ "status": "unhealthy", "latest_triggerer_heartbeat": beat });
    let mut body = body;
    body["triggerer"] = dead;
    let health = (v2::stock::health().read)(body.to_string().as_bytes()).expect("it reads");
    assert_eq!(health.triggerer.status.as_deref(), Some("unhealthy"));
}
