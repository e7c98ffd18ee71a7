//! Any answer to any reading action, over both APIs. The first byte chooses the action and the API, the second the status; the
//! rest is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run_fuzz::{answering, empty_folder, run};

const ACTIONS: [&str; 22] = [
    "list_dags: {}",
    "assert_dag: {dag_id: a}",
    "get_dag: {dag_id: a}",
    "get_dag_run: {dag_id: a, dag_run_id: r}",
    "list_dag_runs: {dag_id: a}",
    "list_task_instances: {dag_id: a, dag_run_id: r}",
    "get_task_log: {dag_id: a, dag_run_id: r, task_id: t, try_number: 1}",
    "get_task_log: {dag_id: a, dag_run_id: r, task_id: t}",
    "get_xcom: {dag_id: a, dag_run_id: r, task_id: t}",
    "list_datasets: {}",
    "assert_dataset: {dataset_uri: u}",
    "list_dataset_events: {dataset_uri: u}",
    "assert_healthy: {}",
    "assert_no_import_errors: {}",
    "get_variable: {key: k}",
    "get_variable: {key: k, secret: false}",
    "assert_connection: {connection_id: c}",
    "assert_pool: {pool_name: p}",
    "wait_for_dag_run: {dag_id: a, dag_run_id: r, timeout: 1s, unreachable_for: 1s}",
    "get_dag_run: {dag_id: a, dag_run_id: r}, capture: all",
    "list_dags: {}, expect: total > 3",
    "get_xcom: {dag_id: a, dag_run_id: r, task_id: t}, capture: {it: value}",
];

const STATUSES: [&str; 12] = [
    "200 OK",
    "200 OK",
    "200 OK",
    "200 OK",
    "201 Created",
    "204 No Content",
    "302 Found",
    "400 Bad Request",
    "401 Unauthorized",
    "404 Not Found",
    "500 Internal Server Error",
    "503 Service Unavailable",
];

fuzz_target!(|input: &[u8]| {
    let [choice, status, body @ ..] = input else { return };
    let version = if choice % 2 == 0 { "v1" } else { "v2" };
    let action = ACTIONS[usize::from(choice / 2) % ACTIONS.len()];
    let folder = empty_folder();
    std::fs::write(folder.join("p.yaml"), format!("name: p\nsteps: [{{{action}, retry: false, timeout: 5s}}]\n"))
        .expect("a file");
    let kind = if status & 0x80 == 0 { "application/json" } else { "text/plain" };
    let status = STATUSES[usize::from(status & 0x7f) % STATUSES.len()];
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let port = answering([head.as_bytes(), body].concat());
    let url = format!("http://127.0.0.1:{port}/api/{version}");
    let vars = [("MY_AIRFLOW_API_URL", url.as_str()), ("MY_AIRFLOW_API_TOKEN", "a-token-of-ours")];
    run(&folder, &["--no-journal", "--output", "json", "--max-time", "1s", "p.yaml"], &vars);
});
