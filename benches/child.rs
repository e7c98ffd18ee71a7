//! A command's wall time, processor time and peak memory, measured by a small process that does nothing else.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) processor: Duration,
    /// The most memory that was resident, in KiB.
    pub(crate) peak_kib: u32,
}

/// Runs a command and says on stdout what it took: three numbers, microseconds twice and KiB.
pub(crate) fn measure(command: &[&str]) -> ExitCode {
    let (program, words) = command.split_first().expect("a command");
    let began = Instant::now();
    let status = Command::new(program).args(words).stdout(Stdio::null()).status().expect("it starts");
    let wall = began.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let processor = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    table_line(&format!("{} {processor} {}", wall.as_micros(), usage.max_rss()));
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures a command in a process of its own, so that the peaks of others are not its own.
pub(crate) fn usage(command: &[&str]) -> Usage {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(own).arg("measure").args(command).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{told}");
    let text = String::from_utf8(output.stdout).expect("numbers");
    let numbers: Vec<u64> = text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    let [wall, processor, peak_kib] = numbers[..] else { panic!("three numbers, found {text:?}") };
    let peak_kib = u32::try_from(peak_kib).expect("less than 4 TiB");
    Usage { wall: Duration::from_micros(wall), processor: Duration::from_micros(processor), peak_kib }
}

#[expect(clippy::print_stdout, reason = "what a benchmark finds goes to stdout")]
fn table_line(line: &str) {
    println!("{line}");
}
