//! Requests that were not sent, for whoever wants to see them.
//!
//! In: a request as the sender makes it. Out: the same without its credential, which is told by the scheme it is shown in.
//! A client that only reads lays the request aside where it would else send it, so that both are made by the same code.

use std::sync::{Arc, Mutex};

use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use super::auth::AuthScheme;
use crate::http::Request;

/// A request that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentRequest {
    /// `POST`, `PATCH`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers but for the credential's, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
    /// How the credential would be shown.
    pub auth: AuthScheme,
}

impl UnsentRequest {
    pub(super) fn of(request: &Request, body: Option<Value>, auth: AuthScheme) -> Self {
        let shown = request.headers.iter().filter(|(name, _)| **name != AUTHORIZATION);
        let headers = shown.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
        Self {
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: headers.collect(),
            body,
            auth,
        }
    }
}

/// Where a request is laid aside; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Option<UnsentRequest>>>);

impl Shelf {
    pub(super) fn lay_aside(&self, request: UnsentRequest) {
        if let Ok(mut shelf) = self.0.lock() {
            *shelf = Some(request);
        }
    }

    pub(super) fn take(&self) -> Option<UnsentRequest> {
        self.0.lock().ok()?.take()
    }
}
