//! Credentials on the wire: renewed where that helps, refused with a remedy, and never shown to anybody else.

use super::airflow::airflow;
use super::bounded::{READ, WRITE, ended, run_at, run_on};
use super::server::{Act, Request, Server, json};
use crate::run::{BOTH, Run};

const WAITS: &str = "name: w\nsteps: [{trigger_dag: {dag_id: a, wait: {poll: {every: 10ms}}}, retry: false}]";
const PASSWORD: &str = "hunter2-hunter2";

/// A run of a user with a password.
fn of_user(server: &Server, version: &str, playbook: &str) -> Run {
    let run = Run::playbook(playbook).var("MY_AIRFLOW_API_URL", &server.url(version));
    run.var("MY_AIRFLOW_API_USERNAME", "ana").var("MY_AIRFLOW_API_PASSWORD", PASSWORD)
}

/// An Airflow 3 that gives the tokens `token-1`, `token-2`, and refuses some requests.
fn with_tokens(refuses: impl Fn(&Request, &str) -> Option<Act> + Send + Sync + 'static) -> Server {
    let logins = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |request| {
        if request.line == "POST /auth/token" {
            let number = logins.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            return json("201 Created", &format!(r#"{{"access_token": "token-{number}-of-ana"}}"#));
        }
        let shown = request.header("authorization").unwrap_or_default();
        refuses(request, &shown).unwrap_or_else(|| airflow(request))
    })
}

fn expired() -> Act {
    json("401 Unauthorized", r#"{"detail": "Token Expired"}"#)
}

fn invalid() -> Act {
    json("403 Forbidden", r#"{"detail": "Invalid JWT token"}"#)
}

/// The lines of the requests with what each showed, ids of runs left out.
fn shown(server: &Server) -> Vec<String> {
    let line = |request: Request| {
        let line = request.line.split("/myaf__").next().unwrap_or_default().replace("/api/v2", "");
        format!("{line} {}", request.header("authorization").unwrap_or_default()).trim_end().to_owned()
    };
    server.requests().into_iter().map(line).collect()
}

#[test]
fn a_token_that_runs_out_before_a_write_is_renewed_and_the_write_is_the_same() {
    for refusal in [expired, invalid] {
        let server = with_tokens(move |request, shown| {
            (request.line.ends_with("/dagRuns") && shown == "Bearer token-1-of-ana").then(refusal)
        });
        let ended = ended(&of_user(&server, "v2", WRITE));
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(!ended.transcript().contains(PASSWORD) && !ended.transcript().contains("of-ana"), "{ended:#?}");
        let expected = [
            "POST /auth/token",
            "GET /dags/a Bearer token-1-of-ana",
            "POST /dags/a/dagRuns Bearer token-1-of-ana",
            "POST /auth/token",
            "POST /dags/a/dagRuns Bearer token-2-of-ana",
        ];
        assert_eq!(shown(&server), expected);
        let requests = server.requests();
        let body = |at: usize| requests[at].text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        assert_eq!(body(2), body(4));
        let login = format!(r#"{{"username":"ana","password":"{PASSWORD}"}}"#);
        assert_eq!((body(0), body(3)), (Some(login.clone()), Some(login)));
    }
}

#[test]
fn a_token_that_runs_out_after_a_write_is_renewed_and_the_write_is_not_sent_again() {
    let server = with_tokens(|request, shown| {
        (request.line.contains("/dagRuns/") && shown == "Bearer token-1-of-ana").then(expired)
    });
    let ended = ended(&of_user(&server, "v2", WAITS));
    assert_eq!(ended.code, 0, "{ended:#?}");
    // The first to be refused is the question that Airflow would answer for as long as the run goes on; it is no verdict.
    let expected = [
        "POST /auth/token",
        "GET /dags/a Bearer token-1-of-ana",
        "POST /dags/a/dagRuns Bearer token-1-of-ana",
        "GET /dags/a/dagRuns Bearer token-1-of-ana",
        "GET /dags/a/dagRuns Bearer token-1-of-ana",
        "POST /auth/token",
        "GET /dags/a/dagRuns Bearer token-2-of-ana",
        "GET /eventLogs Bearer token-2-of-ana",
    ];
    let asked: Vec<String> = shown(&server)
        .into_iter()
        .map(|line| match line.split_once('?') {
            Some((path, rest)) => format!("{path} Bearer{}", rest.split_once(" Bearer").map_or("", |(_, token)| token)),
            None => line,
        })
        .collect();
    assert_eq!(asked, expected);
}

#[test]
fn every_new_token_that_is_refused_again_ends_the_run() {
    for (playbook, asked) in [(READ, "GET /dags?"), (WRITE, "POST /dags/a/dagRuns")] {
        let server =
            with_tokens(move |request, _| request.line.replace("/api/v2", "").starts_with(asked).then(expired));
        let ended = ended(&of_user(&server, "v2", playbook));
        assert_eq!(ended.code, 4, "{ended:#?}");
        assert!(ended.sentence().ends_with(": Token Expired; check the key or token"), "{ended:#?}");
        let tries = shown(&server).iter().filter(|line| line.starts_with(asked)).count();
        assert_eq!(tries, 2, "{:?}", shown(&server));
    }
}

#[test]
fn what_airflow_refuses_says_whether_the_credential_or_the_right_is_missing() {
    let v1_hint = "check the key and its rights (Airflow 2 says 403 for both)";
    let problem = |status: u16| format!(r#"{{"type": "x", "title": "Denied", "status": {status}, "detail": null}}"#);
    let table = [
        ("v1", "401 X", problem(401), "401 Unauthorized: Denied; check the key".to_owned()),
        ("v1", "403 X", problem(403), format!("403 Forbidden: Denied; {v1_hint}")),
        (
            "v2",
            "401 X",
            r#"{"detail": "Not authenticated"}"#.to_owned(),
            "401 Unauthorized: Not authenticated; check the key or token".to_owned(),
        ),
        (
            "v2",
            "403 X",
            r#"{"detail": "Invalid JWT token"}"#.to_owned(),
            "403 Forbidden: Invalid JWT token; check the key or token".to_owned(),
        ),
        (
            "v2",
            "403 X",
            r#"{"detail": "Forbidden"}"#.to_owned(),
            "403 Forbidden: Forbidden; check the rights of the key or token".to_owned(),
        ),
    ];
    for (version, status, body, sentence) in table {
        for (playbook, asked) in [(READ, "GET"), (WRITE, "POST")] {
            let (status, body) = (status.to_owned(), body.clone());
            let server =
                Server::start(
                    move |request| {
                        if request.line.starts_with(asked) { json(&status, &body) } else { airflow(request) }
                    },
                );
            let ended = ended(&run_at(&server, version, playbook));
            let asked_for = regex_lite::Regex::new(r" for [A-Z]+ /api/\S+?(: |;|$)").expect("a good pattern");
            assert_eq!((ended.code, asked_for.replace(ended.sentence(), "$1").as_ref()), (4, sentence.as_str()));
            let refused = server.lines().iter().filter(|line| line.starts_with(asked)).count();
            assert_eq!(refused, 1, "a static credential is not tried twice: {:?}", server.lines());
        }
    }
}

#[test]
fn nothing_goes_where_a_redirect_points_to() {
    let elsewhere = Server::start(airflow);
    for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
        let to = format!("http://{}/auth/token", elsewhere.address);
        let sent = format!("HTTP/1.1 {status}\r\nconnection: close\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let redirects = |asked: &'static str| {
            let sent = sent.clone();
            Server::start(move |request| {
                if request.line.starts_with(asked) { Act::Send(sent.clone().into_bytes()) } else { airflow(request) }
            })
        };
        for version in BOTH {
            for (asked, playbook) in [("GET", READ), ("POST", WRITE)] {
                let ended = ended(&run_at(&redirects(asked), version, playbook));
                assert_eq!(ended.code, 1, "{ended:#?}");
                let points =
                    format!("it points to {}, and redirects are not followed", "http://127.0.0.1:PORT/auth/token");
                assert!(ended.sentence().ends_with(&points), "{ended:#?}");
            }
        }
        let login = ended(&of_user(&redirects("POST /auth/token"), "v2", READ));
        assert!(login.code == 1 && !login.transcript().contains(PASSWORD), "{login:#?}");
        // Neither version is said, so both are asked for.
        let server = redirects("GET");
        let version = ended(&run_on(&format!("http://{}", server.address), READ));
        assert_eq!(
            (version.code, server.lines()),
            (1, vec!["GET /api/v1/version".to_owned(), "GET /api/v2/version".to_owned()])
        );
        assert!(server.requests().iter().all(|request| request.header("authorization").is_none()));
    }
    assert_eq!(elsewhere.lines(), Vec::<String>::new());
}
