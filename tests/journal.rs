//! The history of runs, and going on with one: the real binary, in a sandbox that outlives it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::run::{BOTH, Ended, Run};

/// A sandbox in a process of its own, and a folder to run in.
pub(crate) struct World {
    pub(crate) folder: Run,
    sandbox: Child,
    url: String,
    key: String,
}

impl World {
    pub(crate) fn new(version: &str, scenario: &str) -> Self {
        let folder = Run::new().file("world.yaml", scenario);
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command.current_dir(folder.folder()).env_clear().args(["sandbox", "world.yaml", "--port", "0"]);
        let mut sandbox = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a sandbox");
        let mut lines = BufReader::new(sandbox.stdout.take().expect("its stdout")).lines();
        let mut said = |name: &str| {
            let line = lines.find_map(|line| line.ok()?.strip_prefix(name).map(str::to_owned));
            line.expect("the sandbox says where it is")
        };
        let url = said("MY_AIRFLOW_API_URL=").replace("/api/v2", &format!("/api/{version}"));
        let key = said("MY_AIRFLOW_API_KEY=");
        Self { folder, sandbox, url, key }
    }

    /// The URL of its API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets nobody else read a file.
    #[cfg(unix)]
    pub(crate) fn make_private(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.folder().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our file");
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command.current_dir(self.folder.folder()).env_clear().stdin(Stdio::null());
        command.env("MY_AIRFLOW_API_URL", &self.url).env("MY_AIRFLOW_API_KEY", &self.key);
        command.env("MYAF_RUN_STATE_DIR", self.state()).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.run_with(&[], args)
    }

    /// With these variables in its environment.
    pub(crate) fn run_with(&self, vars: &[(&str, &str)], args: &[&str]) -> Ended {
        let output = self.command(args).envs(vars.iter().copied()).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("it ends by itself");
        Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.folder().join(name), text).expect("a file");
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.folder().join("state")
    }

    /// The one file of the history.
    pub(crate) fn journal(&self) -> PathBuf {
        let mut files = fs::read_dir(self.state().join("runs")).expect("a history");
        let file = files.next().expect("a run").expect("a file").path();
        assert!(files.next().is_none(), "more than one run");
        file
    }

    pub(crate) fn run_id(&self) -> String {
        self.journal().file_stem().expect("a name").to_string_lossy().into_owned()
    }

    /// How many runs a DAG has, and how many events there are, as another playbook's look tells.
    pub(crate) fn counts(&self, dag: &str) -> u64 {
        let (_, body) = self.get(&format!("/dags/{dag}/dagRuns"));
        body["total_entries"].as_u64().expect("a count")
    }

    pub(crate) fn events(&self) -> u64 {
        let path = if self.url.ends_with("v1") { "/datasets/events" } else { "/assets/events" };
        self.get(path).1["total_entries"].as_u64().expect("a count")
    }

    /// Asks the sandbox without our client.
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        use std::io::{Read, Write};
        let host = self.url.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
        let mut stream = std::net::TcpStream::connect(&host).expect("the sandbox listens");
        let base = self.url.split_once(&host).expect("a path").1;
        let head = format!(
            "GET {base}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {}\r\nConnection: close\r\n\r\n",
            self.key
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sandbox.kill().expect("it runs");
        self.sandbox.wait().expect("it ends");
    }
}

const WORLD: &str = "dags: [{dag_id: a}, {dag_id: b}]\ndatasets: [{uri: d}]\n";

const BOOK: &str = "\
name: p
inputs: {month: {default: 2026-10}, top: {secret: true, from_env: TOP}}
steps:
  - {id: one, trigger_dag: {dag_id: a, conf: {month: '{{ month }}'}}, capture: {made: dag_run_id}}
  - {id: two, post_dataset_event: {dataset_uri: d, extra: {made: '{{ made }}'}, consumers: ignore}}
  - {id: three, assert: ['month == \"2026-11\"'], when: month != 'x'}
  - {id: four, print: '{{ made }} at {{ now() }}'}
";

