//! Looks through the places that may define a target.
//!
//! In: the environment, the `.env` files. Out: the one place that defines the target, or an error that says what was found
//! where. A file that can't be read is an error only when no nearer place defines the target.

use std::cell::OnceCell;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::airflow::auth::Credential;
use crate::cli::credential::Vars;
use crate::cli::env_file::{EnvFile, EnvFileError, candidates};
use crate::cli::env_secrets;
use crate::cli::environment::Environment;
use crate::cli::target_error::{Found, Missing, Place, TargetError};
use crate::cli::target_names::{Names, targets};
use crate::cli::target_request::TargetRequest;
use crate::secret::{is_secret_name, is_trivial, url_secrets};

/// The places that may define a target, in the order in which they count.
pub(crate) struct Search<'a> {
    request: &'a TargetRequest,
    environment: &'a Environment,
    target: &'a str,
    names: &'a Names,
    files: Vec<Candidate>,
}

/// A file that may define the target; it is read when it is looked in, since it may be a pipe, and then once.
struct Candidate {
    path: PathBuf,
    read: OnceCell<Result<Option<EnvFile>, EnvFileError>>,
}

impl Candidate {
    fn file(&self) -> &Result<Option<EnvFile>, EnvFileError> {
        self.read.get_or_init(|| EnvFile::find(&self.path))
    }

    /// The file, if it has been looked in.
    fn seen(&self) -> Option<&EnvFile> {
        self.read.get()?.as_ref().ok()?.as_ref()
    }
}

/// Which variables to look for in a place.
type Wanted<'a> = Vec<&'a str>;

impl<'a> Search<'a> {
    /// Finds every file that may count; one that was named is read.
    pub(crate) fn new(
        request: &'a TargetRequest,
        environment: &'a Environment,
        (target, names): (&'a str, &'a Names),
    ) -> Result<Self, TargetError> {
        if let Some(name) = names.all().into_iter().find(|name| environment.not_unicode.contains(name)) {
            let found = Found { variable: name, place: Place::Environment };
            return Err(TargetError::Value { found, reason: "its value is not UTF-8" });
        }
        let files = if let Some(path) = &request.env_file {
            let path = environment.cwd.join(path);
            let read = OnceCell::from(Ok(Some(EnvFile::read(&path)?)));
            vec![Candidate { path, read }]
        } else {
            let places = candidates(request.playbook.as_deref(), &environment.cwd);
            places.into_iter().map(|path| Candidate { path, read: OnceCell::new() }).collect()
        };
        Ok(Self { request, environment, target, names, files })
    }

