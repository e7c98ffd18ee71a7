//! Which values of a `.env` file in use are secret: all of them, but for what we have to be able to say.
//!
//! In: the file, the target's URL. Out: the texts to mask. A variable whose name says that it is secret always counts. Of the
//! others those don't whose value is a number, a short word, an identifier in `snake_case` or a part of the target's own URL:
//! they are no secrets, and masked they would make messages, ids and reports unreadable. Of the URL of an Airflow only user and
//! query are secret.

use crate::cli::env_file::EnvFile;
use crate::secret::{SHORT, is_secret_name};

/// Parts of names, beside those that count in the process's environment, whose values are secret whatever they look like.
const PARTS: [&str; 12] = [
    "PASS",
    "PWD",
    "PASSPHRASE",
    "APIKEY",
    "CREDENTIAL",
    "CREDS",
    "AUTH",
    "PRIVATE",
    "SALT",
    "SIGNATURE",
    "SAS",
    "PIN",
];

/// What the variables of an Airflow's URLs end with.
const URLS: [&str; 2] = ["AIRFLOW_API_URL", "AIRFLOW_UI_URL"];

/// The texts in a file that must not be shown.
pub(crate) fn secrets<'a>(file: &'a EnvFile, base_url: &str) -> Vec<&'a str> {
    let base_url = base_url.to_ascii_lowercase();
    let is_secret = |(name, value): &(&str, &str)| {
        let is_an_airflow = URLS.iter().any(|end| name.ends_with(end));
        !value.is_empty() && !is_an_airflow && (is_named_so(name) || !is_ordinary(value, &base_url))
    };
    file.raw_vars().filter(is_secret).map(|(_, value)| value).collect()
}

fn is_named_so(name: &str) -> bool {
    let is_part = |part: &str| PARTS.iter().any(|word| part.eq_ignore_ascii_case(word));
    is_secret_name(name) || name.split(|c: char| !c.is_ascii_alphanumeric()).any(is_part)
}

/// Whether a value is no secret where the name does not say so.
fn is_ordinary(value: &str, base_url: &str) -> bool {
    let value = value.trim();
    let is_word = || value.chars().count() < SHORT && value.chars().all(char::is_alphabetic);
    let is_identifier = || value.contains('_') && value.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    value.parse::<f64>().is_ok()
        || is_word()
        || is_identifier()
        || value.eq_ignore_ascii_case("localhost")
        || base_url.contains(&value.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_secret_but_what_we_have_to_say_ourselves() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        let text = "\
MY_AIRFLOW_API_URL='https://air.example/x/api/v1'
OTHER_AIRFLOW_UI_URL='https://other.example'
HOST=air.example
PORT=8000
DEBUG=true
ENV=dev
DB_HOST=localhost
DAG=daily_loan_run
DB_PASS=abc
X_PIN=1234
MODE=a1!
NAME=swordfish
DSN='postgres://u:pw@db/x'
HOOK=https://hooks.example.com/T0
AWS_ACCESS_KEY_ID=AKIA0123456789
half a line
";
        std::fs::write(&path, text).expect("written");
        let file = EnvFile::read(&path).expect("readable");
        let found = secrets(&file, "https://AIR.example/x/api/v1");
        let expected = [
            "abc",
            "1234",
            "a1!",
            "swordfish",
            "postgres://u:pw@db/x",
            "https://hooks.example.com/T0",
            "AKIA0123456789",
            "half a line",
        ];
        assert_eq!(found, expected);
    }
}
