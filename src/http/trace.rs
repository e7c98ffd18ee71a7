//! What was exchanged, for whoever wants to see it.
//!
//! In: a request and what became of it. Out: an [`Exchange`], told to an [`Observer`] when there is one; without one nothing
//! is kept and nothing costs time. What may be shown of it is the observer's business.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::HeaderMap;
use reqwest::tls::TlsInfo;
use reqwest::{Method, Response, StatusCode, Url};
use sha2::{Digest, Sha256};

use super::answer::{Answer, BodyError};
use super::client::Request;
use super::deadline::Deadline;
use super::error::TransportError;

/// How many ports are remembered, to tell a new connection from one that was used before.
const PORTS_KEPT: usize = 64;

/// How a request is told of: what its sender knows and the wire does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Telling {
    /// Whether no more than its method and its status may be told.
    pub is_silent: bool,
    /// Which try it is, counted from 1; 0 where tries are not counted.
    pub try_number: u32,
}

/// One exchange that is over.
#[derive(Debug)]
pub struct Exchange {
    /// How it is told of.
    pub telling: Telling,
    /// The request's method.
    pub method: Method,
    /// Where it went.
    pub url: Url,
    /// Its headers, with the credential among them.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// How long it took.
    pub took: Duration,
    /// The connection, when an answer began to come.
    pub connection: Option<Connection>,
    /// What came of it.
    pub ended: Ended,
}

/// What came of a request.
#[derive(Debug)]
pub enum Ended {
    /// An answer.
    Answer {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
        /// Its body, or why there is none.
        body: Result<Vec<u8>, BodyError>,
    },
    /// None, for this reason.
    NoAnswer(String),
    /// Nobody waits for it any more.
    Dropped,
}

/// What an answer came over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The other end.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Whether it was used before.
    pub is_reused: bool,
    /// The version of HTTP, such as `HTTP/1.1`.
    pub version: String,
    /// The SHA-256 of the server's certificate, in hexadecimal; none without TLS.
    pub certificate: Option<String>,
}

/// Is told of every exchange.
pub trait Observer: Debug + Send + Sync {
    /// Takes an exchange that is over.
    fn exchanged(&self, exchange: &Exchange);
}

/// An observer, with what it needs to tell connections apart.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    observer: Arc<dyn Observer>,
    ports: Arc<Mutex<VecDeque<SocketAddr>>>,
}

impl Watch {
    pub(super) fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, ports: Arc::default() }
    }

    fn connection(&self, response: &Response) -> Option<Connection> {
        let info = response.extensions().get::<HttpInfo>()?;
        let (remote, local) = (info.remote_addr(), info.local_addr());
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let is_reused = ports.contains(&local);
        if !is_reused {
            ports.push_back(local);
        }
        if ports.len() > PORTS_KEPT {
            ports.pop_front();
        }
        let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let certificate = certificate.map(fingerprint);
        Some(Connection { remote, local, is_reused, version: format!("{:?}", response.version()), certificate })
    }
}

/// The SHA-256 of a certificate, in hexadecimal.
fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An exchange that goes on; one that is dropped is told of, too.
#[derive(Debug)]
pub(super) struct Seen(Option<(Watch, Exchange, Deadline, Duration)>);

impl Seen {
    /// Looks on from here, if somebody does.
    pub(super) fn begin(watch: Option<&Watch>, request: &Request, deadline: &Deadline) -> Self {
        Self(watch.map(|watch| {
            let exchange = Exchange {
                telling: deadline.telling(),
                method: request.method.clone(),
                url: request.url.clone(),
                headers: request.headers.clone(),
                body: request.body.clone(),
                took: Duration::ZERO,
                connection: None,
                ended: Ended::Dropped,
            };
            (watch.clone(), exchange, deadline.clone(), deadline.clock().elapsed())
        }))
    }

    /// No answer came.
    pub(super) fn failed(mut self, error: &TransportError) {
        if let Some((_, exchange, ..)) = &mut self.0 {
            exchange.ended = Ended::NoAnswer(error.to_string());
        }
    }

    /// An answer begins to come.
    pub(super) fn head(&mut self, response: &Response) {
        if let Some((watch, exchange, ..)) = &mut self.0 {
            exchange.connection = watch.connection(response);
        }
    }

    /// An answer has come.
    pub(super) fn answered(mut self, answer: &Answer) {
        if let Some((_, exchange, ..)) = &mut self.0 {
            let (status, headers, body) = (answer.status, answer.headers.clone(), answer.body.clone());
            exchange.ended = Ended::Answer { status, headers, body };
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if let Some((watch, mut exchange, deadline, began)) = self.0.take() {
            exchange.took = deadline.clock().elapsed().saturating_sub(began);
            watch.observer.exchanged(&exchange);
        }
    }
}
