//! What becomes of a write when its answer is lost, cut, endless, late, or not Airflow's.
//!
//! In: scripts. Out: tests of kind, delivery, retry and words. The write is always the trigger of a run on v1.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::{LIMIT, Reply, Server, client, html, json, options, reply, trigger};
use crate::airflow::client::Client;
use crate::airflow::error::{ApiError, Delivery, ErrorKind, RetryKind};
use crate::clock::Clock;
use crate::http::{Deadline, HttpClient, HttpOptions, Request, TransportCause};

/// The ends of 200,000 zeros, compressed; between them stand only `A`s.
const BOMB: (&str, usize, &str) = ("H4sIAAAAAAACA+3BMQEAAADCoErrn84M/kAB", 257, "K8BlH0jNkANAwA=");

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n";

async fn trigger_at(script: Reply) -> ApiError {
    let server = Server::start(vec![script]).await;
    let error = trigger(&client(&format!("{}/api/v1", server.url))).await.expect_err("no run");
    assert_eq!(server.requests().len(), 1, "one call is one request");
    error
}

fn verdict(error: &ApiError) -> (ErrorKind, Delivery, Option<RetryKind>) {
    (error.kind.clone(), error.delivery(), error.retry_kind())
}

#[tokio::test]
async fn a_reset_before_the_answer_leaves_a_write_unknown() {
    let error = trigger_at(Reply::Reset).await;
    assert_eq!(verdict(&error), (ErrorKind::ConnectionLost, Delivery::Unknown, Some(RetryKind::Transport)));
    assert!(error.message.contains("the connection was "), "{error}");
    assert!(error.is_unreachable());
}

#[tokio::test]
async fn a_close_before_the_answer_leaves_a_write_unknown() {
    for bytes in ["", "HTTP/1.1 20"] {
        let error = trigger_at(Reply::Send(bytes.into())).await;
        assert_eq!(verdict(&error), (ErrorKind::ConnectionLost, Delivery::Unknown, Some(RetryKind::Transport)));
        assert!(error.message.starts_with("no answer from 127.0.0.1:"), "{error}");
        assert!(error.message.ends_with("the connection was closed (POST /api/v1/dags/d/dagRuns)"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_http_leaves_a_write_unknown() {
    let error = trigger_at(Reply::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())).await;
    assert_eq!(verdict(&error), (ErrorKind::NotAirflow, Delivery::Unknown, None));
}

#[tokio::test]
async fn a_refused_connection_was_never_delivered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = trigger(&client(&format!("http://{address}/api/v1"))).await.expect_err("nobody there");
    assert_eq!(verdict(&error), (ErrorKind::Unreachable, Delivery::Refused, Some(RetryKind::Transport)));
    let expected = format!("can't reach {address}: connection refused (POST /api/v1/dags/d/dagRuns)");
    assert_eq!(error.message, expected);
}

#[tokio::test]
async fn https_to_a_port_that_speaks_http_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client is there");
        std::future::pending::<()>().await;
    };
    let client = client(&format!("https://{address}/api/v1"));
    let error = tokio::select! {
        answer = trigger(&client) => answer.expect_err("no TLS there"),
        () = server => panic!("the server ended"),
    };
    assert_eq!(verdict(&error), (ErrorKind::Unreachable, Delivery::Refused, Some(RetryKind::Transport)));
    assert!(error.message.contains("is it an `http://` URL?"), "{error}");
}

