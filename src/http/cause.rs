//! Reads in reqwest's error why no answer came, and says it in plain words.
//!
//! In: an error with its chain of causes. Out: a [`TransportCause`]. Only an error of the connect phase, or a server that
//! refuses our certificate, counts as never delivered.

use std::error::Error;
use std::io::{Error as IoError, ErrorKind as IoErrorKind};
use std::time::Duration;

use rustls::AlertDescription;

use super::certificate;
use super::error::TransportCause;

/// What hyper-util's errors of a proxy's tunnel begin with; their type is not public.
const TUNNEL: &str = "tunnel error: ";

/// The same of a SOCKS proxy.
const SOCKS: &str = "SOCKS error: ";

/// What hyper says of a server that speaks before it is asked, such as one of SSH; it has no question for it.
const GREETING: &str = "received unexpected message";

/// Reads the cause out of reqwest's error; `by_proxy` says whether there is a proxy on the way.
pub(super) fn cause_of(error: &reqwest::Error, connect_timeout: Duration, by_proxy: bool) -> TransportCause {
    if error.is_connect() {
        return connect_cause(error, connect_timeout, by_proxy);
    }
    if error.is_builder() {
        return TransportCause::BadRequest(last_words(error));
    }
    // In TLS 1.3 the request is sent before the server has judged our certificate, and is not read when it refuses it.
    if let Some(words) = find::<rustls::Error>(error).and_then(refused_certificate) {
        return TransportCause::ClientCertificate(words);
    }
    if let Some(hyper) = find::<hyper::Error>(error) {
        if hyper.is_parse_too_large() {
            return TransportCause::NotHttp("the head of its answer is too large");
        }
        if hyper.is_parse() || hyper.to_string().starts_with(GREETING) {
            return TransportCause::NotHttp(not_http(error));
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

fn not_http(error: &reqwest::Error) -> &'static str {
    match error.url().map(reqwest::Url::scheme) {
        Some("http") => "what came back is not an HTTP answer; is it an `https://` URL?",
        _ => "what came back is not an HTTP answer",
    }
}

fn connect_cause(error: &reqwest::Error, connect_timeout: Duration, by_proxy: bool) -> TransportCause {
    if error.is_timeout() {
        return TransportCause::ConnectTimedOut(connect_timeout);
    }
    if let Some(cause) = tunnel_cause(error).or_else(|| socks_cause(error)) {
        return cause;
    }
    // What is connected to without a tunnel is the proxy itself.
    let is_plain = error.url().is_some_and(|url| url.scheme() == "http");
    if by_proxy && is_plain {
        return TransportCause::Proxy(unreachable_proxy(error));
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_cause(tls);
    }
    if error.is_dns() {
        let words = last_words(error);
        let is_unknown = !words.contains("emporary");
        return if is_unknown { TransportCause::NoSuchHost } else { TransportCause::ConnectFailed(words) };
    }
    if is_of(error, IoErrorKind::ConnectionRefused) {
        TransportCause::Refused
    } else if is_of(error, IoErrorKind::UnexpectedEof) {
        TransportCause::Tls("the connection was closed during the handshake".to_owned())
    } else {
        TransportCause::ConnectFailed(last_words(error))
    }
}

fn tls_cause(error: &rustls::Error) -> TransportCause {
    match error {
        rustls::Error::InvalidCertificate(reason) => TransportCause::Certificate(certificate::words(reason)),
        rustls::Error::InvalidMessage(_) => {
            TransportCause::Tls("what answers there does not speak TLS; is it an `http://` URL?".to_owned())
        }
        other => refused_certificate(other)
            .map_or_else(|| TransportCause::Tls(other.to_string()), TransportCause::ClientCertificate),
    }
}

/// That the server wants a client certificate, or another one than ours.
fn refused_certificate(error: &rustls::Error) -> Option<String> {
    let rustls::Error::AlertReceived(alert) = error else { return None };
    let reason = match alert {
        AlertDescription::CertificateRequired => {
            let words = "the server asks for a client certificate; give one with `--client-cert` and `--client-key`";
            return Some(words.to_owned());
        }
        AlertDescription::UnknownCA => "it does not trust who has signed it",
        AlertDescription::CertificateExpired => "it has expired",
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "it does not say why",
        _ => return None,
    };
    Some(format!("the server does not accept our client certificate (`--client-cert`): {reason}"))
}

/// What went wrong between us and a proxy on the way to an `https` target.
fn tunnel_cause(error: &reqwest::Error) -> Option<TransportCause> {
    let said = after(error, TUNNEL)?;
    let words = match said.as_str() {
        "proxy authorization required" => return Some(TransportCause::ProxyPassword),
        "unsuccessful" => "the proxy refuses to connect us".to_owned(),
        "unexpected end of file" => "the proxy closed the connection".to_owned(),
        "proxy response headers too long" => "the head of the proxy's answer is too large".to_owned(),
        "failed to create underlying connection" => unreachable_proxy(error),
        _ => format!("the proxy can't be used: {}", last_words(error)),
    };
    Some(TransportCause::Proxy(words))
}

/// What went wrong between us and a SOCKS proxy, or on its way to the target.
fn socks_cause(error: &reqwest::Error) -> Option<TransportCause> {
    let words = match after(error, SOCKS)?.as_str() {
        "server does not support user/pass authentication"
        | "server implements authentication incorrectly"
        | "credentials not accepted" => {
            return Some(TransportCause::ProxyPassword);
        }
        // Its cause is not handed on.
        "failed to create underlying connection" => "the proxy can't be reached".to_owned(),
        "io error during SOCKS handshake" | "failed parsing server response" => {
            "what answers there is no SOCKS proxy".to_owned()
        }
        other => format!("the proxy does not connect us: {other}"),
    };
    Some(TransportCause::Proxy(words))
}

/// Why the proxy itself can't be reached.
fn unreachable_proxy(error: &reqwest::Error) -> String {
    if error.is_dns() {
        "the proxy's host is not known".to_owned()
    } else if is_of(error, IoErrorKind::ConnectionRefused) {
        "the proxy can't be reached: connection refused".to_owned()
    } else {
        format!("the proxy can't be reached: {}", last_words(error))
    }
}

/// What follows these words in a cause that begins with them.
fn after(error: &reqwest::Error, words: &str) -> Option<String> {
    chain(error).find_map(|cause| cause.to_string().strip_prefix(words).map(str::to_owned))
}

/// The first cause of type `E` in the chain; looks inside IO errors, whose `source` skips what they wrap.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// Whether an IO error of this kind is among the causes.
fn is_of(error: &reqwest::Error, kind: IoErrorKind) -> bool {
    chain(error).filter_map(|cause| cause.downcast_ref::<IoError>()).any(|cause| cause.kind() == kind)
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
