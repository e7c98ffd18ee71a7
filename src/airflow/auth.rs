//! What proves to Airflow who we are.
//!
//! In: a credential and a scheme. Out: a `Proof`: nothing, a header, or a login to be made. No request is sent here, and
//! no secret is ever in an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// The user under whose name an API key is exchanged for a token.
pub const KEY_USER: &str = "__datacoves_token__";

/// A credential as the environment or an `.env` file gives it.
#[derive(Debug, Clone)]
pub enum Credential {
    /// `…_API_KEY`: `Authorization: Token` on v1; on v2 exchanged for a bearer token.
    Key(SecretString),
    /// `…_API_TOKEN`: sent as `Authorization: Bearer`.
    Token(SecretString),
    /// `…_API_USERNAME` and `…_API_PASSWORD`: basic on v1; on v2 exchanged for a bearer token.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: SecretString,
    },
}

/// How the credential is shown (`--auth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthScheme {
    /// What fits the credential and the API version.
    #[default]
    Auto,
    /// `Authorization: Token`.
    Token,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// A login at `/auth/token`, then `Authorization: Bearer`.
    Exchange,
    /// Nothing is shown.
    None,
}

/// Why a credential can't be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// The scheme needs another kind of credential.
    #[error("`--auth {scheme}` needs {needs}, not {given}")]
    Mismatch {
        /// The scheme.
        scheme: &'static str,
        /// What it needs.
        needs: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// A line break, or another character that no header can carry.
    #[error("the credential holds a character that can't be sent, perhaps a line break")]
    Characters,
}

/// What is shown, worked out.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// Nothing.
    Nothing,
    /// A header; with the part of it that must be masked besides the credential itself.
    Header(HeaderValue, Option<SecretString>),
    /// A login; where there is none, `otherwise` is shown.
    Login {
        /// The user's name.
        username: String,
        /// The password.
        password: SecretString,
        /// The header that is used when the API has no login.
        otherwise: Option<HeaderValue>,
    },
}

/// Works out what is shown; `usual` is the scheme that `Auto` stands for.
///
/// # Errors
/// When the scheme doesn't fit the credential, or a header can't carry it.
pub(super) fn proof(
    scheme: AuthScheme,
    credential: Option<&Credential>,
    usual: fn(&Credential) -> AuthScheme,
) -> Result<Proof, BadCredential> {
    let Some(credential) = credential else { return Ok(Proof::Nothing) };
    let is_auto = scheme == AuthScheme::Auto;
    match (if is_auto { usual(credential) } else { scheme }, credential) {
        (AuthScheme::None | AuthScheme::Auto, _) => Ok(Proof::Nothing),
        (AuthScheme::Token, Credential::Key(secret) | Credential::Token(secret)) => {
            Ok(Proof::Header(header("Token", secret)?, None))
        }
        (AuthScheme::Bearer, Credential::Key(secret) | Credential::Token(secret)) => {
            Ok(Proof::Header(header("Bearer", secret)?, None))
        }
        (AuthScheme::Basic, Credential::Password { username, password }) => {
            let pair = SecretString::from(STANDARD.encode(format!("{username}:{}", password.expose_secret())));
            Ok(Proof::Header(header("Basic", &pair)?, Some(pair)))
        }
        (AuthScheme::Exchange, Credential::Key(key)) => Ok(Proof::Login {
            username: KEY_USER.to_owned(),
            password: key.clone(),
            otherwise: if is_auto { Some(header("Token", key)?) } else { None },
        }),
        (AuthScheme::Exchange, Credential::Password { username, password }) => {
            Ok(Proof::Login { username: username.clone(), password: password.clone(), otherwise: None })
        }
        (scheme, given) => Err(mismatch(scheme, given)),
    }
}

/// The header of a scheme with a secret, marked so that it is never shown.
pub(super) fn header(word: &str, secret: &SecretString) -> Result<HeaderValue, BadCredential> {
    let text = format!("{word} {}", secret.expose_secret());
    let mut value = HeaderValue::from_str(&text).map_err(|_| BadCredential::Characters)?;
    value.set_sensitive(true);
    Ok(value)
}

const fn mismatch(scheme: AuthScheme, given: &Credential) -> BadCredential {
    let (scheme, needs) = match scheme {
        AuthScheme::Token => ("token", "a key or a token"),
        AuthScheme::Bearer => ("bearer", "a key or a token"),
        AuthScheme::Basic => ("basic", "a user name and password"),
        AuthScheme::Exchange => ("exchange", "a key, or a user name and password"),
        AuthScheme::Auto => ("auto", "a credential"),
        AuthScheme::None => ("none", "nothing"),
    };
    let given = match given {
        Credential::Key(_) => "a key",
        Credential::Token(_) => "a token",
        Credential::Password { .. } => "a user name and password",
    };
    BadCredential::Mismatch { scheme, needs, given }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airflow::{v1, v2};

    fn shown(proof: &Proof) -> String {
        let text = |header: &HeaderValue| header.to_str().unwrap_or("?").to_owned();
        match proof {
            Proof::Nothing => "nothing".to_owned(),
            Proof::Header(header, _) => text(header),
            Proof::Login { username, otherwise, .. } => {
                format!("login {username}, else {}", otherwise.as_ref().map_or("nothing".to_owned(), text))
            }
        }
    }

    #[test]
    fn each_credential_is_shown_as_its_version_expects() {
        let key = Credential::Key("K".into());
        let token = Credential::Token("T".into());
        let password = Credential::Password { username: "u".to_owned(), password: "p".into() };
        let table: [(AuthScheme, &Credential, &str, &str); 9] = [
            (AuthScheme::Auto, &key, "Token K", "login __datacoves_token__, else Token K"),
            (AuthScheme::Auto, &token, "Bearer T", "Bearer T"),
            (AuthScheme::Auto, &password, "Basic dTpw", "login u, else nothing"),
            (AuthScheme::Token, &key, "Token K", "Token K"),
            (AuthScheme::Token, &token, "Token T", "Token T"),
            (AuthScheme::Bearer, &key, "Bearer K", "Bearer K"),
            (AuthScheme::Exchange, &key, "login __datacoves_token__, else nothing", {
                "login __datacoves_token__, else nothing"
            }),
            (AuthScheme::Basic, &password, "Basic dTpw", "Basic dTpw"),
            (AuthScheme::None, &key, "nothing", "nothing"),
        ];
        for (scheme, credential, on_v1, on_v2) in table {
            let of = |usual| shown(&proof(scheme, Some(credential), usual).expect("a good credential"));
            assert_eq!((of(v1::usual_scheme).as_str(), of(v2::usual_scheme).as_str()), (on_v1, on_v2), "{scheme:?}");
        }
    }

    #[test]
    fn what_does_not_fit_or_can_not_be_sent_is_named_without_the_secret() {
        let password = Credential::Password { username: "u".to_owned(), password: "hunter2".into() };
        let error = proof(AuthScheme::Bearer, Some(&password), v1::usual_scheme).expect_err("no token").to_string();
        assert_eq!(error, "`--auth bearer` needs a key or a token, not a user name and password");
        let key = Credential::Key("hunter2\n".into());
        let error = proof(AuthScheme::Token, Some(&key), v1::usual_scheme).expect_err("a line break");
        assert_eq!(error, BadCredential::Characters);
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = Credential::Key("hunter2".into());
        let made = proof(AuthScheme::Auto, Some(&key), v2::usual_scheme).expect("a good credential");
        assert!(!format!("{key:?}{made:?}").contains("hunter2"), "{made:?}");
    }
}
