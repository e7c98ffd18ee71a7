//! How a credential is shown, exchanged and renewed, and how the API version is found out.
//!
//! In: scripts. Out: tests of the requests that are sent, in their order, and of what each one shows.

use super::{LIMIT, Reply, Server, client, html, json, options, reply, trigger};
use crate::airflow::auth::{AuthScheme, Credential};
use crate::airflow::client::{Client, ClientOptions};
use crate::airflow::error::{Delivery, ErrorKind};
use crate::airflow::model::ApiVersion::{V1, V2};
use crate::secret::Masker;

const RUN: &str = r#"{"dag_id": "d", "dag_run_id": "r", "state": "queued"}"#;

fn run() -> Reply {
    json("200 OK", RUN)
}

fn token(token: &str) -> Reply {
    json("201 Created", &format!(r#"{{"access_token": "{token}"}}"#))
}

#[tokio::test]
async fn a_key_is_shown_as_it_is_on_v1() {
    let server = Server::start(vec![run()]).await;
    trigger(&client(&format!("{}/api/v1", server.url))).await.expect("a run");
    assert_eq!(server.shown(), ["POST /api/v1/dags/d/dagRuns [Token hunter2]"]);
    let request = server.requests().remove(0);
    assert!(request.contains(concat!("user-agent: myaf-run/", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.contains("content-type: application/json") && request.ends_with("{\"dag_run_id\":\"r\"}"));
}

#[tokio::test]
async fn a_key_is_exchanged_once_on_v2_and_the_token_is_told_for_masking() {
    let server = Server::start(vec![token("T1"), run(), run()]).await;
    let masker = Masker::new();
    let options = ClientOptions { masker: masker.clone(), ..options(&format!("{}/api/v2", server.url)) };
    let client = Client::new(options).expect("good options");
    trigger(&client).await.expect("a run");
    trigger(&client.clone()).await.expect("a run");
    let trigger = "POST /api/v2/dags/d/dagRuns [Bearer T1]";
    assert_eq!(server.shown(), ["POST /auth/token []", trigger, trigger]);
    let login = server.requests().remove(0);
    assert!(login.ends_with(r#"{"username":"__datacoves_token__","password":"hunter2"}"#), "{login}");
    assert!(masker.holds_secret("T1"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_write_sent_again() {
    let expired = || json("401 Unauthorized", r#"{"detail": "Token Expired"}"#);
    let invalid = || json("403 Forbidden", r#"{"detail": "Invalid JWT token"}"#);
    for refused in [expired(), invalid()] {
        let server = Server::start(vec![token("T1"), refused, token("T2"), run()]).await;
        trigger(&client(&format!("{}/api/v2", server.url))).await.expect("a run");
        let (one, two) = ("POST /api/v2/dags/d/dagRuns [Bearer T1]", "POST /api/v2/dags/d/dagRuns [Bearer T2]");
        assert_eq!(server.shown(), ["POST /auth/token []", one, "POST /auth/token []", two]);
    }
    let server = Server::start(vec![token("T1"), expired(), token("T2"), expired()]).await;
    let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("refused twice");
    assert_eq!((&error.kind, error.delivery(), error.is_auth()), (&ErrorKind::Unauthorized, Delivery::Refused, true));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_403_about_rights_renews_nothing() {
    let server = Server::start(vec![token("T1"), json("403 Forbidden", r#"{"detail": "Forbidden"}"#)]).await;
    let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("no right");
    assert_eq!((&error.kind, error.delivery()), (&ErrorKind::Forbidden, Delivery::Refused));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn where_there_is_no_login_the_key_is_shown_as_it_is() {
    for missing in [html("404 Not Found", "<html>"), json("405 Method Not Allowed", r#"{"detail": "x"}"#)] {
        let server = Server::start(vec![missing, run()]).await;
        trigger(&client(&format!("{}/api/v2", server.url))).await.expect("a run");
        assert_eq!(server.shown(), ["POST /auth/token []", "POST /api/v2/dags/d/dagRuns [Token hunter2]"]);
    }
}

#[tokio::test]
async fn a_refused_login_names_the_user_and_the_way_out() {
    let server = Server::start(vec![json("401 Unauthorized", r#"{"detail": "Invalid credentials"}"#)]).await;
    let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("refused");
    assert_eq!((&error.kind, error.delivery(), error.is_auth()), (&ErrorKind::Unauthorized, Delivery::Refused, true));
    for words in ["401 for POST /auth/token", "Invalid credentials", "`__datacoves_token__`", "--auth token"] {
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_write_whose_login_was_lost_was_not_sent() {
    let server = Server::start(vec![html("503 Service Unavailable", "<html>")]).await;
    let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("asleep");
    assert_eq!((&error.kind, error.delivery()), (&ErrorKind::ServerError, Delivery::Refused));
    assert!(error.is_unreachable() && error.request.url.ends_with("/auth/token"));
}

#[tokio::test]
async fn every_scheme_shows_what_it_says() {
    let password = Credential::Password { username: "u".to_owned(), password: "p".into() };
    let key = Credential::Key("k".into());
    let table = [
        (AuthScheme::Auto, Some(password.clone()), "v1", "Basic dTpw"),
        (AuthScheme::Basic, Some(password), "v2", "Basic dTpw"),
        (AuthScheme::Token, Some(key.clone()), "v2", "Token k"),
        (AuthScheme::Bearer, Some(key.clone()), "v2", "Bearer k"),
        (AuthScheme::Auto, Some(Credential::Token("t".into())), "v2", "Bearer t"),
        (AuthScheme::None, Some(key), "v2", ""),
        (AuthScheme::Auto, None, "v2", ""),
    ];
    for (auth, credential, version, expected) in table {
        let server = Server::start(vec![run()]).await;
        let base = options(&format!("{}/api/{version}", server.url));
        let client = Client::new(ClientOptions { credential, auth, ..base }).expect("good options");
        trigger(&client).await.expect("a run");
        assert_eq!(server.shown(), [format!("POST /api/{version}/dags/d/dagRuns [{expected}]")]);
    }
}

#[tokio::test]
async fn the_version_is_asked_once_without_credentials() {
    let removed =
        r#"{"error": "/api/v1 has been removed in Airflow 3, please use its upgraded version /api/v2 instead."}"#;
    let version = |text| json("200 OK", &format!(r#"{{"version": "{text}"}}"#));
    let server = Server::start(vec![json("404 Not Found", removed), version("3.3.2")]).await;
    let asked = client(&server.url);
    assert_eq!(asked.api_version(LIMIT).await, Ok(V2));
    assert_eq!(asked.api_version(LIMIT).await, Ok(V2));
    assert_eq!(server.shown(), ["GET /api/v1/version []", "GET /api/v2/version []"]);

    let server = Server::start(vec![version("2.11.2"), run()]).await;
    let asked = client(&server.url);
    trigger(&asked).await.expect("a run");
    assert_eq!(asked.api_version(LIMIT).await, Ok(V1));
    assert_eq!(server.shown(), ["GET /api/v1/version []", "POST /api/v1/dags/d/dagRuns [Token hunter2]"]);
}

#[tokio::test]
async fn an_api_that_is_asleep_is_not_asked_for_another_version() {
    let server = Server::start(vec![reply("503 Service Unavailable", "", "")]).await;
    let error = trigger(&client(&server.url)).await.expect_err("asleep");
    assert!(error.is_unreachable());
    assert_eq!((error.delivery(), server.requests().len()), (Delivery::Refused, 1));
}

#[tokio::test]
async fn a_login_error_that_repeats_the_password_is_not_shown() {
    let echo = r#"{"detail": "1 validation error for LoginBody [input_value='hunter2']"}"#;
    let server = Server::start(vec![json("422 Unprocessable Content", echo)]).await;
    let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("refused");
    assert_eq!((error.kind, error.airflow_says), (ErrorKind::Unauthorized, None));
    assert!(error.message.starts_with("422 for POST /auth/token: no reason is shown; "), "{}", error.message);
}

#[tokio::test]
async fn a_login_that_airflow_3_0_finds_incomplete_is_told_in_a_sentence() {
    let rules = [
        (r#"{"loc": ["body", "username"], "msg": "Field required", "input": {"password": "hunter2"}}"#, {
            "body.username: Field required"
        }),
        (r#"{"loc": ["body"], "msg": "Input should be a valid dictionary", "input": "password=hunter2"}"#, {
            "body: Input should be a valid dictionary"
        }),
        (r#"{"loc": ["body", "password"], "msg": "hunter2 is too short"}"#, "no reason is shown"),
        (r#"{"loc": ["query"], "msg": "hunt... is no value"}"#, "no reason is shown"),
    ];
    for (item, shown) in rules {
        let list = json("422 Unprocessable Entity", &format!(r#"{{"detail": [{item}]}}"#));
        let server = Server::start(vec![list]).await;
        let error = trigger(&client(&format!("{}/api/v2", server.url))).await.expect_err("refused");
        assert!(error.message.starts_with(&format!("422 for POST /auth/token: {shown}; the login as ")), "{error}");
        assert!(error.is_auth() && !format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
