//! Why an exchange failed before an answer came, in plain words.
//!
//! In: reqwest's error and its chain of causes. Out: a [`TransportError`] whose [`TransportCause`] says whether the
//! request was never delivered (nothing of it was sent) or whether that is unknown. Answers are no errors here.

use std::error::Error;
use std::io::{Error as IoError, ErrorKind as IoErrorKind};
use std::time::Duration;

/// A client could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The extra CA certificates are of no use.
    #[error("the CA certificate can't be used: {0}")]
    CaCertificate(String),
    /// The client certificate or its key is of no use.
    #[error("the client certificate can't be used: {0}")]
    ClientCertificate(String),
    /// Neither the machine nor the author trusts anybody.
    #[error("no trusted root certificates were found on this machine; give them with `--ca-cert`")]
    NoRoots,
    /// TLS could not be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// The client could not be built.
    #[error("the HTTP client can't be set up: {0}")]
    Client(String),
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {host}: {cause}", if cause.is_never_delivered() { "can't reach" } else { "no answer from" })]
pub struct TransportError {
    /// The host and port that were meant, as `airflow.example:443`.
    pub host: String,
    /// Why.
    pub cause: TransportCause,
}

/// The reason that no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportCause {
    /// The name is not known to the resolver.
    #[error("no such host")]
    NoSuchHost,
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The connection was not made in time.
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    /// The server's certificate is not trusted.
    #[error("its certificate is not trusted: {0}")]
    Certificate(String),
    /// The TLS handshake failed otherwise.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection could not be made for another reason.
    #[error("no connection: {0}")]
    ConnectFailed(String),
    /// The URL is not on the target's origin, so nothing was sent.
    #[error("nothing is sent to {asked}, the target is {target}")]
    OtherOrigin {
        /// The target's origin.
        target: String,
        /// The origin that was asked for.
        asked: String,
    },
    /// The request itself can't be made, so nothing was sent.
    #[error("the request can't be made: {0}")]
    BadRequest(String),
    /// No answer within the request's time.
    #[error("nothing came within {0:?}")]
    TimedOut(Duration),
    /// The connection was closed before an answer came.
    #[error("the connection was closed")]
    Closed,
    /// The connection was reset before an answer came.
    #[error("the connection was reset")]
    Reset,
    /// What came back is not HTTP, or its head is over the limits.
    #[error("what came back is not an HTTP answer")]
    NotHttp,
    /// Lost for another reason.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

impl TransportCause {
    /// Whether nothing of the request can have been read by the server.
    #[must_use]
    pub const fn is_never_delivered(&self) -> bool {
        match self {
            Self::NoSuchHost
            | Self::Refused
            | Self::ConnectTimedOut(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::ConnectFailed(_)
            | Self::OtherOrigin { .. }
            | Self::BadRequest(_) => true,
            Self::TimedOut(_) | Self::Closed | Self::Reset | Self::NotHttp | Self::Lost(_) => false,
        }
    }
}

/// Reads the cause out of reqwest's error; only an error of the connect phase counts as never delivered.
pub(super) fn cause_of(error: &reqwest::Error, connect_timeout: Duration) -> TransportCause {
    if error.is_connect() {
        return connect_cause(error, connect_timeout);
    }
    if error.is_builder() {
        return TransportCause::BadRequest(last_words(error));
    }
    if let Some(hyper) = find::<hyper::Error>(error) {
        if hyper.is_parse() {
            return TransportCause::NotHttp;
        }
        if hyper.is_incomplete_message() || hyper.is_closed() {
            return TransportCause::Closed;
        }
    }
    match find::<IoError>(error).map(IoError::kind) {
        Some(IoErrorKind::ConnectionReset | IoErrorKind::BrokenPipe | IoErrorKind::ConnectionAborted) => {
            TransportCause::Reset
        }
        Some(IoErrorKind::UnexpectedEof) => TransportCause::Closed,
        _ => TransportCause::Lost(last_words(error)),
    }
}

/// Whether an error while reading a body is of the encoding, not of the connection.
pub(super) fn is_undecodable(error: &reqwest::Error) -> bool {
    let kind = find::<IoError>(error).map(IoError::kind);
    matches!(kind, Some(IoErrorKind::InvalidData | IoErrorKind::InvalidInput | IoErrorKind::Other))
        && find::<hyper::Error>(error).is_none()
}

fn connect_cause(error: &reqwest::Error, connect_timeout: Duration) -> TransportCause {
    if error.is_timeout() {
        return TransportCause::ConnectTimedOut(connect_timeout);
    }
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => return TransportCause::Certificate(reason.to_string()),
        Some(other) => return TransportCause::Tls(other.to_string()),
        None => {}
    }
    if error.is_dns() {
        let words = last_words(error);
        let is_unknown = !words.contains("emporary");
        return if is_unknown { TransportCause::NoSuchHost } else { TransportCause::ConnectFailed(words) };
    }
    match find::<IoError>(error).map(IoError::kind) {
        Some(IoErrorKind::ConnectionRefused) => TransportCause::Refused,
        _ => TransportCause::ConnectFailed(last_words(error)),
    }
}

/// The first cause of type `E` in the chain; looks inside IO errors, whose `source` skips what they wrap.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn last_words(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(|| "for no known reason".to_owned(), ToString::to_string)
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref::<IoError>().and_then(IoError::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}
