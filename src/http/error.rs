//! Why an exchange failed before an answer came, in plain words.
//!
//! In: reqwest's error and its chain of causes. Out: a [`TransportError`] whose [`TransportCause`] says whether the
//! request was never delivered (nothing of it was sent) or whether that is unknown. Answers are no errors here.

use std::error::Error;
use std::io::{Error as IoError, ErrorKind as IoErrorKind};
use std::time::Duration;

use rustls::CertificateError;

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
        Some(rustls::Error::InvalidCertificate(reason)) => {
            return TransportCause::Certificate(certificate_words(reason));
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            return TransportCause::Tls("what answers there does not speak TLS; is it an `http://` URL?".to_owned());
        }
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

/// What is wrong with a certificate, in plain words.
fn certificate_words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "nobody we trust has signed it; `--ca-cert` adds who to trust".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host name".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::Other(other) => other.to_string(),
        other => format!("{other:?}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_sent_counts_as_never_delivered() {
        let text = String::new;
        let never = [
            TransportCause::NoSuchHost,
            TransportCause::Refused,
            TransportCause::ConnectTimedOut(Duration::from_secs(10)),
            TransportCause::Certificate(text()),
            TransportCause::Tls(text()),
            TransportCause::ConnectFailed(text()),
            TransportCause::OtherOrigin { target: text(), asked: text() },
            TransportCause::BadRequest(text()),
        ];
        let unknown = [
            TransportCause::TimedOut(Duration::from_secs(10)),
            TransportCause::Closed,
            TransportCause::Reset,
            TransportCause::NotHttp,
            TransportCause::Lost(text()),
        ];
        assert!(never.iter().all(TransportCause::is_never_delivered));
        assert!(!unknown.iter().any(TransportCause::is_never_delivered));
    }

    #[test]
    fn a_bad_certificate_is_named_in_plain_words() {
        let cause = TransportCause::Certificate(certificate_words(&CertificateError::Expired));
        let error = TransportError { host: "airflow.example:443".to_owned(), cause };
        let expected = "can't reach airflow.example:443: its certificate is not trusted: it has expired";
        assert_eq!(error.to_string(), expected);
    }
}
