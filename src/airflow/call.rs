//! One request to the API before it is sent: method, path, query, body, and how its answer is read.
//!
//! In: ids and values as they are. Out: a [`Call`] with every id percent-encoded. An id that a URL would swallow (`..`)
//! or that Airflow takes for all ids (`~`) is refused here, before anything is sent.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::base_url::BaseUrl;
use super::model::ApiVersion;
use crate::json::{values, with_long_integers_as_text};

/// Rows of a page; more is silently capped by both versions.
pub(super) const PAGE_ROWS: u32 = 100;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The media types that are asked for.
pub(super) const JSON: &str = "application/json";
/// The form of v1's logs.
pub(super) const TEXT: &str = "text/plain";

/// One request and the reader of its answer.
#[derive(Debug)]
pub(super) struct Call<T> {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) accept: &'static str,
    pub(super) read: fn(&[u8]) -> Result<T, Unreadable>,
    /// What the answer must be about.
    pub(super) about: Option<About<T>>,
}

/// The names that an answer must bear, and where it has them.
#[derive(Debug)]
pub(super) struct About<T> {
    asked: Vec<String>,
    names: fn(&T) -> Vec<&str>,
}

/// Why a body is not what the call expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// What is wrong, for people.
    pub(super) reason: String,
    /// Whether the text just ends too early.
    pub(super) is_cut: bool,
}

/// The rows of a page before anything but the wire is known.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) items: Vec<T>,
    pub(super) total_entries: Option<u64>,
}

impl<T> Rows<T> {
    /// Rows as the wire has them, translated.
    pub(super) fn of<W: Into<T>>(items: Vec<W>, total_entries: Option<u64>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), total_entries }
    }
}

impl<T> Call<T> {
    /// A `GET` that wants JSON.
    pub(super) fn get(path: Path, read: fn(&[u8]) -> Result<T, Unreadable>) -> Self {
        Self { method: Method::GET, path, query: Vec::new(), body: None, accept: JSON, read, about: None }
    }

    /// A `POST` of JSON that wants JSON.
    pub(super) fn post(path: Path, body: Value, read: fn(&[u8]) -> Result<T, Unreadable>) -> Self {
        Self { method: Method::POST, path, query: Vec::new(), body: Some(body), accept: JSON, read, about: None }
    }

    /// A `PATCH` of JSON that wants JSON.
    pub(super) fn patch(path: Path, body: Value, read: fn(&[u8]) -> Result<T, Unreadable>) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body, read) }
    }

    /// Says what the answer must be about: as many names as were asked for, or as many times as many.
    pub(super) fn about(self, asked: &[&str], names: fn(&T) -> Vec<&str>) -> Self {
        let asked = asked.iter().map(|name| (*name).to_owned()).collect();
        Self { about: Some(About { asked, names }), ..self }
    }

    /// A name that the answer bears and was not asked for, with the one that was.
    pub(super) fn other<'a>(&'a self, value: &'a T) -> Option<(&'a str, &'a str)> {
        let about = self.about.as_ref()?;
        let mut pairs = (about.names)(value).into_iter().zip(about.asked.iter().map(String::as_str).cycle());
        pairs.find(|(name, asked)| name != asked)
    }

    /// Adds a query parameter.
    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Asks for a page.
    pub(super) fn page(self, offset: u64, limit: u32) -> Self {
        self.with("limit", limit).with("offset", offset)
    }

    /// Where it goes.
    pub(super) fn url(&self, base: &BaseUrl, version: ApiVersion) -> Url {
        let mut url = if self.path.is_under_root {
            base.under_root(&self.path.text)
        } else {
            base.under_api(version, &self.path.text)
        };
        if !self.query.is_empty() {
            let pairs: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        url
    }
}

/// A path, usually under the API, made of fixed words and encoded ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    is_under_root: bool,
    bad_id: Option<String>,
}

impl Path {
    /// A path that holds no ids: `/dags`.
    pub(super) fn of(words: &str) -> Self {
        Self { text: words.to_owned(), is_under_root: false, bad_id: None }
    }

    /// A path outside the API.
    pub(super) fn under_root(words: &str) -> Self {
        Self { is_under_root: true, ..Self::of(words) }
    }

    /// Adds fixed words: `/dagRuns`.
    pub(super) fn then(mut self, words: &str) -> Self {
        self.text.push_str(words);
        self
    }

