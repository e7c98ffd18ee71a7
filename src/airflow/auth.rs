//! What proves to Airflow who we are.

use secrecy::SecretString;

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
