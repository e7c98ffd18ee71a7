//! What is known before anything is asked: where the values come from, who can read them, where runs are recorded.

use std::path::{Path, PathBuf};

use crate::airflow::auth::Credential;
use crate::cli::args::DoctorArgs;
use crate::cli::doctor::findings::{Findings, Problem};
use crate::cli::environment::Environment;
use crate::cli::git;
use crate::cli::history::usual_store;
use crate::cli::place::Place;
use crate::cli::target_error::{self, Found};
use crate::http::{Proxy, ProxySettings};
use crate::journal::Standing;

/// What is known before anything is asked.
pub(super) fn here(place: &Place, args: &DoctorArgs, environment: &Environment) -> Findings {
    let provenance = place.provenance.as_ref();
    let looked = provenance.map(|provenance| provenance.looked.as_slice()).unwrap_or_default();
    // One that can't be used was refused when the client was made.
    let proxies = ProxySettings::read(|name| environment.var(name));
    let proxy = proxies.on_the_way_to(&place.base_url.under_root("/")).ok().flatten();
    let mut findings = Findings {
        target: place.target.clone(),
        url: place.base_url.to_string(),
        url_from: provenance.map_or_else(|| "the sandbox".to_owned(), |provenance| provenance.url.to_string()),
        looked: looked.iter().map(|(place, why)| (place.to_string(), why.clone())).collect(),
        credential: place.credential.as_ref().map(kind),
        proxy: proxy.as_ref().map(Proxy::address),
        proxy_from: proxy.as_ref().map(|proxy| proxy.variable),
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
    history(args, environment, &mut findings);
    findings
}

/// Whether runs can be recorded.
fn history(args: &DoctorArgs, environment: &Environment, findings: &mut Findings) {
    const REMEDY: &str = "name a folder of your own with `--state-dir`; a run there can't begin";
    let Some(store) = usual_store(&args.state, environment) else {
        let message = "there is no home for the history of runs";
        findings.problems.push(Problem::warning(message, "name a folder with `--state-dir`"));
        return;
    };
    let folder = store.folder().display().to_string();
    let state = match store.look() {
        Ok(Standing::Ready { has_locks, mode }) => {
            if !has_locks {
                let message = format!("the file system of `{folder}` has no locks: a run that overlaps is not noticed");
                findings.problems.push(Problem::warning(&message, "name a folder on a local disk with `--state-dir`"));
            }
            let mode = mode.map(|mode| format!(" (mode {mode:04o})")).unwrap_or_default();
            format!("`{folder}`{mode}, can be written to{}", if has_locks { ", has locks" } else { "" })
        }
        Ok(Standing::NotThereYet(above)) => format!("`{folder}`, which the first run makes in `{}`", above.display()),
        Err(error) => {
            findings.problems.push(Problem::warning(&format!("runs can't be recorded: {error}"), REMEDY));
            format!("`{folder}`, can't be used")
        }
    };
    findings.history = Some(state);
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

const fn kind(credential: &Credential) -> &'static str {
    match credential {
        Credential::Key(_) => "API key",
        Credential::Token(_) => "token",
        Credential::Password { .. } => "user name and password",
    }
}
