//! The proxy that the environment names for a URL, by curl's rules.
//!
//! In: the variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, and a URL. Out: the proxy to use, or why what
//! stands in a variable is none. Lower case counts before upper case, and `HTTP_PROXY` not at all: a CGI program gets it from
//! whoever asks. No message holds a value, which may carry a password.

use std::net::IpAddr;

use reqwest::Url;

use super::error::SetupError;

/// The port of a proxy whose URL has none, as curl has it.
const PORT: u16 = 1080;

/// The schemes that a proxy may have.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// What the environment says of proxies.
#[derive(Clone, Default)]
pub struct ProxySettings {
    http: Option<Variable>,
    https: Option<Variable>,
    no_proxy: Option<String>,
}

#[derive(Clone)]
struct Variable {
    name: &'static str,
    value: String,
}

/// A proxy, and the variable that names it.
#[derive(Clone)]
pub struct Proxy {
    /// The variable.
    pub variable: &'static str,
    /// Its URL, with the password in it.
    pub(super) url: Url,
}

/// Values may hold passwords, so none is shown.
impl std::fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [&self.http, &self.https].map(|variable| variable.as_ref().map(|variable| variable.name));
        f.debug_tuple("ProxySettings").field(&names).finish()
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Proxy").field(&self.address()).finish()
    }
}

impl Proxy {
    /// Scheme, host and port, without user and password.
    #[must_use]
    pub fn address(&self) -> String {
        let (scheme, host) = (self.url.scheme(), self.url.host_str().unwrap_or_default());
        self.url.port().map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}"))
    }
}

impl ProxySettings {
    /// Reads the variables; an empty one counts as not set.
    #[must_use]
    pub fn read<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let first = |names: &[&'static str]| {
            let mut set = names.iter().filter_map(|name| variable(name).map(|value| (*name, value)));
            set.find(|(_, value)| !value.is_empty()).map(|(name, value)| Variable { name, value: value.to_owned() })
        };
        Self {
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: first(&["no_proxy", "NO_PROXY"]).map(|variable| variable.value),
        }
    }

    /// The proxy on the way to a URL; none stands between us and this machine.
    ///
    /// # Errors
    /// When the variable that counts holds no URL of a proxy.
    pub fn on_the_way_to(&self, target: &Url) -> Result<Option<Proxy>, SetupError> {
        let variable = if target.scheme() == "https" { &self.https } else { &self.http };
        let Some(variable) = variable.as_ref().filter(|_| !is_loopback(target) && !self.exempts(target)) else {
            return Ok(None);
        };
        let url = proxy_url(variable.value.trim());
        let url = url.map_err(|reason| SetupError::Proxy { variable: variable.name, reason })?;
        Ok(Some(Proxy { variable: variable.name, url }))
    }

    /// Whether `no_proxy` names the host.
    fn exempts(&self, target: &Url) -> bool {
        let (Some(list), Some(host)) = (&self.no_proxy, target.host_str()) else { return false };
        if list == "*" {
            return true;
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        match host.parse::<IpAddr>() {
            Ok(address) => entries.any(|entry| names_address(entry, address)),
            Err(_) => entries.any(|entry| names_host(entry, host)),
        }
    }
}