#[test]
fn a_run_that_failed_goes_on_after_its_last_step_and_repeats_no_write() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        world.write("p.yaml", BOOK);
        let ended = world.run(&["p.yaml"]);
        let hint =
            format!("to go on with it after changing the playbook: myaf-run resume --allow-changed {}", world.run_id());
        assert_eq!((ended.code, ended.stderr.lines().last()), (1, Some(hint.as_str())), "{version}");
        let other = world.run(&["resume", "latest", "other.yaml"]);
        assert_eq!((other.code, other.stderr.as_str()), (0, "no unfinished run to resume\n"), "{version}");
        let again = world.run(&["resume", "latest", "./p.yaml"]);
        assert!(again.code == 1 && again.stderr.contains("2 of 4 steps are done"), "{version}: {}", again.stderr);
        world.write("p.yaml", &BOOK.replace("2026-11", "2026-10"));
        let refused = world.run(&["resume"]);
        assert!(refused.code == 2 && refused.stderr.contains("\n-  - {id: three"), "{version}: {}", refused.stderr);
        let done = world.run(&["resume", "--allow-changed"]);
        assert_eq!(done.code, 0, "{version}: {}", done.stderr);
        assert!(done.stdout.starts_with("myaf__p__one__"), "{version}: {}", done.stdout);
        assert_eq!((world.counts("a"), world.events()), (1, 1), "{version}");
        let nothing = world.run(&["resume"]);
        assert_eq!((nothing.code, nothing.stderr.as_str()), (0, "no unfinished run to resume\n"), "{version}");
    }
}

