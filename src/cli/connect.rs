//! From the options and a place to a client of its API; the files that the options name are read here.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::airflow::auth::AuthScheme;
use crate::airflow::client::{Client, ClientOptions};
use crate::airflow::model::ApiVersion;
use crate::cli::connection_args::ConnectionArgs;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::place::Place;
use crate::cli::streams::Streams;
use crate::file::{self, PEM_MAX};
use crate::http::{ClientIdentity, HttpOptions, ProxySettings, TlsOptions};

/// The client; nothing is sent yet. What can't be used is said, and `Err` is the exit code.
pub(super) fn client(
    args: &ConnectionArgs,
    place: &Place,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Client, ExitCode> {
    let tls = tls(args, environment).map_err(|message| {
        streams.err_line(&format!("error: {message}"));
        ExitCode::Usage
    })?;
    if let Some(identity) = &tls.identity {
        streams.masker().learn(identity.key.expose_secret());
    }
    let options = ClientOptions {
        base_url: place.base_url.clone(),
        version: args.api.map(ApiVersion::from),
        credential: place.credential.clone(),
        auth: AuthScheme::from(args.auth),
        http: HttpOptions {
            observer: streams.observer(),
            connect_timeout: args.connect_timeout,
            tls,
            proxies: ProxySettings::read(|name| environment.var(name)),
            ..HttpOptions::default()
        },
        clock: place.clock.clone(),
        masker: streams.masker().clone(),
    };
    Client::new(options).map_err(|error| {
        streams.err_line(&format!("error: {error}"));
        ExitCode::Usage
    })
}

fn tls(args: &ConnectionArgs, environment: &Environment) -> Result<TlsOptions, String> {
    let read = |what: &str, path: &Path| {
        let bytes = file::read(&environment.cwd.join(path), PEM_MAX);
        bytes.map_err(|error| format!("{what} in `{}` can't be read: {error}", path.display()))
    };
    let ca_certificates = args.ca_cert.as_deref().map(|path| read("the certificates", path)).transpose()?;
    let identity = match (&args.client_cert, &args.client_key) {
        (Some(certificate), Some(key)) => {
            let certificates = read("the client certificate", certificate)?;
            let pem = String::from_utf8(read("the client key", key)?);
            let pem = pem.map_err(|_| format!("the client key in `{}` is no PEM file", key.display()))?;
            Some(ClientIdentity { certificates, key: SecretString::from(pem) })
        }
        (Some(_), None) | (None, Some(_)) => {
            return Err("`--client-cert` and `--client-key` go together".to_owned());
        }
        (None, None) => None,
    };
    Ok(TlsOptions { ca_certificates, identity })
}
