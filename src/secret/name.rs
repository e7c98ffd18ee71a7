//! Which variables are secret, by their names, and which values can be none.

/// Parts of a name that say that the value is secret.
const SECRET_PARTS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIALS"];

/// Ends of a name that say that the value only leads to a secret.
const PLAIN_ENDS: [&str; 5] = ["ID", "PATH", "FILE", "DIR", "URL"];

/// Whether a variable's name says that its value is secret, as in `MY_AIRFLOW_API_KEY`.
///
/// A part between underscores decides, whatever its case: `MONKEY` is not secret. Names that end in `_ID`, `_PATH`,
/// `_FILE`, `_DIR` or `_URL` are not.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let is_one_of = |part: &str, words: &[&str]| words.iter().any(|word| part.eq_ignore_ascii_case(word));
    let leads_elsewhere = name.rsplit_once('_').is_some_and(|(_, end)| is_one_of(end, &PLAIN_ENDS));
    !leads_elsewhere && name.split('_').any(|part| is_one_of(part, &SECRET_PARTS))
}

/// The words that our documents, our help and our schemas are made of.
const OWN_WORDS: &str = include_str!("words.txt");

/// Numbers of fewer characters are counts, ports and versions.
const NUMBER_LEAST: usize = 6;

/// Whether a value is no secret whatever its variable is called: `DISABLE_PASSWORD_AUTH=0`, `KEY_VERSION=1`, `TOKEN=enabled`.
///
/// That is a number of fewer than 6 characters, or a word that stands in our own output: `true`, `passed`, `integer`. Somebody
/// whose secret is such a word says so by an input with `secret: true`.
#[must_use]
pub fn is_trivial(value: &str) -> bool {
    let value = value.trim();
    let is_number = || value.parse::<f64>().is_ok() && value.len() < NUMBER_LEAST;
    value.is_empty() || is_number() || OWN_WORDS.lines().any(|word| word.eq_ignore_ascii_case(value))
}

/// The password in the URL of a proxy, where a variable is one: `HTTPS_PROXY=http://user:password@host:3128`.
pub(super) fn proxy_password<'a>(name: &str, value: &'a str) -> Option<&'a str> {
    let (_, end) = name.rsplit_once('_')?;
    let after_scheme = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@').filter(|_| end.eq_ignore_ascii_case("PROXY"))?;
    user.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_proxy_is_found_in_every_form_of_its_url() {
        for (name, value, password) in [
            ("HTTPS_PROXY", "http://me:hunter2@proxy:3128", Some("hunter2")),
            ("https_proxy", "http://me:hun:ter@2@proxy/?x@y", Some("hun:ter@2")),
            ("ALL_PROXY", "me:hunter2@proxy:3128", Some("hunter2")),
            ("HTTP_PROXY", "http://proxy:3128", None),
            ("HTTP_PROXY", "http://me@proxy:3128", None),
            ("NO_PROXY", "a.example,b.example", None),
            ("DATABASE_URI", "postgres://airflow:airflow@db/airflow", None),
        ] {
            assert_eq!(proxy_password(name, value), password, "{value}");
        }
    }

    #[test]
    fn numbers_of_a_few_digits_and_words_of_our_own_are_trivial() {
        for trivial in ["0", "1", "3.5", "65535", "True", "passed", "integer", "off", " ", ""] {
            assert!(is_trivial(trivial), "{trivial}");
        }
        for secret in ["123456", "0.12345", "hunter2", "abc", "dev", "passed1"] {
            assert!(!is_trivial(secret), "{secret}");
        }
    }

    #[test]
    fn a_part_of_the_name_decides_and_an_end_that_leads_elsewhere_clears_it() {
        for secret in ["MY_AIRFLOW_API_KEY", "token", "Db_Password_2", "AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS"] {
            assert!(is_secret_name(secret), "{secret}");
        }
        for plain in ["MONKEY", "HOME", "AWS_ACCESS_KEY_ID", "SSH_KEY_PATH", "token_file", "TOKEN_URL", "KEY_DIR", ""] {
            assert!(!is_secret_name(plain), "{plain}");
        }
    }
}
