//! Answers that don't end, or are larger than anything Airflow says: each is given up in time, in bounded memory.
//!
//! The run goes on after each of them with a second request, at which the process's peak of memory is looked at.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bounded::{NO_DAGS, ended_watched, run_at};
use super::server::{Act, Server, answer, json};

/// A read that fails, and one that does not.
const TWICE: &str =
    "name: r\nsteps: [{list_dags: {}, retry: false, ignore_errors: true}, {list_dags: {}, retry: false}]";

/// The most memory that a process may have had: the limit of an answer is 64 MiB.
const MOST_KIB: u64 = 100 * 1024;

/// The beginning of zeros without end, compressed; each zero byte after it stands for 1,032 of them.
const BOMB: &str = "H4sIAAAAAAACA+3BMQEAAADCoErrn84M/kAB";

/// The most memory that a process has had, in KiB.
fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// The first request meets the flood, and the run is told this about it.
fn is_survived(name: &str, flood: impl Fn() -> Act + Send + Sync + 'static, args: &[&str], told: &str) {
    let process: Arc<OnceLock<u32>> = Arc::default();
    let peak: Arc<OnceLock<u64>> = Arc::default();
    let (at, found) = (Arc::clone(&process), Arc::clone(&peak));
    let server = Server::start(move |request| {
        if request.number == 1 {
            return flood();
        }
        found.set(peak_kib(*at.wait())).expect("one look");
        json("200 OK", NO_DAGS)
    });
    let ended = ended_watched(&run_at(&server, "v2", TWICE).args(args), |id| process.set(id).expect("one process"));
    assert_eq!(ended.code, 0, "{name}: {ended:#?}");
    assert_eq!(ended.sentence(), told, "{name}");
    let peak = *peak.get().expect("a second request");
    assert!(peak < MOST_KIB, "{name} took {peak} KiB");
}

fn head(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}\r\n").into_bytes()
}

/// What is said of a success and of an error that is too large.
const TOLD: [(&str, &str); 2] = [
    ("200 OK", "200 OK for GET /api/v2/dags: the answer is larger than 67108864 bytes"),
    ("500 Internal Server Error", "500 Internal Server Error for GET /api/v2/dags"),
];

#[test]
fn a_body_without_end_or_over_the_limit_is_not_read_on() {
    let gigabyte = format!("content-length: {}\r\n", 1 << 30);
    let chunk = [b"10000\r\n".to_vec(), vec![b'{'; 0x10000], b"\r\n".to_vec()].concat();
    for (status, told) in TOLD {
        for (name, headers, piece) in [
            ("declared", gigabyte.as_str(), vec![b'{'; 0x10000]),
            ("streamed", "", vec![b'{'; 0x10000]),
            ("chunked", "transfer-encoding: chunked\r\n", chunk.clone()),
        ] {
            let head = head(status, headers);
            is_survived(name, move || Act::Endless(head.clone(), piece.clone()), &[], told);
        }
    }
}

#[test]
fn a_megabyte_that_unpacks_to_a_gigabyte_is_not_unpacked() {
    for (status, told) in TOLD {
        let bomb = [STANDARD.decode(BOMB).expect("base64"), vec![0; 1 << 20]].concat();
        let headers = format!("content-encoding: gzip\r\ncontent-length: {}\r\n", bomb.len());
        let sent = [head(status, &headers), bomb].concat();
        is_survived("bomb", move || Act::Send(sent.clone()), &[], told);
    }
}

#[test]
fn a_body_below_the_limit_that_would_take_more_memory_once_opened_is_not_opened() {
    let told = |says: &str| format!("500 Internal Server Error for GET /api/v2/dags{says}");
    let many = |part: &str| part.repeat((60 << 20) / part.len());
    for (name, media_type, body, told) in [
        ("many words", "text/plain", many("a "), told(&format!(": {}…", &"a ".repeat(150)[..299]))),
        ("many tags", "text/html", format!("<html>{}", many("<a>")), told("")),
        ("many lists", "application/json", format!("{{\n\"detail\": [{}1]}}", many("[],")), told(": {")),
    ] {
        let sent = answer("500 X", media_type, &body);
        is_survived(name, move || Act::Send(sent.clone()), &[], &told);
    }
}

#[test]
fn a_head_without_end_is_not_read_on() {
    let told = "no answer from 127.0.0.1:PORT: the head of its answer is too large (GET /api/v2/dags)";
    for (name, start, piece) in [
        ("headers", "HTTP/1.1 200 OK\r\n", "x-a: b\r\n".repeat(1000)),
        ("a header", "HTTP/1.1 200 OK\r\nx: ", "b".repeat(0x10000)),
        ("a reason", "HTTP/1.1 200 ", "b".repeat(0x10000)),
    ] {
        is_survived(name, move || Act::Endless(start.into(), piece.clone().into()), &[], told);
    }
}

#[test]
fn what_never_comes_to_an_answer_ends_with_its_time() {
    let told = "no answer from 127.0.0.1:PORT: nothing came within 200ms (GET /api/v2/dags)";
    // Long ones, since reading many short ones takes a debug build seconds.
    let hints = format!("HTTP/1.1 103 Early Hints\r\nlink: </{}>\r\n\r\n", "x".repeat(60_000)).into_bytes();
    is_survived("silence", || Act::Silence, &["--max-time", "200ms"], told);
    is_survived("hints", move || Act::Endless(Vec::new(), hints.clone()), &["--max-time", "200ms"], told);
}
