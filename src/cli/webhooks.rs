//! How a run reaches webhooks: by the options that hold for Airflow, too, but with nothing that is for Airflow only.

use crate::cli::connection_args::ConnectionArgs;
use crate::cli::environment::Environment;
use crate::cli::place::Place;
use crate::file::{self, PEM_MAX};
use crate::http::{ProxySettings, WebhookOptions};
use crate::outcome::ActionKind;
use crate::plan::Plan;

/// What holds for the webhooks of a plan; a plan without any needs no file read.
pub(super) fn options(plan: &Plan, args: &ConnectionArgs, place: &Place, environment: &Environment) -> WebhookOptions {
    if !plan.steps.iter().any(|step| step.action == ActionKind::Notify) {
        return WebhookOptions::default();
    }
    // That the file can be read was seen when Airflow's client was made.
    let ca_certificates = args.ca_cert.as_ref().and_then(|path| file::read(&environment.cwd.join(path), PEM_MAX).ok());
    WebhookOptions {
        ca_certificates,
        proxies: ProxySettings::read(|name| environment.var(name)),
        connect_timeout: Some(args.connect_timeout),
        allow_http: args.allow_http,
        is_trial: place.provenance.is_none(),
    }
}
