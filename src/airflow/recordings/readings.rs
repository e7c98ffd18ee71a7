//! Every success: what is read from it, and how it is asked for.
//!
//! In: recordings. Out: tests. Where both versions hold the same thing, both must read the same.

use secrecy::ExposeSecret;
use serde_json::{Map, json};

use super::{answer, hear, recording};
use crate::airflow::answer::{Dag, DagFilter, Dataset, DatasetEvent, EventsPage, NewDagRun, TaskLogRequest};
use crate::airflow::base_url::BaseUrl;
use crate::airflow::call::Rows;
use crate::airflow::error::{Delivery, ErrorKind, RequestLine};
use crate::airflow::model::ApiVersion::{V1, V2};
use crate::airflow::verdict::{Asked, judge};
use crate::airflow::{v1, v2};

#[test]
fn dags_read_the_same_from_both() {
    let one = hear(V1, "dag_get", &v1::dag("ok_dag"));
    let mut other = hear(V2, "dag_get", &v2::dag("ok_dag"));
    other.tags.reverse();
    assert_eq!(one, other);
    assert_eq!((one.dag_id.as_str(), one.is_paused, one.is_stale), ("ok_dag", false, false));
    assert_eq!((one.tags, one.owners), (vec!["ok".to_owned(), "af-test".to_owned()], vec!["airflow".to_owned()]));
    let filter = DagFilter::default();
    for name in ["dags_limit_100", "dags_limit_50_offset_250", "dags_tags", "dags_offset_9999"] {
        let (v1, v2) = (hear(V1, name, &v1::dags(&filter, 0)), hear(V2, name, &v2::dags(&filter, 0)));
        let ids = |rows: &Rows<_>| -> Vec<String> { rows.items.iter().map(|dag: &Dag| dag.dag_id.clone()).collect() };
        assert_eq!((ids(&v1), v1.total_entries), (ids(&v2), v2.total_entries), "{name}");
    }
    let daily = hear(V1, "dags_tags", &v1::dags(&filter, 0)).items.into_iter().find(|dag| dag.dag_id == "daily_dag");
    assert_eq!(daily.and_then(|dag| dag.schedule).as_deref(), Some("@daily"));
    assert_eq!(hear(V2, "dags_tags_two_all", &v2::dags(&filter, 0)).items.len(), 1);
}

#[test]
fn runs_read_in_every_state() {
    let table = [
        (V1, "run_get", "running", false),
        (V1, "run_get_done", "success", false),
        (V1, "run_get_failed", "failed", false),
        (V1, "run_post_id", "queued", false),
        (V1, "run_post_logical", "queued", false),
        (V1, "run_post_note_conf", "queued", true),
        (V2, "run_get", "queued", false),
        (V2, "run_get_done", "queued", false),
        (V2, "run_post_id", "queued", false),
        (V2, "run_post_logical", "queued", false),
        (V2, "run_post_note_conf", "queued", true),
        (V2, "run_id_len251", "queued", false),
    ];
    for (version, name, state, has_note_and_conf) in table {
        let call = match version {
            V1 => v1::dag_run("d", "r"),
            V2 => v2::dag_run("d", "r"),
        };
        let run = hear(version, name, &call);
        assert_eq!(run.state.as_str(), state, "{version:?} {name}");
        assert_eq!((run.note.is_some(), !run.conf.is_empty()), (has_note_and_conf, has_note_and_conf), "{name}");
        assert_eq!(run.run_after.is_some(), version == V2, "{name}");
    }
}

#[test]
fn task_instances_read_with_null_states_maps_and_tries() {
    let instances = |version, name| match version {
        V1 => hear(version, name, &v1::task_instances("d", "r", 0)),
        V2 => hear(version, name, &v2::task_instances("d", "r", 0)),
    };
    for version in [V1, V2] {
        let states = |name| -> Vec<_> { instances(version, name).items.into_iter().map(|task| task.state).collect() };
        assert_eq!(states("ti_list"), [Some("success".to_owned()), Some("success".to_owned())]);
        let mut indexes: Vec<_> =
            instances(version, "ti_list_mapped_dag").items.iter().map(|task| task.map_index).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [-1, 0, 1, 2], "{version:?}");
        assert_eq!(instances(version, "ti_list_retry_dag").items.len(), 1);
        assert_eq!(states("ti_list_skip_dag").len(), 1);
    }
    assert!(instances(V1, "ti_list_404").items.is_empty());
    assert_eq!(instances(V1, "ti_list_max1_dag").items.len(), 1);
}

