//! Where a playbook is run: the target's Airflow, or a sandbox in this process.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::airflow::auth::Credential;
use crate::airflow::base_url::BaseUrl;
use crate::airflow::model::ApiVersion;
use crate::cli::connection_args::{Api, Auth, ConnectionArgs};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::sandbox;
use crate::cli::streams::Streams;
use crate::cli::target::{self, Target};
use crate::cli::target_error::{self, Found};
use crate::cli::target_request::TargetRequest;
use crate::clock::Clock;
use crate::sandbox::Sandbox;

/// The target's name of a sandbox in this process.
pub(super) const SANDBOX: &str = "sandbox";

/// An Airflow to run on: a real one, or a sandbox in this process.
pub(super) struct Place {
    pub(super) target: String,
    pub(super) base_url: BaseUrl,
    pub(super) credential: Option<Credential>,
    pub(super) ui_url: Option<String>,
    pub(super) clock: Clock,
    /// None for the sandbox.
    pub(super) provenance: Option<Provenance>,
    /// Kept for as long as the run goes on.
    _sandbox: Option<Sandbox>,
}

/// The playbook, as far as it says where it is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) path: Option<&'a Path>,
    pub(super) target: Option<&'a str>,
    /// Whether nothing is printed unless something is wrong.
    pub(super) is_quiet: bool,
}

/// Where URL and credential were found.
#[derive(Debug)]
pub(super) struct Provenance {
    pub(super) url: Found,
    pub(super) credential: Option<Found>,
    /// The places that were looked in, up to the one that is used, each with what it lacks.
    pub(super) looked: Vec<(target_error::Place, String)>,
}

/// Finds the target, or starts the sandbox.
pub(super) async fn find(
    args: &ConnectionArgs,
    playbook: Named<'_>,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Place, ExitCode> {
    if let Some(scenario) = &args.sandbox {
        return in_process(scenario, args.api, environment, streams).await;
    }
    let request = TargetRequest {
        flag_target: args.target.clone(),
        playbook_target: playbook.target.map(str::to_owned),
        playbook: playbook.path.map(Path::to_owned),
        url: args.url.clone(),
        env_file: args.env_file.clone(),
        api: args.api.map(ApiVersion::from),
        allow_http: args.allow_http,
        anonymous: args.auth == Auth::None,
    };
    let target: Target = target::resolve(&request, environment).map_err(|error| {
        streams.err_line(&format!("error: {error}"));
        ExitCode::Usage
    })?;
    target.secrets.iter().for_each(|secret| streams.masker().learn(secret.expose_secret()));
    if let Some(overlooked) = &target.overlooked {
        let passed_over = overlooked.display();
        streams.err_line(&format!(
            "warning: `{passed_over}` is not used: the environment defines the target `{}`",
            target.name
        ));
    }
    if !playbook.is_quiet {
        target.warnings.iter().for_each(|warning| streams.err_line(&format!("warning: {warning}")));
    }
    Ok(Place {
        target: target.name,
        base_url: target.base_url,
        credential: target.credential,
        ui_url: target.ui_url,
        clock: Clock::system(),
        provenance: Some(Provenance {
            url: target.url_from,
            credential: target.credential_from,
            looked: target.looked,
        }),
        _sandbox: None,
    })
}

async fn in_process(
    scenario: &Path,
    api: Option<Api>,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Place, ExitCode> {
    let scenario = sandbox::read(Some(scenario), environment, streams).ok_or(ExitCode::Usage)?;
    let clock = sandbox::clock(&scenario);
    let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.map_err(|error| {
        streams.err_line(&format!("error: the sandbox can't be started: {error}"));
        ExitCode::CannotWrite
    })?;
    let version = ApiVersion::from(api.unwrap_or(Api::V2));
    let url = format!("{}/api/{}", sandbox.root_url(), version.as_str());
    let base_url = BaseUrl::parse(&url).map_err(|error| {
        streams.err_line(&format!("error: the sandbox's URL can't be used: {error}"));
        ExitCode::Bug
    })?;
    streams.masker().learn(sandbox.key());
    Ok(Place {
        target: SANDBOX.to_owned(),
        base_url,
        credential: Some(Credential::Key(SecretString::from(sandbox.key().to_owned()))),
        ui_url: None,
        clock,
        provenance: None,
        _sandbox: Some(sandbox),
    })
}
