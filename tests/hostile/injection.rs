//! Ids, values and credentials made to smuggle a header or a second request: the bytes that the server receives show none.

use regex_lite::Regex;

use super::airflow::airflow;
use super::bounded::{KEY, READ, ended, run_at};
use super::server::{Server, json};
use crate::run::{BOTH, Run};

/// What would be a header, or a request of its own, if it went out as it is.
const EVIL: [&str; 8] = [
    "a\r\nX-Injected: 1",
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "a HTTP/1.1\r\nX-Injected: 1\r\n\r\nGET /evil",
    "a\0b",
    "a%0d%0aX-Injected: 1",
    "a?x=1#y/../../evil",
    "é\u{2028}\u{202e}",
];

/// Every request is one request: a line of harmless characters, known headers, and a body as long as it says.
fn are_clean(server: &Server, context: &str) {
    let line = Regex::new(r"^(GET|POST|PATCH) /(api/v[12]|auth)/[A-Za-z0-9%._~/?&=+:-]*$").expect("a good pattern");
    let known = ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent"];
    for request in server.requests() {
        assert!(line.is_match(&request.line) && !request.line.contains("/evil"), "{context}: {}", request.line);
        let text = request.text();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        for header in head.lines().skip(1) {
            let name = header.split(':').next().unwrap_or_default().to_lowercase();
            assert!(known.contains(&name.as_str()), "{context}: {header}");
        }
        let bare = head.replace("\r\n", "");
        assert!(!bare.contains(|c: char| c.is_control() || !c.is_ascii()), "{context}: {head:?}");
        if !body.is_empty() {
            serde_json::from_str::<serde_json::Value>(body).unwrap_or_else(|error| panic!("{context}: {error} {body}"));
        }
    }
}

#[test]
fn no_id_and_no_value_leaves_its_place_in_a_request() {
    let mut asked = 0;
    for evil in EVIL {
        let text = serde_json::json!(evil).to_string();
        for step in [
            format!("assert_dag: {{dag_id: {text}}}"),
            format!("trigger_dag: {{dag_id: {text}}}"),
            format!("trigger_dag: {{dag_id: a, note: {text}, conf: {{k: {text}, {text}: 1}}}}"),
            format!("trigger_dag: {{dag_id: a, dag_run_id: {text}, if_exists: use}}"),
            format!("trigger_dag: {{dag_id: a, once_per: {text}}}"),
            format!("list_dags: {{tags: [{text}], dag_id_pattern: {text}}}"),
            format!("post_dataset_event: {{dataset_uri: {text}, extra: {{k: {text}}}}}"),
            "assert_dag: {dag_id: \"{{ value }}\"}".to_owned(),
            "trigger_dag: {dag_id: a, note: \"{{ value }}\", conf: {k: \"{{ value }}\"}}".to_owned(),
        ] {
            let playbook = format!(
                "name: {text}\ninputs: {{value: {{required: false}}}}\nsteps: [{{id: one, name: {text}, {step}, retry: false}}]"
            );
            for version in BOTH {
                let server = Server::start(airflow);
                let run = run_at(&server, version, &playbook);
                let run = if evil.contains('\0') { run } else { run.args(&["-e", &format!("value={evil}")]) };
                let code = ended(&run).code;
                let context = format!("{version} {step} {:?}", server.lines());
                assert!(matches!(code, 0..=2), "{context}: {code}");
                are_clean(&server, &context);
                asked += server.lines().len();
            }
        }
    }
    assert!(asked > 100, "{asked} requests");
}

#[test]
fn no_credential_with_a_line_break_is_sent() {
    let breaks = [
        "some-key\r\nX-Injected: 1",
        "some-key\nX-Injected: 1",
        "some-key\n",
        "\tsome-key",
        "some-key\u{7f}",
        "schlüssel",
    ];
    for value in breaks {
        for version in BOTH {
            for (name, other) in
                [("KEY", None), ("TOKEN", None), ("PASSWORD", Some("USERNAME")), ("USERNAME", Some("PASSWORD"))]
            {
                let server = Server::start(airflow);
                let run = Run::playbook(READ);
                let run =
                    run.var("MY_AIRFLOW_API_URL", &server.url(version)).var(&format!("MY_AIRFLOW_API_{name}"), value);
                let run = match other {
                    Some(other) => run.var(&format!("MY_AIRFLOW_API_{other}"), "harmless"),
                    None => run,
                };
                let ended = ended(&run);
                let context = format!("{version} {name} {value:?} {ended:#?}");
                // A user name and a password may have any letters, since they are encoded.
                if other.is_some() && value == "schlüssel" {
                    are_clean(&server, &context);
                    continue;
                }
                assert_eq!((ended.code, server.lines().len()), (2, 0), "{context}");
                assert!(
                    ended
                        .sentence()
                        .starts_with(&format!("`MY_AIRFLOW_API_{name}` in the environment can't be used: ")),
                    "{context}"
                );
                assert!(
                    !ended.transcript().contains("X-Injected") && !ended.transcript().contains("some-key"),
                    "{context}"
                );
            }
        }
    }
}

#[test]
fn a_url_with_a_line_break_smuggles_nothing() {
    for evil in ["/api/v1\r\nX-Injected: 1", "/\r\n\r\nGET /evil HTTP/1.1\r\n", "/x y/api/v2", "/é/api/v1"] {
        let server = Server::start(airflow);
        let url = format!("http://{}{evil}", server.address);
        let ended = ended(&Run::playbook(READ).var("MY_AIRFLOW_API_URL", &url).var("MY_AIRFLOW_API_KEY", KEY));
        for request in server.requests() {
            let text = request.text();
            let head = text.split("\r\n\r\n").next().unwrap_or_default();
            assert!(!head.to_lowercase().contains("\nx-injected") && head.matches(" HTTP/1.1").count() == 1, "{head}");
            assert!(head.is_ascii() && request.line.split(' ').count() == 2, "{head} {ended:#?}");
        }
    }
}

#[test]
fn a_token_that_a_login_gives_with_a_line_break_is_not_sent() {
    let server = Server::start(|request| {
        if request.line == "POST /auth/token" {
            return json("201 Created", r#"{"access_token": "token-1\r\nX-Injected: 1"}"#);
        }
        airflow(request)
    });
    let run = Run::playbook(READ).var("MY_AIRFLOW_API_URL", &server.url("v2")).var("MY_AIRFLOW_API_KEY", KEY);
    let ended = ended(&run);
    let expected = "the token that was given can't be sent (POST /auth/token)";
    assert_eq!((ended.code, ended.sentence(), server.lines().len()), (1, expected, 1));
}
