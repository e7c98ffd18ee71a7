//! Real signals to the real program in every phase of a run: exit code, journal and history say the same.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::journal::World;
use crate::run::BOTH;

const SIGNALS: [(&str, i32); 3] = [("HUP", 1), ("INT", 2), ("TERM", 15)];

/// Where a run is when the signal comes.
struct Phase {
    name: &'static str,
    scenario: &'static str,
    playbook: &'static str,
    args: &'static [&'static str],
    /// What stands in the journal once the run is there.
    sign: &'static str,
    /// The steps that have begun when it has ended.
    begun: &'static [&'static str],
}

/// Phases in which a signal leaves nothing in doubt.
const PHASES: [Phase; 7] = [
    Phase {
        name: "reading",
        scenario: "dags: [{dag_id: a}]\nfaults: [{on: {method: GET, path: dags, always: true}, fault: delay, delay: 1h}]\n",
        playbook: "steps: [{id: one, assert_dag: {dag_id: a}}, {id: two, print: x}]\nrescue: [{id: mend, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "step_started",
        begun: &["one", "last"],
    },
    Phase {
        name: "writing, and the answer comes within the grace",
        scenario: "dags: [{dag_id: a}]\nfaults: [{on: {method: POST, path: dagRuns}, fault: delay, delay: 500ms}]\n",
        playbook: "steps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "write_announced",
        begun: &["one", "last"],
    },
    Phase {
        name: "settling, and it is found within the grace",
        scenario: "dags: [{dag_id: a}]\nfaults: [{on: {method: POST, path: dagRuns}, fault: lost_answer, late: 1s}]\n",
        playbook: "steps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "try_failed",
        begun: &["one", "last"],
    },
    Phase {
        name: "waiting",
        scenario: "dags: [{dag_id: a, run: {duration: 2h}}]\n",
        playbook: "steps: [{id: one, trigger_dag: {dag_id: a, wait: true}}, {id: two, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "waiting",
        begun: &["one", "last"],
    },
    Phase {
        name: "between two tries",
        scenario: "dags: [{dag_id: a}]\nfaults: [{on: {method: GET, path: dags, always: true}, fault: status, status: 503}]\n",
        playbook: "steps: [{id: one, assert_dag: {dag_id: a}, timeout: 2h, retry: {delay: 1h, max_delay: 1h, jitter: false}}]\nrescue: [{id: mend, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "try_failed",
        begun: &["one", "last"],
    },
    Phase {
        name: "in rescue",
        scenario: "dags: [{dag_id: a}]\n",
        playbook: "steps: [{id: one, assert: false}]\nrescue: [{id: mend, pause: 1h}, {id: two, print: x}]\nalways: [{id: last, print: last}]\n",
        args: &[],
        sign: "\"step\":1",
        begun: &["one", "mend", "last"],
    },
    Phase {
        name: "in always, which takes longer than the grace",
        scenario: "dags: [{dag_id: a}]\n",
        playbook: "steps: [{id: one, print: x}]\nalways: [{id: last, pause: 1h}, {id: never, print: x}]\n",
        args: &["--grace", "400ms"],
        sign: "\"step\":1",
        begun: &["one", "last"],
    },
];

