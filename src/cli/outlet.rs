//! One way out of the process, at which a reader that does not read never holds the run up.
//!
//! In: bytes. Out: the same bytes, in order, as fast as they are taken. What is not taken soon is kept and offered again with
//! the next bytes and at the end; what is more than may be kept is dropped and counted.
//!
//! Before each small piece it is asked whether the stream takes one: a pipe that does takes 512 bytes without blocking.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

/// The most bytes of one piece: what POSIX lets every pipe take at once.
const PIECE: usize = 512;
/// How long a reader that stopped to read is waited for when it is first met.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where bytes go.
pub(super) trait Way: Send {
    /// Whether a piece can be written now or within this time.
    fn is_ready(&mut self, within: Duration) -> bool;

    /// Writes some of the bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// A writer that always takes what it is given.
pub(super) struct Willing(pub(super) Box<dyn Write + Send>);

impl Way for Willing {
    fn is_ready(&mut self, _: Duration) -> bool {
        true
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes).and_then(|()| self.0.flush()).map(|()| bytes.len())
    }
}

/// One of the process's own streams.
#[cfg(unix)]
pub(super) struct Own(pub(super) rustix::fd::BorrowedFd<'static>);

#[cfg(unix)]
impl Way for Own {
    fn is_ready(&mut self, within: Duration) -> bool {
        is_ready(&self.0, within)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }
}

/// A terminal, opened once more for ourselves so that a write never waits: somebody may have stopped it with ctrl-S.
#[cfg(unix)]
pub(super) struct Terminal(rustix::fd::OwnedFd);

#[cfg(unix)]
impl Terminal {
    /// The terminal that this stream is; none where it can't be opened again, as after `su`.
    pub(super) fn open(stream: rustix::fd::BorrowedFd<'static>) -> Option<Self> {
        use rustix::fs::{Mode, OFlags, open};
        let name = rustix::termios::ttyname(stream, Vec::new()).ok()?;
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        open(name, flags, Mode::empty()).ok().map(Self)
    }
}

#[cfg(unix)]
impl Way for Terminal {
    fn is_ready(&mut self, within: Duration) -> bool {
        is_ready(&self.0, within)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.0, bytes)?)
    }
}

/// Whether a stream takes something now or within this time.
#[cfg(unix)]
fn is_ready(stream: &impl rustix::fd::AsFd, within: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let within = Timespec { tv_sec: within.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: 0 };
    // What can't be asked is written to, and then says itself what is wrong.
    poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&within)).map_or(true, |ready| ready > 0)
}

/// A way with what could not be written yet.
pub(super) struct Outlet {
    way: Box<dyn Way>,
    waiting: Vec<u8>,
    most: usize,
    /// How many lines were dropped.
    dropped: usize,
}

impl Outlet {
    /// An outlet that keeps at most so many bytes.
    pub(super) fn new(way: Box<dyn Way>, most: usize) -> Self {
        Self { way, waiting: Vec::new(), most, dropped: 0 }
    }

    /// Writes, or keeps for later, or drops.
    pub(super) fn put(&mut self, text: &str) -> io::Result<()> {
        // A reader that was met asleep is not waited for again.
        let patience = if self.waiting.is_empty() { PATIENCE } else { Duration::ZERO };
        if self.waiting.len() + text.len() > self.most && !self.waiting.is_empty() {
            self.dropped += text.matches('\n').count();
        } else {
            self.waiting.extend_from_slice(text.as_bytes());
        }
        self.drain(patience)
    }

    /// Writes at once, or keeps; nobody is waited for.
    pub(super) fn offer(&mut self, text: &str) -> io::Result<()> {
        self.waiting.extend_from_slice(text.as_bytes());
        self.drain(Duration::ZERO)
    }

    /// Writes what waits for as long as the reader takes a piece within `patience`.
    pub(super) fn drain(&mut self, patience: Duration) -> io::Result<()> {
        let mut done = 0;
        while done < self.waiting.len() && self.way.is_ready(patience) {
            let end = self.waiting.len().min(done + PIECE);
            match self.way.write(&self.waiting[done..end]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.waiting.drain(..done);
        Ok(())
    }

    /// Whether all was written.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many lines were dropped since this was last asked.
    pub(super) fn take_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    /// Whether a line was dropped.
    pub(super) fn has_dropped(&self) -> bool {
        self.dropped > 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes so many bytes more, and keeps them.
    #[derive(Clone, Default)]
    struct Pipe(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Way for Pipe {
        fn is_ready(&mut self, _: Duration) -> bool {
            self.0.lock().expect("no panic").0 > 0
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut pipe = self.0.lock().expect("no panic");
            let count = bytes.len().min(pipe.0);
            pipe.0 -= count;
            pipe.1.extend_from_slice(&bytes[..count]);
            Ok(count)
        }
    }

    impl Pipe {
        fn takes(&self, more: usize) {
            self.0.lock().expect("no panic").0 = more;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no panic").1.clone()).expect("text")
        }
    }

    #[test]
    fn what_nobody_reads_is_kept_in_order_up_to_a_bound_and_then_dropped_and_counted() {
        let pipe = Pipe::default();
        let mut outlet = Outlet::new(Box::new(pipe.clone()), 12);
        pipe.takes(3);
        for line in ["one\n", "two\n", "three\n", "four\n", "5\n6\n"] {
            outlet.put(line).expect("nothing fails");
        }
        assert_eq!((pipe.text().as_str(), outlet.is_empty()), ("one", false));
        pipe.takes(100);
        outlet.drain(Duration::ZERO).expect("nothing fails");
        assert_eq!((pipe.text().as_str(), outlet.is_empty()), ("one\ntwo\nthree\n", true));
        assert_eq!((outlet.take_dropped(), outlet.take_dropped()), (3, 0));
    }

    #[test]
    fn a_text_of_any_length_is_written_whole_when_it_is_read() {
        let pipe = Pipe::default();
        pipe.takes(usize::MAX);
        let mut outlet = Outlet::new(Box::new(pipe.clone()), 10);
        let text = "é".repeat(100_000);
        outlet.put(&text).expect("nothing fails");
        assert_eq!(pipe.text(), text);
    }
}