#[test]
fn logs_read_as_lines_without_noise_and_end_with_the_error() {
    let request = TaskLogRequest {
        dag_id: "d".to_owned(),
        dag_run_id: "r".to_owned(),
        task_id: "t".to_owned(),
        try_number: 1,
        map_index: -1,
    };
    let (one, two) = (v1::task_log(&request), v2::task_log(&request));
    let all = [
        (hear(V1, "ti_log_text", &one), "hello from first"),
        (hear(V1, "ti_log_failed", &one), "ValueError: boom: this task always fails"),
        (hear(V1, "ti_log_upstream_failed", &one), "*** Could not read served logs: Invalid URL"),
        (hear(V2, "ti_log_json", &two), "hello from first"),
        (hear(V2, "ti_log_failed", &two), "ValueError: boom: this task always fails"),
        (hear(V2, "ti_log_running", &two), "sleeping 5.0"),
    ];
    for (log, words) in all {
        let lines = log.lines;
        assert!(lines.iter().any(|line| line.contains(words)), "{lines:#?}");
        let is_noise = |line: &&String| line.contains("group::") || line.starts_with("/opt/") || *line == "vm";
        assert_eq!(lines.iter().find(is_noise), None, "{lines:#?}");
    }
    let failed = hear(V2, "ti_log_failed", &two);
    assert_eq!(failed.lines.last().map(String::as_str), Some("ValueError: boom: this task always fails"));
}

#[test]
fn datasets_and_events_read_the_same_from_both() {
    let dataset = |items: Vec<Dataset>| items.into_iter().find(|dataset| dataset.uri == "upstream_data");
    let one = dataset(hear(V1, "datasets", &v1::datasets(0)).items).expect("it is there");
    let two = dataset(hear(V2, "assets", &v2::assets(None, 0)).items).expect("it is there");
    assert_eq!((one.id, two.id), (3, 2));
    assert_eq!((&one.name, &one.consumers), (&two.name, &two.consumers));
    assert_eq!(one.consumers, ["dataset_both_dag", "dataset_consumer_dag"]);
    assert_eq!(hear(V2, "assets_uri_pattern", &v2::assets(Some("upstream"), 0)).items.len(), 1);

    let page = EventsPage { offset: 0, limit: 5 };
    let events = [
        hear(V1, "events_with_runs", &v1::dataset_events(3, page)),
        hear(V2, "events_with_runs", &v2::asset_events(2, page)),
    ];
    for events in events {
        let [newer, older] = &events.items[..] else { panic!("{events:?}") };
        assert!(newer.timestamp > older.timestamp && newer.created_dag_runs.is_empty());
        assert_eq!(older.extra.get("myaf_key"), Some(&json!("k-1")));
        assert_eq!(older.uri.as_deref(), Some("upstream_data"));
        assert_eq!(older.created_dag_runs.len(), 1);
        assert!(older.created_dag_runs[0].dag_run_id.contains("_triggered__2026-11-2"), "{older:?}");
    }
    for name in ["events", "event_post"] {
        let is_one = name == "event_post";
        let ids: (Vec<i64>, Vec<i64>) = if is_one {
            let extra = Map::new();
            let one = hear(V1, name, &v1::create_dataset_event(&one, &extra));
            (vec![one.dataset_id], vec![hear(V2, name, &v2::create_asset_event(&two, &extra)).dataset_id])
        } else {
            let of = |rows: Rows<DatasetEvent>| rows.items.iter().map(|event| event.dataset_id).collect();
            (of(hear(V1, name, &v1::dataset_events(3, page))), of(hear(V2, name, &v2::asset_events(2, page))))
        };
        assert!(ids.0.iter().all(|id| *id == 3) && ids.1.iter().all(|id| *id == 2), "{name}");
    }
}

