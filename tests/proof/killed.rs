//! The real program, killed at a known place and resumed until it is done.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::proxy::{At, Proxy, Stop};
use crate::tally::Tally;

const PROGRAM: &str = env!("CARGO_BIN_EXE_myaf-run");

const BOOK: &str = "\
name: killed
defaults: {retry: {attempts: 2, delay: 50ms}}
steps:
  - {id: one, trigger_dag: {dag_id: a, conf: {n: 1}}}
  - {id: two, post_dataset_event: {dataset_uri: d, extra: {n: 2}, consumers: ignore}}
  - {id: three, assert_dag: {dag_id: a}}
  - {id: four, trigger_dag: {dag_id: w, wait: {poll: {every: 100ms, max_every: 100ms}}}}
  - {id: five, post_dataset_event: {dataset_uri: d, extra: {n: 5}, consumers: ignore}}
";

/// A request to stop at: method, path, which of them, and how.
type Request = (&'static str, &'static str, u32, Stop);

/// Each place with the requests to stop at there.
const PLACES: [(&str, &[Request]); 6] = [
    ("killed: before announcing", &[("GET", "/dags/a", 1, Stop::Between), ("GET", "/dags/w", 1, Stop::Before)]),
    (
        "killed: announced, not delivered",
        &[
            ("POST", "/dagRuns", 1, Stop::Before),
            ("POST", "/events", 1, Stop::Before),
            ("POST", "/events", 2, Stop::Before),
        ],
    ),
    (
        "killed: sent, not answered",
        &[
            ("POST", "/dagRuns", 1, Stop::Between),
            ("POST", "/events", 1, Stop::Between),
            ("POST", "/dagRuns", 2, Stop::Between),
        ],
    ),
    (
        "killed: answered, not recorded",
        &[
            ("POST", "/dagRuns", 1, Stop::After),
            ("POST", "/events", 1, Stop::After),
            ("POST", "/dagRuns", 2, Stop::After),
        ],
    ),
    ("killed: waiting", &[("GET", "/dags/w/dagRuns/", 1, Stop::Between), ("GET", "/dags/w/dagRuns/", 1, Stop::Before)]),
    ("killed: between two steps", &[("GET", "/dags/a", 2, Stop::Before), ("GET", "/dags/a", 2, Stop::Between)]),
];

/// How many runs go side by side; most of them wait.
const SIDE_BY_SIDE: usize = 8;

/// Kills `each` runs at each place, over both APIs in turn.
pub(crate) fn many(each: u64, tally: &mut Tally) {
    let shares = (0..SIDE_BY_SIDE).map(|share| std::thread::spawn(move || some(each, share)));
    for share in shares.collect::<Vec<_>>() {
        tally.add(&share.join().expect("no run panics"));
    }
}

/// Every eighth of them, in a world of their own.
fn some(each: u64, share: usize) -> Tally {
    let (world, mut tally) = (World::new(), Tally::default());
    let all = PLACES.iter().flat_map(|place| (0..each).map(move |number| (place, number)));
    for ((place, requests), number) in all.skip(share).step_by(SIDE_BY_SIDE) {
        let version = if number % 2 == 0 { "v1" } else { "v2" };
        let of_place = requests.len() as u64;
        let (method, path, nth, stop) = requests[usize::try_from(number / 2 % of_place).expect("few requests")];
        let what = format!("{place}, {version}, {method} {path} number {nth}");
        world.prove(version, At { method, path, nth, stop }, &what, &mut tally);
        *tally.ends.entry(place).or_default() += 1;
    }
    tally
}

