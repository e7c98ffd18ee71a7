//! Signals that whoever starts the program has it ignore, as `nohup`, `trap '' INT` and a shell's `&` do: they stay ignored.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::journal::World;
use crate::run::BOTH;

const LONG: &str = "name: p\nlock: {on_overlap: wait}\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: true}}]\n";

/// The program as a shell starts it that ignores these signals.
fn ignoring(world: &World, signals: &str, args: &[&str]) -> Command {
    let plain = world.command(args);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("trap '' {signals}; exec \"$0\" \"$@\"")).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(world.folder.folder()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn send(child: &Child, name: &str) {
    let status = Command::new("/bin/kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success(), "{name}");
}

/// Sends a signal that is ignored, and then one that is not, which must be the first that counts.
fn ends_by_the_second(mut child: Child, (ignored, counted, code): (&str, &str, i32), case: &str) {
    send(&child, ignored);
    send(&child, counted);
    assert_eq!(child.wait().expect("it ends").code(), Some(code), "{case}: {ignored} {counted}");
}

fn until_it_waits(world: &World, attempts: usize) {
    let is_waiting = |text: &str| text.contains("\"waiting\"") && text.matches("run_resumed").count() == attempts;
    while !fs::read_dir(world.state().join("runs")).is_ok_and(|mut files| {
        files.any(|file| is_waiting(&fs::read_to_string(file.expect("a file").path()).unwrap_or_default()))
    }) {
        std::thread::yield_now();
    }
}

const PAIRS: [(&str, &str, i32); 3] = [("HUP", "TERM", 143), ("INT", "HUP", 129), ("TERM", "INT", 130)];

#[test]
fn a_run_goes_on_through_a_signal_that_was_ignored_when_it_started() {
    for (pair, version) in PAIRS.into_iter().zip(BOTH.into_iter().cycle()) {
        let world = World::new(version, "dags: [{dag_id: a, run: {duration: 2h}}]\n");
        world.write("p.yaml", LONG);
        let child = ignoring(&world, pair.0, &["p.yaml"]).spawn().expect("it starts");
        until_it_waits(&world, 0);
        ends_by_the_second(child, pair, "run");
        let journal = fs::read_to_string(world.journal()).expect("a journal");
        assert_eq!(journal.matches("\"interrupted\",\"signal\"").count(), 1, "{journal}");
        let child = ignoring(&world, pair.0, &["resume", &world.run_id()]).spawn().expect("it starts");
        let text = || fs::read_to_string(world.journal()).expect("a journal");
        while !text().split("run_resumed").nth(1).is_some_and(|rest| rest.contains("\"waiting\"")) {
            std::thread::yield_now();
        }
        ends_by_the_second(child, pair, "resume");
    }
}

#[test]
fn whoever_waits_for_the_lock_or_serves_the_sandbox_ignores_what_it_was_started_to_ignore() {
    for pair in PAIRS {
        let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 2h}}]\n");
        world.write("p.yaml", LONG);
        let mut holder = world.command(&["p.yaml"]).stderr(Stdio::null()).spawn().expect("it starts");
        until_it_waits(&world, 0);
        let mut command = ignoring(&world, pair.0, &["p.yaml"]);
        let mut second = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(second.stderr.take().expect("its stderr")).lines();
        assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.contains("waiting"))));
        ends_by_the_second(second, pair, "lock");
        holder.kill().expect("it runs");
        holder.wait().expect("it ends");

        let mut command = ignoring(&world, pair.0, &["sandbox", "world.yaml", "--port", "0"]);
        let mut sandbox = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(sandbox.stdout.take().expect("its stdout")).lines();
        assert!(lines.next().is_some_and(|line| line.is_ok()), "it serves");
        ends_by_the_second(sandbox, pair, "sandbox");
    }
}

#[test]
fn a_question_to_airflow_outlives_a_signal_that_is_ignored() {
    let world = World::new("v2", "dags: [{dag_id: a}]\n");
    world.write("p.yaml", "name: p\nsteps: [{assert_dag: {dag_id: a}}]\n");
    for args in [&["doctor"][..], &["check", "--online", "p.yaml"]] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/api/v2", listener.local_addr().expect("an address"));
        let mut command = ignoring(&world, "HUP INT TERM", args);
        let mut child = command.env("MY_AIRFLOW_API_URL", &url).spawn().expect("it starts");
        let asked = listener.accept().expect("it asks");
        for name in ["HUP", "INT", "TERM"] {
            send(&child, name);
        }
        drop((asked, listener));
        let code = child.wait().expect("it ends").code();
        assert!(code.is_some_and(|code| code < 128), "{args:?}: {code:?}");
    }
}
