//! What `-v` tells: each request, with `-vv` its headers and bodies, with `-vvv` its connection.
//!
//! In: exchanges as they end. Out: lines, kept until the streams print something or ask for them, so that they stand in order
//! with all else. No credential is in them: its headers and what logs in are left out before anything is masked.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, PROXY_AUTHORIZATION, SET_COOKIE};

use crate::http::{Connection, Ended, Exchange, Observer};
use crate::secret::Masker;

/// The most bytes of a body that are shown.
const BODY_SHOWN: usize = 2000;
/// The most lines that are kept until somebody asks for them.
const LINES_KEPT: usize = 10_000;

/// What is told, and how much.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    lines: Arc<Mutex<Vec<String>>>,
    masker: Masker,
    verbosity: u8,
}

impl Trace {
    /// Tells so much.
    pub(super) fn new(masker: Masker, verbosity: u8) -> Self {
        Self { lines: Arc::default(), masker, verbosity }
    }

    /// The lines since this was last asked.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lines_of(&self, exchange: &Exchange) -> Vec<String> {
        let mut lines = Vec::new();
        if self.verbosity >= 3 {
            lines.extend(exchange.connection.iter().map(connection));
        }
        lines.push(request(exchange));
        if self.verbosity >= 2 && !exchange.telling.is_silent {
            let may_tell_bodies = !holds_secrets(exchange.url.path());
            lines.extend(headers(">", &exchange.headers));
            lines.extend(exchange.body.iter().flat_map(|body| self.body(">", body, may_tell_bodies)));
            if let Ended::Answer { headers: answered, body: Ok(body), .. } = &exchange.ended {
                lines.extend(headers("<", answered));
                lines.extend(self.body("<", body, may_tell_bodies));
            }
        }
        lines
    }

    /// A body as text, of bounded length. It is masked before it is cut, since the half of a secret is not known for one.
    fn body(&self, way: &str, body: &[u8], may_be_told: bool) -> Vec<String> {
        if body.is_empty() {
            return Vec::new();
        }
        if !may_be_told {
            return vec![format!("      {way} {} bytes, not shown: they may hold a secret", body.len())];
        }
        let text = String::from_utf8_lossy(body);
        let text = self.masker.mask(&text);
        let most = BODY_SHOWN.min(text.len());
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let mut lines: Vec<String> = text[..end].lines().map(|line| format!("      {way} {line}")).collect();
        if end < text.len() {
            lines.push(format!("      {way} … and {} bytes more", text.len() - end));
        }
        lines
    }
}

impl Observer for Trace {
    fn exchanged(&self, exchange: &Exchange) {
        let told = self.lines_of(exchange);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_KEPT {
            lines.extend(told);
        }
    }
}

/// `GET /api/v2/dags?limit=100: 200 OK in 12ms, 4096 bytes`.
fn request(exchange: &Exchange) -> String {
    let Exchange { telling, method, url, took, ended, .. } = exchange;
    let mut line = format!("    {method} ");
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Writing to a String can't fail.
    let _ = if telling.is_silent {
        write!(line, "(not shown, since the step has `no_log`)")
    } else {
        write!(line, "{}{query}", url.path())
    };
    let took = took.as_millis();
    let _ = match ended {
        Ended::Answer { status, body: Ok(body), .. } => write!(line, ": {status} in {took}ms, {} bytes", body.len()),
        Ended::Answer { status, body: Err(error), .. } => write!(line, ": {status} in {took}ms, but {error}"),
        Ended::NoAnswer(_) if telling.is_silent => write!(line, ": no answer in {took}ms"),
        Ended::NoAnswer(why) => write!(line, ": no answer in {took}ms: {why}"),
        Ended::Dropped => write!(line, ": not waited for any longer after {took}ms"),
    };
    if telling.try_number > 1 {
        let _ = write!(line, " (try {})", telling.try_number);
    }
    line
}

/// `new connection to 127.0.0.1:8080 from port 51234, HTTP/1.1`.
fn connection(connection: &Connection) -> String {
    let Connection { remote, local, is_reused, version, certificate } = connection;
    let how = if *is_reused { "the same" } else { "a new" };
    let tls = match certificate {
        Some(hash) => format!(", TLS with the certificate SHA-256 {hash}"),
        None => String::new(),
    };
    format!("    * {how} connection to {remote} from port {}, {version}{tls}", local.port())
}

fn headers(way: &str, headers: &HeaderMap) -> Vec<String> {
    let shown = headers.iter().map(|(name, value)| {
        let is_secret = value.is_sensitive() || [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE].contains(name);
        let value = if is_secret { "not shown".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        format!("      {way} {name}: {value}")
    });
    shown.collect()
}

/// Whether the bodies of such a path hold what is a secret before anybody can have learned it.
fn holds_secrets(path: &str) -> bool {
    ["/auth/", "/variables", "/connections"].iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{CONTENT_TYPE, HeaderValue};
    use reqwest::{Method, StatusCode};

    use super::*;
    use crate::http::Telling;

    fn exchange(path: &str, body: &str) -> Exchange {
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, HeaderValue::from_static("Bearer abc")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        let answer = Ended::Answer {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("session=abc"))]),
            body: Ok(body.as_bytes().to_vec()),
        };
        Exchange {
            telling: Telling { is_silent: false, try_number: 2 },
            method: Method::GET,
            url: format!("http://h{path}").parse().expect("a good URL"),
            headers,
            body: None,
            took: Duration::from_millis(12),
            connection: None,
            ended: answer,
        }
    }

    fn told(verbosity: u8, exchange: &Exchange) -> String {
        let masker = Masker::new();
        masker.learn("hunter2-hunter2");
        let trace = Trace::new(masker, verbosity);
        trace.exchanged(exchange);
        trace.take().join("\n")
    }

    #[test]
    fn a_request_is_told_with_more_and_more_and_never_with_a_credential() {
        let one = exchange("/api/v2/dags?limit=1", "{\"a\": 1}");
        assert_eq!(told(1, &one), "    GET /api/v2/dags?limit=1: 200 OK in 12ms, 8 bytes (try 2)");
        let two = told(2, &one);
        assert!(two.contains("> content-type: application/json") && two.contains("< {\"a\": 1}"), "{two}");
        assert!(two.contains("> authorization: not shown") && !two.contains("abc"), "{two}");
    }

    #[test]
    fn a_secret_is_masked_before_a_body_is_cut() {
        let body = format!("{}hunter2-hunter2{}", "x".repeat(BODY_SHOWN - 5), "y".repeat(100));
        let text = told(2, &exchange("/api/v2/dags", &body));
        assert!(text.contains("x***") && !text.contains("hunt") && text.contains("bytes more"), "{text}");
    }

    #[test]
    fn bodies_that_may_hold_a_secret_nobody_knows_yet_are_not_told() {
        for path in ["/auth/token", "/api/v1/variables/a", "/api/v2/connections/b"] {
            let text = told(3, &exchange(path, "a-secret"));
            assert!(!text.contains("a-secret") && text.contains("8 bytes, not shown"), "{text}");
        }
    }

    #[test]
    fn of_a_step_with_no_log_only_method_and_status_are_told() {
        let silent = Exchange {
            telling: Telling { is_silent: true, try_number: 1 },
            ..exchange("/api/v2/dags/mine", "{\"a\": 1}")
        };
        let text = told(3, &silent);
        assert_eq!(text, "    GET (not shown, since the step has `no_log`): 200 OK in 12ms, 8 bytes");
    }
}
