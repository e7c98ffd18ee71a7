//! The bare client: sends recorded requests over a socket, one after the other, and reads each answer to its end.
//!
//! It connects anew only when the server has said that it closes, as any client must.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

/// Sends what is in the file `requests`: each request with its length before it, four bytes, big end first.
pub(crate) fn run(address: &str, requests: &str) -> ExitCode {
    let bytes = std::fs::read(requests).expect("the requests can be read");
    let mut connection: Option<BufReader<TcpStream>> = None;
    for request in framed(&bytes) {
        let mut open = connection.take().unwrap_or_else(|| connect(address));
        open.get_mut().write_all(request).expect("the server reads");
        if !read_answer(&mut open) {
            connection = Some(open);
        }
    }
    ExitCode::SUCCESS
}

/// Puts its length before each request.
pub(crate) fn frame(requests: &[Vec<u8>]) -> Vec<u8> {
    let length = |request: &Vec<u8>| u32::try_from(request.len()).expect("a request is small").to_be_bytes();
    requests.iter().flat_map(|request| length(request).into_iter().chain(request.iter().copied())).collect()
}

fn framed(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (request, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        bytes = rest;
        Some(request)
    })
}

fn connect(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("a socket has this option");
    BufReader::with_capacity(64 * 1024, stream)
}

/// Reads an answer; whether the server closes the connection after it.
fn read_answer(stream: &mut BufReader<TcpStream>) -> bool {
    let (mut line, mut length, mut closes) = (String::new(), 0, false);
    loop {
        line.clear();
        stream.read_line(&mut line).expect("an answer comes");
        let header = line.trim_end().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().expect("a length is a number");
        }
        closes |= header == "connection: close";
        if header.is_empty() {
            break;
        }
    }
    let read = std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink()).expect("the body comes");
    assert_eq!(read, length, "the body is whole");
    closes
}
