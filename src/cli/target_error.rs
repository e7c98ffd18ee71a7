//! Why a target can't be used, said so that it can be put right.
//!
//! In: what was looked for and where. Out: text of one or more lines; the first says what is wrong, the others start with
//! `  = `. Whoever prints it puts `error: ` before it. No value of a variable is ever in it.

use std::fmt;
use std::path::PathBuf;

use crate::airflow::base_url::BadUrl;
use crate::cli::env_file::EnvFileError;

/// Where a URL or a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A flag, such as `--url`.
    Flag(&'static str),
    /// The process environment.
    Environment,
    /// A `.env` file.
    EnvFile(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "the flag `{flag}`"),
            Self::Environment => f.write_str("the environment"),
            Self::EnvFile(path) => write!(f, "`{}`", path.display()),
        }
    }
}

/// A variable, and the place that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The variable's name; a flag's when the place is one.
    pub variable: String,
    /// Where it stands.
    pub place: Place,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Flag(flag) => write!(f, "`{flag}`"),
            place => write!(f, "`{}` in {place}", self.variable),
        }
    }
}

/// Something that was looked for in vain.
#[derive(Debug)]
pub struct Missing {
    /// What it is: `API URL` or `credential`.
    pub what: &'static str,
    /// The target's name.
    pub target: String,
    /// The variables that were looked for.
    pub variables: Vec<String>,
    /// Every place that was looked in, and what was found there.
    pub looked: Vec<(Place, String)>,
    /// A line that would help, as it would stand in a `.env` file.
    pub example: String,
}

/// Why a target can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The name can be no target's.
    #[error(
        "`{0}` can't be the name of a target\n  = a name starts with a letter and has letters, digits, `-` and `_`"
    )]
    Name(String),
    /// The URL is none.
    #[error("the {what} URL of {found} can't be used: {cause}{}", write_instead(found, cause))]
    Url {
        /// Of what it is: `API` or `UI`.
        what: &'static str,
        /// The variable or flag.
        found: Found,
        /// Why.
        cause: BadUrl,
    },
    /// The credential would go unencrypted over the network.
    #[error(
        "the API URL of {found} sends the credential unencrypted to `{host}`\n  = help: use `https:`, or `--allow-http` if the network may read it"
    )]
    PlainHttp {
        /// The variable or flag.
        found: Found,
        /// The host.
        host: String,
    },
    /// URL or credential is nowhere, or not where the other is.
    #[error("{}", missing(.0))]
    Missing(Box<Missing>),
    /// URL and credential stand in different places.
    #[error(
        "URL and credential of target `{target}` come from different places\n  = the URL: {url}\n  = the credential: {credential}\n  = help: put both in one place, so that no file can send a credential elsewhere; or give `--url`"
    )]
    Mixed {
        /// The target's name.
        target: String,
        /// Where the URL stands.
        url: Found,
        /// Where the credential stands.
        credential: Found,
    },
    /// There is more than one credential to choose from.
    #[error(
        "there are two credentials for target `{target}` in {place}: `{first}` and `{second}`\n  = help: keep one of them"
    )]
    TwoCredentials {
        /// The target's name.
        target: String,
        /// Where both stand.
        place: Place,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A user name without a password, or the other way round.
    #[error("{found} is half a credential: `{missing}` is not set there")]
    Half {
        /// The half that is there.
        found: Found,
        /// The variable of the other half.
        missing: String,
    },
    /// A value that can't be a credential.
    #[error("{found} can't be used: {reason}")]
    Value {
        /// The variable.
        found: Found,
        /// What is wrong with its value.
        reason: &'static str,
    },
    /// A `.env` file can't be used.
    #[error("{0}")]
    EnvFile(#[from] EnvFileError),
}

/// A line with what to write in the place of a URL.
fn write_instead(found: &Found, cause: &BadUrl) -> String {
    let write = |url: &String| match &found.place {
        Place::Flag(flag) => format!("`{flag} {url}`"),
        Place::Environment | Place::EnvFile(_) => format!("`{}='{url}'`", found.variable),
    };
    match cause.suggestions.as_slice() {
        [] => String::new(),
        [one] => format!("\n  = help: write {}", write(one)),
        [one, others @ ..] => {
            let others: Vec<String> = others.iter().map(|url| format!("`{url}`")).collect();
            format!("\n  = help: write {}, or with {}", write(one), others.join(" or "))
        }
    }
}

fn missing(missing: &Missing) -> String {
    let names: Vec<String> = missing.variables.iter().map(|name| format!("`{name}`")).collect();
    let mut lines = vec![
        format!("no {} for target `{}`", missing.what, missing.target),
        format!("  = looked for {}", names.join(", ")),
    ];
    lines.extend(missing.looked.iter().map(|(place, found)| format!("  = looked in {place}: {found}")));
    lines.push(format!("  = help: add a line to `.env`, such as `{}`", missing.example));
    lines.push("  = help: or try it without an Airflow: `myaf-run --sandbox PLAYBOOK`".to_owned());
    lines.join("\n")
}
