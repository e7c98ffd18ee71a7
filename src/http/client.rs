//! The client for one target.
//!
//! In: a [`Request`] to the target's origin and a [`Deadline`]. Out: an [`Answer`] or a [`TransportError`]. Exactly one
//! request goes out for each call: nothing is repeated and no redirect is followed. A connection that was idle for about
//! a second is not used again, so that a write seldom meets a server that is just closing it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response, Url, redirect, retry};

use super::answer::{Answer, BodyError};
use super::cause;
use super::deadline::Deadline;
use super::error::{SetupError, TransportCause, TransportError};
use super::proxy::{Proxy, ProxySettings};
use super::tls::{self, TlsOptions};
use super::trace::{Observer, Seen, Watch};

/// Below the second after which no write may be sent on an idle connection.
const IDLE_AT_MOST: Duration = Duration::from_millis(900);

/// What can be set for a client.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// TLS: extra roots, our own certificate.
    pub tls: TlsOptions,
    /// The proxies that the environment names.
    pub proxies: ProxySettings,
    /// How long making a connection may take, DNS and TLS included.
    pub connect_timeout: Duration,
    /// The most bytes of a body after decompression.
    pub body_limit: usize,
    /// Who is told of every exchange.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            tls: TlsOptions::default(),
            proxies: ProxySettings::default(),
            connect_timeout: Duration::from_secs(10),
            body_limit: 64 * 1024 * 1024,
            observer: None,
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; must be on the target's origin.
    pub url: Url,
    /// The headers; credentials among them are marked sensitive by whoever made them.
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
}

/// A client that talks to one origin only; clones share their connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
    target: Url,
    proxy: Option<Proxy>,
    connect_timeout: Duration,
    body_limit: usize,
    watch: Option<Watch>,
}

impl HttpClient {
    /// Makes the client for `target`'s origin; no request is sent. TLS roots are read only when it is `https`.
    ///
    /// # Errors
    /// When a certificate or a proxy of the options can't be used, or no root certificate is found for `https`.
    pub fn new(target: &Url, options: &HttpOptions) -> Result<Self, SetupError> {
        let proxy = options.proxies.on_the_way_to(target)?;
        let is_https = |url: &Url| url.scheme() == "https";
        let needs_roots = is_https(target) || proxy.as_ref().is_some_and(|proxy| is_https(&proxy.url));
        let tls = tls::configuration(&options.tls, needs_roots)?;
        let not_set_up = |error: reqwest::Error| SetupError::Client(error.without_url().to_string());
        let mut builder = Client::builder().no_proxy();
        if let Some(proxy) = &proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.url.clone()).map_err(not_set_up)?);
        }
        let client = builder
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("myaf-run/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .gzip(true)
            .tls_info(options.observer.is_some())
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(IDLE_AT_MOST)
            .build()
            .map_err(not_set_up)?;
        let (connect_timeout, body_limit) = (options.connect_timeout, options.body_limit);
        let watch = options.observer.clone().map(Watch::new);
        Ok(Self { client, target: target.clone(), proxy, connect_timeout, body_limit, watch })
    }

    /// Sends one request and reads its answer to the end.
    ///
    /// # Errors
    /// When no answer's head came; a body that can't be read is part of the [`Answer`].
    pub async fn exchange(&self, request: Request, deadline: &Deadline) -> Result<Answer, TransportError> {
        let mut seen = Seen::begin(self.watch.as_ref(), &request, deadline);
        let response = match self.head(request, deadline).await {
            Ok(response) => response,
            Err(error) => {
                seen.failed(&error);
                return Err(error);
            }
        };
        seen.head(&response);
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match deadline.clock().timeout(deadline.left(), self.body(response)).await {
            Err(_) => Err(BodyError::TimedOut(deadline.limit())),
            Ok(body) => body,
        };
        let answer = Answer { status, headers, body };
        seen.answered(&answer);
        Ok(answer)
    }

    /// Sends one request whose answer comes in pieces over a long time, and hears it for no longer than `hold` after the first
    /// piece, or until `is_enough` of what has come. What was heard by then is the body; an answer that is no success is
    /// read to its end.
    ///
    /// # Errors
    /// When no answer's head came by the deadline; a body of which nothing came is part of the [`Answer`].
    pub async fn listen(
        &self,
        request: Request,
        (deadline, hold): (&Deadline, Duration),
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Result<Answer, TransportError> {
        let mut seen = Seen::begin(self.watch.as_ref(), &request, deadline);
        let response = match self.head(request, deadline).await {
            Ok(response) => response,
            Err(error) => {
                seen.failed(&error);
                return Err(error);
            }
        };
        seen.head(&response);
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status.is_success() {
            self.heard(response, (deadline, hold), is_enough).await
        } else {
            let whole = deadline.clock().timeout(deadline.left(), self.body(response)).await;
            whole.unwrap_or(Err(BodyError::TimedOut(deadline.limit())))
        };
        let answer = Answer { status, headers, body };
        seen.answered(&answer);
        Ok(answer)
    }

    async fn heard(
        &self,
        mut response: Response,
        (deadline, hold): (&Deadline, Duration),
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, BodyError> {
        let first = deadline.clock().timeout(deadline.left(), response.chunk()).await;
        let mut piece = first.map_err(|_| BodyError::TimedOut(deadline.limit()))?;
        let mut body = Vec::new();
        let end = deadline.clock().sleep(hold);
        tokio::pin!(end);
        loop {
            match piece {
                Err(_) => return Err(BodyError::Cut),
                Ok(None) => return Ok(body),
                Ok(Some(piece)) if body.len() + piece.len() > self.body_limit => {
                    return Err(BodyError::TooLarge(self.body_limit));
                }
                Ok(Some(piece)) => body.extend_from_slice(&piece),
            }
            if is_enough(&body) {
                return Ok(body);
            }
            piece = tokio::select! {
                biased;
                piece = response.chunk() => piece,
                () = &mut end => return Ok(body),
            };
        }
    }

    /// Sends one request and waits for the head of its answer.
    async fn head(&self, request: Request, deadline: &Deadline) -> Result<Response, TransportError> {
        self.guard(&request.url)?;
        let fail = |cause| TransportError { host: host_and_port(&request.url), cause };
        let mut builder = self.client.request(request.method, request.url.clone()).headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        match deadline.clock().timeout(deadline.left(), builder.send()).await {
            Err(_) => Err(fail(TransportCause::TimedOut(deadline.limit()))),
            Ok(Err(error)) => Err(fail(cause::cause_of(&error, self.connect_timeout, self.proxy.is_some()))),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// Refuses a URL that is not on the target's origin.
    fn guard(&self, url: &Url) -> Result<(), TransportError> {
        if url.origin() == self.target.origin() {
            return Ok(());
        }
        let target = self.target.origin().ascii_serialization();
        let asked = url.origin().ascii_serialization();
        Err(TransportError { host: host_and_port(url), cause: TransportCause::OtherOrigin { target, asked } })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, BodyError> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|length| length > self.body_limit) {
            return Err(BodyError::TooLarge(self.body_limit));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) if body.len() + chunk.len() > self.body_limit => {
                    return Err(BodyError::TooLarge(self.body_limit));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) if cause::is_undecodable(&error) => return Err(BodyError::Undecodable),
                Err(_) => return Err(BodyError::Cut),
            }
        }
    }
}

/// The host and port of a URL, as `airflow.example:443`.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
