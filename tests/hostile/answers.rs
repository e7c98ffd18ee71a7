//! Answers of every shape that an Airflow, an ingress or anything else gives: one sentence and one exit code for each.

use super::airflow::airflow;
use super::bounded::{NO_DAGS, READ, WRITE, ended, run_at};
use super::server::{Act, Server, answer};
use crate::run::BOTH;

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
const ASLEEP: &str = "the environment may be asleep or starting";
const NOT_OWN: &str = "this is not Airflow's own answer: check the URL, or the environment may be asleep";

/// An answer with this status line and these headers, and no body.
fn bare(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// Each answer is told alike over both APIs: with this exit code, and this behind what was asked.
fn are_told(table: &[(Vec<u8>, i32, &str)]) {
    for version in BOTH {
        for (bytes, code, sentence) in table {
            let shown: String = String::from_utf8_lossy(bytes).chars().take(200).collect();
            let sent = bytes.clone();
            let server = Server::start(move |_| Act::Send(sent.clone()));
            let ended = ended(&run_at(&server, version, READ));
            let told = ended.sentence().replace(&format!(" for GET /api/{version}/dags"), "");
            let told = told.replace(&format!(" (GET /api/{version}/dags)"), "");
            assert_eq!((ended.code, told.as_str()), (*code, *sentence), "{version} {shown}");
            assert_eq!(server.lines().len(), 1, "{version} {shown}");
        }
    }
}

#[test]
fn every_shape_of_an_error_is_one_sentence() {
    let long = format!("422 Unprocessable Entity: {}…", "x".repeat(299));
    let sql = r#"{"detail": {"reason": "Unique constraint violation", "statement": "INSERT INTO secrets", "orig_error": "UNIQUE failed"}}"#;
    let fields = r#"{"detail": [{"type": "int_parsing", "loc": ["query", "limit"], "msg": "not a number", "input": "x"}, {"loc": ["body", 0], "msg": "Field required"}]}"#;
    are_told(&[
        (
            answer(
                "400 Bad Request",
                PROBLEM,
                r#"{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "no such\nfield\u001b[2J"}"#,
            ),
            1,
            "400 Bad Request: no such field [2J",
        ),
        (
            answer(
                "400 Bad Request",
                PROBLEM,
                r#"{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": null}"#,
            ),
            1,
            "400 Bad Request: Bad Request",
        ),
        (answer("400 Bad Request", JSON, r#"{"detail": "no such field"}"#), 1, "400 Bad Request: no such field"),
        (
            answer("422 Unprocessable Content", JSON, fields),
            1,
            "422 Unprocessable Entity: query.limit: not a number; body.0: Field required",
        ),
        (
            answer("422 X", JSON, r#"{"detail": ["one", 2, null, {"a": 1}, "two"]}"#),
            1,
            "422 Unprocessable Entity: one; two",
        ),
        (answer("409 Conflict", JSON, sql), 1, "409 Conflict: Unique constraint violation: UNIQUE failed"),
        (answer("400 X", JSON, r#"{"detail": {"a": {"b": 1}}}"#), 1, "400 Bad Request"),
        (answer("500 X", JSON, r#"{"message": "no"}"#), 1, "500 Internal Server Error: no"),
        (answer("500 X", JSON, r#"{"error": "no"}"#), 1, "500 Internal Server Error: no"),
        (answer("500 X", JSON, "7"), 1, "500 Internal Server Error"),
        (answer("500 X", JSON, "[[[]]]"), 1, "500 Internal Server Error"),
        (answer("500 X", JSON, &"[".repeat(100_000)), 1, &format!("500 Internal Server Error: {}…", "[".repeat(299))),
        (answer("400 X", JSON, r#"{"detail": "no su"#), 1, r#"400 Bad Request: {"detail": "no su"#),
        (answer("422 X", "text/plain", &"x".repeat(5000)), 1, &long),
        (
            answer("500 X", "text/plain", "\n\nInternal Server Error\nmore"),
            1,
            "500 Internal Server Error: Internal Server Error",
        ),
        (answer("500 X", "text/plain", ""), 1, "500 Internal Server Error"),
        (
            answer("500 X", "text/html", "<!DOCTYPE html><html><title>Ooops!</title></html>"),
            1,
            "500 Internal Server Error: Ooops!",
        ),
        (
            answer("500 X", "text/html", "<html><h1>Big <b>trouble</b></h1>"),
            1,
            "500 Internal Server Error: Big trouble",
        ),
        (
            answer("404 X", "text/html", "<html><title>no page</title>"),
            1,
            &format!("404 Not Found: no page; {NOT_OWN}"),
        ),
        (answer("404 X", "text/plain", ""), 1, &format!("404 Not Found; {NOT_OWN}")),
        (answer("410 X", "text/plain", ""), 1, "410 Gone"),
        (answer("413 X", "text/html", "<html><title>too much</title>"), 1, "413 Payload Too Large: too much"),
        (answer("429 X", "text/plain", "slow down"), 1, "429 Too Many Requests: slow down"),
        (
            bare("599", "content-length: 0\r\n"),
            3,
            "599; a gateway in front of Airflow says so when it gets no good answer from it",
        ),
        (bare("999 Huh", "content-length: 0\r\n"), 1, "999"),
        (bare("101 Switching Protocols", "upgrade: x\r\nconnection: upgrade\r\n"), 1, "101 Switching Protocols"),
    ]);
}

#[test]
fn json_under_another_name_is_read_as_json() {
    for media_type in ["text/plain", "text/html", "application/octet-stream", "; charset=x"] {
        are_told(&[(
            answer("400 X", media_type, r#" {"detail": "no such field"}"#),
            1,
            "400 Bad Request: no such field",
        )]);
        for version in BOTH {
            let sent = answer("200 OK", media_type, &format!("\n{NO_DAGS}"));
            let server = Server::start(move |_| Act::Send(sent.clone()));
            let ended = ended(&run_at(&server, version, READ));
            assert_eq!(ended.code, 0, "{media_type}: {ended:#?}");
        }
    }
}

#[test]
fn a_success_that_is_no_airflows_says_what_it_is_instead() {
    let page = "<html><head><title>My Airflow is starting</title></head></html>";
    let is_page = format!("200 OK: a web page (`My Airflow is starting`) instead of the API's answer; {ASLEEP}");
    are_told(&[
        (answer("200 OK", "text/html", page), 3, &is_page),
        (answer("200 OK", JSON, page), 3, &is_page),
        (answer("200 OK", "text/plain", page), 3, &is_page),
        (
            answer("200 OK", "text/html", "<p>hi"),
            3,
            &format!("200 OK: a web page instead of the API's answer; {ASLEEP}"),
        ),
        (answer("200 OK", "text/plain", "OK"), 1, "200 OK: an answer that isn't Airflow's (text/plain); check the URL"),
        (
            answer("200 OK", "text/plain", r#"{"dags": [oops"#),
            1,
            "200 OK: an answer that isn't Airflow's (text/plain); check the URL",
        ),
        (
            answer("200 OK", "text/plain", r#"{"status": "up"}"#),
            1,
            "200 OK: an answer that isn't Airflow's (text/plain); check the URL",
        ),
        (
            bare("204 No Content", ""),
            1,
            "204 No Content: an answer that isn't Airflow's (no media type); check the URL",
        ),
        (
            answer("200 OK", JSON, r#"{"status": "up"}"#),
            1,
            "200 OK: the answer can't be understood: missing field `dags` at line 1 column 16",
        ),
        (answer("200 OK", JSON, ""), 1, "200 OK: the answer was cut off"),
        (answer("200 OK", JSON, r#"{"dags": ["#), 1, "200 OK: the answer was cut off"),
    ]);
}

#[test]
fn an_environment_that_sleeps_is_named_as_such_and_airflows_own_503_is_not() {
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
    let own = r#"{"type": "about:blank", "status": 503, "detail": "the database is away"}"#;
    are_told(&[
        (
            answer("502 X", "text/html", page),
            3,
            &format!("502 Bad Gateway: 503 Service Temporarily Unavailable; {ASLEEP}"),
        ),
        (
            answer("503 X", "text/html", page),
            3,
            &format!("503 Service Unavailable: 503 Service Temporarily Unavailable; {ASLEEP}"),
        ),
        (
            answer("503 X", "text/plain", "no healthy upstream"),
            3,
            &format!("503 Service Unavailable: no healthy upstream; {ASLEEP}"),
        ),
        (answer("504 X", "text/plain", ""), 3, &format!("504 Gateway Timeout; {ASLEEP}")),
        (answer("503 X", JSON, own), 1, "503 Service Unavailable: the database is away"),
    ]);
}

#[test]
fn a_redirect_says_where_to_without_what_may_be_secret() {
    let to = |location: &str| bare("302 Found", &format!("location: {location}\r\ncontent-length: 0\r\n"));
    let not_followed = "redirects are not followed";
    are_told(&[
        (
            to("https://sso.example/auth?state=hunter2#x"),
            1,
            &format!("302 Found; it points to https://sso.example/auth, and {not_followed}"),
        ),
        (to("/login?next=hunter2"), 1, &format!("302 Found; it points to /login, and {not_followed}")),
        (
            to("https://me:hunter2@sso.example/a@b"),
            1,
            &format!("302 Found; it points to https://sso.example/a@b, and {not_followed}"),
        ),
        (to("//me:hunter2@sso.example"), 1, &format!("302 Found; it points to //sso.example, and {not_followed}")),
        (to("?hunter2"), 1, &format!("302 Found; {not_followed}")),
        (
            to(&format!("/{}", "x".repeat(1000))),
            1,
            &format!("302 Found; it points to /{}…, and {not_followed}", "x".repeat(298)),
        ),
        (bare("304 Not Modified", ""), 1, &format!("304 Not Modified; {not_followed}")),
    ]);
}

#[test]
fn what_is_no_http_is_told_and_what_comes_before_an_answer_is_passed_over() {
    let no_http = "no answer from 127.0.0.1:PORT: what came back is not an HTTP answer; is it an `https://` URL?";
    let too_large = "no answer from 127.0.0.1:PORT: the head of its answer is too large";
    let hints = |count| b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(count);
    are_told(&[
        (b"220 mail.example ESMTP\r\n\r\n".to_vec(), 1, no_http),
        (bare("200 OK", "nonsense\r\n"), 1, no_http),
        (bare("200 OK", "content-length: 1\r\ncontent-length: 2\r\n"), 1, no_http),
        (bare("200 OK", "content-length: -1\r\n"), 1, no_http),
        (bare("200 OK", &"x-a: b\r\n".repeat(2000)), 1, too_large),
        (bare("200 OK", &format!("x-a: {}\r\n", "b".repeat(1_000_000))), 1, too_large),
        (b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), 3, "no answer from 127.0.0.1:PORT: the connection was closed"),
        (hints(1000), 3, "no answer from 127.0.0.1:PORT: the connection was closed"),
        (Vec::new(), 3, "no answer from 127.0.0.1:PORT: the connection was closed"),
    ]);
    let first = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), hints(3)].concat();
    let sent = [first, answer("200 OK", JSON, NO_DAGS)].concat();
    let server = Server::start(move |_| Act::Send(sent.clone()));
    assert_eq!(ended(&run_at(&server, "v1", READ)).code, 0);
}

#[test]
fn a_write_is_sent_once_whatever_comes_back() {
    let looked_for = [
        answer("200 OK", "text/html", "<html><title>x</title>"),
        answer("200 OK", "text/plain", "OK"),
        answer("200 OK", JSON, r#"{"dag_id": "#),
        answer("200 OK", JSON, "{}"),
        answer("500 X", "text/plain", ""),
        answer("503 X", "text/html", "<html>"),
        answer("404 X", "text/html", "<html>"),
        answer("408 X", "text/plain", ""),
        bare("204 No Content", ""),
        bare("599", "content-length: 0\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        b"220 mail.example\r\n\r\n".to_vec(),
        bare("200 OK", &format!("x-a: {}\r\n", "b".repeat(1_000_000))),
        Vec::new(),
    ];
    let refused = [
        (bare("302 Found", "location: /login\r\ncontent-length: 0\r\n"), 1),
        (answer("400 X", JSON, r#"{"detail": "no", "type": "x", "status": 400}"#), 1),
        (answer("401 X", "text/plain", ""), 4),
        (answer("403 X", "text/plain", ""), 4),
        (answer("413 X", "text/plain", ""), 1),
        (answer("422 X", JSON, r#"{"detail": [{"msg": "no", "loc": []}], "type": "x", "status": 422}"#), 1),
        (answer("429 X", "text/plain", ""), 1),
    ];
    let table = looked_for.into_iter().map(|bytes| (bytes, 0)).chain(refused);
    for (bytes, code) in table {
        for version in BOTH {
            let shown: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
            let sent = bytes.clone();
            let server = Server::start(move |request| {
                if request.line.starts_with("POST") { Act::Send(sent.clone()) } else { airflow(request) }
            });
            let ended = ended(&run_at(&server, version, WRITE));
            assert_eq!(ended.code, code, "{version} {shown} {ended:#?}");
            let lines = server.lines();
            let posts = lines.iter().filter(|line| line.starts_with("POST")).count();
            let looks = lines.iter().filter(|line| line.contains("/dagRuns/")).count();
            assert_eq!((posts, looks), (1, usize::from(code == 0)), "{version} {shown} {lines:?}");
        }
    }
}
