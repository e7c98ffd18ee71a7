//! What stands between a client and its sandbox: it keeps every request, and plays a server that differs.
//!
//! In: a rule that says what becomes of a request. Out: the requests, in their order. One connection carries one request.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::sandbox_recordings::wire::{Reply, exchange};

/// A request that passed.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names and values, not decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    /// The headers that are handed on, each with its line end.
    headers: String,
    bytes: Vec<u8>,
}

/// What becomes of a request.
pub(crate) enum Then {
    /// It goes to the sandbox.
    Forward,
    /// It goes there with this query.
    ForwardWith(Vec<(String, String)>),
    /// It goes there, and its JSON comes back changed.
    Amend(fn(&mut Value)),
    /// It goes there, and this comes back.
    ForwardAndSay(u16, &'static str, String),
    /// It goes there twice, and what came of the second comes back.
    Twice,
    /// It goes there twice, and nothing comes back.
    TwiceLost,
    /// This comes back.
    Say(u16, &'static str, String),
}

/// Says what becomes of a request, which is the last of those that have come.
pub(crate) type Rule = dyn Fn(&[Asked]) -> Then + Send + Sync;

/// A listener that is open for as long as this lives.
pub(crate) struct Between {
    pub(crate) root_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Between {
    /// Stands before this sandbox.
    pub(crate) async fn start(sandbox: String, rule: Box<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let root_url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                pass(stream, &sandbox, &rule, &kept).await;
            }
        });
        Self { root_url, asked }
    }

    /// Every request that has come.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panicked").clone()
    }
}

impl Asked {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is a `POST` to a path that ends so.
    pub(crate) fn posts_to(&self, end: &str) -> bool {
        self.method == "POST" && self.path.ends_with(end)
    }
}

async fn pass(mut stream: TcpStream, sandbox: &str, rule: &Rule, kept: &Mutex<Vec<Asked>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let then = if asked.path.ends_with("/wait") {
        // It stands for an Airflow 3.0, which has no such call.
        Then::Say(404, "application/json", r#"{"error":"API route not found"}"#.to_owned())
    } else {
        let mut kept = kept.lock().expect("no test panicked");
        kept.push(asked.clone());
        rule(&kept)
    };
    let reply = match then {
        Then::Forward => forward(sandbox, &asked, &asked.query).await,
        Then::ForwardWith(query) => forward(sandbox, &asked, &query).await,
        Then::Amend(amend) => forward(sandbox, &asked, &asked.query).await.map(|reply| {
            let mut body = serde_json::from_str(&reply.body).expect("JSON");
            amend(&mut body);
            Reply { body: body.to_string(), ..reply }
        }),
        Then::ForwardAndSay(status, kind, body) => {
            forward(sandbox, &asked, &asked.query).await;
            Some(said(status, kind, body))
        }
        Then::Twice | Then::TwiceLost => {
            forward(sandbox, &asked, &asked.query).await;
            let second = forward(sandbox, &asked, &asked.query).await;
            second.filter(|_| matches!(then, Then::Twice))
        }
        Then::Say(status, kind, body) => Some(said(status, kind, body)),
    };
    let Some(reply) = reply else { return };
    let length = reply.body.len();
    let mut head = format!("HTTP/1.1 {} X\r\ncontent-length: {length}\r\nconnection: close\r\n", reply.status);
    for (name, value) in reply.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    // A client that has gone needs no answer.
    stream.write_all(format!("{head}\r\n{}", reply.body).as_bytes()).await.unwrap_or_default();
    stream.shutdown().await.unwrap_or_default();
}

fn said(status: u16, kind: &str, body: String) -> Reply {
    Reply { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body }
}

async fn forward(sandbox: &str, asked: &Asked, query: &[(String, String)]) -> Option<Reply> {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    let head = format!("{} {}{mark}{} HTTP/1.1\r\n{}", asked.method, asked.path, pairs.join("&"), asked.headers);
    exchange(sandbox, &head, &asked.bytes).await
}

fn is_of_the_connection(name: &str) -> bool {
    ["connection", "content-length", "host", "transfer-encoding"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(opened(head, body));
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

fn opened(head: &str, body: &str) -> Asked {
    let mut lines = head.lines();
    let mut words = lines.next().expect("a request line").split(' ');
    let mut word = || words.next().expect("method and target").to_owned();
    let (method, target) = (word(), word());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let is_handed_on = |line: &&str| line.split_once(':').is_some_and(|(name, _)| !is_of_the_connection(name));
    Asked {
        method,
        path: path.to_owned(),
        query: query.split('&').filter_map(pair).collect(),
        body: serde_json::from_str(body).unwrap_or_default(),
        headers: lines.filter(is_handed_on).flat_map(|line| [line, "\r\n"]).collect(),
        bytes: body.as_bytes().to_vec(),
    }
}
