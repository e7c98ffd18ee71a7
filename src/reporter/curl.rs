//! A write as a command for a POSIX shell.
//!
//! In: a write that was not sent, and the names of the variables that hold the credential. Out: lines that can be copied into
//! a shell; the credential is never in them. What can't be sent as it stands, since a value in it is not known or masked, or
//! since its step may not run, is a comment.
//!
//! ```text
//! curl --fail-with-body --silent --show-error --request POST 'https://…/api/v1/dags/loans/dagRuns' \
//!   --header "Authorization: Token $MY_AIRFLOW_API_KEY" \
//!   --header 'content-type: application/json' \
//!   --data-raw '{"dag_run_id":"…"}'
//! ```

use crate::outcome::{ShownAuth, ShownWrite};
use crate::record::StepRecord;

/// The variable that holds a token which a key or password was exchanged for.
const ACCESS_TOKEN: &str = "AIRFLOW_ACCESS_TOKEN";

/// The variables of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variables {
    /// One that holds a key or a token.
    Secret(String),
    /// One for the user's name, one for the password.
    Pair(String, String),
}

/// What a command needs besides the request.
#[derive(Debug, Clone)]
pub struct Curl {
    /// The variables of the credential; none without one.
    pub variables: Option<Variables>,
    /// The user under whose name a key is exchanged.
    pub key_user: &'static str,
    /// Where the credential is exchanged for a token.
    pub login_url: String,
    /// Options for the connection, each with its file.
    pub files: Vec<(&'static str, String)>,
}

impl Curl {
    /// The lines of a command; `is_first` when it is the first of its run, which what all need stands before.
    pub(super) fn command(&self, write: &ShownWrite, step: &StepRecord, is_first: bool) -> Vec<String> {
        let request = &write.request;
        let Some(body) = &request.body else { return vec![format!("# step {}: not shown", one_line(&step.id))] };
        let mut lines = if is_first { self.preamble(request.auth) } else { Vec::new() };
        lines.push(format!("# step {}", one_line(&step.id)));
        let why_not = why_not(write, step);
        let mark = if why_not.is_empty() { "" } else { "# " };
        lines.extend(why_not);
        let mut words = vec![format!("{} --request {} {}", self.curl(), request.method, quoted(&request.url))];
        words.extend(self.credential(request.auth).map(|credential| format!("  {credential}")));
        let headers = request.headers.iter().map(|(name, value)| (name, value.as_str().unwrap_or_default()));
        words.extend(headers.map(|(name, value)| format!("  --header {}", quoted(&format!("{name}: {value}")))));
        words.push(format!("  --data-raw {}", quoted(&body.to_string())));
        lines.extend(words.join(" \\\n").lines().map(|line| format!("{mark}{line}")));
        lines
    }

    /// The program with the options that every request has.
    fn curl(&self) -> String {
        let files = self.files.iter().map(|(option, file)| format!(" {option} {}", quoted(file)));
        format!("curl --fail-with-body --silent --show-error{}", files.collect::<String>())
    }

    fn credential(&self, auth: ShownAuth) -> Option<String> {
        let variables = self.variables.as_ref()?;
        match (auth, variables) {
            (ShownAuth::Token, Variables::Secret(key)) => Some(format!("--header \"Authorization: Token ${key}\"")),
            (ShownAuth::Bearer, Variables::Secret(key)) => Some(format!("--header \"Authorization: Bearer ${key}\"")),
            (ShownAuth::Basic, Variables::Pair(user, password)) => Some(format!("--user \"${user}:${password}\"")),
            (ShownAuth::Exchange, _) => Some(format!("--header \"Authorization: Bearer ${ACCESS_TOKEN}\"")),
            (ShownAuth::Token | ShownAuth::Bearer, Variables::Pair(..))
            | (ShownAuth::Basic, Variables::Secret(_))
            | (ShownAuth::None, _) => None,
        }
    }

    /// What stands before the first command: the variables, and how a token is got.
    fn preamble(&self, auth: ShownAuth) -> Vec<String> {
        let (names, user, password) = match &self.variables {
            None => return Vec::new(),
            Some(Variables::Secret(key)) => (format!("${key}"), self.key_user.to_owned(), format!("${key}")),
            Some(Variables::Pair(user, password)) => {
                (format!("${user} and ${password}"), format!("${user}"), format!("${password}"))
            }
        };
        let mut lines = vec![format!("# needs the credential in {names}")];
        if auth == ShownAuth::Exchange {
            lines.push("# the credential is exchanged for a token first:".to_owned());
            let url = quoted(&self.login_url);
            lines.push(format!("{ACCESS_TOKEN}=$({} {url} \\", self.curl()));
            lines.push(format!("  --data-urlencode \"username={user}\" --data-urlencode \"password={password}\" \\"));
            lines.push("  | sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')".to_owned());
        }
        lines
    }
}

/// Why a command can't be run as it stands, as comments.
fn why_not(write: &ShownWrite, step: &StepRecord) -> Vec<String> {
    let condition = step.condition.iter().map(|when| format!("# only if {}", one_line(when)));
    let unknown = write.unknown.iter().map(|what| format!("# the {} is not known yet", one_line(what)));
    let masked = write.is_masked.then(|| "# a secret in it is masked: put it in where `***` stands".to_owned());
    condition.chain(unknown).chain(masked).collect()
}

/// A text that a comment ends with.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_one_word_of_the_shell() {
        for (text, word) in [("a b", "'a b'"), ("it's $HOME", "'it'\\''s $HOME'"), ("", "''"), ("\\\"`!", "'\\\"`!'")] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn each_scheme_names_the_variables_and_never_a_secret() {
        let with = |variables| Curl {
            variables,
            key_user: "keys",
            login_url: "http://h/auth/token".to_owned(),
            files: vec![("--cacert", "my ca.pem".to_owned())],
        };
        let key = with(Some(Variables::Secret("MY_KEY".to_owned())));
        let pair = with(Some(Variables::Pair("MY_USER".to_owned(), "MY_PASSWORD".to_owned())));
        assert_eq!(key.curl(), "curl --fail-with-body --silent --show-error --cacert 'my ca.pem'");
        assert_eq!(key.credential(ShownAuth::Token).as_deref(), Some("--header \"Authorization: Token $MY_KEY\""));
        assert_eq!(key.credential(ShownAuth::Bearer).as_deref(), Some("--header \"Authorization: Bearer $MY_KEY\""));
        assert_eq!(pair.credential(ShownAuth::Basic).as_deref(), Some("--user \"$MY_USER:$MY_PASSWORD\""));
        assert_eq!(with(None).credential(ShownAuth::None), None);
        let preamble = pair.preamble(ShownAuth::Exchange).join("\n");
        assert!(preamble.contains("\"username=$MY_USER\" --data-urlencode \"password=$MY_PASSWORD\""), "{preamble}");
    }
}
