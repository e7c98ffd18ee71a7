//! SIGHUP, SIGINT and SIGTERM: the first asks the run to stop, a second one ends it at once.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;

/// How long a program that was told twice to stop may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Waits until a program that was told twice to stop should have stopped; gives the signal. For a thread of its own: the
/// others may hang in a write that nobody reads.
pub async fn overdue() -> i32 {
    let (sender, _) = watch::channel(None);
    let signal = second(sender).await;
    Clock::system().sleep(GOODBYE).await;
    signal
}

/// Waits for signals, telling the first one to `interrupt`; ends with the second.
#[cfg(unix)]
pub(super) async fn second(interrupt: watch::Sender<Option<i32>>) -> i32 {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
    let (Ok(mut hangup), Ok(mut int), Ok(mut term)) = (signal(kinds[0]), signal(kinds[1]), signal(kinds[2])) else {
        // Without a handler the system's own takes over: the process ends at once.
        return std::future::pending().await;
    };
    loop {
        let number = tokio::select! {
            _ = hangup.recv() => 1,
            _ = int.recv() => 2,
            _ = term.recv() => 15,
        };
        let is_first = interrupt.borrow().is_none();
        if !is_first {
            return number;
        }
        interrupt.send_replace(Some(number));
    }
}

/// The same where there is only ctrl-C.
#[cfg(not(unix))]
pub(super) async fn second(interrupt: watch::Sender<Option<i32>>) -> i32 {
    loop {
        if tokio::signal::ctrl_c().await.is_err() {
            return std::future::pending().await;
        }
        let is_first = interrupt.borrow().is_none();
        if !is_first {
            return 2;
        }
        interrupt.send_replace(Some(2));
    }
}
