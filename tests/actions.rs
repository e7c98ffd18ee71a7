//! Every action, as people see it when all goes well, and the failures that are its own.

use crate::run::{Run, is_golden_on_both, is_golden_on_each};

const WORLD: &str = "
    dags:
      - dag_id: loans
        description: Loads the loans
        tags: [daily, loans]
        run: {duration: 5s, tasks: [{task_id: extract}, {task_id: load, log: [loaded 7 rows]}]}
      - {dag_id: loan_marts, tags: [daily], schedule_on: [s3://lake/loans], run: {duration: 2s}}
      - {dag_id: archive, is_paused: true, tags: [yearly]}
      - {dag_id: old, is_stale: true, tags: [daily]}
      - {dag_id: half, has_import_errors: true}
      - dag_id: export
        params: {month: {type: string, minLength: 7, required: true}, rows: {type: integer, default: 5}}
    datasets: [{uri: s3://lake/loans, name: lake loans}, {uri: s3://lake/idle}]
    import_errors: [{filename: broken.py, stack_trace: 'SyntaxError: oops'}]
";

fn on_world(playbook: &str) -> Run {
    Run::playbook(playbook).scenario(WORLD)
}

/// Every action once, with a result that later steps use.
const ALL: &str = "
    name: everything
    inputs: {dag: {default: loans}}
    steps:
      - name: List the daily DAGs
        list_dags: {tags: [daily, loans], tags_match: any}
        capture: daily
      - print: \"{{ daily.dag_ids | join(', ') }}\"
      - assert: [daily.total == 2, \"'loans' in daily.dag_ids\"]
      - name: \"{{ dag }} is there\"
        assert_dag: {dag_id: \"{{ dag }}\", is_paused: false, tags: [loans]}
      - id: load
        name: Load
        trigger_dag:
          dag_id: \"{{ dag }}\"
          conf: {rows: 7}
          note: of {{ playbook.name }}
          wait: true
        expect: [state == 'success', duration_seconds == 5.0, conf.rows == 7, note == 'of everything']
        capture: {run_id: dag_run_id}
      - name: Tell the consumers
        post_dataset_event: {dataset_uri: s3://lake/loans, extra: {rows: 7}}
        expect: [\"consumers == ['loan_marts']\", extra.rows == 7]
        capture: told
      - print: \"{{ told.event_id }} of {{ run_id }}\"
";

#[test]
fn every_action_says_what_it_did() {
    is_golden_on_each("actions/everything", || on_world(ALL));
}

#[test]
fn a_quiet_run_that_passes_prints_nothing() {
    for version in crate::run::BOTH {
        let ended = on_world(ALL).api(version).args(&["--output", "quiet"]).end();
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""));
    }
}

#[test]
fn a_quiet_run_that_fails_prints_one_line() {
    is_golden_on_both("actions/quiet_failure", || {
        on_world("name: q\nsteps: [{trigger_dag: {dag_id: archive}}]").args(&["--output", "quiet"])
    });
}

#[test]
fn the_json_report_holds_every_step_with_its_result() {
    for version in crate::run::BOTH {
        let run = on_world(ALL).api(version).args(&["--output", "json"]);
        let ended = run.end();
        let report = ended.stdout.replace(&format!("/api/{version}"), "/api/VERSION");
        // Airflow 3 has no logical date for a run that was not given one, and its own words for the kinds of runs.
        crate::run::is_golden(&format!("actions/report.{version}"), &report);
    }
}

#[test]
fn the_reports_of_both_versions_have_the_same_fields() {
    let keys = |version: &str| {
        let report = on_world(ALL).api(version).report();
        let steps = report["steps"].as_array().expect("steps").clone();
        let of = |value: &serde_json::Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
        steps.iter().map(|step| (of(step), of(&step["result"]))).collect::<Vec<_>>()
    };
    assert_eq!(keys("v1"), keys("v2"));
}

#[test]
fn list_dags_reads_every_page_and_filters_alike_on_both_versions() {
    let scenario = "
        dags: [{dag_id: zz, tags: [a, b]}, {dag_id: aa, tags: [a], is_stale: true}, {dag_id: mm, tags: [b], is_paused: true}]
        generate_dags: {count: 250}
    ";
    let playbook = "
        name: lists
        steps:
          - {name: all, list_dags: {}}
          - {name: empty, list_dags: {}}
          - {name: stale ones too, list_dags: {only_active: false}}
          - {name: any tag, list_dags: {tags: [a, b]}}
          - {name: all tags, list_dags: {tags: [a, b], tags_match: all}}
          - {name: paused, list_dags: {paused: true}}
          - {name: not paused, list_dags: {paused: false}}
          - {name: by pattern, list_dags: {dag_id_pattern: gen_00%}}
          - {name: none, list_dags: {tags: [nobody]}}
    ";
    is_golden_on_both("actions/lists", || Run::playbook(playbook).scenario(scenario));
}

#[test]
fn an_unknown_dag_is_told_with_near_names_and_files_that_cannot_be_imported() {
    is_golden_on_each("actions/unknown_dag", || on_world("name: u\nsteps: [{assert_dag: {dag_id: lonas}}]"));
}

#[test]
fn an_unknown_dag_with_no_near_name_says_how_many_there_are() {
    is_golden_on_each("actions/strange_dag", || {
        on_world("name: u\nsteps:\n  - trigger_dag:\n      dag_id: \"{{ 'q' * 9 }}\"")
    });
}

#[test]
fn a_dag_that_is_not_as_it_must_be_fails_and_says_why() {
    for (name, keys) in [
        ("paused", "dag_id: archive, is_paused: false"),
        ("not_paused", "dag_id: loans, is_paused: true"),
        ("stale", "dag_id: old"),
        ("import_error", "dag_id: half"),
        ("tags", "dag_id: loans, tags: [daily, weekly, yearly]"),
    ] {
        is_golden_on_both(&format!("actions/not_ready_{name}"), || {
            on_world(&format!("name: n\nsteps: [{{assert_dag: {{{keys}}}}}]"))
        });
    }
}

#[test]
fn a_paused_or_stale_dag_gets_no_run() {
    for dag in ["archive", "old"] {
        is_golden_on_both(&format!("actions/no_run_of_{dag}"), || {
            on_world(&format!("name: n\nsteps: [{{trigger_dag: {{dag_id: {dag}, wait: true}}}}]"))
        });
    }
}

#[test]
fn params_that_airflow_refuses_show_its_reason_under_the_conf() {
    is_golden_on_each("actions/params", || {
        on_world(
            "
            name: params
            steps:
              - trigger_dag:
                  dag_id: export
                  conf: {month: \"{{ '2026' }}\"}
            ",
        )
    });
}

#[test]
fn a_dataset_is_found_by_its_name_where_airflow_has_names() {
    let playbook = "name: by name\nsteps: [{post_dataset_event: {dataset_uri: lake loans}}]";
    is_golden_on_each("actions/dataset_by_name", || on_world(playbook));
}

#[test]
fn an_unknown_dataset_is_told_with_near_names() {
    is_golden_on_both("actions/unknown_dataset", || {
        on_world("name: u\nsteps: [{post_dataset_event: {dataset_uri: s3://lake/loan}}]")
    });
}

#[test]
fn a_dataset_on_the_second_page_is_found() {
    let datasets: Vec<String> = (0..130).map(|number| format!("{{uri: 's3://lake/{number:03}'}}")).collect();
    let scenario = format!("datasets: [{}]", datasets.join(", "));
    let playbook = "
        name: far
        steps:
          - post_dataset_event: {dataset_uri: s3://lake/129, consumers: ignore}
          - post_dataset_event: {dataset_uri: s3://lake/000, consumers: ignore}
          - post_dataset_event: {dataset_uri: s3://lake/130, consumers: ignore}
    ";
    is_golden_on_both("actions/far_dataset", || Run::playbook(playbook).scenario(&scenario));
}

#[test]
fn an_event_that_no_dag_would_run_for_is_warned_about_required_or_ignored() {
    let scenario = "
        dags:
          - {dag_id: sleeping, is_paused: true, schedule_on: [paused, both]}
          - {dag_id: awake, schedule_on: [both]}
        datasets: [{uri: idle}, {uri: paused}, {uri: both}]
    ";
    for mode in ["warn", "require", "ignore"] {
        for uri in ["idle", "paused", "both"] {
            is_golden_on_both(&format!("actions/consumers_{mode}_{uri}"), || {
                let step = format!("{{post_dataset_event: {{dataset_uri: {uri}, consumers: {mode}}}}}");
                Run::playbook(&format!("name: c\nsteps: [{step}]")).scenario(scenario)
            });
        }
    }
}

#[test]
fn our_mark_in_the_extra_is_ours_alone() {
    is_golden_on_both("actions/mark_taken", || {
        on_world("name: m\nsteps: [{post_dataset_event: {dataset_uri: s3://lake/loans, extra: {myaf_run: mine}}}]")
    });
}

#[test]
fn print_takes_text_and_numbers_and_refuses_the_rest() {
    let playbook = "
        name: prints
        vars: {list: [1, 2]}
        steps:
          - print: plain
          - print: \"{{ 6 * 7 }}\"
          - print: |
              two
              lines
          - print: ''
          - print: \"{{ list }}\"
    ";
    Run::playbook(playbook).scenario("{}").end().is_golden("actions/prints");
}

#[test]
fn assertions_that_do_not_hold_are_all_told_with_their_values() {
    let playbook = "
        name: asserts
        vars: {rows: 7, names: [a, b]}
        steps:
          - {list_dags: {}, capture: deployed}
          - assert:
              - rows == 7
              - rows > 10
              - {that: \"names | length == 3\", message: \"there are {{ names | length }} names\"}
              - deployed.dag_ids[0]
              - deployed.dags[0].nope == 1
          - print: never
    ";
    Run::playbook(playbook).scenario("{dags: [{dag_id: a}]}").end().is_golden("actions/asserts");
}
