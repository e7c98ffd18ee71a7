//! Proxies, as the environment names them: used, passed by, and failing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bounded::{KEY, NO_DAGS, READ, ended, run_on};
use super::certificates::{Authority, Lifetime};
use super::server::{Act, Server, answer, json};
use super::socks::Socks;
use crate::run::{BOTH, Run};

/// A password that stands in a proxy's URL, where percent signs are escapes.
const PASSWORD: &str = "hunter2-hunter2";

fn through(server: &Server) -> String {
    format!("http://me:{PASSWORD}@{}", server.address)
}

/// A run on an `https` target that only a proxy can reach.
fn run(proxy: &str, authority: &Authority) -> Run {
    let run = run_on("https://airflow.invalid/api/v1", "name: r\nsteps: [{list_dags: {}, retry: {delay: 1ms}}]");
    run.file("ca.pem", &authority.pem()).args(&["--ca-cert", "ca.pem"]).var("HTTPS_PROXY", proxy)
}

/// Fails as one that can't reach its API, with these words, after so many tries, and shows no password.
fn is_told(run: &Run, words: &str, tries: usize) {
    let ended = ended(run);
    let expected = format!("can't reach airflow.invalid:443: {words} (GET /api/v1/dags)");
    assert_eq!((ended.code, ended.sentence()), (3, expected.as_str()));
    assert_eq!(ended.stderr.matches(" of 3: ").count() + 1, tries, "{ended:#?}");
    assert!(!ended.transcript().contains(PASSWORD), "{ended:#?}");
}

#[test]
fn a_proxy_that_does_not_connect_us_is_told_apart_from_the_target() {
    let authority = Authority::new("ours");
    let refuses = "the proxy refuses to connect us";
    let who = "the proxy asks for a user name and password; they stand in its URL: `http://user:password@…`";
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n", "a".repeat(20_000));
    let echo = format!("<html><title>{PASSWORD}</title></html>");
    for (bytes, words, tries) in [
        (answer("407 Proxy Authentication Required", "text/html", &echo), who, 1),
        (answer("403 Forbidden", "text/html", &echo), refuses, 3),
        (answer("502 Bad Gateway", "text/html", &echo), refuses, 3),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(), refuses, 3),
        (Vec::new(), "the proxy closed the connection", 3),
        (long.into_bytes(), "the head of the proxy's answer is too large", 3),
    ] {
        let proxy = Server::start(move |_| Act::Send(bytes.clone()));
        is_told(&run(&through(&proxy), &authority), words, tries);
        assert_eq!(proxy.lines(), vec!["CONNECT airflow.invalid:443"; tries]);
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named_as_the_one_that_is_not() {
    let authority = Authority::new("ours");
    let nobody = format!("http://me:{PASSWORD}@127.0.0.1:1");
    is_told(&run(&nobody, &authority), "the proxy can't be reached: connection refused", 3);
    let nowhere = format!("http://me:{PASSWORD}@proxy.invalid:3128");
    is_told(&run(&nowhere, &authority), "the proxy's host is not known", 3);
    let socks = format!("socks5h://me:{PASSWORD}@127.0.0.1:1");
    is_told(&run(&socks, &authority), "the proxy can't be reached", 3);
}

#[test]
fn a_proxy_that_never_answers_is_given_up_in_time() {
    let proxy = Server::start(|_| Act::Silence);
    let run = run(&through(&proxy), &Authority::new("ours")).args(&["--connect-timeout", "100ms"]);
    is_told(&run, "no connection within 100ms", 3);
}

#[test]
fn through_a_tunnel_the_proxy_sees_no_credential_of_the_target_and_the_target_none_of_the_proxy() {
    let authority = Authority::new("ours");
    let identity = authority.server("airflow.invalid", Lifetime::Now);
    let target = Server::start_tls(identity.server(), |_| json("200 OK", NO_DAGS));
    let to = target.address;
    let proxy = Server::start(move |_| Act::Tunnel(to));
    let ended = ended(&run(&through(&proxy), &authority));
    assert_eq!(ended.code, 0, "{ended:#?}");
    let (asked, carried) = (&proxy.requests()[0], String::from_utf8_lossy(&proxy.carried()).into_owned());
    assert_eq!(asked.line, "CONNECT airflow.invalid:443");
    assert!(asked.header("proxy-authorization").is_some() && asked.header("authorization").is_none(), "{asked:?}");
    assert!(carried.len() > 500 && !carried.contains(KEY) && !carried.to_lowercase().contains("authorization"));
    let seen = &target.requests()[0];
    assert_eq!(seen.header("authorization"), Some(format!("Token {KEY}")));
    assert_eq!(seen.header("proxy-authorization"), None);
}

#[test]
fn a_target_of_plain_http_is_asked_through_its_proxy_only_when_that_is_allowed() {
    let proxy = Server::start(|_| json("200 OK", NO_DAGS));
    for version in BOTH {
        let run = run_on(&format!("http://airflow.invalid/api/{version}"), READ).var("http_proxy", &through(&proxy));
        let run = run.args(&["--auth", "token"]);
        assert_eq!(ended(&run).code, 2);
        assert_eq!(ended(&run.args(&["--allow-http"])).code, 0);
    }
    let lines = proxy.lines();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.starts_with("GET http://airflow.invalid/api/v")), "{lines:?}");
}

