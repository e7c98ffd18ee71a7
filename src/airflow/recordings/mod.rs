//! Answers recorded from real Airflows (2.11.2 and 3.3.2), each judged and read as the client does it.
//!
//! In: `tests/recordings/v1` and `v2`. Every line of a table is one recording and what must come of it. What only an
//! ingress or a broken connection does is in `on_the_wire`.

mod older;
mod readings;
mod refusals;
mod stock;
mod why;

use reqwest::StatusCode;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::base_url::BaseUrl;
use super::call::Call;
use super::error::{ApiError, RequestLine};
use super::model::ApiVersion;
use super::verdict::{Asked, judge};
use crate::http::Answer;

fn recording(version: ApiVersion, name: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/recordings/{}/{name}.json", version.as_str());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn answer(recording: &Value) -> Answer {
    let response = &recording["response"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = response["headers"].as_array().into_iter().flatten().map(|pair| {
        let name = HeaderName::from_bytes(text(&pair[0]).as_bytes()).expect("a header name");
        (name, HeaderValue::from_str(&text(&pair[1])).expect("a header value"))
    });
    let body = match response.get("json") {
        Some(json) => json.to_string(),
        None => text(&response["text"]),
    };
    let status = response["status"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers.collect(),
        body: Ok(body.into_bytes()),
    }
}

/// Judges a recording as the answer to `call`, asked of `spoken`.
fn hear_as<T>(version: ApiVersion, name: &str, spoken: ApiVersion, call: &Call<T>) -> Result<T, ApiError> {
    let base = BaseUrl::parse("https://h.example").expect("a good URL");
    let recording = recording(version, name);
    let target = recording["request"]["target"].as_str().unwrap_or_default().replace("//dags", "/dags");
    let url = base.under_root("/").join(&target).expect("a good target");
    let method = recording["request"]["method"].as_str().unwrap_or_default().parse().expect("a method");
    let request = RequestLine::new(&method, &url);
    let now = "2026-11-23T00:00:00Z".parse().expect("a good timestamp");
    judge(
        &Asked { request: &request, version: spoken, now, masker: &crate::secret::Masker::new() },
        call,
        &answer(&recording),
    )
    .map(|received| received.value)
}

fn hear<T>(version: ApiVersion, name: &str, call: &Call<T>) -> T {
    hear_as(version, name, version, call).unwrap_or_else(|error| panic!("{version:?} {name}: {error:?}"))
}