fn send(child: &Child, name: &str) {
    let status = Command::new("/bin/kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success(), "{name}");
}

/// Starts a run, and comes back when its journal holds a word.
fn started(world: &World, args: &[&str], sign: &str) -> Child {
    let args = [&["p.yaml"], args].concat();
    let child = world.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while !journal(world).contains(sign) {
        std::thread::yield_now();
    }
    child
}

/// The text of the one journal there is; empty before it is there.
fn journal(world: &World) -> String {
    let Ok(mut files) = fs::read_dir(world.state().join("runs")) else { return String::new() };
    files.next().and_then(|file| fs::read_to_string(file.ok()?.path()).ok()).unwrap_or_default()
}

fn events(world: &World) -> Vec<Value> {
    journal(world).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The exit code and the status that the history tells of the one run.
fn history(world: &World) -> (Value, Value) {
    let of = |args: &[&str]| serde_json::from_str::<Value>(&world.run(args).stdout).expect("JSON");
    let status = of(&["runs", "list", "--json"])[0]["status"].clone();
    (of(&["runs", "report", &world.run_id()])["exit_code"].clone(), status)
}

/// The ids of the steps that began.
fn begun(events: &[Value]) -> Vec<String> {
    let ids = &events[0]["steps"];
    let places = events.iter().filter(|event| event["kind"] == "step_started").map(|event| event["step"].as_u64());
    places
        .map(|place| {
            ids[usize::try_from(place.expect("a number")).expect("small")]["id"].as_str().expect("an id").to_owned()
        })
        .collect()
}

#[test]
fn a_signal_in_any_phase_ends_the_run_with_its_code_and_the_journal_and_the_history_agree() {
    for phase in &PHASES {
        for (version, (name, number)) in BOTH.iter().cycle().zip(SIGNALS) {
            let case = format!("{} {version} {name}", phase.name);
            let world = World::new(version, phase.scenario);
            world.write("p.yaml", &format!("name: p\n{}", phase.playbook));
            let mut child = started(&world, phase.args, phase.sign);
            send(&child, name);
            let code = child.wait().expect("it ends").code();
            let events = events(&world);
            let last = &events[events.len() - 1];
            assert_eq!((code, &last["kind"]), (Some(128 + number), &"run_finished".into()), "{case}: {events:#?}");
            let told: Vec<&Value> = events.iter().filter(|event| event["kind"] == "interrupted").collect();
            assert!(told.len() == 1 && told[0]["signal"] == number, "{case}: {told:?}");
            assert_eq!(begun(&events), phase.begun, "{case}");
            assert_eq!(history(&world), ((128 + number).into(), "interrupted".into()), "{case}");
            if !phase.scenario.contains("method: GET") {
                let announced = events.iter().filter(|event| event["kind"] == "write_announced").count();
                assert_eq!(world.counts("a"), announced as u64, "{case}: what was announced is there once");
            }
        }
    }
}

#[test]
fn a_signal_while_a_write_can_not_be_found_is_told_as_unknown_and_resume_settles_it() {
    for version in BOTH {
        let scenario =
            "dags: [{dag_id: a}]\nfaults: [{on: {method: POST, path: dagRuns}, fault: lost_answer, late: 3s}]\n";
        let world = World::new(version, scenario);
        world.write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, print: two}]\n");
        let mut child = started(&world, &["--grace", "1s"], "try_failed");
        send(&child, "TERM");
        assert_eq!(child.wait().expect("it ends").code(), Some(7), "{version}");
        assert_eq!(history(&world), (7.into(), "failed".into()), "{version}");
        let settled = world.run(&["resume"]);
        assert_eq!((settled.code, settled.stdout.as_str()), (0, "two\n"), "{version}: {}", settled.stderr);
        assert_eq!(world.counts("a"), 1, "{version}");
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once_with_its_own_code() {
    for (first, second, number) in [("TERM", "TERM", 15), ("INT", "INT", 2), ("HUP", "TERM", 15), ("TERM", "INT", 2)] {
        let world = World::new("v2", "dags: [{dag_id: a}]\n");
        world.write("p.yaml", "name: p\nsteps: [{id: one, pause: 1h}]\nalways: [{id: last, pause: 1h}]\n");
        let mut child = started(&world, &["--grace", "2h"], "step_started");
        send(&child, first);
        while !journal(&world).contains("\"step\":1") {
            std::thread::yield_now();
        }
        send(&child, second);
        assert_eq!(child.wait().expect("it ends").code(), Some(128 + number), "{first} {second}");
        let events = events(&world);
        let last = &events[events.len() - 1];
        assert!(last["kind"] == "interrupted" && last["signal"] == number, "{first} {second}: {last}");
        assert_eq!(history(&world), ((128 + number).into(), "interrupted".into()), "{first} {second}");
    }
}

#[test]
fn a_process_that_is_stopped_and_continued_goes_on() {
    for version in BOTH {
        let world = World::new(version, "dags: [{dag_id: a, run: {duration: 1s}}]\n");
        world.write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: {poll: {every: 100ms}}}}, {id: two, print: x}]\n");
        let mut child = started(&world, &[], "waiting");
        send(&child, "STOP");
        let status = format!("/proc/{}/stat", child.id());
        while !fs::read_to_string(&status).expect("it lives").contains(") T ") {
            std::thread::yield_now();
        }
        // The DAG run ends while nobody looks.
        let run = |world: &World| world.get("/dags/a/dagRuns").1["dag_runs"][0]["state"].clone();
        while run(&world) != "success" {
            std::thread::yield_now();
        }
        send(&child, "CONT");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{version}");
        assert_eq!(history(&world), (0.into(), "passed".into()), "{version}");
    }
}

