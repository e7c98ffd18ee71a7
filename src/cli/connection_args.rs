//! The options that say which Airflow is meant and how to talk to it, as typed; every command that asks an API has them.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use crate::airflow::auth::AuthScheme;
use crate::airflow::model::ApiVersion;
use crate::playbook::field::parse_duration;

/// Which Airflow, and how to talk to it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Airflow")]
pub(super) struct ConnectionArgs {
    /// The target: its URL is in `NAME_AIRFLOW_API_URL`
    ///
    /// Its variables start with its name in capitals; `my` when none is named.
    #[arg(long, value_name = "NAME", env = "MYAF_RUN_TARGET", hide_env = true)]
    pub(super) target: Option<String>,

    /// The API's URL, instead of the target's own
    #[arg(long, env = "MYAF_RUN_URL", hide_env = true)]
    pub(super) url: Option<String>,

    /// The API's version, if not in the URL
    #[arg(long, value_enum, env = "MYAF_RUN_API", hide_env = true)]
    pub(super) api: Option<Api>,

    /// How the credential is shown
    #[arg(long, value_enum, default_value = "auto", env = "MYAF_RUN_AUTH", hide_env = true, hide_short_help = true)]
    pub(super) auth: Auth,

    /// Read URL and credential from this file, not .env
    #[arg(long, value_name = "FILE", env = "MYAF_RUN_ENV_FILE", hide_env = true)]
    pub(super) env_file: Option<PathBuf>,

    /// Trust the certificate authorities in this PEM file, too
    #[arg(long, value_name = "FILE", env = "MYAF_RUN_CA_CERT", hide_env = true, hide_short_help = true)]
    pub(super) ca_cert: Option<PathBuf>,

    /// Show this certificate to a server that asks for one: a PEM file with its chain
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_key",
        env = "MYAF_RUN_CLIENT_CERT",
        hide_env = true,
        hide_short_help = true
    )]
    pub(super) client_cert: Option<PathBuf>,

    /// The private key of that certificate, a PEM file
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_cert",
        env = "MYAF_RUN_CLIENT_KEY",
        hide_env = true,
        hide_short_help = true
    )]
    pub(super) client_key: Option<PathBuf>,

    /// Send credentials over plain http to another machine
    #[arg(long, env = "MYAF_RUN_ALLOW_HTTP", hide_env = true, hide_short_help = true, value_parser = FalseyValueParser::new())]
    pub(super) allow_http: bool,

    /// How long making a connection may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s", env = "MYAF_RUN_CONNECT_TIMEOUT", hide_env = true, hide_short_help = true)]
    pub(super) connect_timeout: Duration,

    /// How long one request may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s", env = "MYAF_RUN_MAX_TIME", hide_env = true, hide_short_help = true)]
    pub(super) max_time: Duration,

    /// Run on an imitation of Airflow, built in
    ///
    /// Or on the one that a scenario file describes.
    #[arg(
        long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "builtin",
        conflicts_with_all = ["target", "url", "env_file", "auth"],
        env = "MYAF_RUN_SANDBOX", hide_env = true
    )]
    pub(super) sandbox: Option<PathBuf>,
}

/// The API's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Api {
    /// Airflow 2.
    V1,
    /// Airflow 3.
    V2,
}

impl From<Api> for ApiVersion {
    fn from(api: Api) -> Self {
        match api {
            Api::V1 => Self::V1,
            Api::V2 => Self::V2,
        }
    }
}

/// How the credential is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Auth {
    /// As fits the credential and the API.
    Auto,
    /// `Authorization: Token`.
    Token,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// A login at `/auth/token`, then a bearer token.
    Exchange,
    /// No credential.
    None,
}

impl From<Auth> for AuthScheme {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Auto => Self::Auto,
            Auth::Token => Self::Token,
            Auth::Bearer => Self::Bearer,
            Auth::Basic => Self::Basic,
            Auth::Exchange => Self::Exchange,
            Auth::None => Self::None,
        }
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = parse_duration(text).filter(|duration| !duration.is_zero());
    parsed.ok_or_else(|| "expected a duration such as 500ms, 30s or 10m".to_owned())
}
