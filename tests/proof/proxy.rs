//! A proxy before a sandbox that stops at one request, so that a process can be killed at a known place.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Where the proxy stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A request like this is not passed on.
    Before,
    /// It is passed on, and its answer is not.
    Between,
    /// It is passed on, and so is its answer.
    After,
}

/// The request at which the proxy stops.
#[derive(Debug, Clone)]
pub(crate) struct At {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Which of these it is, counted from 1.
    pub(crate) nth: u32,
    pub(crate) stop: Stop,
}

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) root_url: String,
    at: Arc<Mutex<Option<At>>>,
    reached: Receiver<()>,
}

impl Proxy {
    /// Starts before the server at `upstream`, a host and port.
    pub(crate) fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let root_url = format!("http://{}", listener.local_addr().expect("an address"));
        let at = Arc::new(Mutex::new(None));
        let (sender, reached) = sync_channel(16);
        let (stops, upstream) = (Arc::clone(&at), upstream.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (stops, upstream, sender) = (Arc::clone(&stops), upstream.clone(), sender.clone());
                std::thread::spawn(move || pass(stream, &upstream, &stops, &sender));
            }
        });
        Self { root_url, at, reached }
    }

    /// Stops at this request from now on.
    pub(crate) fn stop_at(&self, at: At) {
        *self.at.lock().expect("no panic") = Some(at);
    }

    /// Waits until it has stopped; false when the other end of `is_over` says that this will not be.
    pub(crate) fn wait(&self, is_over: impl Fn() -> bool) -> bool {
        loop {
            match self.reached.recv_timeout(std::time::Duration::from_millis(20)) {
                Ok(()) => return true,
                Err(_) if is_over() => return self.reached.try_recv().is_ok(),
                Err(_) => {}
            }
        }
    }

    /// Passes everything on again.
    pub(crate) fn go_on(&self) {
        *self.at.lock().expect("no panic") = None;
    }
}

/// Passes one request on, and its answer back, unless it is the one to stop at.
fn pass(mut client: TcpStream, upstream: &str, stops: &Mutex<Option<At>>, sender: &SyncSender<()>) {
    let Some(request) = read_request(&mut client) else { return };
    let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
    let stop = due(stops, &line);
    if stop == Some(Stop::Before) {
        let _ = sender.send(());
        // The client ends first, or is told by the end of its connection.
        let _ = client.read(&mut [0]);
        return;
    }
    let Ok(mut server) = TcpStream::connect(upstream) else { return };
    let mut answer = Vec::new();
    if server.write_all(&request).is_err() || server.read_to_end(&mut answer).is_err() {
        return;
    }
    if stop == Some(Stop::Between) {
        let _ = sender.send(());
        let _ = client.read(&mut [0]);
        return;
    }
    let _ = client.write_all(&answer).and_then(|()| client.shutdown(Shutdown::Write));
    if stop == Some(Stop::After) {
        let _ = sender.send(());
    }
}

/// Whether this is the request to stop at.
fn due(stops: &Mutex<Option<At>>, line: &str) -> Option<Stop> {
    let mut stops = stops.lock().expect("no panic");
    let at = stops.as_mut()?;
    let mut words = line.split(' ');
    let is_meant = words.next() == Some(at.method) && words.next().is_some_and(|path| path.contains(at.path));
    if !is_meant {
        return None;
    }
    at.nth = at.nth.checked_sub(1)?;
    (at.nth == 0).then_some(at.stop)
}

/// A request with its body; it asks for the connection to be closed.
fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0_usize) {
                let body = bytes.split_off(end);
                return Some([head.as_bytes(), b"\r\nConnection: close", &body].concat());
            }
        }
        match client.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}