    /// Adds an id, encoded.
    pub(super) fn id(mut self, id: &str) -> Self {
        if matches!(id, "" | "." | ".." | "~") {
            self.bad_id.get_or_insert_with(|| id.to_owned());
        }
        self.text.push('/');
        self.text.push_str(&escape(id));
        self
    }

    /// The id that can't be asked for, if there is one.
    pub(super) fn bad_id(&self) -> Option<&str> {
        self.bad_id.as_deref()
    }
}

/// Answers up to this many bytes are read without a look at how many values they hold.
const LIGHT: usize = 1024 * 1024;
/// The most bytes and values that an answer may hold together, so that reading one takes at most about 300 MiB.
const HEAVIEST: usize = 32 * 1024 * 1024;
/// As many bytes a value counts: that is how much more memory than its text it takes.
const VALUE: usize = 24;

/// Reads JSON of the wire type `W` and turns it into `T`. An integer too long to be kept comes as text, and what would take
/// too much memory is not read.
pub(super) fn read_json<W: DeserializeOwned, T: From<W>>(body: &[u8]) -> Result<T, Unreadable> {
    if body.len() > LIGHT {
        let values = values(body);
        if body.len().saturating_add(values.saturating_mul(VALUE)) > HEAVIEST {
            let mib = body.len() / LIGHT;
            let reason =
                format!("it holds {values} values in {mib} MiB, more than can be read within 300 MiB of memory");
            return Err(Unreadable { is_cut: false, reason });
        }
    }
    match serde_json::from_slice::<W>(&with_long_integers_as_text(body)) {
        Ok(wire) => Ok(T::from(wire)),
        Err(error) => Err(Unreadable { is_cut: error.is_eof(), reason: error.to_string() }),
    }
}

/// An id as it stands in a path: percent-encoded.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "the form of every reader")]
    fn nothing(_: &[u8]) -> Result<(), Unreadable> {
        Ok(())
    }

    #[test]
    fn what_would_take_too_much_memory_is_not_read() {
        let list = |item: &str, count: usize| format!("[{}{item}]", format!("{item},").repeat(count));
        let row = r#"{"id":123456,"name":"customer name","amount":12.5,"day":"2026-10-01","ok":true}"#;
        let taken = [format!("\"{}\"", ",[{".repeat(7_000_000)), list(row, 80_000), list("1", 500_000)];
        for text in &taken {
            assert!(read_json::<Value, Value>(text.as_bytes()).is_ok(), "{}", text.len());
        }
        for text in [list("1", 2_000_000), list("[]", 800_000), list(row, 200_000)] {
            let refused = read_json::<Value, Value>(text.as_bytes()).expect_err("too much");
            assert!(!refused.is_cut && refused.reason.contains("more than can be read"), "{}", refused.reason);
        }
    }

    #[test]
    fn ids_are_encoded_and_stay_one_segment() {
        let base = BaseUrl::parse("https://h.example/x/api/v1").expect("a good URL");
        let table = [
            ("ok_dag", "ok_dag"),
            ("a/b", "a%2Fb"),
            ("a b?c#d", "a%20b%3Fc%23d"),
            ("manual__2026-11-22T23:50:06+00:00", "manual__2026-11-22T23%3A50%3A06%2B00%3A00"),
            ("%2e%2e", "%252e%252e"),
            ("é", "%C3%A9"),
            ("...", "..."),
            ("a\\..\\b", "a%5C..%5Cb"),
        ];
        for (id, expected) in table {
            let call = Call::get(Path::of("/dags").id(id).then("/dagRuns"), nothing);
            let url = call.url(&base, ApiVersion::V1);
            assert_eq!(url.as_str(), format!("https://h.example/x/api/v1/dags/{expected}/dagRuns"), "{id}");
            assert_eq!(call.path.bad_id(), None, "{id}");
        }
    }

    #[test]
    fn an_id_that_a_url_swallows_or_that_means_all_is_refused() {
        for id in ["", ".", "..", "~"] {
            assert_eq!(Path::of("/dags").id("x").then("/dagRuns").id(id).bad_id(), Some(id));
        }
    }

    #[test]
    fn a_query_is_encoded_so_that_plus_and_comma_survive() {
        let base = BaseUrl::parse("https://h.example").expect("a good URL");
        let call = Call::get(Path::of("/dags"), nothing).with("tags", "a+b,c&d").with_some("paused", None::<bool>);
        let url = call.page(100, PAGE_ROWS).url(&base, ApiVersion::V2);
        assert_eq!(url.as_str(), "https://h.example/api/v2/dags?tags=a%2Bb%2Cc%26d&limit=100&offset=100");
    }
}
