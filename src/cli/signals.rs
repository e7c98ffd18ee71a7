//! SIGHUP, SIGINT and SIGTERM: the first asks to stop, a second one ends the program at once.
//!
//! They are watched from one thread of their own, which nothing else can block: a program that hangs in a write that nobody
//! reads still ends.

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

/// Where signals come from.
#[cfg(unix)]
struct Source([(i32, tokio::signal::unix::Signal); 3]);

#[cfg(unix)]
impl Source {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = signal(SignalKind::hangup()).ok()?;
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        let terminate = signal(SignalKind::terminate()).ok()?;
        Some(Self([(1, hangup), (2, interrupt), (15, terminate)]))
    }

    async fn next(&mut self) -> i32 {
        let [(hangup, one), (interrupt, two), (terminate, three)] = &mut self.0;
        tokio::select! {
            _ = one.recv() => *hangup,
            _ = two.recv() => *interrupt,
            _ = three.recv() => *terminate,
        }
    }
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