#[tokio::test]
async fn a_success_whose_body_is_cut_was_accepted() {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let chunked = format!("{CHUNKED}content-type: application/json\r\n\r\n5\r\n{{\"dag\r\n");
    let table = [
        format!("{head}content-length: 900\r\n\r\n{{\"dag_id\": \"d\""),
        format!("{head}\r\n{{\"dag_id\": \"d\""),
        format!("{head}content-length: 0\r\n\r\n"),
        format!("{head}content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
        chunked,
    ];
    for text in table {
        let error = trigger_at(Reply::Send(text.clone().into_bytes())).await;
        let expected = (ErrorKind::AcceptedButCut, Delivery::Accepted, Some(RetryKind::Transport));
        assert_eq!(verdict(&error), expected, "{text}: {error}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_on() {
    let json = "content-type: application/json\r\n";
    let announced = format!("HTTP/1.1 200 OK\r\n{json}content-length: 99999999\r\n\r\n");
    let bomb = format!("{}{}{}", BOMB.0, "A".repeat(BOMB.1), BOMB.2);
    let bomb = STANDARD.decode(bomb).expect("base64");
    let head = format!("HTTP/1.1 200 OK\r\n{json}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let table = [
        Reply::Endless(format!("{CHUNKED}{json}\r\n").into_bytes()),
        Reply::Send(announced.into_bytes()),
        Reply::Send([head.into_bytes(), bomb].concat()),
    ];
    for script in table {
        let error = trigger_at(script).await;
        assert_eq!(verdict(&error), (ErrorKind::TooLarge, Delivery::Accepted, None), "{error}");
        assert!(error.message.contains("larger than 65536 bytes"), "{error}");
    }
}

#[tokio::test]
async fn no_answer_in_time_leaves_a_write_unknown_and_takes_no_wall_time() {
    let server = Server::start(vec![Reply::Silence]).await;
    let clock = Clock::manual("2026-11-01T12:00:00Z".parse().expect("a good timestamp"));
    let mut options = options(&format!("{}/api/v1", server.url));
    options.clock = clock.clone();
    let client = Client::new(options).expect("good options");
    let asked = tokio::spawn(async move { trigger(&client).await });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    clock.sleep(LIMIT + Duration::from_secs(1)).await;
    let error = asked.await.expect("no panic").expect_err("no answer");
    assert_eq!(verdict(&error), (ErrorKind::Timeout, Delivery::Unknown, Some(RetryKind::Timeout)));
    assert!(error.message.contains("nothing came within 30s"), "{error}");
}

#[tokio::test]
async fn what_an_ingress_answers_is_never_taken_for_airflow() {
    let page = "<html><head><title>Service Unavailable</title></head></html>";
    let server_error = Some(RetryKind::ServerError);
    let table = [
        (html("503 Service Unavailable", page), ErrorKind::ServerError, Delivery::Unknown, server_error, true),
        (html("502 Bad Gateway", page), ErrorKind::ServerError, Delivery::Unknown, server_error, true),
        (html("200 OK", page), ErrorKind::NotAirflow, Delivery::Unknown, None, true),
        (html("404 Not Found", page), ErrorKind::NotFoundElsewhere, Delivery::Unknown, None, false),
        (json("404 Not Found", "{\"message\":\"x\"}"), ErrorKind::NotFoundElsewhere, Delivery::Unknown, None, false),
        (html("401 Unauthorized", page), ErrorKind::Unauthorized, Delivery::Refused, None, false),
        (html("400 Bad Request", page), ErrorKind::Rejected, Delivery::Unknown, None, false),
        (html("500 Oops", page), ErrorKind::ServerError, Delivery::Unknown, server_error, false),
        (html("501 Nope", page), ErrorKind::ServerError, Delivery::Unknown, None, false),
        (html("505 Nope", page), ErrorKind::ServerError, Delivery::Unknown, None, false),
        (html("511 Log In", page), ErrorKind::ServerError, Delivery::Unknown, None, false),
        (html("507 Full", page), ErrorKind::ServerError, Delivery::Unknown, server_error, false),
        (json("408 Late", "{}"), ErrorKind::RequestTimeout, Delivery::Unknown, Some(RetryKind::Timeout), false),
        (json("200 OK", "{\"status\":\"starting\"}"), ErrorKind::Unreadable, Delivery::Unknown, None, false),
        (json("200 OK", "[1]"), ErrorKind::Unreadable, Delivery::Unknown, None, false),
        (reply("204 No Content", "", ""), ErrorKind::NotAirflow, Delivery::Unknown, None, false),
    ];
    for (script, kind, delivery, retry, is_unreachable) in table {
        let error = trigger_at(script).await;
        assert_eq!(verdict(&error), (kind, delivery, retry), "{error}");
        assert_eq!(error.is_unreachable(), is_unreachable, "{error}");
        assert_eq!(error.message.contains("asleep or starting"), is_unreachable, "{error}");
    }
}

#[tokio::test]
async fn what_gateways_alone_answer_counts_as_502_does() {
    for status in [509, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599] {
        for script in [html(&format!("{status} "), "<html>"), reply(&format!("{status} "), "", "error code: 1")] {
            let error = trigger_at(script).await;
            assert_eq!(
                verdict(&error),
                (ErrorKind::ServerError, Delivery::Unknown, Some(RetryKind::ServerError)),
                "{error}"
            );
            assert!(error.is_unreachable(), "{error}");
            assert!(error.message.contains("a gateway in front of Airflow"), "{error}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_handed_on_in_both_forms() {
    let date = "date: Sun, 22 Nov 2026 12:00:00 GMT\r\n";
    for value in ["42", "Sun, 22 Nov 2026 12:00:42 GMT"] {
        let error = trigger_at(reply("429 Too Many Requests", &format!("{date}retry-after: {value}\r\n"), "")).await;
        assert_eq!(verdict(&error), (ErrorKind::RateLimited, Delivery::Refused, Some(RetryKind::RateLimited)));
        assert_eq!(error.retry_after, Some(Duration::from_secs(42)));
        assert_eq!(error.server_time.map(|time| time.to_string()).as_deref(), Some("2026-11-22T12:00:00Z"));
    }
}

#[tokio::test]
async fn a_redirect_is_named_and_nothing_goes_to_where_it_points() {
    let elsewhere = Server::start(vec![json("200 OK", "{}")]).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let error = trigger_at(reply(status, &format!("location: {}/x\r\n", elsewhere.url), "")).await;
        let to = Some(format!("{}/x", elsewhere.url).into_boxed_str());
        assert_eq!(verdict(&error), (ErrorKind::Redirect { to }, Delivery::Refused, None));
        assert!(error.message.contains(&elsewhere.url), "{error}");
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_sent_to_another_origin_than_the_targets() {
    let elsewhere = Server::start(vec![json("200 OK", "{}")]).await;
    let target = "http://airflow.example:8080/".parse().expect("a good URL");
    let http = HttpClient::new(&target, &HttpOptions::default()).expect("good options");
    let url = elsewhere.url.parse().expect("a good URL");
    let request = Request { method: Method::GET, url, headers: [].into_iter().collect(), body: None };
    let error = http.exchange(request, &Deadline::after(&Clock::system(), LIMIT)).await.expect_err("not the target");
    assert!(matches!(error.cause, TransportCause::OtherOrigin { .. }));
    assert!(error.cause.is_never_delivered());
    let text = error.to_string();
    assert!(text.contains("http://airflow.example:8080") && text.contains(&elsewhere.url), "{text}");
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_id_that_no_url_can_hold_is_refused_before_anything_is_sent() {
    let server = Server::start(vec![json("200 OK", "{}")]).await;
    let client = client(&format!("{}/api/v1", server.url));
    for (dag_id, dag_run_id) in [("..", "r"), ("d", "."), ("d", "~"), ("", "r")] {
        let error = client.dag_run(dag_id, dag_run_id, LIMIT).await.expect_err("no such path");
        assert_eq!(verdict(&error), (ErrorKind::BadRequestPath, Delivery::Refused, None));
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn what_an_answer_says_is_shown_without_control_characters() {
    let error = trigger_at(json("400 Bad Request", r#"{"detail": "a\u001b[2Jb", "status": 400, "type": "t"}"#)).await;
    assert_eq!(error.message, "400 Bad Request for POST /api/v1/dags/d/dagRuns: a [2Jb");
}
