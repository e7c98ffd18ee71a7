//! Picks a target's credential out of one place.
//!
//! In: the variables of a place. Out: the one credential in it, with the variable it stands in, or why it can't be used.
//! Whether the place is the right one is not decided here.

use secrecy::SecretString;

use crate::airflow::auth::Credential;
use crate::cli::env_file::EnvFile;
use crate::cli::environment::Environment;
use crate::cli::target_error::{Found, Place, TargetError};
use crate::cli::target_names::Names;

/// A place with variables in it.
pub(crate) struct Vars<'a> {
    /// Which place it is.
    pub(crate) place: Place,
    source: Source<'a>,
}

enum Source<'a> {
    Environment(&'a Environment),
    File(&'a EnvFile),
}

impl<'a> Vars<'a> {
    /// The variables of the process.
    pub(crate) const fn of_environment(environment: &'a Environment) -> Self {
        Self { place: Place::Environment, source: Source::Environment(environment) }
    }

    /// The variables of a file.
    pub(crate) fn of_file(file: &'a EnvFile) -> Self {
        Self { place: Place::EnvFile(file.path().to_owned()), source: Source::File(file) }
    }

    /// The value of a variable; an empty one is not set.
    pub(crate) fn var(&self, name: &str) -> Option<&'a str> {
        match self.source {
            Source::Environment(environment) => environment.var(name),
            Source::File(file) => file.var(name),
        }
    }

    /// The first of the variables that is set.
    pub(crate) fn first<'n>(&self, names: &'n [String]) -> Option<(&'n str, &'a str)> {
        names.iter().find_map(|name| self.var(name).map(|value| (name.as_str(), value)))
    }

    /// That variable, in this place.
    pub(crate) fn found(&self, variable: &str) -> Found {
        Found { variable: variable.to_owned(), place: self.place.clone() }
    }

    /// The first variable set here that holds a credential or half of one.
    pub(crate) fn credential_variable<'n>(&self, names: &'n Names) -> Option<&'n str> {
        names.credentials().into_iter().find(|name| self.var(name).is_some())
    }
}

/// The credential in `vars`, and its variable; `None` when none is set there.
pub(crate) fn credential(
    target: &str,
    names: &Names,
    vars: &Vars<'_>,
) -> Result<Option<(Credential, Found)>, TargetError> {
    let own = candidates(vars, (&names.key[..1], &names.token[..1]), Some(names));
    // The names without a prefix count only when the target's own say nothing.
    let set = if own.is_empty() { candidates(vars, (&names.key[1..], &names.token[1..]), None) } else { own };
    let Some((first, value, kind)) = set.first().copied() else { return Ok(None) };
    if let Some((second, ..)) = set.iter().find(|(_, other, other_kind)| (*other, *other_kind) != (value, kind)) {
        return Err(TargetError::TwoCredentials {
            target: target.to_owned(),
            place: vars.place.clone(),
            first: first.to_owned(),
            second: (*second).to_owned(),
        });
    }
    let found = vars.found(first);
    let credential = match kind {
        Kind::Key => Credential::Key(header(value, &found)?),
        Kind::Token => Credential::Token(header(value, &found)?),
        Kind::Password => pair(names, vars)?,
    };
    Ok(Some((credential, found)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Token,
    Password,
}

type Candidate<'n, 'a> = (&'n str, &'a str, Kind);

fn candidates<'n, 'a>(
    vars: &Vars<'a>,
    (keys, tokens): (&'n [String], &'n [String]),
    names: Option<&'n Names>,
) -> Vec<Candidate<'n, 'a>> {
    let keys = keys.iter().map(|name| (name, Kind::Key));
    let tokens = tokens.iter().map(|name| (name, Kind::Token));
    let mut set: Vec<Candidate<'n, 'a>> = keys
        .chain(tokens)
        .filter_map(|(name, kind)| vars.var(name).map(|value| (name.as_str(), value, kind)))
        .collect();
    let half =
        names.and_then(|names| [&names.password, &names.username].into_iter().find(|name| vars.var(name).is_some()));
    set.extend(half.map(|name| (name.as_str(), "", Kind::Password)));
    set
}

fn pair(names: &Names, vars: &Vars<'_>) -> Result<Credential, TargetError> {
    let half = |here: &str, missing: &str| TargetError::Half { found: vars.found(here), missing: missing.to_owned() };
    let username = vars.var(&names.username).ok_or_else(|| half(&names.password, &names.username))?;
    let password = vars.var(&names.password).ok_or_else(|| half(&names.username, &names.password))?;
    let bad = |variable: &str, reason| Err(TargetError::Value { found: vars.found(variable), reason });
    if username.contains(':') {
        return bad(&names.username, "a user name can't hold `:`");
    }
    for (variable, value) in [(&names.username, username), (&names.password, password)] {
        if let Some(reason) = flaw(value) {
            return bad(variable, reason);
        }
    }
    Ok(Credential::Password { username: username.to_owned(), password: SecretString::from(password) })
}

/// A value that goes into a header as it is.
fn header(value: &str, found: &Found) -> Result<SecretString, TargetError> {
    let foreign = (!value.is_ascii()).then_some("its value holds a character that no key has");
    match flaw(value).or(foreign) {
        Some(reason) => Err(TargetError::Value { found: found.clone(), reason }),
        None => Ok(SecretString::from(value)),
    }
}

/// What no credential may hold: it would end the header or is a slip.
fn flaw(value: &str) -> Option<&'static str> {
    if value.contains(char::is_control) {
        Some("its value holds a line break or another control character")
    } else if value.trim() != value {
        Some("its value starts or ends with white space")
    } else {
        None
    }
}
