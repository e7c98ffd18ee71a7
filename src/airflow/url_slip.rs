//! What is wrong with the URL of an Airflow that is nearly right, and what to write.
//!
//! In: the text as somebody wrote it. Out: the first thing that is wrong with it, and the URL that was likely meant. What is
//! shown of the text is the suggestion alone, without user, password and query.

use reqwest::Url;

/// Why a text is no base URL, and what to write; holds nothing of the text that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadUrl {
    reason: String,
    /// The URL, or the URLs, that may be meant.
    pub suggestions: Vec<String>,
}

/// Marks that people put round what they quote.
const QUOTES: [char; 13] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»', '<', '>', '´'];

/// What follows the version in a request.
const ENDPOINTS: [&str; 22] = [
    "dags",
    "ui",
    "health",
    "version",
    "datasets",
    "assets",
    "variables",
    "connections",
    "pools",
    "config",
    "importerrors",
    "eventlogs",
    "monitor",
    "plugins",
    "providers",
    "roles",
    "users",
    "permissions",
    "openapi.json",
    "dagsources",
    "dagwarnings",
    "backfills",
];

/// What a page of the web interface ends with.
const PAGES: [&str; 6] = ["home", "login", "dags", "datasets", "assets", "docs"];

impl BadUrl {
    pub(super) fn new(reason: &str, suggestions: impl IntoIterator<Item = String>) -> Self {
        // What would be refused again is no help.
        let good = |text: &String| parse_clean(text).is_ok();
        Self { reason: reason.to_owned(), suggestions: suggestions.into_iter().filter(good).collect() }
    }
}

/// Reads the URL of an Airflow, in which nothing is wrong.
pub(super) fn parse(text: &str) -> Result<Url, BadUrl> {
    let text = text.trim();
    written(text)?;
    schemed(text)?;
    parse_clean(text)
}

/// Quotes, white space and characters that nobody sees.
fn written(text: &str) -> Result<(), BadUrl> {
    let text = text.trim_end_matches('/');
    let bare = text.trim_matches(QUOTES);
    if bare.is_empty() {
        return Err(BadUrl::new("it is empty", None));
    }
    if bare != text {
        return Err(BadUrl::new("it holds quotes", mended(bare)));
    }
    let is_hidden =
        |c: char| c.is_control() || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    if text.contains(is_hidden) {
        return Err(BadUrl::new("it holds a character that is not seen", mended(&text.replace(is_hidden, ""))));
    }
    match text.split_once(char::is_whitespace) {
        Some((first, _)) => Err(BadUrl::new("it holds white space", mended(first))),
        None => Ok(()),
    }
}

/// A scheme with its two slashes.
fn schemed(text: &str) -> Result<(), BadUrl> {
    let slashes = text.replace('\\', "/");
    let (scheme, rest) = slashes.split_once(':').unwrap_or(("", &slashes));
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let bare = rest.trim_start_matches('/');
    if is_web && (text.contains('\\') || rest.len() - bare.len() != 2) {
        let reason = format!("it has to begin with `{}://`", scheme.to_ascii_lowercase());
        return Err(BadUrl::new(&reason, mended(&format!("{scheme}://{bare}"))));
    }
    if is_web && ["http:", "https:"].iter().any(|web| bare.to_ascii_lowercase().starts_with(web)) {
        return Err(BadUrl::new("it begins with `http` twice", mended(bare)));
    }
    if is_web {
        return Ok(());
    }
    if let Some((scheme, rest)) = slashes.split_once("://") {
        let near =
            ["https", "http"].into_iter().find(|web| strsim::osa_distance(web, &scheme.to_ascii_lowercase()) <= 1);
        let shown: String = scheme.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
        let reason = format!("it starts with `{shown}:`, not with `https:` or `http:`");
        return Err(BadUrl::new(&reason, near.and_then(|near| mended(&format!("{near}://{rest}")))));
    }
    let bare = slashes.trim_start_matches(['/', ':']);
    let host = bare.split(['/', ':']).next().unwrap_or_default();
    let is_near = host == "localhost" || host.starts_with("127.") || bare.starts_with("[::1]");
    let scheme = if is_near { "http" } else { "https" };
    Err(BadUrl::new("it does not begin with `https://` or `http://`", mended(&format!("{scheme}://{bare}"))))
}

/// The URL that a text gives when it is read with good will.
fn mended(text: &str) -> Option<String> {
    let found = match parse(text) {
        Ok(url) => return Some(url.as_str().trim_end_matches('/').to_owned()),
        Err(found) => found,
    };
    found.suggestions.into_iter().next()
}

fn parse_clean(text: &str) -> Result<Url, BadUrl> {
    let mut url = Url::parse(text).map_err(|error| BadUrl::new(&syntax(&error.to_string()), None))?;
    if url.port() == Some(0) {
        return Err(BadUrl::new(PORT, None));
    }
    let had_user = !url.username().is_empty() || url.password().is_some();
    let had_query = url.query().is_some() || url.fragment().is_some();
    // None of these fails for a URL with a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    if had_user {
        return Err(BadUrl::new("it holds a user name or password; give these as a credential", mended(url.as_str())));
    }
    path(&url)?;
    if had_query {
        return Err(BadUrl::new("it holds a `?` or `#` part, which a base URL can't have", mended(url.as_str())));
    }
    Ok(url)
}

