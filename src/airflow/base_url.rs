//! The base URL of an API as people write it, made regular.
//!
//! In: `https://host/x/api/v1/`, `https://host/x/`, with or without a slash at the end. Out: the root, the API version
//! when the path says it, and joined paths. Nothing is asked of the network here.

use reqwest::Url;

use crate::airflow::model::ApiVersion;
use crate::airflow::url_slip;
pub use crate::airflow::url_slip::BadUrl;

/// Where an Airflow is: its root, and its API version if the URL says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    root: Url,
    version: Option<ApiVersion>,
}

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    /// When the text is no `http` or `https` URL, or holds credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let mut url = url_slip::parse(text)?;
        let path = url.path().trim_end_matches('/').to_owned();
        let (path, version) = match (path.strip_suffix("/api/v1"), path.strip_suffix("/api/v2")) {
            (Some(root), _) => (root.to_owned(), Some(ApiVersion::V1)),
            (_, Some(root)) => (root.to_owned(), Some(ApiVersion::V2)),
            _ => (path, None),
        };
        url.set_path(path.trim_end_matches('/'));
        Ok(Self { root: url, version })
    }

    /// The API version that the path says, if it says one.
    #[must_use]
    pub const fn version(&self) -> Option<ApiVersion> {
        self.version
    }

    /// The same place with the version set.
    #[must_use]
    pub fn with_version(&self, version: ApiVersion) -> Self {
        Self { root: self.root.clone(), version: Some(version) }
    }

    /// Scheme, host and port, the only place that credentials go to.
    #[must_use]
    pub fn origin(&self) -> String {
        self.root.origin().ascii_serialization()
    }

    /// The host as the URL names it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.root.host_str().unwrap_or_default()
    }

    /// Whether requests go unencrypted to another machine.
    #[must_use]
    pub fn is_plain_http_to_another_host(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        let loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        self.root.scheme() == "http" && !loopback
    }

    /// A URL under the root, outside the API: `path` starts with `/` and is already percent-encoded.
    #[must_use]
    pub fn under_root(&self, path: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{path}", self.root.path().trim_end_matches('/')));
        url
    }

    /// A URL under `/api/v1` or `/api/v2`: `path` starts with `/` and is already percent-encoded.
    #[must_use]
    pub fn under_api(&self, version: ApiVersion, path: &str) -> Url {
        self.under_root(&format!("/api/{}{path}", version.as_str()))
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let root = self.root.as_str().trim_end_matches('/');
        match self.version {
            Some(version) => write!(f, "{root}/api/{}", version.as_str()),
            None => f.write_str(root),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_forms_all_name_the_same_place() {
        for text in ["https://h.example/x/api/v1/", "https://h.example/x/api/v1", " https://h.example/x/api/v1// "] {
            let url = BaseUrl::parse(text).expect("a good URL");
            assert_eq!(url.version(), Some(ApiVersion::V1), "{text}");
            assert_eq!(url.under_api(ApiVersion::V1, "/dags").as_str(), "https://h.example/x/api/v1/dags");
            assert_eq!(url.under_root("/auth/token").as_str(), "https://h.example/x/auth/token");
            assert_eq!(url.to_string(), "https://h.example/x/api/v1");
        }
        let bare = BaseUrl::parse("http://127.0.0.1:8080/").expect("a good URL");
        assert_eq!(bare.version(), None);
        assert_eq!(bare.under_api(ApiVersion::V2, "/dags").as_str(), "http://127.0.0.1:8080/api/v2/dags");
    }

    #[test]
    fn what_is_no_base_url_says_why_and_shows_no_password() {
        for text in ["ftp://h/", "https://u:hunter2@h/", "https://h/?hunter2=1", "h.example/api/v1 hunter2"] {
            let error = BaseUrl::parse(text).expect_err("no base URL");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn only_loopback_may_be_reached_in_plain_http() {
        let plain = |text| BaseUrl::parse(text).expect("a good URL").is_plain_http_to_another_host();
        assert!(plain("http://airflow.example/api/v1"));
        assert!(!plain("https://airflow.example/api/v1"));
        for text in ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:8080"] {
            assert!(!plain(text), "{text}");
        }
    }
}