#[test]
fn again_makes_the_writes_of_a_step_anew_and_only_those() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a}}, {id: two, trigger_dag: {dag_id: b}}]");
    assert_eq!(world.run(&["p.yaml"]).code, 0);
    let id = world.run_id();
    let wrong = world.run(&["resume", &id, "--again", "on"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `one`?"), "{}", wrong.stderr);
    for made in 2..4 {
        assert_eq!(world.run(&["resume", &id, "--again", "one"]).code, 0);
        assert_eq!((world.counts("a"), world.counts("b")), (made, 1));
    }
    let shown = world.run(&["runs", "show", &id]).stdout;
    assert_eq!(shown.matches(" on `a`: accepted").count(), 3, "{shown}");
    assert!(
        shown.contains("before, generation 1: passed\n") && shown.contains("before, generation 2: passed\n"),
        "{shown}"
    );
    assert_eq!(shown.matches(" on `b`: accepted").count(), 1, "{shown}");
    let report: Value = serde_json::from_str(&world.run(&["runs", "report", &id]).stdout).expect("JSON");
    assert_eq!(report["steps"][0]["earlier"].as_array().map(Vec::len), Some(2), "{report:#}");
}

#[test]
fn every_event_of_a_run_and_every_failed_task_is_in_its_history() {
    let world = World::new(
        "v1",
        "{dags: [{dag_id: b, schedule_on: [d]}, {dag_id: a, run: {duration: 0s, tasks: [{task_id: load, outcome: failed, log: ['ValueError: row 17']}, \
         {task_id: check, outcome: failed, log: [x]}]}}]}",
    );
    world.write(
        "p.yaml",
        "name: p\nsteps: [{id: one, post_dataset_event: {dataset_uri: d}}, {id: two, trigger_dag: {dag_id: a, wait: true}}]\n\
         always: [{id: tell, post_dataset_event: {dataset_uri: d}}]",
    );
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    let id = world.run_id();
    assert_eq!(world.run(&["resume", &id, "--again", "one", "--again", "two"]).code, 1);
    let shown = world.run(&["runs", "show", &id]).stdout;
    assert_eq!(shown.matches(" on `d`: accepted").count(), 4, "{shown}");
    assert_eq!(shown.matches(" on `a`: accepted").count(), 2, "{shown}");
    assert_eq!(shown.matches("failed tasks: `check`, `load`; `check`: x").count(), 2, "{shown}");
    assert!(shown.contains("before, attempt 1: passed\n"), "{shown}");
}

#[test]
fn a_write_that_was_announced_is_looked_for_before_it_is_sent() {
    for version in BOTH {
        for is_there in [true, false] {
            let world = World::new(version, WORLD);
            world.write("p.yaml", BOOK);
            assert_eq!(world.run(&["p.yaml"]).code, 1);
            // The process died right after it had announced the event; when it is not there, it was a run of another world.
            let text = fs::read_to_string(world.journal()).expect("a journal");
            let kept: Vec<&str> = text.lines().take_while(|line| !line.contains("\"seq\":8,")).collect();
            assert!(kept.last().is_some_and(|line| line.contains("write_announced")), "{version}");
            let torn = format!("{}\n{{\"v\":1,\"se", kept.join("\n"));
            let world = if is_there { world } else { World::new(version, WORLD) };
            fs::create_dir_all(world.state().join("runs")).expect("a folder");
            make_private(&world);
            let id = kept[0].split("\"run_id\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
            let folder =
                kept[0].split("\"folder\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a folder");
            let torn = torn.replace(folder, world.folder.folder().to_str().expect("UTF-8"));
            let text = torn.replace(
                kept[0].split("\"base_url\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a URL"),
                &world.url,
            );
            fs::write(world.state().join("runs").join(format!("{id}.jsonl")), text).expect("a journal");
            world.write("p.yaml", &BOOK.replace("2026-11", "2026-10"));
            let ended = world.run(&["resume", "--allow-changed"]);
            assert_eq!(ended.code, 0, "{version}: {}", ended.stderr);
            let found = ended.stderr.contains("Airflow has it: nothing is sent again");
            assert_eq!((world.events(), found), (1, is_there), "{version}: {}", ended.stderr);
        }
    }
}

#[cfg(unix)]
fn make_private(world: &World) {
    use std::os::unix::fs::PermissionsExt;
    for folder in [world.state(), world.state().join("runs")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("our folder");
    }
}

#[test]
fn without_its_journal_the_same_run_id_finds_what_was_made() {
    for version in BOTH {
        let world = World::new(version, WORLD);
        world.write("p.yaml", &BOOK.replace("2026-11", "2026-10"));
        for _ in 0..3 {
            let ended = world.run(&["p.yaml", "--no-journal", "--run-id", "october"]);
            assert_eq!(ended.code, 0, "{version}: {}", ended.stderr);
        }
        assert_eq!((world.counts("a"), world.events()), (1, 1), "{version}");
        assert!(!world.state().exists());
    }
}

#[test]
fn a_secret_input_is_not_kept_and_comes_from_its_source_again() {
    let world = World::new("v2", WORLD);
    let book = "name: p\ninputs: {top: {secret: true}}\nsteps:\n  - {id: one, set_vars: {length: '{{ top | length }}', copy: '{{ top }}'}}\n  - {id: two, assert: [length == 1]}\n  - {id: three, print: '{{ copy | length }}'}";
    world.write("p.yaml", book);
    assert_eq!(world.run(&["p.yaml", "-e", "top=hunter2-hunter2"]).code, 1);
    assert!(!fs::read_to_string(world.journal()).expect("a journal").contains("hunter2"));
    world.write("p.yaml", &book.replace("== 1]", "== 15]"));
    let missing = world.run(&["resume", "--allow-changed"]);
    assert!(missing.code == 2 && missing.stderr.contains("the input `top` has no value"), "{}", missing.stderr);
    let ended = world.run(&["resume", "--allow-changed", "-e", "top=hunter2-hunter2"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "15\n"), "{}", ended.stderr);
}

#[test]
fn a_history_that_can_not_be_trusted_or_written_stops_the_run_before_anything_is_sent() {
    let world = World::new("v2", WORLD);
    world.write("p.yaml", BOOK);
    world.write("state", "a file");
    let ended = world.run(&["p.yaml"]);
    assert!(ended.code == 74 && ended.stderr.contains("--no-journal"), "{}", ended.stderr);
    fs::remove_file(world.state()).expect("our file");
    fs::create_dir_all(world.state().join("runs")).expect("a folder");
    open_to_all(&world);
    let ended = world.run(&["p.yaml"]);
    assert!(ended.code == 74 && ended.stderr.contains("can be written to by others"), "{}", ended.stderr);
    assert_eq!((world.counts("a"), world.events()), (0, 0));
}

#[cfg(unix)]
fn open_to_all(world: &World) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(world.state().join("runs"), fs::Permissions::from_mode(0o777)).expect("our folder");
}

#[test]
fn the_history_lists_shows_and_reports_its_runs_and_passes_over_what_is_none() {
    let world = World::new("v1", WORLD);
    world.write("p.yaml", BOOK);
    assert_eq!(world.run(&["p.yaml"]).code, 1);
    let id = world.run_id();
    let listed = world.run(&["runs", "list", "--json", "--status", "failed", "--playbook", "p"]);
    let rows: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!((&rows[0]["run_id"], &rows[0]["steps_done"]), (&Value::from(id.as_str()), &Value::from(2)));
    assert_eq!(world.run(&["runs", "list", "--status", "passed"]).stderr, "no runs\n");
    let shown = world.run(&["runs", "show", &id]).stdout;
    assert!(shown.contains("status    failed") && shown.contains(": accepted"), "{shown}");
    let report: Value = serde_json::from_str(&world.run(&["runs", "report", &id]).stdout).expect("JSON");
    assert_eq!((&report["exit_code"], &report["steps"][0]["outcome"]), (&1.into(), &"passed".into()));
    fs::write(world.state().join("runs/other.jsonl"), "{\"v\":2}\n").expect("a file");
    let listed = world.run(&["runs", "list"]);
    assert!(listed.code == 0 && listed.stderr.contains("other.jsonl` has version 2"), "{}", listed.stderr);
    assert_eq!(world.run(&["runs", "show", "other"]).code, 74);
    assert_eq!(world.run(&["runs", "show", "nope"]).code, 2);
    assert_eq!(world.run(&["resume", "../../etc/passwd"]).code, 2);
}

#[test]
fn old_runs_are_cleared_away_and_those_that_did_not_pass_stay() {
    let world = World::new("v2", WORLD);
    world.write("good.yaml", "steps: [{print: hi}]");
    world.write("bad.yaml", "steps: [{assert: [1 == 2]}]");
    assert_eq!(world.run(&["bad.yaml"]).code, 1);
    for _ in 0..4 {
        assert_eq!(world.run(&["good.yaml", "--keep", "2"]).code, 0);
    }
    let listed: Value = serde_json::from_str(&world.run(&["runs", "list", "--json"]).stdout).expect("JSON");
    let statuses: Vec<&str> =
        listed.as_array().expect("rows").iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(statuses, ["passed", "passed", "failed"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_while_it_waits_is_resumed_and_one_that_lives_is_left_alone() {
    let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 3s}}]");
    let book = "name: p\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: {poll: {every: 100ms}}}}]";
    world.write("p.yaml", book);
    let mut command = world.command(&["p.yaml"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while world.get("/dags/a/dagRuns").1["total_entries"] != 1 {
        assert!(child.try_wait().expect("our child").is_none(), "it ended early");
    }
    let id = world.run_id();
    let busy = world.run(&["resume", &id]);
    assert!(busy.code == 75 && busy.stderr.contains("is going on in another process"), "{}", busy.stderr);
    assert!(world.run(&["runs", "show", &id]).stdout.contains("status    running"));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(world.run(&["runs", "show", &id]).stdout.contains("status    unfinished"));
    let ended = world.run(&["resume"]);
    assert_eq!((ended.code, world.counts("a")), (0, 1), "{}", ended.stderr);
}

const LONG: &str = "name: p\ninputs: {m: {default: a}}\nlock: {key: '{{ m }}'}\nsteps: [{id: one, trigger_dag: {dag_id: a, wait: {poll: {every: 100ms, max_every: 100ms}}}}]";

/// A run that has made its DAG run and waits for it.
fn waiting(world: &World) -> Child {
    let mut command = world.command(&["p.yaml"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while world.get("/dags/a/dagRuns").1["total_entries"] != 1 {
        assert!(child.try_wait().expect("our child").is_none(), "it ended early");
    }
    child
}

#[test]
fn a_playbook_that_is_running_is_not_run_beside_itself_unless_its_key_is_another() {
    let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 4s}}]");
    world.write("p.yaml", LONG);
    let mut first = waiting(&world);
    let id = world.run_id();
    let skipped = world.run(&["p.yaml", "--output", "quiet"]);
    let expected = format!("p: nothing is run, since it is running already: run {id} (process {}, ", first.id());
    assert!(skipped.code == 0 && skipped.stderr.starts_with(&expected), "{}", skipped.stderr);
    assert_eq!(skipped.stderr.lines().count(), 1);
    let failed = world.run(&["p.yaml", "--on-overlap", "fail"]);
    assert!(failed.code == 75 && failed.stderr.contains("; nothing was run"), "{}", failed.stderr);
    assert_eq!(world.counts("a"), 1);
    let mut other = world.command(&["p.yaml", "-e", "m=b", "--on-overlap", "fail"]);
    let mut other = other.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let waited = world.run(&["p.yaml", "--on-overlap", "wait"]);
    assert!(waited.code == 0 && waited.stderr.starts_with("p: waiting, since"), "{}", waited.stderr);
    assert!(first.wait().expect("our child").success() && other.wait().expect("our child").success());
    assert_eq!(world.counts("a"), 3);
    let listed = world.run(&["runs", "list", "--status", "skipped", "--json"]).stdout;
    let rows: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{listed}");
    let id = rows[0]["run_id"].as_str().expect("an id");
    for again in [&["resume", id][..], &["resume", id, "--again", "one"]] {
        let refused = world.run(again);
        assert!(refused.code == 2 && refused.stderr.contains("was running already"), "{}", refused.stderr);
    }
    assert_eq!(world.counts("a"), 3);
}

#[cfg(unix)]
#[test]
fn the_lock_of_a_process_that_was_killed_is_free() {
    let world = World::new("v2", "dags: [{dag_id: a, run: {duration: 1s}}]");
    world.write("p.yaml", LONG);
    let mut first = waiting(&world);
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    assert_eq!(world.run(&["p.yaml", "--on-overlap", "fail"]).code, 0);
}
