//! A run's id: it stays free while nothing of the run was run, whoever asks for it, and whenever the process ends.

use std::fs;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::journal::World;
use crate::run::BOTH;

const LONG: &str =
    "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: {poll: {every: 100ms, max_every: 100ms}}}}]\n";
const SHORT: &str = "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a}}]\n";

/// A run that has made its DAG run and waits for it.
fn waiting(world: &World, id: &str) -> Child {
    let mut command = world.command(&["p.yaml", "--run-id", id]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while world.counts("a") != 1 {
        assert!(child.try_wait().expect("our child").is_none(), "it ended early");
    }
    child
}

fn status(world: &World, id: &str) -> Value {
    let rows: Value = serde_json::from_str(&world.run(&["runs", "list", "--json"]).stdout).expect("JSON");
    let row = rows.as_array().expect("rows").iter().find(|row| row["run_id"] == id);
    row.map(|row| row["status"].clone()).unwrap_or_default()
}

#[test]
fn a_run_that_was_skipped_leaves_its_id_to_a_later_one() {
    for version in BOTH {
        let world = World::new(version, "dags: [{dag_id: a, run: {duration: 2h}}]\n");
        world.write("p.yaml", LONG);
        let mut first = waiting(&world, "first");
        for _ in 0..2 {
            let skipped = world.run(&["p.yaml", "--run-id", "day-28"]);
            assert!(skipped.code == 0 && skipped.stderr.contains("running already"), "{version}: {skipped:?}");
        }
        let same = world.run(&["p.yaml", "--run-id", "first"]);
        assert!(same.code == 75 && same.stderr.contains("the run `first` is going on"), "{version}: {same:?}");
        assert_eq!(status(&world, "day-28"), "skipped", "{version}");
        let refused = world.run(&["resume", "day-28"]);
        let help = "help: run it now: `myaf-run --run-id day-28 p.yaml`";
        assert!(refused.code == 2 && refused.stderr.contains(help), "{version}: {refused:?}");
        first.kill().expect("it runs");
        first.wait().expect("it ends");
        world.write("p.yaml", SHORT);
        let run = world.run(&["p.yaml", "--run-id", "day-28"]);
        assert_eq!((run.code, world.counts("a")), (0, 2), "{version}: {run:?}");
        assert_eq!(status(&world, "day-28"), "passed", "{version}");
        let taken = world.run(&["p.yaml", "--run-id", "day-28"]);
        assert!(taken.code == 2 && taken.stderr.contains("there is a run `day-28` already"), "{version}: {taken:?}");
    }
}

#[test]
fn of_runs_with_one_id_that_race_one_runs() {
    let world = World::new("v2", "dags: [{dag_id: a}]\n");
    world.write("p.yaml", SHORT);
    for (round, what) in ["skip", "fail", "wait"].into_iter().cycle().take(12).enumerate() {
        let id = format!("round-{round}");
        let start = || {
            let mut command = world.command(&["p.yaml", "--run-id", &id, "--on-overlap", what]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
        };
        let racing: Vec<Child> = (0..3).map(|_| start()).collect();
        let ended: Vec<_> = racing.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
        for one in &ended {
            let said = String::from_utf8_lossy(&one.stderr);
            let is_clear = match one.status.code() {
                Some(0) => said.contains("passed in") || said.contains("nothing is run"),
                Some(2) => said.contains("already"),
                Some(75) => said.contains("is going on") || said.contains("is running already"),
                _ => false,
            };
            assert!(is_clear, "{what}: {:?} {said}", one.status);
        }
        assert_eq!(world.counts("a"), round as u64 + 1, "{what}: {ended:?}");
        assert_eq!(status(&world, &id), "passed", "{what}: {ended:?}");
    }
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_an_id_that_can_be_taken_up() {
    for sign in ["", "run_started", "step_started", "write_announced", "write_settled", "waiting"] {
        let world = World::new("v1", "dags: [{dag_id: a, run: {duration: 1s}}]\n");
        world.write("p.yaml", LONG);
        let mut command = world.command(&["p.yaml", "--run-id", "it"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let file = world.state().join("runs/it.jsonl");
        while !fs::read_to_string(&file).is_ok_and(|text| text.contains(sign)) {
            std::thread::yield_now();
        }
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        let resumed = world.run(&["resume", "it"]);
        if resumed.code == 2 {
            assert!(resumed.stderr.contains("run the playbook with `--run-id it`"), "{sign}: {resumed:?}");
            assert_eq!(world.run(&["p.yaml", "--run-id", "it"]).code, 0, "{sign}");
        } else {
            assert_eq!(resumed.code, 0, "{sign}: {resumed:?}");
        }
        assert_eq!((world.counts("a"), status(&world, "it")), (1, "passed".into()), "{sign}");
    }
}
