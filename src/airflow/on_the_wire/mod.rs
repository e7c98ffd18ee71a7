//! The client against a server that answers byte by byte as a test wants it.
//!
//! In: a script of [`Reply`]s, one for each connection. Out: what the server was asked, and what the client makes of it.
//! What recordings can't hold is tested here: lost and cut answers, ingresses, logins. Nothing here sleeps.

mod answers;
mod logins;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::answer::{DagRun, NewDagRun};
use super::auth::{AuthScheme, Credential};
use super::base_url::BaseUrl;
use super::client::{Client, ClientOptions};
use super::error::ApiError;
use crate::clock::Clock;
use crate::http::HttpOptions;
use crate::secret::Masker;

/// More than any test needs.
const LIMIT: Duration = Duration::from_secs(30);

/// What a connection does after it has read a request.
enum Reply {
    /// Sends this and closes.
    Send(Vec<u8>),
    /// Sends this, then chunks without end.
    Endless(Vec<u8>),
    /// Resets the connection without having read.
    Reset,
    /// Says nothing and stays open.
    Silence,
}

/// An answer with a body and its right length.
fn reply(status: &str, headers: &str, body: &str) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    Reply::Send(format!("{head}{headers}\r\n{body}").into_bytes())
}

/// A JSON answer.
fn json(status: &str, body: &str) -> Reply {
    reply(status, "content-type: application/json\r\n", body)
}

/// A web page.
fn html(status: &str, body: &str) -> Reply {
    reply(status, "content-type: text/html\r\n", body)
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that plays the script, one line for each connection, and then listens no more.
    async fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut held = Vec::new();
            for reply in script {
                let Ok((stream, _)) = listener.accept().await else { return };
                held.extend(play(stream, reply, &seen).await);
            }
            drop(listener);
            std::future::pending::<()>().await;
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panicked").clone()
    }

    /// The first line and the `authorization` header of every request.
    fn shown(&self) -> Vec<String> {
        let brief = |request: &String| {
            let line = request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            let header = request.lines().find_map(|line| line.strip_prefix("authorization: "));
            format!("{line} [{}]", header.unwrap_or_default())
        };
        self.requests().iter().map(brief).collect()
    }
}

/// Plays one line of the script; gives the connection back if it is to stay open.
async fn play(mut stream: TcpStream, reply: Reply, seen: &Mutex<Vec<String>>) -> Option<TcpStream> {
    let request = match reply {
        Reply::Reset => "unread".to_owned(),
        Reply::Send(_) | Reply::Endless(_) | Reply::Silence => read(&mut stream).await,
    };
    seen.lock().expect("no test panicked").push(request);
    match reply {
        Reply::Silence => return Some(stream),
        Reply::Reset => {
            stream.readable().await.expect("a request");
            stream.set_zero_linger().expect("a socket");
        }
        Reply::Send(bytes) => {
            stream.write_all(&bytes).await.unwrap_or_default();
            stream.shutdown().await.unwrap_or_default();
        }
        Reply::Endless(head) => {
            stream.write_all(&head).await.unwrap_or_default();
            while stream.write_all(b"8\r\n{{{{{{{{\r\n").await.is_ok() {}
        }
    }
    None
}

/// A request with its body.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

fn options(url: &str) -> ClientOptions {
    ClientOptions {
        base_url: BaseUrl::parse(url).expect("a good URL"),
        version: None,
        credential: Some(Credential::Key("hunter2".into())),
        auth: AuthScheme::Auto,
        http: HttpOptions { body_limit: 64 * 1024, ..HttpOptions::default() },
        clock: Clock::system(),
        masker: Masker::new(),
    }
}

fn client(url: &str) -> Client {
    Client::new(options(url)).expect("good options")
}

/// Triggers a run, the write that everything here is about.
async fn trigger(client: &Client) -> Result<DagRun, ApiError> {
    let run =
        NewDagRun { dag_id: "d".to_owned(), dag_run_id: "r".to_owned(), note: None, conf: None, logical_date: None };
    let answer = client.create_dag_run(&run, LIMIT).await;
    if let Err(error) = &answer {
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    answer
}
