//! Why a request to the API failed, and what that means for a write.
//!
//! In: nothing; `verdict` makes these. Out: an [`ApiError`] with one sentence for people, a kind, whether a write was
//! accepted ([`Delivery`]) and what kind of retry it belongs to ([`RetryKind`]). No secret is ever in one.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::Serialize;

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What was asked.
    pub request: Box<RequestLine>,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// All of it in one sentence: status, what was asked, what Airflow said, a hint.
    pub message: String,
    /// The reason that Airflow, or whoever answered, gave; without control characters.
    pub airflow_says: Option<Box<str>>,
    /// How long to wait, if the answer said so.
    pub retry_after: Option<Duration>,
    /// The server's clock when it answered.
    pub server_time: Option<Timestamp>,
    pub(super) delivery: Delivery,
    pub(super) is_asleep: bool,
    pub(super) is_worked_off: bool,
    pub(super) is_away: bool,
}

/// Method and URL of a request; the URL holds no credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestLine {
    /// `GET`, `POST`.
    pub method: String,
    /// The whole URL.
    pub url: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Never delivered: no such host, refused, no connection in time, TLS.
    Unreachable,
    /// Never delivered, and asking again is of no use: a certificate that is not trusted, a proxy that asks who we are
    /// (also 407).
    Barred,
    /// No answer in the request's time.
    Timeout,
    /// Sent, and the connection was lost before an answer came.
    ConnectionLost,
    /// 429.
    RateLimited,
    /// 5xx, in whatever form.
    ServerError,
    /// 408.
    RequestTimeout,
    /// 401, v2's 403 for a bad token, or a login that was refused.
    Unauthorized,
    /// 403; Airflow 2 also says it for a wrong key.
    Forbidden,
    /// Airflow's own 404.
    NotFound,
    /// A 404 that is not Airflow's, for example an ingress's page.
    NotFoundElsewhere,
    /// 409.
    Conflict,
    /// Another 4xx.
    Rejected,
    /// 3xx; never followed.
    Redirect {
        /// Where it points to.
        to: Option<Box<str>>,
    },
    /// 2xx, but not in a form that Airflow answers in.
    NotAirflow,
    /// The body is over the limit.
    TooLarge,
    /// 2xx in Airflow's form, but the body is cut: a write was accepted.
    AcceptedButCut,
    /// 2xx with whole JSON that is not what was asked for, or holds a run state that nobody knows.
    Unreadable,
    /// v1's URL on Airflow 3, or v2's on Airflow 2.
    WrongApi,
    /// An id that can't be put into a path; nothing was sent.
    BadRequestPath,
    /// The client only reads, and this would change something; nothing was sent.
    OnlyReads,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Airflow took it; it must not be sent again.
    Accepted,
    /// It had no effect and will have none.
    Refused,
    /// It may have had an effect, or have one later.
    Unknown,
}

/// The words of a step's `retry.only` that an error can belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryKind {
    /// Unreachable, lost or cut.
    Transport,
    /// 429.
    RateLimited,
    /// A 5xx that may pass: 500, and what gateways answer (see [`ApiError::retry_kind`]).
    ServerError,
    /// No answer in time, or 408.
    Timeout,
    /// Airflow's own 404; only for reads, and only when the author asks for it.
    NotFound,
}

impl ApiError {
    /// What became of the request if it was a write.
    #[must_use]
    pub const fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The kind of retry it belongs to; none if repeating it is of no use.
    ///
    /// Every 5xx may pass but those that speak of the request itself or of a lasting setup: 501, 505, 506, 508, 510, 511.
    /// Gateways answer many that no RFC names (509, 520 to 530, 561, 598, 599).
    #[must_use]
    pub const fn retry_kind(&self) -> Option<RetryKind> {
        match self.kind {
            ErrorKind::Unreachable | ErrorKind::ConnectionLost | ErrorKind::AcceptedButCut => {
                Some(RetryKind::Transport)
            }
            ErrorKind::Timeout | ErrorKind::RequestTimeout => Some(RetryKind::Timeout),
            ErrorKind::RateLimited => Some(RetryKind::RateLimited),
            ErrorKind::ServerError if may_pass(self.status) => Some(RetryKind::ServerError),
            ErrorKind::NotFound => Some(RetryKind::NotFound),
            ErrorKind::Barred
            | ErrorKind::ServerError
            | ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFoundElsewhere
            | ErrorKind::Conflict
            | ErrorKind::Rejected
            | ErrorKind::Redirect { .. }
            | ErrorKind::NotAirflow
            | ErrorKind::TooLarge
            | ErrorKind::Unreadable
            | ErrorKind::WrongApi
            | ErrorKind::BadRequestPath
            | ErrorKind::OnlyReads => None,
        }
    }

    /// Whether the credential or its rights are the reason.
    #[must_use]
    pub const fn is_auth(&self) -> bool {
        matches!(self.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden)
    }

    /// Whether the API as such can't be reached: the network, or a gateway in front of an API that is not up.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        self.is_asleep
            || matches!(
                self.kind,
                ErrorKind::Unreachable | ErrorKind::Barred | ErrorKind::Timeout | ErrorKind::ConnectionLost
            )
    }

    /// Whether it looks as if Airflow, or what stands before it, is being restarted: the connection was refused or broke, or a
    /// gateway has nobody behind it.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.is_away
    }

    /// Whether Airflow itself failed and is done with the request: what a write has not done by now, it never will.
    #[must_use]
    pub const fn is_worked_off(&self) -> bool {
        self.is_worked_off
    }

    /// Says that what was asked for on top of this request was not sent at all.
    pub(super) fn before_anything_was_sent(mut self) -> Self {
        self.delivery = Delivery::Refused;
        self
    }
}

/// Whether a 5xx with this status may pass by itself.
const fn may_pass(status: Option<u16>) -> bool {
    match status {
        Some(status) => !matches!(status, 501 | 505 | 506 | 508 | 510 | 511),
        None => false,
    }
}

impl RequestLine {
    /// The line of a request.
    #[must_use]
    pub fn new(method: &Method, url: &Url) -> Self {
        Self { method: method.to_string(), url: url.to_string() }
    }

    /// Method and path, short enough for a sentence: `GET /api/v1/dags`.
    #[must_use]
    pub fn short(&self) -> String {
        let path = Url::parse(&self.url).map(|url| url.path().to_owned());
        format!("{} {}", self.method, path.as_deref().unwrap_or(&self.url))
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}
