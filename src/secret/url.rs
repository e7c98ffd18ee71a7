//! What is secret in any URL: the password before the host, and values of the query whose names say so.
//!
//! In: a text that may be a URL, or hold some. Out: the texts to mask, as they stand there and decoded.

use percent_encoding::percent_decode_str;

use super::name::is_secret_name;

/// Names in a query that are secret, beside those that are anywhere.
const QUERY_NAMES: [&str; 6] = ["sig", "signature", "sas", "code", "auth", "pwd"];

/// The secret texts of the URLs in `text`.
#[must_use]
pub fn url_secrets(text: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    for url in text.split(ends).filter_map(|word| word.split_once("://").map(|(_, rest)| rest)) {
        let (authority, tail) = url.find(['/', '?']).map_or((url, ""), |at| url.split_at(at));
        // A password with `/`, `?` or `#` in it should have been encoded, and is one all the same.
        let user = tail.rsplit_once('@').map_or_else(
            || authority.rsplit_once('@').map(|(user, _)| user),
            |(before, _)| url.get(..authority.len() + before.len()).filter(|user| is_user(user, authority)),
        );
        secrets.extend(user.and_then(|user| user.split_once(':')).map(|(_, password)| password));
        let query = tail.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split(['&', ';', '#']).filter_map(|pair| pair.split_once('='));
        let is_secret =
            |name: &str| is_secret_name(name) || QUERY_NAMES.iter().any(|one| one.eq_ignore_ascii_case(name));
        secrets.extend(pairs.filter(|(name, _)| is_secret(name)).map(|(_, value)| value));
    }
    let decoded = |text: &&str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let both = secrets.iter().flat_map(|text| [(*text).to_owned(), decoded(text)]);
    let mut all: Vec<String> = both.filter(|text| !text.is_empty()).collect();
    all.dedup();
    all
}

/// Whether what stands before an `@` far behind is a user with a password: `user:pa/ss`, and no `host:8080/x`.
fn is_user(user: &str, authority: &str) -> bool {
    let port = authority.split_once(':').map(|(_, port)| port);
    !authority.contains('@') && user.contains(':') && port.is_some_and(|port| port.parse::<u16>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_and_the_keys_of_a_url_are_secret_and_nothing_else_is() {
        for (text, expected) in [
            ("postgres://loader:pw-12345-x@db.example/raw", vec!["pw-12345-x"]),
            ("mysql+x://u:p%40ss@h/d", vec!["p%40ss", "p@ss"]),
            ("http://u:pa/s#s@h:3128", vec!["pa/s#s"]),
            ("http://u:p@s@h", vec!["p@s"]),
            ("https://h:8080/x/@y", vec![]),
            ("https://u@h/x", vec![]),
            ("https://h/x?sig=abc%2Fd&page=2&api_key=k1#token=t2", vec!["abc%2Fd", "abc/d", "k1", "t2"]),
            ("host=h url=amqp://a:b1@c two", vec!["b1"]),
            ("no url", vec![]),
        ] {
            assert_eq!(url_secrets(text), expected, "{text}");
        }
    }
}
