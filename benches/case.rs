//! What is measured: each case is a playbook on the server, run by both clients in turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tempfile::TempDir;

use crate::child::{Usage, usage};
use crate::server::Server;
use crate::table::{Row, say};
use crate::{bare, table, waits};

const PROGRAM: &str = env!("CARGO_BIN_EXE_myaf-run");

/// A playbook and what it is to be held to.
struct Case {
    name: &'static str,
    playbook: String,
    dags: usize,
    closes: bool,
    /// Whether the run is recorded, as it is unless one says otherwise.
    is_recorded: bool,
    rounds: usize,
    /// How many triggers there are, where each one's processor time is looked at.
    triggers: u32,
    /// The most memory there should be, in MiB.
    memory_mib: Option<u32>,
}

/// Runs the cases whose names hold one of the words, or all.
pub(crate) fn run_all(words: &[&str]) -> ExitCode {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start();
    say(&table::heading());
    for case in cases().iter().filter(|case| words.is_empty() || words.iter().any(|word| case.name.contains(word))) {
        case.run(&server, folder.path());
    }
    if words.is_empty() || words.contains(&"waits") {
        waits::run_all(folder.path());
    }
    if words.is_empty() {
        check(folder.path());
        let size = fs::metadata(PROGRAM).expect("it was built").len();
        let size = u32::try_from(size).expect("less than 4 GiB");
        say(&format!("\nbinary: {:.2} MiB (aim: at most 9)", f64::from(size) / f64::from(1 << 20)));
    }
    ExitCode::SUCCESS
}

fn cases() -> Vec<Case> {
    let list = "steps: [{ list_dags: {}, capture: all }, { print: \"{{ all.dag_ids | join('\\n') }}\" }]".to_owned();
    let seed = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/seed.yaml")).expect("it is there");
    let one = "  - trigger_dag: { dag_id: ok_dag, conf: { n: 1 }, note: benchmark }\n";
    let triggers = format!("steps:\n{}", one.repeat(1000));
    let case = |name, playbook: &String, dags, rounds| Case {
        name,
        playbook: playbook.clone(),
        dags,
        closes: false,
        is_recorded: true,
        rounds,
        triggers: 0,
        memory_mib: None,
    };
    let kept = vec![
        Case { memory_mib: Some(8), ..case("list of 100 DAGs", &list, 100, 40) },
        Case { memory_mib: Some(8), ..case("seed job", &seed, 100, 40) },
        Case { triggers: 1000, ..case("1,000 triggers", &triggers, 100, 10) },
        case("10,000 DAGs, 100 pages", &list, 10_000, 10),
    ];
    let names = ["list, closing", "seed job, closing", "1,000 triggers, closing", "10,000 DAGs, closing"];
    let closed: Vec<Case> = kept.iter().zip(names).map(|(case, name)| case.closing(name)).collect();
    let unrecorded =
        Case { triggers: 1000, is_recorded: false, ..case("1,000 triggers, no journal", &triggers, 100, 10) };
    kept.into_iter().chain(closed).chain([unrecorded]).collect()
}

impl Case {
    /// The same where the server closes every connection, as stock Airflow 2 does.
    fn closing(&self, name: &'static str) -> Self {
        let playbook = self.playbook.clone();
        Self { name, playbook, closes: true, memory_mib: self.memory_mib, ..*self }
    }

    /// The same for a playbook with the first trigger only.
    fn memory_of_one(&self, ours: &[&str], folder: &Path) -> i64 {
        let playbook = folder.join("one.yaml");
        let one: Vec<&str> = self.playbook.lines().take(2).collect();
        fs::write(&playbook, one.join("\n")).expect("it is written");
        let playbook = playbook.display().to_string();
        let (_, options) = ours.split_last().expect("a command");
        let run: Vec<&str> = options.iter().copied().chain([playbook.as_str()]).collect();
        memory(&usage(&run), &playbook)
    }

