//! Sends one call and judges its answer.
//!
//! In: a [`Call`], the version to speak, and the header that shows who we are. Out: the value, or an [`ApiError`]. One call
//! is one request; logging in and asking for the version use it, too.

use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::base_url::BaseUrl;
use super::call::{Call, JSON};
use super::error::{ApiError, RequestLine};
use super::model::ApiVersion;
use super::verdict::{self, Asked, Received};
use crate::http::{Deadline, HttpClient, Request};
use crate::secret::Masker;

/// The way to one Airflow.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) http: HttpClient,
    pub(super) base_url: BaseUrl,
    /// Masks what is said, before it is cut.
    pub(super) masker: Masker,
}

impl Sender {
    /// The request of a call, as it is sent.
    pub(super) fn request<T>(
        &self,
        call: &Call<T>,
        version: ApiVersion,
        header: Option<HeaderValue>,
    ) -> Result<Request, ApiError> {
        let url = call.url(&self.base_url, version);
        if let Some(id) = call.path.bad_id() {
            return Err(verdict::bad_path(&RequestLine::new(&call.method, &url), id));
        }
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(call.accept))]);
        headers.extend(header.map(|header| (AUTHORIZATION, header)));
        headers.extend(call.body.as_ref().map(|_| (CONTENT_TYPE, HeaderValue::from_static(JSON))));
        let body = call.body.as_ref().map(|body| body.to_string().into_bytes());
        Ok(Request { method: call.method.clone(), url, headers, body })
    }

    /// Sends one request.
    pub(super) async fn send<T>(
        &self,
        call: &Call<T>,
        version: ApiVersion,
        header: Option<HeaderValue>,
        deadline: &Deadline,
    ) -> Result<Received<T>, ApiError> {
        let request = self.request(call, version, header)?;
        let line = RequestLine::new(&request.method, &request.url);
        match self.http.exchange(request, deadline).await {
            Err(error) => Err(verdict::no_answer(&line, &error)),
            Ok(answer) => {
                let asked = Asked { request: &line, version, now: deadline.clock().now(), masker: &self.masker };
                verdict::judge(&asked, call, &answer)
            }
        }
    }

    /// Sends one request that is answered line by line for as long as there is something to say, and reads what has come when
    /// `is_enough` of it has, or `hold` has passed.
    pub(super) async fn listen<T>(
        &self,
        call: &Call<T>,
        (version, header): (ApiVersion, Option<HeaderValue>),
        (deadline, hold): (&Deadline, Duration),
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Result<T, ApiError> {
        let mut request = self.request(call, version, header)?;
        let line = RequestLine::new(&request.method, &request.url);
        // Airflow would compress the lines, and then keep them back until there is a block of them.
        request.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        match self.http.listen(request, (deadline, hold), is_enough).await {
            Err(error) => Err(verdict::no_answer(&line, &error)),
            Ok(answer) => {
                let asked = Asked { request: &line, version, now: deadline.clock().now(), masker: &self.masker };
                verdict::judge_lines(&asked, call, &answer)
            }
        }
    }

    /// The error for an answer that was read, but can't be used.
    pub(super) fn unusable<T>(&self, call: &Call<T>, version: ApiVersion) -> ApiError {
        verdict::unusable(&RequestLine::new(&call.method, &call.url(&self.base_url, version)))
    }
}
