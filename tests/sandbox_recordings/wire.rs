//! One HTTP exchange over a bare socket, so that nothing between test and sandbox tidies up.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// A header's value, empty without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// Sends a request and reads until the connection ends; no reply where it ends without one.
pub(crate) async fn exchange(root_url: &str, head: &str, body: &[u8]) -> Option<Reply> {
    let address = root_url.strip_prefix("http://").expect("a root URL");
    let mut stream = TcpStream::connect(address).await.expect("the sandbox listens");
    let head = format!("{head}Host: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("the request is taken");
    stream.write_all(body).await.expect("the body is taken");
    let mut bytes = Vec::new();
    // A reset ends the reading like a close.
    let _ = stream.read_to_end(&mut bytes).await;
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(key, value)| (key.to_owned(), value.to_owned()));
    Some(Reply { status, headers: headers.collect(), body: body.to_owned() })
}
