//! Requests and answers, as both APIs see them.
//!
//! In: what came over the wire, in pieces that need no HTTP library. Out: a status, headers and bytes. Nothing here knows
//! a route.

use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Its method.
    pub(crate) method: String,
    /// Its path as it was sent.
    pub(crate) path: String,
    /// Its query as it was sent.
    pub(crate) query: String,
    /// The `Host` header.
    pub(crate) host: String,
    /// The `Accept` header.
    pub(crate) accept: String,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
    /// The `Content-Type` header.
    pub(crate) content_type: String,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The query's names and values, decoded, in order.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        decode_form(&self.query)
    }

    /// The body as JSON; none where it isn't.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }
}

/// The names and values of a form or query, decoded.
pub(crate) fn decode_form(text: &str) -> Vec<(String, String)> {
    let decode = |piece: &str| percent_decode_str(&piece.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// One value of a query, the last one of that name.
pub(crate) fn last<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    all(query, name).last()
}

/// All values of a query under one name.
pub(crate) fn all<'a>(query: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its `Content-Type`.
    pub(crate) content_type: &'static str,
    /// Its other headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Its body.
    pub(crate) body: Vec<u8>,
    /// What follows the body, for an answer that goes on.
    pub(crate) lines: Option<Box<Lines>>,
}

/// The state of a run, a line each interval until it has ended.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    /// The DAG.
    pub(crate) dag_id: String,
    /// The run.
    pub(crate) run_id: String,
    /// The interval.
    pub(crate) every: Duration,
}

impl Answer {
    /// An answer of any kind.
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), lines: None }
    }

    /// An answer in JSON.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A request on its way, with the moment that counts for it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The request.
    pub(crate) request: &'a Request,
    /// Its query, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The body; null without one.
    pub(crate) body: Value,
    /// The moment.
    pub(crate) now: Timestamp,
}

/// A page of rows: those from `offset` on, at most `limit`.
pub(crate) fn page<T>(rows: Vec<T>, offset: usize, limit: usize) -> Vec<T> {
    rows.into_iter().skip(offset).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_keeps_its_order() {
        let query = decode_form("tags=a%2Cb&x&tags=c+d%2B");
        assert_eq!(all(&query, "tags").collect::<Vec<_>>(), ["a,b", "c d+"]);
        assert_eq!(last(&query, "x"), Some(""));
    }
}
