//! `.env` files that nobody should trust, or that say something else than they seem to.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::airflow::airflow;
use super::bounded::{KEY, READ, ended};
use super::server::Server;
use crate::run::Run;

/// A run with this `.env` beside its playbook.
fn run(text: &str) -> Run {
    let run = Run::playbook(READ).with_bytes(".env", text.as_bytes()).args(&["--auth", "token", "--api", "v1"]);
    fs::set_permissions(run.folder().join(".env"), fs::Permissions::from_mode(0o600)).expect("our own file");
    run
}

fn of(server: &Server, key: &str) -> String {
    format!("MY_AIRFLOW_API_URL={}\nMY_AIRFLOW_API_KEY={key}\n", server.url("v1"))
}

#[test]
fn a_file_that_others_may_write_or_own_sends_nothing() {
    let server = Server::start(airflow);
    for (mode, words) in [(0o620, "mode 0620"), (0o602, "mode 0602"), (0o666, "mode 0666")] {
        let run = run(&of(&server, KEY));
        fs::set_permissions(run.folder().join(".env"), fs::Permissions::from_mode(mode)).expect("our own file");
        let ended = ended(&run);
        let expected = format!("`FOLDER/.env` is not safe to use: others may write it ({words})");
        assert_eq!((ended.code, ended.sentence()), (2, expected.as_str()));
        assert!(ended.stderr.contains("chmod 600 'FOLDER/.env'"), "{ended:#?}");
    }
    let run = run(&of(&server, KEY));
    // Only root may give a file away; the rule itself has a test of its own.
    if chown(run.folder().join(".env"), Some(12_345), None).is_ok() {
        let ended = ended(&run);
        let expected = "`FOLDER/.env` is not safe to use: it belongs to the user with the id 12345";
        assert_eq!((ended.code, ended.sentence()), (2, expected));
        assert!(ended.stderr.contains("`sudo chown \"$(id -u)\" 'FOLDER/.env'`"), "{ended:#?}");
    }
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn the_process_counts_before_a_file_and_a_named_file_before_the_one_beside_the_playbook() {
    let (far, near) = (Server::start(airflow), Server::start(airflow));
    let by_process = run(&of(&far, "far-key-of-mine"));
    let by_process = by_process.var("MY_AIRFLOW_API_URL", &near.url("v1")).var("MY_AIRFLOW_API_KEY", KEY);
    let by_flag = run(&of(&far, "far-key-of-mine")).file("near.env", &of(&near, KEY));
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(by_flag.folder().join("near.env"), mode).expect("our own file");
    for run in [by_process, by_flag.args(&["--env-file", "near.env"])] {
        assert_eq!(ended(&run).code, 0);
        let request = near.requests().pop().expect("a request");
        assert_eq!(request.header("authorization"), Some(format!("Token {KEY}")));
    }
    // Half of it in the process and half in a file would send a credential to whom it is not for.
    let mixed = ended(&run(&of(&far, "far-key-of-mine")).var("MY_AIRFLOW_API_URL", &near.url("v1")));
    assert_eq!(mixed.code, 2);
    assert!(mixed.sentence().starts_with("URL and credential of target `my` come from different places"), "{mixed:#?}");
    assert_eq!((far.lines().len(), near.lines().len()), (0, 2));
}

#[test]
fn the_value_that_is_sent_is_the_one_that_was_written_or_none() {
    let server = Server::start(airflow);
    for (line, key) in [
        ("MY_AIRFLOW_API_KEY=plain-key", Some("plain-key")),
        ("export MY_AIRFLOW_API_KEY=\"plain-key\"   # mine", Some("plain-key")),
        ("MY_AIRFLOW_API_KEY = 'pa$$w\\ord#\"x'", Some("pa$$w\\ord#\"x")),
        ("MY_AIRFLOW_API_KEY=key#with-hash", Some("key#with-hash")),
        ("MY_AIRFLOW_API_KEY=first-key\nMY_AIRFLOW_API_KEY=second-key", Some("second-key")),
        ("MY_AIRFLOW_API_KEY=pa$$word", None),
        ("MY_AIRFLOW_API_KEY=\"pa\\word\"", None),
        ("MY_AIRFLOW_API_KEY=pass word", None),
        ("MY_AIRFLOW_API_KEY='pass-word", None),
        ("MY_AIRFLOW_API_KEY='pass\nX-Injected: 1'", None),
        ("MY_AIRFLOW_API_KEY='pass\0word'", None),
        ("MY_AIRFLOW_API_KEY: pass-word", None),
    ] {
        for (begin, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let before = server.lines().len();
            let url = format!("MY_AIRFLOW_API_URL={}", server.url("v1"));
            let ended = ended(&run(&format!("{begin}{url}{end}{}{end}", line.replace('\n', end))));
            if let Some(key) = key {
                assert_eq!(ended.code, 0, "{line:?} {ended:#?}");
                let request = server.requests().pop().expect("a request");
                assert_eq!(request.header("authorization"), Some(format!("Token {key}")), "{line:?}");
                continue;
            }
            assert_eq!((ended.code, server.lines().len()), (2, before), "{line:?} {ended:#?}");
            let is_shown = ["pa$$", "pa\\w", "pass", "word", "Injected"].iter().any(|part| ended.stderr.contains(part));
            assert!(!is_shown && ended.stderr.contains("`MY_AIRFLOW_API_KEY`"), "{line:?} {ended:#?}");
        }
    }
}