#[test]
fn a_stopped_process_keeps_its_lock_and_whoever_waits_for_it_is_bounded_and_can_be_stopped() {
    let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 2h}}]\n");
    let book = |wait: &str| {
        format!("name: p\nlock: {{wait: {wait}}}\nsteps: [{{id: one, trigger_dag: {{dag_id: a, wait: true}}}}]\n")
    };
    world.write("p.yaml", &book("300ms"));
    let mut holder = started(&world, &[], "waiting");
    send(&holder, "STOP");
    assert_eq!(world.run(&["p.yaml", "--on-overlap", "fail"]).code, 75);
    let waited = world.run(&["p.yaml", "--on-overlap", "wait"]);
    assert!(
        waited.code == 75 && waited.stderr.contains("p: waiting, since it is running already: run "),
        "{waited:#?}"
    );
    world.write("p.yaml", &book("2h"));
    let hurried = world.run(&["p.yaml", "--on-overlap", "wait", "--deadline", "300ms"]);
    assert_eq!(hurried.code, 75, "the deadline bounds the wait for the lock, too: {hurried:#?}");
    let mut command = world.command(&["p.yaml", "--on-overlap", "wait"]);
    let mut second = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(second.stderr.take().expect("its stderr")).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.contains("waiting"))));
    send(&second, "TERM");
    assert_eq!(second.wait().expect("it ends").code(), Some(143));
    assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.contains("nothing was run"))));
    send(&holder, "KILL");
    holder.wait().expect("it ends");
    assert_eq!(world.counts("a"), 1);
}

#[test]
fn a_killed_process_says_nothing_and_its_history_knows_that_it_did_not_end() {
    for phase in PHASES.iter().filter(|phase| phase.name != "reading") {
        let world = World::new("v1", phase.scenario);
        world.write("p.yaml", &format!("name: p\n{}", phase.playbook));
        let mut child = started(&world, phase.args, phase.sign);
        send(&child, "KILL");
        assert_eq!(child.wait().expect("it ends").code(), None, "{}", phase.name);
        let status = history(&world).1;
        assert!(status == "unfinished" || status == "failed", "{}: {status}", phase.name);
        assert!(!journal(&world).contains("run_finished"), "{}", phase.name);
    }
}

#[test]
fn a_signal_while_nobody_takes_the_report_changes_nothing_that_was_recorded() {
    let long = "x".repeat(80);
    let dags: Vec<String> = (0..1500).map(|n| format!("{{dag_id: d{n:04}, description: {long}}}")).collect();
    let world = World::new("v2", &format!("dags: [{}]\n", dags.join(", ")));
    world.write("p.yaml", "name: p\nsteps: [{list_dags: {}}]\n");
    let mut command = world.command(&["p.yaml", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    while !journal(&world).contains("run_finished") {
        std::thread::yield_now();
    }
    send(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(74), "the report was not taken");
    let events = events(&world);
    assert_eq!(events[events.len() - 1]["kind"], "run_finished");
    assert_eq!(history(&world), (0.into(), "passed".into()));
}

#[test]
fn a_timeout_of_a_real_step_ends_it_for_real() {
    for version in BOTH {
        let world = World::new(version, PHASES[0].scenario);
        world.write("p.yaml", "name: p\nsteps: [{id: one, assert_dag: {dag_id: a}, timeout: 800ms}]\n");
        let ended = world.run(&["p.yaml"]);
        assert!(ended.code == 1 && ended.stderr.contains("the step took longer than 800ms"), "{version}: {ended:#?}");
        assert_eq!(history(&world), (1.into(), "failed".into()), "{version}");
    }
}

#[test]
fn a_deadline_of_a_real_run_ends_it_for_real() {
    for version in BOTH {
        let world = World::new(version, "dags: [{dag_id: a, run: {duration: 2h}}]\n");
        world.write(
            "p.yaml",
            "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: true}}]\nalways: [{id: last, print: last}]\n",
        );
        let ended = world.run(&["p.yaml", "--deadline", "1500ms"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (5, "last\n"), "{version}: {}", ended.stderr);
        assert!(ended.stderr.contains("p: stopped by its deadline of 1.5s in 1."), "{version}: {}", ended.stderr);
        assert_eq!(history(&world), (5.into(), "interrupted".into()), "{version}");
    }
}
