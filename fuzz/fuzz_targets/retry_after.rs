//! Any texts as the headers `Retry-After` and `Date`: a time to wait, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run::http::Answer;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

fuzz_target!(|input: (&[u8], &[u8])| {
    let mut headers = HeaderMap::new();
    for (name, bytes) in [(RETRY_AFTER, input.0), (DATE, input.1)] {
        let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
        headers.insert(name, value);
    }
    let answer = Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers, body: Ok(Vec::new()) };
    let _ = answer.retry_after("2026-11-28T12:00:00Z".parse().expect("a moment"));
});
