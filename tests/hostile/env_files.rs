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

#[test]
fn lines_of_other_programs_are_passed_over_with_a_warning_that_shows_none_of_them() {
    let server = Server::start(airflow);
    let secret = "bm90IGEga2V5LWF0LWFsbA";
    for (foreign, lines) in [
        ("PASSED_THROUGH".to_owned(), "line 3 is"),
        ("my-app.port=8000".to_owned(), "line 3 is"),
        (format!("SIGNING=-----BEGIN TEST-----\n{secret}\n-----END TEST-----"), "line 3 is"),
        (format!("[section]\nkey: {secret}\n{{"), "lines 3, 4 and 5 are"),
        (format!("QUOTE='{secret}"), "line 3 is"),
        (format!("a {secret}\n").repeat(60), "line 3 and 59 others are"),
        (format!("{secret}\0\r"), "line 3 is"),
        ("x".repeat(900_000), "line 3 is"),
    ] {
        for text in [
            format!("{}{foreign}\n", of(&server, KEY)),
            format!("{}{foreign}\n", of(&server, KEY)).replace('\n', "\r\n"),
        ] {
            let ended = ended(&run(&text));
            assert_eq!(ended.code, 0, "{foreign:.80}: {ended:#?}");
            let warning =
                format!("warning: {lines} not of the form `NAME='value'`, and passed over, in `FOLDER/.env`\n");
            assert!(ended.stderr.contains(&warning), "{foreign:.80}: {ended:#?}");
            assert!(!ended.transcript().contains(secret), "{ended:#?}");
        }
        // Before the lines of the target, too, and without a word where nothing is to be said.
        let text = format!("{foreign}\n{}", of(&server, KEY));
        let quiet = ended(&run(&text).args(&["--output", "quiet"]));
        assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""), "{foreign:.80}");
    }
    let bytes = [of(&server, KEY).as_bytes(), b"LATIN=caf\xe9\n"].concat();
    let latin = run("");
    fs::write(latin.folder().join(".env"), bytes).expect("our own file");
    assert_eq!(ended(&latin).code, 0);
}

#[test]
fn a_line_about_the_target_has_to_be_readable_whatever_its_form() {
    let server = Server::start(airflow);
    for line in
        ["MY_AIRFLOW_API_KEY: hunter2-key", "$env:MY_AIRFLOW_API_KEY = 'hunter2-key'", "MY_AIRFLOW_API_KEY hunter2-key"]
    {
        let ended = ended(&run(&format!("MY_AIRFLOW_API_URL={}\n{line}\n", server.url("v1"))));
        assert_eq!(ended.code, 2, "{line}: {ended:#?}");
        assert!(ended.sentence().starts_with("FOLDER/.env:2: ") && ended.stderr.contains("NAME='value'"), "{ended:#?}");
        assert!(!ended.transcript().contains("hunter2"), "{ended:#?}");
    }
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn a_pipe_is_read_once_and_given_up_when_nobody_writes() {
    let server = Server::start(airflow);
    let text = of(&server, KEY);
    let named = Run::playbook(READ).args(&["--auth", "token", "--env-file", "/dev/stdin"]);
    let mut child = named.command().stdin(std::process::Stdio::piped()).spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), text.as_bytes()).expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    // As a secret manager mounts it, found beside the playbook.
    let mounted = Run::playbook(READ).args(&["--auth", "token"]);
    let pipe = mounted.folder().join(".env");
    let make = |path: &std::path::Path| {
        let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(path).status().expect("mkfifo");
        assert!(made.success());
    };
    make(&pipe);
    let writer = std::thread::spawn(move || fs::write(pipe, text));
    assert_eq!(ended(&mounted).code, 0);
    writer.join().expect("no panic").expect("it was read");
    let silent = Run::playbook(READ);
    make(&silent.folder().join(".env"));
    let told = ended(&silent);
    assert_eq!((told.code, told.sentence()), (2, "`FOLDER/.env` can't be read: it is a pipe that nobody writes to"));
    // One that is not needed is not waited for.
    let elsewhere = silent.var("MY_AIRFLOW_API_URL", &server.url("v1")).var("MY_AIRFLOW_API_KEY", KEY);
    assert_eq!(ended(&elsewhere.args(&["--auth", "token"])).code, 0);
}

#[test]
fn every_value_of_the_file_in_use_is_masked_and_our_own_words_stay() {
    let server = Server::start(airflow);
    let values = [
        ("WAREHOUSE_DSN", "postgres://loader:pw-12345-x@db.example/raw"),
        ("SMTP_PASS", "smtp-pass-77"),
        ("DB_PWD", "db-pwd-7788"),
        ("PASSPHRASE", "phrase-99-aa"),
        ("APIKEY", "apikey-4711-q"),
        ("ALERT_HOOK", "https://hooks.example.com/T0/B1/abcdefgh"),
        ("SAS", "sv-2026-sig-abc123"),
        ("PLAIN", "swordfish"),
        ("AWS_ACCESS_KEY_ID", "AKIA0123456789"),
    ];
    let own = "DEBUG=true\nPORT=8000\nENV=dev\nHOST=localhost\nONE=1\nSTATE=success\n";
    let lines = values.map(|(name, value)| format!("{name}='{value}'\n")).concat();
    let text = format!("{}{lines}{own}", of(&server, KEY));
    let halves = values.map(|(_, value)| {
        let (one, other) = value.split_at(value.len() / 2);
        format!("{{{{ '{one}' ~ '{other}' }}}}")
    });
    let playbook = format!(
        "name: v\nsteps: [{{print: \"{} pw-{{{{ '12345-x' }}}} true 8000 dev localhost 1\"}}]",
        halves.join(" ")
    );
    for output in ["text", "json"] {
        let run = run(&text).file("p.yaml", &playbook).args(&["--output", output]);
        let ended = ended(&run);
        assert_eq!(ended.code, 0, "{ended:#?}");
        for part in values.iter().map(|(_, value)| *value).chain(["12345-x", "loader"]) {
            assert!(!ended.transcript().contains(part), "{part}: {ended:#?}");
        }
        assert!(ended.stdout.contains("true 8000 dev localhost 1"), "{ended:#?}");
    }
    let doctor = ended(&run(&text).args(&["--target", "my"]));
    assert!(!doctor.transcript().contains("swordfish"));
    let doctor = run(&text);
    let shown = doctor.command().arg("--help").output().expect("it starts");
    assert!(!String::from_utf8_lossy(&shown.stdout).contains("***"));
}

#[test]
fn the_password_in_a_url_of_the_environment_is_masked_whatever_the_variable_is_called() {
    let playbook = "name: u\nsteps: [{print: \"{{ env.WAREHOUSE }} {{ env.LINK }}\"}]";
    let run = Run::playbook(playbook).args(&["--sandbox"]).var("WAREHOUSE", "postgres://loader:pw-12345-x@db/raw");
    let ended = ended(&run.var("LINK", "https://h.example/x?page=2&sig=abcdef%2F123"));
    assert_eq!(ended.stdout, "postgres://loader:***@db/raw https://h.example/x?page=2&sig=***\n", "{ended:#?}");
}
