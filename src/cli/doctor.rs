//! `doctor`: which Airflow would be used, where each value comes from, and whether it can be used.
//!
//! In: the same options as for a run. Out: findings on stdout, as lines or as JSON, and the exit code that a run would fail
//! with. It reads the version and a page of DAGs, each once and without retry; it writes nothing, here or there.

use std::path::{Path, PathBuf};

use crate::airflow::answer::DagFilter;
use crate::airflow::auth::{AuthScheme, Credential};
use crate::airflow::client::Client;
use crate::airflow::error::ApiError;
use crate::cli::args::{DoctorArgs, MessageFormat};
use crate::cli::check::{self, Manner};
use crate::cli::connection_args::ConnectionArgs;
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::findings::{Findings, Problem};
use crate::cli::place::{self, Named, Place};
use crate::cli::problem::remedy;
use crate::cli::streams::{Streams, is_coloured};
use crate::cli::target_error::{self, Found};
use crate::cli::{connect, git};
use crate::clock::Clock;

/// Says what would be used and whether it works.
pub(super) async fn doctor(args: &DoctorArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    match examine(args, environment, streams).await {
        Ok((findings, code)) => {
            if args.json {
                streams.out_json(findings.to_json());
            } else {
                streams.out_text(&findings.to_text());
            }
            code
        }
        Err(code) => code,
    }
}

/// `Err` is the exit code of what was said already.
async fn examine(
    args: &DoctorArgs,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<(Findings, ExitCode), ExitCode> {
    let target = playbook_target(args.playbook.as_deref(), environment, streams)?;
    let named = Named { path: args.playbook.as_deref(), target: target.as_deref() };
    let place = place::find(&args.connection, named, environment, streams).await?;
    let client = connect::client(&args.connection, &place, environment, streams)?;
    let mut findings = here(&place, environment);
    let code = match ask(&client, &args.connection, &place.clock, &mut findings).await {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            findings.problems.push(Problem::error(&error.message, remedy(&error)));
            ExitCode::of_error(&error)
        }
    };
    Ok((findings, code))
}

/// The `target` of the playbook, if one is named and says so.
fn playbook_target(
    playbook: Option<&Path>,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Option<String>, ExitCode> {
    let Some(path) = playbook else { return Ok(None) };
    let colour = is_coloured(environment, environment.terminals.stderr, false);
    let manner = Manner { format: MessageFormat::Human, strict: false, colour };
    let loaded = check::read(path, environment, streams, manner).ok_or(ExitCode::Usage)?;
    Ok(loaded.playbook.target)
}

/// What is known before anything is asked.
fn here(place: &Place, environment: &Environment) -> Findings {
    let provenance = place.provenance.as_ref();
    let mut findings = Findings {
        target: place.target.clone(),
        url: place.base_url.to_string(),
        url_from: provenance.map_or_else(|| "the sandbox".to_owned(), |provenance| provenance.url.to_string()),
        credential: place.credential.as_ref().map(kind),
        credential_from: provenance.and_then(|provenance| provenance.credential.as_ref()).map(Found::to_string),
        ..Findings::default()
    };
    for path in env_files(place) {
        findings.problems.extend(readable_by_others(&path));
        if git::is_tracked(&path, environment) {
            let shown = path.display();
            findings.problems.push(Problem::warning(
                &format!("git keeps `{shown}`: whoever can read the repository can read the credential"),
                &format!("`git rm --cached '{shown}'`, add it to `.gitignore`, and make a new credential"),
            ));
        }
    }
    findings
}

/// The `.env` files in use, each once.
fn env_files(place: &Place) -> Vec<PathBuf> {
    let provenance = place.provenance.as_ref();
    let found = provenance.into_iter().flat_map(|provenance| provenance.credential.iter().chain([&provenance.url]));
    let mut files: Vec<PathBuf> = Vec::new();
    for found in found {
        if let target_error::Place::EnvFile(path) = &found.place
            && !files.contains(path)
        {
            files.push(path.clone());
        }
    }
    files
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    let shown = path.display();
    (mode & 0o044 != 0).then(|| {
        let message = format!("other users can read `{shown}` (mode {mode:04o})");
        Problem::warning(&message, &format!("`chmod 600 '{shown}'`"))
    })
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<Problem> {
    None
}

/// Asks the API; what was found out before something failed stays.
async fn ask(
    client: &Client,
    args: &ConnectionArgs,
    clock: &Clock,
    findings: &mut Findings,
) -> Result<(), Box<ApiError>> {
    let limit = args.max_time;
    findings.api_version_from = Some(match (args.api, client.base_url().version()) {
        (Some(_), _) => "`--api`",
        (None, Some(_)) => "the URL",
        (None, None) => "its answers",
    });
    let version = client.api_version(limit).await?;
    findings.api_version = Some(version.as_str());
    findings.credential_shown = client.auth_scheme(version).map(shown);
    findings.airflow_version = Some(client.airflow_version(limit).await?);
    let every_dag = DagFilter { only_active: false, ..DagFilter::default() };
    let page = client.dags(&every_dag, 0, limit).await?;
    findings.dags = page.total_entries.or_else(|| u64::try_from(page.received).ok());
    // The login and the connection are made now, so that this is what a read of a run takes.
    let began = clock.elapsed();
    client.dags(&every_dag, 0, limit).await?;
    findings.latency = Some(clock.elapsed().saturating_sub(began));
    Ok(())
}

const fn kind(credential: &Credential) -> &'static str {
    match credential {
        Credential::Key(_) => "API key",
        Credential::Token(_) => "token",
        Credential::Password { .. } => "user name and password",
    }
}

const fn shown(scheme: AuthScheme) -> &'static str {
    match scheme {
        AuthScheme::Token => "`Authorization: Token`",
        AuthScheme::Bearer => "`Authorization: Bearer`",
        AuthScheme::Basic => "`Authorization: Basic`",
        AuthScheme::Exchange | AuthScheme::Auto => "a login at `/auth/token`, then `Authorization: Bearer`",
        AuthScheme::None => "not at all",
    }
}
