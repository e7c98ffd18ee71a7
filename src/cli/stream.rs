//! One of the two streams: what became of it, and what it really is.
//!
//! In: text that may be written. Out: the same at an [`Outlet`]; after a failure nothing more. A terminal is opened a second
//! time, so that it can be written to without ever waiting for it, and nobody else's descriptor is changed by that.

use std::io::ErrorKind;
use std::time::Duration;

#[cfg(not(unix))]
use crate::cli::outlet::Willing;
use crate::cli::outlet::{Outlet, Way};

/// How long a reader that does not read is waited for at the end.
const LAST_PATIENCE: Duration = Duration::from_secs(5);
/// The width of a terminal that can't be asked.
const USUAL_WIDTH: u16 = 80;

/// A stream.
pub(super) struct Stream {
    outlet: Outlet,
    state: State,
    pub(super) is_terminal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nobody reads any more.
    Closed,
    /// It could not be written for another reason.
    Failed(ErrorKind),
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Stream {
    /// A stream that keeps at most so many bytes.
    pub(super) fn new(way: Box<dyn Way>, most: usize, is_terminal: bool) -> Self {
        Self { outlet: Outlet::new(way, most), state: State::Open, is_terminal }
    }

    /// The process's stdout and stderr, given which of them are terminals and how much each keeps.
    pub(super) fn of_process(is_terminal: (bool, bool), most: (usize, usize)) -> [Self; 2] {
        let [out, err] = own(is_terminal);
        [Self::new(out, most.0, is_terminal.0), Self::new(err, most.1, is_terminal.1)]
    }

    /// Writes, or keeps what is not taken now; after a failure nothing more.
    pub(super) fn write(&mut self, text: &str) {
        if self.state == State::Open {
            let written = self.outlet.put(text);
            self.judge(written);
        }
    }

    /// Writes what can be missed, for which nobody is waited.
    pub(super) fn offer(&mut self, text: &str) {
        if self.state == State::Open && self.outlet.is_empty() {
            let written = self.outlet.offer(text);
            self.judge(written);
        }
    }

    /// Writes what was kept, as far as it is taken now.
    pub(super) fn catch_up(&mut self) {
        if self.state == State::Open && !self.outlet.is_empty() {
            let written = self.outlet.drain(Duration::ZERO);
            self.judge(written);
        }
    }

    /// Whether all was written so far.
    pub(super) fn is_flowing(&self) -> bool {
        self.outlet.is_empty()
    }

    /// Whether lines were dropped.
    pub(super) fn has_dropped(&self) -> bool {
        self.outlet.has_dropped()
    }

    /// How many lines were dropped since this was last asked.
    pub(super) fn take_dropped(&mut self) -> usize {
        self.outlet.take_dropped()
    }

    /// Whether it failed for another reason than a reader that went away.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// Whether nobody reads it any more.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Gives its reader a last time to take what is left.
    pub(super) fn finish(&mut self) {
        if self.state != State::Open {
            return;
        }
        let written = self.outlet.drain(LAST_PATIENCE);
        self.judge(written);
        if !self.outlet.is_empty() || self.outlet.has_dropped() {
            self.state = State::Failed(ErrorKind::TimedOut);
        }
    }

    fn judge(&mut self, written: std::io::Result<()>) {
        let Err(error) = written else { return };
        self.state = match error.kind() {
            ErrorKind::BrokenPipe => State::Closed,
            // A terminal that is gone.
            _ if self.is_terminal => State::Closed,
            kind => State::Failed(kind),
        };
    }
}

/// The process's stdout and stderr.
#[cfg(unix)]
fn own((out, err): (bool, bool)) -> [Box<dyn Way>; 2] {
    use crate::cli::outlet::{Own, Terminal};
    use rustix::stdio::{stderr, stdout};
    let way = |stream: rustix::fd::BorrowedFd<'static>, is_terminal: bool| -> Box<dyn Way> {
        match is_terminal.then(|| Terminal::open(stream)).flatten() {
            Some(terminal) => Box::new(terminal),
            None => Box::new(Own(stream)),
        }
    };
    [way(stdout(), out), way(stderr(), err)]
}

/// Elsewhere it can't be asked whether they take something.
#[cfg(not(unix))]
fn own(_: (bool, bool)) -> [Box<dyn Way>; 2] {
    [Box::new(Willing(Box::new(std::io::stdout()))), Box::new(Willing(Box::new(std::io::stderr())))]
}

/// How many columns the terminal of stderr has now.
#[cfg(unix)]
pub(super) fn width() -> u16 {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stderr());
    size.map_or(USUAL_WIDTH, |size| if size.ws_col == 0 { USUAL_WIDTH } else { size.ws_col })
}

/// Elsewhere nobody is asked.
#[cfg(not(unix))]
pub(super) const fn width() -> u16 {
    USUAL_WIDTH
}
