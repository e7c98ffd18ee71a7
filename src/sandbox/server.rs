//! The sandbox on a loopback port, served by hyper on the current runtime.
//!
//! In: connections. Out: what [`super::play`] says, including connections that end without an answer or in the middle of
//! one. Nothing here knows an Airflow.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::fault::FaultKind;
use super::message::{Answer, Lines, Request};
use super::play::{Delivery, Play};
use super::scenario::Scenario;
use crate::clock::Clock;

/// A running sandbox; it ends when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    key: String,
    stage: Arc<Stage>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Stage {
    clock: Clock,
    play: Mutex<Play>,
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox closes the connection")]
struct HangUp;

impl Sandbox {
    /// Serves a scenario on `127.0.0.1:port`; port 0 is any free one.
    ///
    /// # Errors
    /// The port is taken, or the system has no randomness for the key.
    pub async fn start(scenario: Scenario, clock: Clock, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let play = Play::new(&scenario, clock.now())?;
        let key = play.key().to_owned();
        let stage = Arc::new(Stage { clock, play: Mutex::new(play) });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&stage)));
        Ok(Self { address, key, stage, accepting })
    }

    /// The root of both APIs, without a slash at its end: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn root_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often each kind of fault has hit a request so far, by the request's method.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<(String, FaultKind), u64> {
        self.stage.play().faults().done().clone()
    }

    /// The API key that opens it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&stage)));
                }
                // Out of file descriptors, for one: the next connection may do better.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, stage: Arc<Stage>) {
    let is_reset = AtomicBool::new(false);
    let service = service_fn(|request| answer(request, &stage, &is_reset));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error is a client that has gone, or a hang-up of ours.
    let _ = (&mut connection).await;
    let stream = connection.into_parts().io.into_inner();
    if is_reset.load(Ordering::Relaxed) {
        let _ = stream.set_zero_linger();
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    stage: &Arc<Stage>,
    is_reset: &AtomicBool,
) -> Result<hyper::Response<Payload>, HangUp> {
    let request = read(request).await?;
    let mut delivery = stage.play().take(request, stage.clock.now());
    if let Delivery::Wait(delay, ticket) = delivery {
        stage.clock.sleep(delay).await;
        delivery = stage.play().collect(ticket, stage.clock.now());
    }
    match delivery {
        Delivery::Answer(answer) => response(answer, false, stage),
        Delivery::Half(answer) => response(answer, true, stage),
        Delivery::Reset => {
            is_reset.store(true, Ordering::Relaxed);
            Err(HangUp)
        }
        Delivery::Close | Delivery::Wait(..) => Err(HangUp),
    }
}

impl Stage {
    fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, HangUp> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HangUp)?.to_bytes().to_vec();
    let header = |name: HeaderName| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    Ok(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        host: header(HOST),
        accept: header(ACCEPT),
        authorization: head.headers.contains_key(AUTHORIZATION).then(|| header(AUTHORIZATION)),
        content_type: header(CONTENT_TYPE),
        body,
    })
}

fn response(answer: Answer, is_cut: bool, stage: &Arc<Stage>) -> Result<hyper::Response<Payload>, HangUp> {
    let mut response = hyper::Response::builder().status(answer.status);
    if !answer.content_type.is_empty() {
        response = response.header(CONTENT_TYPE, answer.content_type);
    }
    if answer.status != 204 && answer.lines.is_none() {
        response = response.header(CONTENT_LENGTH, answer.body.len());
    }
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let mut body = answer.body;
    if is_cut {
        body.truncate(body.len() / 2);
    }
    let more = answer.lines.filter(|_| !is_cut).map(|lines| more(*lines, stage));
    response.body(Payload { bytes: Some(body.into()), more, is_cut, has_paused: false }).map_err(|_| HangUp)
}

/// The lines that follow the first one, until the run has ended or nobody listens.
fn more(lines: Lines, stage: &Arc<Stage>) -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(1);
    let stage = Arc::clone(stage);
    tokio::spawn(async move {
        let mut next = stage.play().line(&lines, stage.clock.now());
        while let Some((_, false)) = next {
            tokio::select! {
                () = sender.closed() => return,
                () = stage.clock.passes(lines.every) => {}
            }
            next = stage.play().line(&lines, stage.clock.now());
            let Some((line, _)) = &next else { return };
            if sender.send(line.clone().into()).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// The bytes of an answer; a cut one ends with an error after half of them.
#[derive(Debug)]
struct Payload {
    bytes: Option<Bytes>,
    /// What follows, for an answer that goes on.
    more: Option<mpsc::Receiver<Bytes>>,
    is_cut: bool,
    has_paused: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = HangUp;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HangUp>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Some(more) = &mut self.more {
            return more.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))));
        }
        if !self.is_cut {
            return Poll::Ready(None);
        }
        if self.has_paused {
            return Poll::Ready(Some(Err(HangUp)));
        }
        // A pause makes hyper flush what it has.
        self.has_paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