const PORT: &str = "its port is not a number from 1 to 65535";

fn syntax(error: &str) -> String {
    match error {
        "invalid port number" => PORT.to_owned(),
        "empty host" => "it has no host".to_owned(),
        other => format!("it is not a URL: {other}"),
    }
}

/// A path that is the root of an Airflow, or its API.
fn path(url: &Url) -> Result<(), BadUrl> {
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let under = |count: usize, tail: &str| {
        let mut other = url.clone();
        other.set_path(&format!("{}{tail}", segments[..count].join("/")));
        other.as_str().trim_end_matches('/').to_owned()
    };
    let both = |count: usize| ["/api/v1", "/api/v2"].map(|tail| under(count, tail));
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    if let [.., "api", "v1" | "v2"] = segments[..] {
        return Ok(());
    }
    if let Some(at) = words.iter().rposition(|word| *word == "api") {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let version = next.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_known = matches!(version, "v1" | "v2");
        let after = words.get(at + 2).copied();
        if is_known && after.is_none_or(|after| ENDPOINTS.contains(&after)) {
            let reason = format!("its path has to end with `/api/{version}`");
            return Err(BadUrl::new(&reason, [under(at, &format!("/api/{version}"))]));
        }
        let is_version = version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
        if after.is_none() && (next.is_empty() || version == "experimental" || is_version && !is_known) {
            let reason = "Airflow 2 has its API at `/api/v1`, Airflow 3 at `/api/v2`";
            return Err(BadUrl::new(reason, both(at)));
        }
    }
    let page = words.iter().rposition(|word| *word == "dags").filter(|at| at + 1 < words.len());
    let last = words.last().filter(|last| PAGES.contains(last)).map(|_| words.len() - 1);
    if let Some(at) = page.or(last) {
        let at = if words[..at].ends_with(&["auth"]) { at - 1 } else { at };
        return Err(BadUrl::new("it is a page of the web interface, not the API", both(at)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:8080";

    fn told(text: &str) -> BadUrl {
        parse(text).err().unwrap_or_else(|| panic!("{text} is a good URL"))
    }

    #[test]
    fn a_url_that_is_nearly_right_is_told_with_the_one_that_is() {
        for (text, suggestions) in [
            ("http://127.0.0.1:8080/api/v1/dags", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/api/v1/dags?limit=1", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/api/v1/ui/", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/API/V1", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/api/v2,", vec!["/api/v2"]),
            ("http://127.0.0.1:8080/api", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/api/v3", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/api/experimental", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/home", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/dags/x/grid?dag_run_id=1", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/dags/x/runs/y/tasks/z", vec!["/api/v1", "/api/v2"]),
            ("http://127.0.0.1:8080/auth/login/?next=x", vec!["/api/v1", "/api/v2"]),
            ("127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("//127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("127.0.0.1:8080", vec![""]),
            ("'http://127.0.0.1:8080/api/v1'", vec!["/api/v1"]),
            ("“http://127.0.0.1:8080/api/v1”", vec!["/api/v1"]),
            ("'http://127.0.0.1:8080/api/v1'/", vec!["/api/v1"]),
            ("\"127.0.0.1:8080/api/v1/dags\"", vec!["/api/v1"]),
            ("http:/127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("http:///127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("http:\\\\127.0.0.1:8080\\api\\v1", vec!["/api/v1"]),
            ("http://http://127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("htp://127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/api/v1 # mine", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/\u{200b}api/v1", vec!["/api/v1"]),
            ("http://u:hunter2@127.0.0.1:8080/api/v1", vec!["/api/v1"]),
            ("http://127.0.0.1:8080/api/v1?key=hunter2", vec!["/api/v1"]),
        ] {
            let bad = told(text);
            let expected: Vec<String> = suggestions.iter().map(|tail| format!("{HERE}{tail}")).collect();
            assert_eq!(bad.suggestions, expected, "{text}: {bad}");
            assert!(!format!("{bad:?}").contains("hunter2"), "{bad:?}");
        }
        assert_eq!(told("airflow.example.com/api/v1").suggestions, ["https://airflow.example.com/api/v1"]);
        assert_eq!(told("localhost:8080").suggestions, ["http://localhost:8080"]);
    }

    #[test]
    fn what_no_url_can_be_made_of_is_told_alone() {
        for (text, reason) in [
            ("", "it is empty"),
            ("''", "it is empty"),
            ("ftp://h/api/v1", "it starts with `ftp:`, not with `https:` or `http:`"),
            ("http://h:port/api/v1", PORT),
            ("http://h:99999", PORT),
            ("http://h:0/api/v1", PORT),
            ("https://", "it has to begin with `https://`"),
            ("https://?x", "it has no host"),
        ] {
            let bad = told(text);
            assert!(bad.suggestions.is_empty(), "{text}: {bad:?}");
            if text != "https://" {
                assert_eq!(bad.to_string(), reason, "{text}");
            }
        }
    }

    #[test]
    fn the_root_of_an_airflow_may_be_anything_else() {
        for text in [
            "https://h",
            "https://h/deployment/api/v1/",
            "https://h/dags-team/x",
            "HTTPS://H/api-gateway",
            "https://gw/api/v1/airflow",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
