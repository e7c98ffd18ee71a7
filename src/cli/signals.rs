//! SIGHUP, SIGINT and SIGTERM: the first asks to stop, a second one ends the program at once.
//!
//! They are watched from one thread of their own, which nothing else can block: a program that hangs in a write that nobody
//! reads still ends. A signal that is ignored when the program starts stays ignored: `nohup` and `trap '' INT` ask for that.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;

/// How long a program that was told twice to stop may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// The signals that came, by their numbers.
#[derive(Debug, Clone)]
pub struct Signals {
    /// The first one.
    pub first: watch::Receiver<Option<i32>>,
    /// The one after it.
    pub second: watch::Receiver<Option<i32>>,
}

impl Signals {
    /// Begins to watch. After the second signal, `exit` is called with it when the program takes too long to end.
    #[must_use]
    pub fn watch(exit: fn(i32)) -> Self {
        outlive_a_full_quota();
        let (first_sender, first) = watch::channel(None);
        let (second_sender, second) = watch::channel(None);
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let signal = runtime.block_on(async {
                let Some(mut source) = Source::new() else { return std::future::pending().await };
                first_sender.send_replace(Some(source.next().await));
                let signal = source.next().await;
                second_sender.send_replace(Some(signal));
                Clock::system().sleep(GOODBYE).await;
                signal
            });
            exit(signal);
        });
        Self { first, second }
    }
}

/// A file that may not grow any more is an error of the write like a full disk, and no end of the program.
#[cfg(unix)]
fn outlive_a_full_quota() {
    use tokio::signal::unix::{SignalKind, signal};
    if tokio::runtime::Handle::try_current().is_ok() {
        // Once it is watched it ends nothing any more, also when nobody listens.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())));
    }
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
const fn outlive_a_full_quota() {}

/// Waits for a signal; for ever when none can come.
pub(super) async fn wait(mut signal: watch::Receiver<Option<i32>>) -> i32 {
    match signal.wait_for(Option::is_some).await.map(|signal| *signal) {
        Ok(Some(signal)) => signal,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// The signals that stop a run, by their numbers.
#[cfg(unix)]
const STOPPING: [i32; 3] = [1, 2, 15];

/// Where signals come from.
#[cfg(unix)]
struct Source([(i32, Option<tokio::signal::unix::Signal>); 3]);

#[cfg(unix)]
impl Source {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Once a signal is watched, nothing tells any more that it was ignored.
        let ignored = ignored();
        let mut sources = STOPPING.map(|number| (number, None));
        for (number, source) in sources.iter_mut().filter(|(number, _)| !holds(ignored, *number)) {
            *source = Some(signal(SignalKind::from_raw(*number)).ok()?);
        }
        Some(Self(sources))
    }

    async fn next(&mut self) -> i32 {
        let [(hangup, one), (interrupt, two), (terminate, three)] = &mut self.0;
        tokio::select! {
            () = came(one) => *hangup,
            () = came(two) => *interrupt,
            () = came(three) => *terminate,
        }
    }
}

/// Waits for a signal; for ever when it is ignored.
#[cfg(unix)]
async fn came(source: &mut Option<tokio::signal::unix::Signal>) {
    match source {
        Some(source) => {
            source.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The signals that the process was started to ignore, one bit each. Only Linux tells them without `unsafe`; none elsewhere.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read("/proc/self/status").unwrap_or_default();
    ignored_of(&String::from_utf8_lossy(&status))
}

/// The signals that `/proc/PID/status` names as ignored.
#[cfg(unix)]
fn ignored_of(status: &str) -> u64 {
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}

/// Whether a set of signals holds the one with this number.
#[cfg(unix)]
const fn holds(signals: u64, number: i32) -> bool {
    signals >> (number - 1) & 1 == 1
}

/// Where there is only ctrl-C.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> i32 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_which_signals_are_ignored() {
        let status =
            "Name:\tmyaf-run\nSigBlk:\t0000000000000003\nSigIgn:\t0000000000004001\nSigCgt:\t0000000000000002\n";
        assert_eq!(STOPPING.map(|number| holds(ignored_of(status), number)), [true, false, true]);
        assert_eq!(ignored_of("SigIgn: what\n") | ignored_of(""), 0);
    }
}
