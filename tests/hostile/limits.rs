//! A process with limits that the kernel holds: how much memory it may address, and how much time of the processor it may use.
//!
//! In: a command. Out: how it ended, what it said, and, where a limit ended it, which. Time that passes on the clock is no
//! limit, so a machine that is busy with other work changes nothing.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// The memory a process may address, in KiB.
pub(crate) const MEMORY_KIB: u32 = 200 * 1024;

/// The processor time it may use, in seconds: one, as it is released; a debug build is slower.
pub(crate) const CPU_SECONDS: u32 = if cfg!(debug_assertions) { 10 } else { 1 };

/// The signal of the kernel for a process that has used up its time.
const SIGXCPU: i32 = 24;

/// How a process with limits ended.
#[derive(Debug)]
pub(crate) struct Told {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What ended it, in words.
    pub(crate) ended: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command with limits, in the command's folder and with its variables alone.
pub(crate) fn limited(inner: &Command) -> Told {
    limited_to(inner, MEMORY_KIB, CPU_SECONDS)
}

/// Runs a command with these limits.
pub(crate) fn limited_to(inner: &Command, memory_kib: u32, cpu_seconds: u32) -> Told {
    let mut command = Command::new("sh");
    command.env_clear().stdin(Stdio::null()).current_dir(inner.get_current_dir().unwrap_or(Path::new("/")));
    // The soft limit is what gives the signal that names it.
    let hard = cpu_seconds + 5;
    command.arg("-c").arg(format!(
        "ulimit -v {memory_kib} && ulimit -S -t {cpu_seconds} && ulimit -H -t {hard} && exec \"$0\" \"$@\""
    ));
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.arg(inner.get_program()).args(inner.get_args().collect::<Vec<&OsStr>>());
    let output = command.output().expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let ended = how_it_ended(output.status, memory_kib, cpu_seconds);
    Told { code: output.status.code(), ended, stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn how_it_ended(status: ExitStatus, memory_kib: u32, cpu_seconds: u32) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(SIGXCPU)) => format!("was killed: it used more than {cpu_seconds} s of processor time"),
        (None, Some(6)) => format!("was aborted, as it is when it asks for more than {memory_kib} KiB of memory"),
        (None, signal) => format!("was killed by the signal {signal:?}"),
    }
}

#[test]
fn the_limit_on_memory_is_one() {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "head -c 1000 /dev/zero | tail -c 1000 | wc -c; head -c 300000000 /dev/zero | tail -c 300000000 | wc -c",
    ]);
    let told = limited(&command);
    assert!(told.stdout.starts_with("1000") && !told.stdout.contains("300000000"), "{told:?}");
}

#[test]
fn the_limit_on_time_is_one_and_is_named() {
    let mut command = Command::new("sh");
    command.args(["-c", "while :; do :; done"]);
    let told = limited_to(&command, MEMORY_KIB, 1);
    assert_eq!((told.code, told.ended.as_str()), (None, "was killed: it used more than 1 s of processor time"));
}