#[test]
fn import_errors_versions_and_tokens_read_from_both() {
    for errors in [hear(V1, "import_errors", &v1::import_errors(0)), hear(V2, "import_errors", &v2::import_errors(0))] {
        assert!(errors.items[0].filename.ends_with("broken_dag.py"));
        assert!(errors.items[0].stack_trace.contains("ModuleNotFoundError"));
    }
    assert_eq!(hear(V1, "version", &v1::version()), "2.11.2");
    assert_eq!(hear(V2, "version", &v2::version()), "3.3.2");
    let token = hear(V2, "token_post", &v2::login("admin", &"admin".into()));
    assert_eq!(token.expose_secret(), "HEADER.PAYLOAD.SIGNATURE");
}

#[test]
fn a_run_is_asked_for_in_the_words_of_each_version() {
    let mut run =
        NewDagRun { dag_id: "d".to_owned(), dag_run_id: "r".to_owned(), note: None, conf: None, logical_date: None };
    assert_eq!(v1::create_dag_run(&run).body, Some(json!({ "dag_run_id": "r" })));
    assert_eq!(v2::create_dag_run(&run).body, Some(json!({ "dag_run_id": "r", "logical_date": null })));
    run.note = Some(String::new());
    run.conf = Some(Map::from_iter([("a".to_owned(), json!(1))]));
    run.logical_date = "2026-01-02T03:04:05Z".parse().ok();
    let full = json!({ "dag_run_id": "r", "note": "", "conf": { "a": 1 }, "logical_date": "2026-01-02T03:04:05Z" });
    assert_eq!(v1::create_dag_run(&run).body, Some(full.clone()));
    assert_eq!(v2::create_dag_run(&run).body, Some(full));
}

#[test]
fn lists_are_asked_for_with_nothing_that_an_older_server_refuses() {
    let filter = DagFilter {
        tags: vec!["a".to_owned(), "b,c".to_owned()],
        tags_match_all: true,
        dag_id_pattern: Some("load%".to_owned()),
        paused: Some(false),
        only_active: true,
    };
    let base = BaseUrl::parse("https://h.example").expect("a good URL");
    let query = |url: reqwest::Url| url.query().unwrap_or_default().to_owned();
    assert_eq!(
        query(v1::dags(&filter, 100).url(&base, V1)),
        "only_active=true&paused=false&dag_id_pattern=load%25&tags=a&tags=b%2Cc&limit=100&offset=100"
    );
    assert_eq!(
        query(v2::dags(&filter, 0).url(&base, V2)),
        "exclude_stale=true&paused=false&dag_id_pattern=load%25&tags_match_mode=all&tags=a&tags=b%2Cc&limit=100&offset=0"
    );
}

#[test]
fn an_unknown_run_state_is_an_error_and_no_panic() {
    let mut changed = answer(&recording(V1, "run_get"));
    let text = String::from_utf8(changed.body.expect("a body")).expect("text");
    changed.body = Ok(text.replace("\"running\"", "\"paused_by_aliens\"").into_bytes());
    let request = RequestLine { method: "GET".to_owned(), url: "https://h.example/api/v1/x".to_owned() };
    let asked = Asked {
        request: &request,
        version: V1,
        now: "2026-11-23T00:00:00Z".parse().expect("a timestamp"),
        masker: &crate::secret::Masker::new(),
    };
    let error = judge(&asked, &v1::dag_run("d", "r"), &changed).expect_err("nobody knows it");
    assert_eq!((&error.kind, error.delivery()), (&ErrorKind::Unreadable, Delivery::Unknown));
    assert!(error.message.contains("paused_by_aliens"), "{error}");
}

#[test]
fn airflow_3_0_names_the_consumers_of_an_asset_otherwise() {
    let body = json!({ "assets": [
        { "id": 1, "uri": "u", "name": "n", "consuming_dags": [{ "dag_id": "c" }] },
        { "id": 2, "uri": "v" },
    ], "total_entries": 2 });
    let rows = (v2::assets(None, 0).read)(body.to_string().as_bytes()).expect("it reads");
    assert_eq!(rows.items[0].consumers, ["c"]);
    assert_eq!((rows.items[1].name.as_str(), rows.items[1].consumers.len()), ("v", 0));
}