#[test]
fn a_proxy_that_asks_who_we_are_about_plain_http_is_no_airflow_that_refuses() {
    let page = format!("<html><title>no {PASSWORD}</title></html>");
    let proxy = Server::start(move |_| Act::Send(answer("407 Proxy Authentication Required", "text/html", &page)));
    let run = run_on("http://airflow.invalid/api/v1", READ).var("http_proxy", &through(&proxy));
    let ended = ended(&run.args(&["--allow-http"]));
    let expected = "407 Proxy Authentication Required for GET /api/v1/dags: no ***; the proxy asks for a user name and password: they stand in its URL, `http://user:password@…`";
    assert_eq!((ended.code, ended.sentence(), proxy.lines().len()), (3, expected, 1));
}

#[test]
fn no_proxy_stands_between_us_and_this_machine_or_what_no_proxy_names() {
    let proxy = Server::start(|_| json("500 Internal Server Error", "{}"));
    let every = |run: Run| {
        let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        names.iter().fold(run, |run, name| run.var(name, &through(&proxy)))
    };
    let airflow = Server::start(|_| json("200 OK", NO_DAGS));
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/api/v1", airflow.address.port());
        assert_eq!(ended(&every(run_on(&url, READ))).code, 0, "{host}");
    }
    for names in ["airflow.invalid", "x.example,.invalid", "x.example invalid.", "*"] {
        let ended = ended(&every(run("http://x", &Authority::new("ours"))).var("NO_PROXY", names));
        assert!(ended.sentence().starts_with("can't reach airflow.invalid:443: "), "{ended:#?}");
        assert!(!ended.stderr.contains("proxy"), "{ended:#?}");
    }
    assert_eq!(proxy.lines(), Vec::<String>::new());
}

#[test]
fn http_proxy_in_upper_case_names_no_proxy() {
    let proxy = Server::start(|_| json("200 OK", NO_DAGS));
    let run = run_on("http://airflow.invalid/api/v1", READ).args(&["--allow-http", "--auth", "token"]);
    let ended = ended(&run.var("HTTP_PROXY", &through(&proxy)));
    assert!(ended.sentence().starts_with("can't reach airflow.invalid:80: no such host"), "{ended:#?}");
    assert_eq!(proxy.lines(), Vec::<String>::new());
}

#[test]
fn a_proxy_on_the_way_to_plain_http_is_told_apart_from_the_target() {
    let run = run_on("http://airflow.invalid/api/v1", READ).args(&["--allow-http"]);
    let ended = ended(&run.var("http_proxy", "http://127.0.0.1:1"));
    let words = "can't reach airflow.invalid:80: the proxy can't be reached: connection refused (GET /api/v1/dags)";
    assert_eq!((ended.code, ended.sentence()), (3, words));
}

#[test]
fn a_variable_that_names_no_proxy_is_named_and_its_password_is_not_shown() {
    for (value, words) in [
        (
            format!("ftp://me:{PASSWORD}@127.0.0.1:1"),
            "its scheme is none of http, https, socks4, socks4a, socks5 and socks5h",
        ),
        (
            format!("http://me:{PASSWORD}/x@127.0.0.1:1"),
            "percent-encode `/`, `?` and `#` in the user name and password",
        ),
    ] {
        let ended = ended(&run(&value, &Authority::new("ours")));
        assert_eq!(ended.code, 2, "{ended:#?}");
        assert!(ended.stderr.contains("`HTTPS_PROXY`") && ended.stderr.contains(words), "{ended:#?}");
        assert!(!ended.transcript().contains(PASSWORD), "{ended:#?}");
    }
}

#[test]
fn a_socks_proxy_is_told_the_name_of_the_host_and_carries_the_run() {
    let airflow = Server::start(|_| json("200 OK", NO_DAGS));
    for (scheme, user) in [("socks5h", ""), ("socks5h", "me:p%40ss@"), ("socks4a", "")] {
        let proxy = Socks::start(airflow.address, user.replace("%40", "@").trim_end_matches('@').to_owned());
        let run = run_on("http://airflow.invalid/api/v1", READ).args(&["--allow-http", "--auth", "token"]);
        let ended = ended(&run.var("all_proxy", &format!("{scheme}://{user}{}", proxy.address)));
        assert_eq!(ended.code, 0, "{scheme} {user}: {ended:#?}");
        assert_eq!(proxy.hosts(), ["airflow.invalid"], "{scheme} {user}");
    }
    let proxy = Socks::start(airflow.address, "me:another".to_owned());
    let run = run_on("http://airflow.invalid/api/v1", READ).args(&["--allow-http"]);
    let ended = ended(&run.var("all_proxy", &format!("socks5h://me:{PASSWORD}@{}", proxy.address)));
    assert!(ended.sentence().contains("the proxy asks for a user name and password"), "{ended:#?}");
    let page = Server::start(|_| json("200 OK", "{}"));
    let run = run_on("http://airflow.invalid/api/v1", READ).args(&["--allow-http", "--connect-timeout", "2s"]);
    let told = super::bounded::ended(&run.var("all_proxy", &format!("socks5h://{}", page.address)));
    assert_eq!(told.code, 3, "{told:#?}");
}

#[test]
fn the_password_in_a_proxys_url_is_masked_wherever_it_is_shown() {
    let playbook = "name: p\nsteps: [{print: \"{{ env.HTTPS_PROXY }} {{ env.HTTPS_PROXY | b64encode }}\"}]";
    let run = Run::playbook(playbook).var("HTTPS_PROXY", &format!("http://me:{PASSWORD}@proxy:3128"));
    let ended = run.args(&["--sandbox"]).end();
    assert!(ended.stdout.starts_with("http://me:***@proxy:3128 "), "{ended:#?}");
    let whole = STANDARD.encode(format!("http://me:{PASSWORD}@proxy:3128"));
    assert!(!ended.transcript().contains(&whole), "{ended:#?}");
}
