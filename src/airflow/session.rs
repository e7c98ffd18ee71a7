//! Who we are to this Airflow, for as long as the program runs.
//!
//! In: a credential. Out: the header for the next request. A login is made once and its token kept; when the token is
//! refused, one new login is made for it, even if several requests find out at the same time.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::auth::{self, AuthScheme, BadCredential, Credential, KEY_USER, Proof};
use super::error::{ApiError, ErrorKind};
use super::model::ApiVersion;
use super::sender::Sender;
use super::{v1, v2};
use crate::http::Deadline;
use crate::secret::Masker;

/// The credential, and what has been made of it.
pub(super) struct Session {
    scheme: AuthScheme,
    credential: Option<Credential>,
    masker: Masker,
    shown: Mutex<Option<Shown>>,
}

/// What is shown with a request.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The `Authorization` header.
    pub(super) header: Option<HeaderValue>,
    /// Counts the logins; none if there was no login, so that another one would not help.
    pub(super) login: Option<u64>,
}

impl Session {
    /// Checks that the credential can be shown; nothing is sent.
    pub(super) fn new(
        scheme: AuthScheme,
        credential: Option<Credential>,
        masker: Masker,
    ) -> Result<Self, BadCredential> {
        for usual in [v1::usual_scheme, v2::usual_scheme] {
            auth::proof(scheme, credential.as_ref(), usual)?;
        }
        Ok(Self { scheme, credential, masker, shown: Mutex::new(None) })
    }

    /// The scheme in which the credential is shown to this version; none without a credential.
    pub(super) fn scheme(&self, version: ApiVersion) -> Option<AuthScheme> {
        let credential = self.credential.as_ref()?;
        let usual = match version {
            ApiVersion::V1 => v1::usual_scheme,
            ApiVersion::V2 => v2::usual_scheme,
        };
        Some(if self.scheme == AuthScheme::Auto { usual(credential) } else { self.scheme })
    }

    /// The scheme of what is shown; where a key could not be exchanged, it is the key's own.
    pub(super) fn scheme_of(&self, version: ApiVersion, shown: &Shown) -> AuthScheme {
        let is_token = shown.header.as_ref().is_some_and(|header| header.as_bytes().starts_with(b"Token "));
        match self.scheme(version) {
            Some(AuthScheme::Exchange) if is_token => AuthScheme::Token,
            scheme => scheme.unwrap_or(AuthScheme::None),
        }
    }

    /// What to show with the next request; logs in if that has not been done.
    pub(super) async fn shown(
        &self,
        sender: &Sender,
        version: ApiVersion,
        deadline: &Deadline,
    ) -> Result<Shown, ApiError> {
        let mut kept = self.shown.lock().await;
        if let Some(shown) = &*kept {
            return Ok(shown.clone());
        }
        let shown = self.make(sender, version, deadline, 1).await?;
        *kept = Some(shown.clone());
        Ok(shown)
    }

    /// Logs in again after login number `refused` was refused, unless somebody else has done it already.
    pub(super) async fn renew(&self, sender: &Sender, refused: u64, deadline: &Deadline) -> Result<Shown, ApiError> {
        let mut kept = self.shown.lock().await;
        if let Some(shown) = kept.as_ref().filter(|shown| shown.login.is_some_and(|login| login > refused)) {
            return Ok(shown.clone());
        }
        let shown = self.make(sender, ApiVersion::V2, deadline, refused + 1).await?;
        *kept = Some(shown.clone());
        Ok(shown)
    }

    async fn make(
        &self,
        sender: &Sender,
        version: ApiVersion,
        deadline: &Deadline,
        login: u64,
    ) -> Result<Shown, ApiError> {
        let usual = match version {
            ApiVersion::V1 => v1::usual_scheme,
            ApiVersion::V2 => v2::usual_scheme,
        };
        match auth::proof(self.scheme, self.credential.as_ref(), usual).unwrap_or(Proof::Nothing) {
            Proof::Nothing => Ok(Shown { header: None, login: None }),
            Proof::Header(header, derived) => {
                if let Some(secret) = &derived {
                    self.tell(secret);
                }
                Ok(Shown { header: Some(header), login: None })
            }
            Proof::Login { username, password, otherwise } => {
                let header = self.log_in(sender, (&username, &password), otherwise, deadline).await?;
                Ok(Shown { header: Some(header), login: Some(login) })
            }
        }
    }

    /// Logs in; an API that has no login gets `otherwise`.
    async fn log_in(
        &self,
        sender: &Sender,
        (username, password): (&str, &SecretString),
        otherwise: Option<HeaderValue>,
        deadline: &Deadline,
    ) -> Result<HeaderValue, ApiError> {
        let call = v2::login(username, password);
        let answer = sender.send(&call, ApiVersion::V2, None, deadline).await;
        let error = match (answer, otherwise) {
            (Ok(token), _) => {
                self.tell(&token.value);
                return auth::header("Bearer", &token.value).map_err(|_| sender.unusable(&call, ApiVersion::V2));
            }
            (Err(error), Some(otherwise)) if matches!(error.status, Some(404 | 405)) => return Ok(otherwise),
            (Err(error), _) => error,
        };
        Err(login_failed(error, username, password).before_anything_was_sent())
    }

    fn tell(&self, secret: &SecretString) {
        self.masker.learn(secret.expose_secret());
    }
}

/// A login that was refused is about the credential, whatever the status.
fn login_failed(mut error: ApiError, username: &str, password: &SecretString) -> ApiError {
    let Some(status @ (400 | 401 | 403 | 422)) = error.status else { return error };
    if matches!(status, 400 | 422) && !error.airflow_says.as_deref().is_some_and(|says| is_of_a_field(says, password)) {
        // Pydantic's text repeats what was sent, and that is the password.
        error.airflow_says = None;
    }
    let says = error.airflow_says.as_deref().unwrap_or("no reason is shown");
    let way_out = if username == KEY_USER { ", or send the key as it is with `--auth token`" } else { "" };
    error.kind = ErrorKind::Unauthorized;
    error.message = format!(
        "{status} for {}: {says}; the login as `{username}` was refused: check the credential{way_out}",
        error.request.short()
    );
    error
}

/// Whether a reason comes from a list, as `body.password: Field required`: a field and a rule, and nothing that was sent.
fn is_of_a_field(says: &str, password: &SecretString) -> bool {
    let Some((place, rule)) = says.split_once(": ") else { return false };
    let is_place = place.split('.').next() == Some("body") && !place.contains(|c: char| c.is_whitespace());
    is_place && !rule.contains("input_value") && !says.contains(password.expose_secret())
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