/// Whether a URL names this machine: no proxy stands between.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an entry of `no_proxy` is the host, or a domain that it is in.
fn names_host(entry: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    let entry = entry.strip_prefix('.').unwrap_or(entry).to_ascii_lowercase();
    let before = host.strip_suffix(&entry).filter(|_| !entry.is_empty());
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether an entry of `no_proxy` is the address, or a network that it is in.
fn names_address(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = entry.split_once('/').unwrap_or((entry, ""));
    let Ok(network) = network.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() else { return false };
    let bits = bits.parse::<u32>().unwrap_or(0);
    let width = if address.is_ipv4() { 32 } else { 128 };
    // Without a length, or with 0, it is the address itself, as for curl.
    let rest = if bits == 0 { 0 } else { width - bits.min(width) };
    match (network, address) {
        _ if bits > width => false,
        (IpAddr::V4(network), IpAddr::V4(address)) => network.to_bits() >> rest == address.to_bits() >> rest,
        (IpAddr::V6(network), IpAddr::V6(address)) => network.to_bits() >> rest == address.to_bits() >> rest,
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// The URL of a proxy, with its port.
fn proxy_url(text: &str) -> Result<Url, &'static str> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.as_str()) {
        return Err("its scheme is none of http, https, socks4, socks4a, socks5 and socks5h");
    }
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if after.contains('@') {
        return Err("percent-encode `/`, `?` and `#` in the user name and password, such as `%23` for `#`");
    }
    let form = "expected a URL such as `http://proxy.example:3128`";
    let mut url = Url::parse(&format!("{scheme}://{authority}")).map_err(|_| form)?;
    let host = authority.rsplit('@').next().unwrap_or_default();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'));
    if !has_port && scheme != "https" {
        url.set_port(Some(PORT)).map_err(|()| form)?;
    }
    if url.host_str().is_none_or(str::is_empty) { Err(form) } else { Ok(url) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables; the URL; the proxy's address and its variable, where there is one.
    type Row = (&'static [(&'static str, &'static str)], &'static str, Option<(&'static str, &'static str)>);

    fn found(variables: &[(&str, &str)], url: &str) -> Option<(String, &'static str)> {
        let value = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let url = Url::parse(url).expect("a good URL");
        let found = ProxySettings::read(value).on_the_way_to(&url).unwrap_or_else(|error| panic!("{error}"));
        found.map(|proxy| (proxy.address(), proxy.variable))
    }

    #[test]
    fn the_variable_that_curl_would_read_names_the_proxy() {
        const A: &str = "http://a.test:3128";
        const B: &str = "http://b.test:3128";
        let (plain, secure) = ("http://air.internal.test/api/v1", "https://air.internal.test/api/v1");
        let table: [Row; 11] = [
            (&[("http_proxy", A)], plain, Some((A, "http_proxy"))),
            (&[("HTTP_PROXY", "http://a.test:3128")], plain, None),
            (&[("http_proxy", A), ("HTTP_PROXY", B), ("ALL_PROXY", B)], plain, Some((A, "http_proxy"))),
            (&[("http_proxy", A)], secure, None),
            (&[("HTTPS_PROXY", A)], secure, Some((A, "HTTPS_PROXY"))),
            (&[("https_proxy", B), ("HTTPS_PROXY", A)], secure, Some((B, "https_proxy"))),
            (&[("https_proxy", ""), ("HTTPS_PROXY", A)], secure, Some((A, "HTTPS_PROXY"))),
            (&[("https_proxy", ""), ("all_proxy", A), ("ALL_PROXY", B)], secure, Some((A, "all_proxy"))),
            (&[("ALL_PROXY", B)], plain, Some((B, "ALL_PROXY"))),
            (&[("all_proxy", A), ("http_proxy", B)], "http://127.0.0.1/", None),
            (&[("all_proxy", A)], "https://[::1]/", None),
        ];
        for (variables, url, expected) in table {
            let expected = expected.map(|(address, name)| (address.to_owned(), name));
            assert_eq!(found(variables, url), expected, "{variables:?} {url}");
        }
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (list, host, is_direct) in [
            ("*", "10.1.2.3", true),
            ("x,*", "air.internal.test", false),
            ("internal.test.", "air.internal.test", true),
            (".internal.test", "air.internal.test", true),
            (".internal.test", "internal.test", true),
            ("INTERNAL.test", "air.internal.TEST.", true),
            ("a internal.test", "air.internal.test", true),
            ("a,\tinternal.test ,b", "air.internal.test", true),
            ("ternal.test", "air.internal.test", false),
            ("*.internal.test", "air.internal.test", false),
            ("air.internal.test:8080", "air.internal.test", false),
            ("..", "air.internal.test", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.0.0/16", "10.1.2.3", true),
            ("10.2.0.0/16", "10.1.2.3", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/33", "10.1.2.3", false),
            ("0.0.0.0/0", "10.1.2.3", false),
            ("10.1.2.3/x", "10.1.2.3", true),
            ("1.2.3", "10.1.2.3", false),
            ("fd00::/8", "[fd12::1]", true),
            ("[fd12::1]", "[fd12::1]", true),
            ("FD12:0:0::1", "[fd12::1]", true),
            ("fe80::/10", "[fd12::1]", false),
            ("10.0.0.0/8", "[fd12::1]", false),
        ] {
            let variables = [("http_proxy", "http://a.test:3128"), ("no_proxy", list)];
            assert_eq!(found(&variables, &format!("http://{host}:8080/")).is_none(), is_direct, "{list} {host}");
        }
        let variables = [("http_proxy", "http://a.test"), ("no_proxy", "internal.test"), ("NO_PROXY", "other")];
        assert_eq!(found(&variables, "http://air.internal.test/"), None);
        assert!(found(&variables, "http://other/").is_some());
    }

    #[test]
    fn a_proxy_without_scheme_or_port_gets_those_that_curl_gives_it() {
        for (value, address) in [
            ("proxy.test:3128", "http://proxy.test:3128"),
            ("proxy.test", "http://proxy.test:1080"),
            ("http://proxy.test/", "http://proxy.test:1080"),
            ("http://proxy.test:80", "http://proxy.test"),
            ("HTTPS://proxy.test", "https://proxy.test"),
            ("socks5h://proxy.test", "socks5h://proxy.test:1080"),
            ("http://me:p%40ss@proxy.test:3128/", "http://proxy.test:3128"),
            ("http://me:p@ss:w@proxy.test:3128", "http://proxy.test:3128"),
            ("[fd12::1]", "http://[fd12::1]:1080"),
            ("http://[fd12::1]:3128", "http://[fd12::1]:3128"),
        ] {
            assert_eq!(found(&[("all_proxy", value)], "https://x.test/"), Some((address.to_owned(), "all_proxy")));
        }
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_password() {
        for (value, words) in [
            ("ftp://me:hunter2@proxy:3128", "its scheme is none of"),
            ("http://me:hunter2#2@proxy:3128", "percent-encode"),
            ("http://me:hun/ter2@proxy:3128", "percent-encode"),
            ("http://", "expected a URL"),
            ("http://me:hunter2@:3128", "expected a URL"),
            ("http://proxy:hunter2", "expected a URL"),
        ] {
            let settings = ProxySettings::read(|name| (name == "all_proxy").then_some(value));
            let url = Url::parse("https://x.test/").expect("a good URL");
            let error = settings.on_the_way_to(&url).err().unwrap_or_else(|| panic!("{value} is no proxy")).to_string();
            assert!(error.contains("`all_proxy`") && error.contains(words), "{error}");
            assert!(!format!("{error}{settings:?}").contains("hun"), "{error}");
        }
    }
}
