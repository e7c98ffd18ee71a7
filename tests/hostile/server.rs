//! A server that answers byte by byte as a test wants it, in threads of its own, with or without TLS.
//!
//! In: a play, which says for each request what to do. Out: every byte that came, and the answers. One connection is one
//! request; what the client does meanwhile is its own affair.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Counted from 1.
    pub(crate) number: usize,
    /// `GET /api/v1/dags`.
    pub(crate) line: String,
    /// Every byte of head and body.
    pub(crate) bytes: Vec<u8>,
}

/// What is done for a request.
pub(crate) enum Act {
    /// Sends this and ends the connection.
    Send(Vec<u8>),
    /// Sends this, then the piece again and again until the client goes.
    Endless(Vec<u8>, Vec<u8>),
    /// Says nothing until the client goes.
    Silence,
    /// As a proxy: says that there is a connection, and makes one to this address.
    Tunnel(SocketAddr),
}

type Play = dyn Fn(&Request) -> Act + Send + Sync;

/// A server; it listens until the tests end.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    carried: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// A server of plain HTTP.
    pub(crate) fn start(play: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(play))
    }

    /// A server of HTTPS.
    pub(crate) fn start_tls(tls: ServerConfig, play: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(tls)), Arc::new(play))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, play: Arc<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, seen: Arc::default(), carried: Arc::default() };
        let (seen, carried) = (Arc::clone(&server.seen), Arc::clone(&server.carried));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), tls, play) = (stream, tls.clone(), Arc::clone(&play)) else { return };
                let (seen, carried) = (Arc::clone(&seen), Arc::clone(&carried));
                thread::spawn(move || serve(stream, tls, (&seen, &carried), &*play));
            }
        });
        server
    }

    /// Its URL up to an API.
    pub(crate) fn url(&self, version: &str) -> String {
        format!("http://{}/api/{version}", self.address)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("no play panicked").clone()
    }

    /// Their lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    /// What a proxy carried from the client through its tunnels.
    pub(crate) fn carried(&self) -> Vec<u8> {
        self.carried.lock().expect("no play panicked").clone()
    }
}

impl Request {
    /// Its bytes as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let found =
            head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    }
}

/// An answer with its right length, after which the connection ends.
pub(crate) fn answer(status: &str, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A JSON answer.
pub(crate) fn json(status: &str, body: &str) -> Act {
    Act::Send(answer(status, "application/json", body))
}

/// A stream, plain or not.
trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, log: (&Mutex<Vec<Request>>, &Mutex<Vec<u8>>), play: &Play) {
    let socket = stream.try_clone().expect("a socket");
    let mut wire: Box<dyn Wire> = match tls {
        None => Box::new(stream),
        Some(tls) => {
            let session = ServerConnection::new(tls).expect("a good configuration");
            Box::new(StreamOwned::new(session, stream))
        }
    };
    if let Some((line, bytes)) = read(&mut *wire) {
        let request = {
            let mut seen = log.0.lock().expect("no play panicked");
            let request = Request { number: seen.len() + 1, line, bytes };
            seen.push(request.clone());
            request
        };
        carry_out(play(&request), &mut *wire, &socket, log.1);
    }
    end(&socket);
}

/// Ends a connection so that the client reads what was sent: a socket closed with unread bytes is reset.
fn end(socket: &TcpStream) {
    let _ = socket.shutdown(std::net::Shutdown::Write);
    let mut rest = [0; 4096];
    let mut socket = socket;
    while socket.read(&mut rest).is_ok_and(|count| count > 0) {}
}

fn carry_out(act: Act, wire: &mut dyn Wire, socket: &TcpStream, carried: &Mutex<Vec<u8>>) {
    match act {
        Act::Send(bytes) => {
            // The client may have gone: that is what some tests are about.
            let _ = wire.write_all(&bytes);
        }
        Act::Endless(head, piece) => {
            let _ = wire.write_all(&head);
            while wire.write_all(&piece).is_ok() {}
        }
        Act::Silence => {
            let _ = wire.read(&mut [0]);
        }
        Act::Tunnel(to) => {
            let _ = wire.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            tunnel(socket, to, carried);
        }
    }
}

/// Carries bytes both ways until both sides have ended, and keeps what the client says.
fn tunnel(client: &TcpStream, to: SocketAddr, carried: &Mutex<Vec<u8>>) {
    let server = TcpStream::connect(to).expect("it listens");
    let (mut back_from, mut back_to) = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    let back = thread::spawn(move || {
        let _ = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to, mut piece) = (client, &server, [0; 4096]);
    while let Ok(count @ 1..) = from.read(&mut piece) {
        carried.lock().expect("no play panicked").extend_from_slice(&piece[..count]);
        if to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Write);
    back.join().expect("it does not panic");
}

/// A request's line and all its bytes; none where the client goes, or the handshake fails, before there is one.
fn read(wire: &mut dyn Wire) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
                return Some((line, bytes));
            }
        }
        match wire.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            Ok(0) | Err(_) => return None,
        }
    }
}
