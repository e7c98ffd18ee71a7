//! What came back: status, headers and body.
//!
//! In: an answer's head, then its body piece by piece. Out: an [`Answer`] that keeps the status even when the body was
//! cut, too large or not decodable, because a status alone can decide whether a write was accepted.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};

/// The answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// The status line's code.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The whole body after decompression, or why there is none.
    pub body: Result<Vec<u8>, BodyError>,
}

/// Why a body could not be read to its end, although a status came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The connection ended before the body did.
    #[error("the answer was cut off")]
    Cut,
    /// The time ran out while the body came.
    #[error("the answer did not end within {0:?}")]
    TimedOut(Duration),
    /// More than the limit, counted after decompression.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// It says it is compressed, and can't be decompressed.
    #[error("the answer can't be decompressed")]
    Undecodable,
}

impl Answer {
    /// The media type in lower case, without parameters; empty when there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.header(&CONTENT_TYPE).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the answer says it is JSON (`application/json`, `application/problem+json`).
    #[must_use]
    pub fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// Whether the body begins as a JSON object does, whatever it says that it is.
    #[must_use]
    pub fn looks_like_json(&self) -> bool {
        self.body.as_ref().is_ok_and(|body| body.trim_ascii_start().starts_with(b"{"))
    }

    /// The server's clock, from the `Date` header.
    #[must_use]
    pub fn server_time(&self) -> Option<Timestamp> {
        http_date(self.header(&DATE)?)
    }

    /// Where a redirect points to.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.header(&LOCATION)
    }

    /// How long to wait by `Retry-After`, as seconds or as a date; a date is compared with the server's own clock when
    /// it sent one, else with `now`.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let value = self.header(&RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let wait = http_date(value)?.duration_since(self.server_time().unwrap_or(now));
        Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &'static str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a good value")))
            .collect();
        Answer { status: StatusCode::OK, headers, body: Ok(Vec::new()) }
    }

    /// Headers; the seconds to wait.
    type Row = (&'static [(&'static str, &'static str)], Option<u64>);

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a good timestamp");
        let table: [Row; 6] = [
            (&[("retry-after", "7")], Some(7)),
            (&[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")], Some(30)),
            (&[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT"), ("date", "Sun, 22 Nov 2026 12:00:20 GMT")], Some(10)),
            (&[("retry-after", "Sun, 22 Nov 2026 11:00:00 GMT")], Some(0)),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ];
        for (headers, seconds) in table {
            assert_eq!(answer(headers).retry_after(now), seconds.map(Duration::from_secs), "{headers:?}");
        }
    }

    #[test]
    fn problem_json_is_json_and_html_is_not() {
        for (value, expected) in [
            ("application/json; charset=utf-8", true),
            ("Application/Problem+JSON", true),
            ("text/html", false),
            ("application/jsonp", false),
        ] {
            assert_eq!(answer(&[("content-type", value)]).is_json(), expected, "{value}");
        }
        assert!(!answer(&[]).is_json());
    }
}
