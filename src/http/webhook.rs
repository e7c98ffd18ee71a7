//! A webhook: somebody else's door, at which one text is left and nothing of ours is shown.
//!
//! In: a URL, which is secret, and what may be reached. Out: the answer to one request, or why there is none, in words that
//! name the host and nothing else of the URL. No credential, no client certificate and no cookie goes there; no redirect is
//! followed; nothing is sent again.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::answer::Answer;
use super::client::{HttpClient, HttpOptions, Request};
use super::deadline::Deadline;
use super::error::TransportCause;
use super::proxy::{ProxySettings, is_loopback};
use super::tls::TlsOptions;
use crate::clock::Clock;

/// The most bytes that are read of an answer.
const ANSWER_MAX: usize = 64 * 1024;

/// Which webhooks may be reached, and how.
#[derive(Debug, Clone, Default)]
pub struct WebhookOptions {
    /// PEM certificates that are trusted besides the machine's roots.
    pub ca_certificates: Option<Vec<u8>>,
    /// The proxies that the environment names.
    pub proxies: ProxySettings,
    /// How long making a connection may take.
    pub connect_timeout: Option<Duration>,
    /// Whether plain `http` to another machine is allowed.
    pub allow_http: bool,
    /// Whether this is a trial, so that nobody outside this machine is told.
    pub is_trial: bool,
}

/// A webhook that may be reached.
#[derive(Debug, Clone)]
pub struct Webhook {
    url: Url,
    options: WebhookOptions,
}

/// Why a webhook was not reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It is no URL of a web server.
    #[error("it is no `https://` URL")]
    NotAUrl,
    /// Everybody on the way could read the URL and the text.
    #[error("it is plain `http` to another machine; `--allow-http` sends it all the same")]
    PlainHttp,
    /// The run is a trial.
    #[error("a trial on the sandbox tells nobody outside this machine")]
    Trial,
    /// TLS can't be set up, or no answer came.
    #[error("{0}")]
    NoAnswer(String),
}

impl Webhook {
    /// The webhook with this URL.
    ///
    /// # Errors
    /// When it is no URL, or may not be reached.
    pub fn new(text: &str, options: &WebhookOptions) -> Result<Self, WebhookError> {
        let url = parsed(text).ok_or(WebhookError::NotAUrl)?;
        if options.is_trial && !is_loopback(&url) {
            return Err(WebhookError::Trial);
        }
        if url.scheme() == "http" && !is_loopback(&url) && !options.allow_http {
            return Err(WebhookError::PlainHttp);
        }
        Ok(Self { url, options: options.clone() })
    }

    /// Sends this JSON once and reads the answer, within `limit` of the machine's own time.
    ///
    /// # Errors
    /// When no answer's head came.
    pub async fn post(&self, json: Vec<u8>, limit: Duration) -> Result<Answer, WebhookError> {
        let tls = TlsOptions { ca_certificates: self.options.ca_certificates.clone(), identity: None };
        let connect_timeout = self.options.connect_timeout.unwrap_or(limit).min(limit);
        let options = HttpOptions {
            tls,
            proxies: self.options.proxies.clone(),
            connect_timeout,
            body_limit: ANSWER_MAX,
            observer: None,
        };
        let client = HttpClient::new(&self.url, &options).map_err(|error| WebhookError::NoAnswer(error.to_string()))?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let request = Request { method: Method::POST, url: self.url.clone(), headers, body: Some(json) };
        // It is no part of a sandbox's world, whose clock may stand still.
        let deadline = Deadline::after(&Clock::system(), limit);
        client.exchange(request, &deadline).await.map_err(|error| WebhookError::NoAnswer(words(&error.cause)))
    }
}

/// The host of a webhook's URL, which is all of it that may be shown.
#[must_use]
pub fn webhook_host(text: &str) -> Option<String> {
    parsed(text)?.host_str().map(str::to_owned)
}

fn parsed(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A cause in words that fit a webhook, to which our own certificate is never shown.
fn words(cause: &TransportCause) -> String {
    match cause {
        TransportCause::ClientCertificate(_) => {
            "it asks for a client certificate, and ours is for Airflow only".to_owned()
        }
        TransportCause::BadRequest(_) => WebhookError::NotAUrl.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_reached_unless_more_is_allowed() {
        let options = |allow_http, is_trial| WebhookOptions { allow_http, is_trial, ..WebhookOptions::default() };
        let (strict, loose, trial) = (options(false, false), options(true, false), options(true, true));
        for (url, options, expected) in [
            ("https://chat.example/x", &strict, None),
            ("http://chat.example/x", &strict, Some(WebhookError::PlainHttp)),
            ("http://chat.example/x", &loose, None),
            ("http://127.0.0.1:8000/x", &strict, None),
            ("http://[::1]:8000/x", &strict, None),
            ("http://localhost/x", &trial, None),
            ("https://chat.example/x", &trial, Some(WebhookError::Trial)),
            ("ftp://chat.example/x", &loose, Some(WebhookError::NotAUrl)),
            ("chat.example/x", &loose, Some(WebhookError::NotAUrl)),
            ("https://", &loose, Some(WebhookError::NotAUrl)),
            ("", &loose, Some(WebhookError::NotAUrl)),
        ] {
            assert_eq!(Webhook::new(url, options).err(), expected, "{url}");
        }
    }

    #[test]
    fn of_a_webhook_the_host_alone_is_shown() {
        assert_eq!(webhook_host("https://me:pass@chat.example:8443/a?b"), Some("chat.example".to_owned()));
        assert_eq!(webhook_host("no url"), None);
    }
}