/// A sandbox in a process of its own behind the proxy.
struct World {
    folder: TempDir,
    sandbox: Child,
    proxy: Proxy,
    address: String,
    key: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = "dags: [{dag_id: a}, {dag_id: w, run: {duration: 300ms}}]\ndatasets: [{uri: d}]\n";
        fs::write(folder.path().join("world.yaml"), scenario).expect("a file");
        fs::write(folder.path().join("p.yaml"), BOOK).expect("a file");
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder.path()).env_clear().args(["sandbox", "world.yaml", "--port", "0"]);
        let mut sandbox = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a sandbox");
        let mut lines = BufReader::new(sandbox.stdout.take().expect("its stdout")).lines();
        let mut said = |name: &str| {
            let line = lines.find_map(|line| line.ok()?.strip_prefix(name).map(str::to_owned));
            line.expect("the sandbox says where it is")
        };
        let url = said("MY_AIRFLOW_API_URL=");
        let key = said("MY_AIRFLOW_API_KEY=");
        let address = url.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
        let proxy = Proxy::start(&address);
        Self { folder, sandbox, proxy, address, key }
    }

    fn command(&self, version: &str, state: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.env("MY_AIRFLOW_API_URL", format!("{}/api/{version}", self.proxy.root_url));
        command.env("MY_AIRFLOW_API_KEY", &self.key).env("MYAF_RUN_STATE_DIR", state);
        command.stderr(Stdio::null()).args(args);
        command
    }

    /// One run: killed at a request, resumed until it is done, and counted.
    fn prove(&self, version: &str, at: At, what: &str, tally: &mut Tally) {
        let state = TempDir::new().expect("a folder");
        let is_recorded_later = at.stop == Stop::After;
        self.proxy.stop_at(at);
        let child = self.command(version, state.path(), &["p.yaml"]).spawn().expect("the program starts");
        let child = std::cell::RefCell::new(child);
        let is_over = || child.borrow_mut().try_wait().expect("our child").is_some();
        if !self.proxy.wait(is_over) {
            tally.stuck.push(format!("{what}: it was never asked for"));
        }
        let mut child = child.into_inner();
        child.kill().expect("our child");
        child.wait().expect("our child");
        self.proxy.go_on();
        let journal = journal(state.path());
        if is_recorded_later {
            forget_the_answer(&journal);
        }
        let run_id = journal.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut attempts = 0;
        loop {
            let ended = self.command(version, state.path(), &["resume", &run_id]).status().expect("the program starts");
            attempts += 1;
            if ended.success() {
                break;
            }
            if attempts == 5 {
                tally.stuck.push(format!("{what}: {run_id} is not done after {attempts} attempts, {ended}"));
                break;
            }
        }
        tally.runs += 1;
        tally.resumed += attempts;
        self.count(version, &run_id, what, tally);
    }

    fn count(&self, version: &str, run_id: &str, what: &str, tally: &mut Tally) {
        for dag in ["a", "w"] {
            let body = self.newest(version, &format!("/dags/{dag}/dagRuns?limit=100&order_by=-id"));
            let ids = body["dag_runs"].as_array().expect("a list").iter().filter_map(|run| run["dag_run_id"].as_str());
            let found = ids.filter(|id| id.contains(run_id)).count() as u64;
            tally.writes += 1;
            tally.compare(&format!("{what}: runs of `{dag}` for {run_id}"), 1, found);
        }
        let (path, key) = if version == "v1" { ("datasets", "dataset_events") } else { ("assets", "asset_events") };
        let body = self.newest(version, &format!("/{path}/events?limit=100&order_by=-timestamp"));
        let events = body[key].as_array().expect("a list").iter();
        let marks: Vec<&str> = events.filter_map(|event| event["extra"]["myaf_run"].as_str()).collect();
        for step in ["two", "five"] {
            let mark = format!("{run_id}/{step}/0");
            tally.writes += 1;
            let found = marks.iter().filter(|known| **known == mark).count() as u64;
            tally.compare(&format!("{what}: events {mark}"), 1, found);
        }
    }

    /// A list, asked for without our client.
    fn newest(&self, version: &str, path: &str) -> Value {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&self.address).expect("the sandbox listens");
        let head = format!(
            "GET /api/{version}{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Token {}\r\nConnection: close\r\n\r\n",
            self.address, self.key
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sandbox.kill().expect("it runs");
        self.sandbox.wait().expect("it ends");
    }
}

/// The file of the only run.
fn journal(state: &Path) -> PathBuf {
    let file = fs::read_dir(state.join("runs")).expect("a history").next().expect("a run");
    file.expect("a file").path()
}

/// Cuts the file off after the last announcement, as an end between the answer and its record leaves it.
fn forget_the_answer(journal: &Path) {
    let text = fs::read_to_string(journal).expect("a journal");
    let Some(last) = text.rfind("\"kind\":\"write_announced\"") else { return };
    let end = text[last..].find('\n').map_or(text.len(), |end| last + end + 1);
    fs::write(journal, &text[..end]).expect("our file");
}
