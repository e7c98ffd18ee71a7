//! Histories that something has spoilt: whatever one file holds, the others are listed, and nothing panics.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::run::Run;

struct History {
    run: Run,
}

impl History {
    fn new() -> Self {
        let run = Run::playbook("name: good\nsteps: [{print: hi}, {assert: 1 == 2}]");
        let state = run.folder().join(".state");
        for folder in ["", "myaf-run", "myaf-run/runs"] {
            fs::create_dir_all(state.join(folder)).expect("a folder");
            fs::set_permissions(state.join(folder), fs::Permissions::from_mode(0o700)).expect("it is ours");
        }
        let history = Self { run };
        assert_eq!(history.asked(&["p.yaml", "--run-id", "good"]).0, 1);
        history
    }

    fn file(&self, id: &str) -> PathBuf {
        self.run.folder().join(format!(".state/myaf-run/runs/{id}.jsonl"))
    }

    /// The exit code and all that was said.
    fn asked(&self, words: &[&str]) -> (i32, String) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_myaf-run"));
        command.current_dir(self.run.folder()).env_clear().env("XDG_STATE_HOME", self.run.folder().join(".state"));
        command.env("MY_AIRFLOW_API_URL", "http://127.0.0.1:9/api/v1").env("MY_AIRFLOW_API_KEY", "some-key-of-mine");
        let output = command.args(words).output().expect("the program starts");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.code().expect("it ends by itself"), said)
    }

    /// Nothing panics, and the good run is listed.
    fn holds(&self, what: &str) {
        for words in [&["runs", "list"][..], &["runs", "list", "--json"]] {
            let (code, said) = self.asked(words);
            assert!(code == 0 && said.contains("good"), "{what}: {code} {said}");
        }
        for words in [&["runs", "show", "bad"][..], &["runs", "report", "bad"], &["resume", "bad"], &["resume", "good"]]
        {
            let (code, said) = self.asked(words);
            assert!(!matches!(code, 70 | 101 | 134), "{what}: {words:?} {said}");
        }
    }
}

fn started(changes: &serde_json::Value) -> String {
    let mut event = json!({
        "v": 1, "seq": 1, "at": "2026-11-28T00:00:00Z", "kind": "run_started", "run_id": "bad", "playbook": "p",
        "path": "p.yaml", "git_sha": null, "text": "", "text_sha256": "", "started_at": "2026-11-28T00:00:00Z",
        "target": "my", "base_url": "http://h/api/v1", "inputs": {}, "left_out": 0,
        "steps": [{"id": "a", "action": "print"}],
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    format!("{event}\n")
}

#[test]
fn one_spoilt_file_never_blinds_a_list() {
    let history = History::new();
    let late = json!({"v": 1, "seq": 2, "at": "9999-12-30T22:00:00Z", "kind": "run_finished", "elapsed_ms": u64::MAX});
    let finished = |step: u64, elapsed: u64| {
        json!({"v": 1, "seq": 2, "at": "-009999-01-02T01:59:59Z", "kind": "step_finished", "step": step, "outcome": "failed",
            "requests": u32::MAX, "pages": u32::MAX, "elapsed_ms": elapsed})
    };
    let sections = json!([{"id": "a", "action": "print", "section": "always"}, {"id": "b", "action": "print"}, {"id": "c", "action": "print", "section": "rescue"}, {"id": "a", "action": "print"}]);
    let spoilt = [
        started(&json!({"playbook": "n".repeat(70_000), "target": "t".repeat(70_000)})),
        started(&json!({"playbook": "a\nb\u{1b}[2J\u{202e}\u{0}", "target": "\r"})),
        started(&json!({"v": 2})),
        started(&json!({"v": u64::MAX})),
        started(&json!({"steps": [], "left_out": u64::MAX})),
        started(&json!({"steps": sections})) + &format!("{}\n", finished(2, u64::MAX)),
        started(&json!({})) + &format!("{late}\n"),
        started(&json!({})) + &format!("{}\n", finished(7, 0)),
        started(&json!({"started_at": "9999-12-30T22:00:00Z", "inputs": {"x": {"deep": [[[1e300]]]}}})),
        started(&json!({"run_id": "good"})),
        started(&json!({"playbook": 7})),
        String::new(),
        "\n\n\n".to_owned(),
        "[".repeat(100_000) + "\n",
        started(&json!({})).trim_end().to_owned(),
    ];
    for text in spoilt {
        fs::write(history.file("bad"), &text).expect("a file");
        history.holds(&text.chars().take(300).collect::<String>());
    }
    fs::remove_file(history.file("bad")).expect("it is there");
    fs::create_dir(history.file("bad")).expect("a folder");
    history.holds("a folder");
    fs::remove_dir(history.file("bad")).expect("it is there");
    fs::write(history.file("bad"), [0xff, 0xfe, b'\n']).expect("a file");
    fs::set_permissions(history.file("bad"), fs::Permissions::from_mode(0o000)).expect("it is ours");
    history.holds("a file that nobody may read");
}

#[test]
fn no_mutation_of_a_history_makes_a_panic() {
    let history = History::new();
    let good = fs::read(history.file("good")).expect("a journal");
    let good = String::from_utf8_lossy(&good).replace("\"run_id\":\"good\"", "\"run_id\":\"bad\"").into_bytes();
    let mut random = fastrand::Rng::with_seed(20_261_128);
    let words: [&[u8]; 12] = [
        b"null",
        b"-1",
        b"18446744073709551615",
        b"1e999",
        b"\"\"",
        b"[]",
        b"{}",
        b"true",
        b"\n",
        b"\"x\"",
        b"0",
        b"\\ud800",
    ];
    for round in 0..if cfg!(debug_assertions) { 60 } else { 1000 } {
        let mut bytes = good.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            let end = (at + random.usize(0..12)).min(bytes.len());
            match random.u8(..4) {
                0 => drop(bytes.splice(at..end, words[random.usize(..words.len())].iter().copied())),
                1 => bytes.truncate(at.max(1)),
                2 => bytes[at] = random.u8(..),
                _ => drop(bytes.splice(at..end, [])),
            }
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        fs::write(history.file("bad"), &bytes).expect("a file");
        for words in [&["runs", "list"][..], &["runs", "report", "bad"], &["runs", "show", "bad"]] {
            let (code, said) = history.asked(words);
            assert!(matches!(code, 0 | 2 | 74), "round {round}: {code} {words:?} {said}");
        }
    }
}