    /// The place with URL and credential.
    pub(crate) fn target_place(&self) -> Result<Option<Vars<'_>>, TargetError> {
        let urls: Wanted<'_> = self.names.url.iter().map(String::as_str).collect();
        let wanted = [urls.clone(), self.names.credentials()].concat();
        let Some(vars) = self.first_with(&wanted)? else { return Ok(None) };
        let url = vars.first(&self.names.url).map(|(name, _)| vars.found(name));
        let credential = vars.credential_variable(self.names).map(|name| vars.found(name));
        match (url, credential) {
            (Some(url), None) if !self.request.anonymous => match self.anywhere(&self.names.credentials()) {
                Some(credential) => Err(self.mixed(url, credential)),
                None => Err(self.missing_credential()),
            },
            (None, Some(credential)) => match self.anywhere(&urls) {
                Some(url) => Err(self.mixed(url, credential)),
                None => Err(self.missing_url()),
            },
            _ => Ok(Some(vars)),
        }
    }

    /// The place with the credential, for a URL given by a flag.
    pub(crate) fn credential_place(&self) -> Result<Option<Vars<'_>>, TargetError> {
        self.first_with(&self.names.credentials())
    }

    /// The first place that sets one of the variables; the target's own names count before those without a prefix.
    fn first_with(&self, wanted: &[&str]) -> Result<Option<Vars<'_>>, TargetError> {
        let own: Wanted<'_> = wanted.iter().copied().filter(|name| self.names.is_own(name)).collect();
        match self.first_with_any(&own)? {
            None if own.len() < wanted.len() => self.first_with_any(wanted),
            found => Ok(found),
        }
    }

    fn first_with_any(&self, wanted: &[&str]) -> Result<Option<Vars<'_>>, TargetError> {
        if wanted.iter().any(|name| self.environment.var(name).is_some()) {
            return Ok(Some(Vars::of_environment(self.environment)));
        }
        for candidate in &self.files {
            match candidate.file() {
                Ok(Some(file)) if wanted.iter().any(|name| file.claims(name)) => {
                    file.check(&self.names.all())?;
                    return Ok(Some(Vars::of_file(file)));
                }
                Ok(_) => {}
                Err(error) => return Err(error.clone().into()),
            }
        }
        Ok(None)
    }

    /// One of the variables, wherever it stands.
    fn anywhere(&self, wanted: &[&str]) -> Option<Found> {
        let files = self.files.iter().filter_map(|candidate| candidate.file().as_ref().ok()?.as_ref());
        let places = std::iter::once(Vars::of_environment(self.environment)).chain(files.map(Vars::of_file));
        places
            .into_iter()
            .find_map(|vars| wanted.iter().find(|name| vars.var(name).is_some()).map(|name| vars.found(name)))
    }

    /// The files in use: the one that was named, and those that URL and credential come from.
    pub(crate) fn in_use(&self, used: &[&Place]) -> impl Iterator<Item = &EnvFile> {
        let is_used = |file: &&EnvFile| {
            let place = Place::EnvFile(file.path().to_owned());
            self.request.env_file.is_some() || used.contains(&&place)
        };
        self.files.iter().filter_map(Candidate::seen).filter(is_used).collect::<Vec<_>>().into_iter()
    }

    /// Everything to mask when these places are in use, and this is the target's URL.
    pub(crate) fn secrets(
        &self,
        credential: Option<&Credential>,
        (used, base_url): (&[&Place], &str),
    ) -> Vec<SecretString> {
        let vars = self.environment.vars.iter().filter(|(name, value)| is_secret_name(name) && !is_trivial(value));
        let files = self.in_use(used).flat_map(|file| env_secrets::secrets(file, base_url));
        let in_urls = self.in_use(used).flat_map(EnvFile::raw_vars).flat_map(|(_, value)| url_secrets(value));
        let named = vars.map(|(_, value)| value.as_str()).chain(files).map(SecretString::from);
        let named = named.chain(in_urls.map(SecretString::from));
        let secret = credential.map(|credential| match credential {
            Credential::Key(secret) | Credential::Token(secret) | Credential::Password { password: secret, .. } => {
                SecretString::from(secret.expose_secret())
            }
        });
        named.chain(secret).collect()
    }

    /// The `--env-file` when it is not among the places in use.
    pub(crate) fn overlooked(&self, used: &[&Place]) -> Option<PathBuf> {
        let path = self.environment.cwd.join(self.request.env_file.as_ref()?);
        (!used.iter().any(|place| **place == Place::EnvFile(path.clone()))).then_some(path)
    }

    /// No URL in any place.
    pub(crate) fn missing_url(&self) -> TargetError {
        let example = format!("{}='https://airflow.example.com/api/v1/'", self.names.url[0]);
        self.missing("API URL", self.names.url.clone(), example)
    }

    /// No credential in any place.
    pub(crate) fn missing_credential(&self) -> TargetError {
        let variables = self.names.credentials().into_iter().map(str::to_owned).collect();
        self.missing("credential", variables, format!("{}='…'", self.names.key[0]))
    }

    fn missing(&self, what: &'static str, variables: Vec<String>, example: String) -> TargetError {
        let looked = self.places(&variables).collect();
        TargetError::Missing(Box::new(Missing { what, target: self.target.to_owned(), variables, looked, example }))
    }

    /// The places in the order in which they count, up to the one that is used, each with what it lacks.
    pub(crate) fn looked(&self, used: &[&Place]) -> Vec<(Place, String)> {
        let credentials = self.names.credentials().into_iter().map(str::to_owned);
        let variables: Vec<String> = self.names.url.iter().cloned().chain(credentials).collect();
        let mut looked = Vec::new();
        for (place, seen) in self.places(&variables) {
            if used.contains(&&place) {
                looked.push((place, "it defines the target, and is used".to_owned()));
                break;
            }
            looked.push((place, seen));
        }
        looked
    }

    /// The places in the order in which they count, each with what it has instead of the variables.
    fn places(&self, variables: &[String]) -> impl Iterator<Item = (Place, String)> {
        let in_environment = self.seen(variables, self.environment.vars.keys().map(String::as_str).collect());
        let in_files = self.files.iter().map(|candidate| {
            let path = &candidate.path;
            let seen = match candidate.file() {
                Ok(Some(file)) => self.seen(variables, file.names().collect()),
                Ok(None) if path.exists() => "not a file".to_owned(),
                Ok(None) => "no such file".to_owned(),
                Err(_) => "it can't be read".to_owned(),
            };
            (Place::EnvFile(path.clone()), seen)
        });
        std::iter::once((Place::Environment, in_environment)).chain(in_files)
    }

    /// What a place with these names has instead of what was looked for.
    fn seen(&self, variables: &[String], present: Vec<&str>) -> String {
        if let Some(name) = variables.iter().find(|name| present.contains(&name.as_str())) {
            return format!("`{name}` is set there, but empty");
        }
        if let Some(near) = self.names.near(variables, present.iter().copied()) {
            return format!("not there, but a similar `{near}`");
        }
        let others = targets(present.into_iter());
        match others.iter().find(|other| *other != self.target) {
            Some(other) => format!("it defines target `{other}`: use `--target {other}`"),
            None => "not set there".to_owned(),
        }
    }

    fn mixed(&self, url: Found, credential: Found) -> TargetError {
        TargetError::Mixed { target: self.target.to_owned(), url, credential }
    }
}
