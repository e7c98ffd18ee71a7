//! Files, servers and networks made to hang the program or to swallow the machine: each ends soon, by itself, in bounded
//! memory, with words about what is wrong.
//!
//! For files the kernel holds the bound: `ulimit -v` gives the process 200 MiB of addresses, so no more of it can ever be in
//! memory, and who asks for more is aborted, which is no exit code of ours. The time is a limit after which the process is killed.

mod airflow;
mod answers;
mod auth;
pub(crate) mod bounded;
pub(crate) mod certificates;
mod env_files;
mod files;
mod floods;
mod injection;
mod journal;
mod proxy;
mod sandbox;
pub(crate) mod server;
mod socks;
mod templates;
mod tls;

use std::time::Duration;

use assert_cmd::Command;

use crate::run::Run;

/// The memory a process may address, in KiB.
const MEMORY_KIB: u32 = 200 * 1024;
/// How long it may take: one second, as it is released; a debug build is slower.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
/// The longest of what is said about any file.
const MOST_SAID: usize = 100 * 1024;

/// How a bounded process ended.
struct Told {
    code: Option<i32>,
    stderr: String,
}

/// Runs the program on `p.yaml` with bounded time and memory.
fn bounded(text: &str, args: &[&str]) -> Told {
    let run = Run::new().with_bytes("p.yaml", text.as_bytes());
    let mut command = Command::new("sh");
    command.env_clear().current_dir(run.folder()).timeout(LONGEST);
    command.arg("-c").arg(format!("ulimit -v {MEMORY_KIB} && exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_myaf-run"));
    let output = command.args(args).arg("p.yaml").output().expect("the program starts");
    assert!(output.stdout.len() < MOST_SAID && output.stderr.len() < MOST_SAID, "{} bytes", output.stderr.len());
    Told { code: output.status.code(), stderr: String::from_utf8(output.stderr).expect("UTF-8") }
}

#[test]
fn the_bound_on_memory_is_one() {
    let mut command = Command::new("sh");
    let enough = "head -c 1000 /dev/zero | tail -c 1000 | wc -c";
    let too_much = "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c";
    let script = format!("ulimit -v {MEMORY_KIB} && {enough} && {too_much}");
    let output = command.args(["-c", &script]).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with("1000") && !told.contains("300000000"), "{told}");
}
