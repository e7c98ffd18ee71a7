//! One HTTP exchange: TLS, proxy, limits and the origin guard.
//!
//! In: a request and a deadline. Out: an [`Answer`], or a [`TransportError`] that knows whether the request can have been
//! delivered. Nothing is repeated, no redirect is followed, and nothing is sent to another origin than the target's.

mod answer;
mod cause;
mod certificate;
mod client;
mod deadline;
mod error;
mod given;
mod proxy;
mod tls;
mod trace;
mod webhook;

pub use answer::{Answer, BodyError};
pub use client::{HttpClient, HttpOptions, Request};
pub use deadline::Deadline;
pub use error::{SetupError, TransportCause, TransportError};
pub use proxy::{Proxy, ProxySettings};
pub use tls::{ClientIdentity, TlsOptions};
pub use trace::{Connection, Ended, Exchange, Observer, Telling};
pub use webhook::{Webhook, WebhookError, WebhookOptions, webhook_host};