    fn run(&self, server: &Server, folder: &Path) {
        let playbook = folder.join("playbook.yaml");
        fs::write(&playbook, &self.playbook).expect("it is written");
        let playbook = playbook.display().to_string();
        let url = format!("http://{}/api/v2", server.address);
        let state = folder.join("state").display().to_string();
        let recording: &[&str] =
            if self.is_recorded { &["--state-dir", &state, "--keep", "2"] } else { &["--no-journal"] };
        let ours = ["--url", &url, "--auth", "none", "--output", "text", &playbook];
        let ours: Vec<&str> = [PROGRAM].iter().chain(recording).chain(&ours).copied().collect();
        server.set(self.dags, self.closes);
        server.take();
        let warm = usage(&ours);
        let (expected, requests) = server.take();
        let bare = Bare::new(folder, &requests, &server.address);
        let mut usages = (vec![warm], vec![bare.usage()]);
        assert_eq!(server.take().0, expected, "both ask the same");
        for _ in 0..self.rounds {
            usages.0.push(usage(&ours));
            assert_eq!(server.take().0, expected, "every run asks the same");
            usages.1.push(bare.usage());
            assert_eq!(server.take().0, expected, "the bare client asks the same");
        }
        let requests = expected.values().sum();
        let row = Row { name: self.name, requests, ours: median(&usages.0), bare: median(&usages.1) };
        say(&row.line(self.triggers, self.memory_mib));
        if self.triggers > 0 {
            let grown = memory(&row.ours, &playbook) - self.memory_of_one(&ours, folder);
            say(&table::growth(&row, grown, self.triggers));
        }
    }
}

/// How much more memory a run takes than the check of its playbook, in KiB.
fn memory(run: &Usage, playbook: &str) -> i64 {
    let checked = usage(&[PROGRAM, "check", playbook]);
    i64::from(run.peak_kib) - i64::from(checked.peak_kib)
}

/// The bare client with what it sends.
struct Bare {
    own: PathBuf,
    address: String,
    requests: PathBuf,
}

impl Bare {
    fn new(folder: &Path, requests: &[Vec<u8>], address: &str) -> Self {
        let path = folder.join("requests");
        fs::write(&path, bare::frame(requests)).expect("it is written");
        let own = std::env::current_exe().expect("this program has a path");
        Self { own, address: address.to_owned(), requests: path }
    }

    fn usage(&self) -> Usage {
        let (own, requests) = (self.own.display().to_string(), self.requests.display().to_string());
        usage(&[&own, "bare", &self.address, &requests])
    }
}

/// Checking a generated playbook of 20,000 steps.
fn check(folder: &Path) {
    let step = |at: usize| {
        format!("  - {{ name: step {at}, trigger_dag: {{ dag_id: dag_{at}, note: \"{{{{ run.id }}}} {at}\" }} }}\n")
    };
    let steps: String = (0..20_000).map(step).collect();
    let path = folder.join("large.yaml");
    fs::write(&path, format!("steps:\n{steps}")).expect("it is written");
    let path = path.display().to_string();
    let usages: Vec<Usage> = (0..10).map(|_| usage(&[PROGRAM, "check", &path])).collect();
    let usage = median(&usages);
    let (wall, peak) = (usage.wall.as_secs_f64() * 1000.0, f64::from(usage.peak_kib) / 1024.0);
    say(&format!("\ncheck of 20,000 steps: {wall:.0} ms (aim: at most 250), {peak:.1} MiB (aim: at most 64)"));
}

/// The median of each figure.
fn median(usages: &[Usage]) -> Usage {
    let middle = |mut figures: Vec<u64>| {
        figures.sort_unstable();
        figures[figures.len() / 2]
    };
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).expect("a short time");
    Usage {
        wall: std::time::Duration::from_micros(middle(usages.iter().map(|usage| micros(usage.wall)).collect())),
        processor: std::time::Duration::from_micros(middle(
            usages.iter().map(|usage| micros(usage.processor)).collect(),
        )),
        peak_kib: u32::try_from(middle(usages.iter().map(|usage| u64::from(usage.peak_kib)).collect()))
            .expect("less than 4 TiB"),
    }
}
