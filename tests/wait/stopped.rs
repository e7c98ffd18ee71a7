//! A wait that is stopped over its end, by the real program on the machine's clock.

use std::process::{Child, Command, Stdio};

use crate::run::{BOTH, Run};
use crate::served::Served;

fn signal(child: &Child, name: &str) {
    let status = Command::new("/bin/kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Waits until what the sandbox answers holds this word.
fn until(served: &Served, path: &str, word: &str) {
    while !served.get(path).contains(word) {
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_is_stopped_over_the_deadline_while_the_run_succeeds_ends_in_success() {
    for version in BOTH {
        // The run ends a second after the wait does.
        let served = Served::new("dags: [{dag_id: a, run: {duration: 3s}}]");
        let run = Run::playbook("name: w\nsteps: [{id: load, trigger_dag: {dag_id: a, wait: {timeout: 2s}}}]")
            .var("MY_AIRFLOW_API_URL", &served.url(version))
            .var("MY_AIRFLOW_API_KEY", &served.key);
        let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        served.until_there_is_a_run();
        signal(&child, "STOP");
        until(&served, "/api/v1/dags/a/dagRuns", "\"state\":\"success\"");
        signal(&child, "CONT");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{version}: {output:#?}");
    }
}
