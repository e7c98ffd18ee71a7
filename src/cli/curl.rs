//! What the commands of `--curl` need besides the requests: the names of the credential's variables, never their values.

use crate::airflow::auth::{Credential, KEY_USER};
use crate::airflow::client::Client;
use crate::cli::connection_args::ConnectionArgs;
use crate::cli::place::Place;
use crate::cli::target_names::Names;
use crate::reporter::curl::{Curl, Variables};

/// What is needed on this Airflow.
pub(super) fn of(args: &ConnectionArgs, place: &Place, client: &Client) -> Curl {
    let files = [("--cacert", &args.ca_cert), ("--cert", &args.client_cert), ("--key", &args.client_key)];
    let files = files.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?.display().to_string())));
    Curl { variables: variables(place), key_user: KEY_USER, login_url: client.login_url(), files: files.collect() }
}

/// The variables that the credential was found in, or would be.
fn variables(place: &Place) -> Option<Variables> {
    let names = Names::of(&place.target)?;
    let found = place.provenance.as_ref().and_then(|provenance| provenance.credential.as_ref());
    let found = found.map(|found| found.variable.clone());
    match place.credential.as_ref()? {
        Credential::Password { .. } => Some(Variables::Pair(names.username, names.password)),
        Credential::Key(_) => found.or_else(|| names.key.first().cloned()).map(Variables::Secret),
        Credential::Token(_) => found.or_else(|| names.token.first().cloned()).map(Variables::Secret),
    }
}
