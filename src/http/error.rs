//! Why an exchange failed before an answer came, in plain words.
//!
//! In: nothing; `cause` and the client make these. Out: a [`TransportError`] whose [`TransportCause`] says whether the
//! request was never delivered (nothing of it was sent) or whether that is unknown, and whether asking again may help.
//! Answers are no errors here.

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
    /// A variable that names a proxy names none.
    #[error("the proxy in `{variable}` can't be used: {reason}")]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// What is wrong with its value.
        reason: &'static str,
    },
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
    /// The server wants a client certificate, or another one than ours.
    #[error("{0}")]
    ClientCertificate(String),
    /// The TLS handshake failed otherwise.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection could not be made for another reason.
    #[error("no connection: {0}")]
    ConnectFailed(String),
    /// The proxy wants to know who we are.
    #[error("the proxy asks for a user name and password; they stand in its URL: `http://user:password@…`")]
    ProxyPassword,
    /// The proxy can't be reached, or makes no connection.
    #[error("{0}")]
    Proxy(String),
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
    #[error("{0}")]
    NotHttp(&'static str),
    /// Lost for another reason.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

impl TransportCause {
    /// Whether a server that is being restarted fails so.
    #[must_use]
    pub const fn is_of_a_restart(&self) -> bool {
        matches!(self, Self::Refused | Self::Closed | Self::Reset | Self::Lost(_))
    }

    /// Whether nothing of the request can have been read by the server.
    #[must_use]
    pub const fn is_never_delivered(&self) -> bool {
        match self {
            Self::NoSuchHost
            | Self::Refused
            | Self::ConnectTimedOut(_)
            | Self::Certificate(_)
            | Self::ClientCertificate(_)
            | Self::Tls(_)
            | Self::ConnectFailed(_)
            | Self::ProxyPassword
            | Self::Proxy(_)
            | Self::OtherOrigin { .. }
            | Self::BadRequest(_) => true,
            Self::TimedOut(_) | Self::Closed | Self::Reset | Self::NotHttp(_) | Self::Lost(_) => false,
        }
    }

    /// Whether somebody has to change something first: asking again meets the same certificate, or the same proxy.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::Certificate(_) | Self::ClientCertificate(_) | Self::ProxyPassword)
    }
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
            TransportCause::ClientCertificate(text()),
            TransportCause::Tls(text()),
            TransportCause::ProxyPassword,
            TransportCause::Proxy(text()),
            TransportCause::ConnectFailed(text()),
            TransportCause::OtherOrigin { target: text(), asked: text() },
            TransportCause::BadRequest(text()),
        ];
        let unknown = [
            TransportCause::TimedOut(Duration::from_secs(10)),
            TransportCause::Closed,
            TransportCause::Reset,
            TransportCause::NotHttp(""),
            TransportCause::Lost(text()),
        ];
        assert!(never.iter().all(TransportCause::is_never_delivered));
        assert!(!unknown.iter().any(TransportCause::is_never_delivered));
    }
}
