//! Which webhooks are reached, and what is said of those that are not.

use std::net::TcpListener;

use super::{SECRET, hook, shown_nothing_of_the_webhook, taking, telling};
use crate::hostile::bounded::ended;
use crate::hostile::certificates::{Authority, Lifetime};
use crate::hostile::server::{Act, Server, answer};
use crate::run::Run;

/// The step passes, and its one warning ends with these words.
fn is_a_warning(run: &Run, host: &str, words: &str) {
    let ended = shown_nothing_of_the_webhook(run);
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warnings: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("warning: ")).collect();
    assert_eq!(warnings, [format!("    warning: `{host}` was not told: {words}")], "{ended:#?}");
}

fn to(webhook: &str) -> Run {
    telling(webhook, "text: done, format: slack")
}

#[test]
fn a_webhook_that_can_not_be_reached_is_a_warning_that_names_its_host() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("https://{}/{SECRET}", silent.local_addr().expect("an address"));
    is_a_warning(&to(&format!("http://127.0.0.1:1/{SECRET}")), "127.0.0.1", "connection refused");
    is_a_warning(&to(&format!("https://chat.invalid/{SECRET}")), "chat.invalid", "no such host");
    let run = to(&silent).args(&["--connect-timeout", "150ms"]);
    is_a_warning(&run, "127.0.0.1", "no connection within 150ms");
    is_a_warning(&to(SECRET), "a webhook", "it is no `https://` URL");
    let plain = "it is plain `http` to another machine; `--allow-http` sends it all the same";
    is_a_warning(&to(&format!("http://chat.invalid/{SECRET}")), "chat.invalid", plain);
    let run = to(&format!("http://chat.invalid/{SECRET}")).args(&["--allow-http"]);
    is_a_warning(&run, "chat.invalid", "no such host");
}

#[test]
fn an_answer_that_is_no_success_is_a_warning_and_nothing_is_sent_again() {
    let page = "<html><title>no</title></html>";
    let echo = format!("no service {SECRET} \u{1b}[2J");
    let head = "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\n";
    let elsewhere = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (bytes, words) in [
        (answer("404 Not Found", "text/plain", &echo), "404 Not Found: no service *** [2J"),
        (answer("500 Internal Server Error", "text/html", page), "500 Internal Server Error"),
        (
            answer("429 Too Many Requests", "application/json", "{\"error\": \"rate_limited\"}"),
            "429 Too Many Requests: rate_limited",
        ),
        (answer("200 OK", "text/plain", "invalid_token"), "200 OK: invalid_token"),
        (elsewhere.as_bytes().to_vec(), "307 Temporary Redirect: a redirect is not followed"),
        (Vec::new(), "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "what came back is not an HTTP answer; is it an `https://` URL?"),
    ] {
        let server = Server::start(move |_| Act::Send(bytes.clone()));
        is_a_warning(&to(&hook(&server)), "127.0.0.1", words);
        assert_eq!(server.lines().len(), 1, "{words}");
    }
    let server = Server::start(move |_| Act::Endless(head.as_bytes().to_vec(), vec![b'x'; 4096]));
    is_a_warning(&to(&hook(&server)), "127.0.0.1", "500 Internal Server Error");
}

#[test]
fn a_webhook_that_never_answers_is_given_up_with_the_step() {
    let silent = Server::start(|_| Act::Silence);
    let head = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 99\r\n\r\n".to_vec();
    let slow = Server::start(move |_| Act::Endless(head.clone(), Vec::new()));
    for (server, words) in [(silent, "nothing came within "), (slow, "500 Internal Server Error")] {
        let playbook = "name: loans\nsteps: [{timeout: 300ms, notify: {webhook: \"{{ env.HOOK }}\", text: x}}]";
        let run = Run::playbook(playbook).args(&["--sandbox"]).var("HOOK", &hook(&server));
        let ended = shown_nothing_of_the_webhook(&run);
        let warning = format!("    warning: `127.0.0.1` was not told: {words}");
        assert!(ended.code == 0 && ended.stderr.contains(&warning), "{ended:#?}");
    }
}

#[test]
fn tls_is_checked_with_the_authorities_of_airflow_and_our_certificate_is_not_shown() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let takes = |_: &crate::hostile::server::Request| Act::Send(answer("200 OK", "text/plain", "ok"));
    let trusted = Server::start_tls(ours.server("127.0.0.1", Lifetime::Now).server(), takes);
    let unknown = Server::start_tls(other.server("127.0.0.1", Lifetime::Now).server(), takes);
    let asking = ours.server("127.0.0.1", Lifetime::Now).server_of(Some(&ours), rustls::ALL_VERSIONS);
    let asking = Server::start_tls(asking, takes);
    let mine = ours.client("me");
    let run = |server: &Server| {
        let run = to(&format!("https://{}/services/{SECRET}?sig={SECRET}", server.address));
        let run = run.file("ca.pem", &ours.pem()).args(&["--ca-cert", "ca.pem"]);
        let run = run.file("c.pem", &mine.certificate).file("k.pem", &mine.key);
        run.args(&["--client-cert", "c.pem", "--client-key", "k.pem"])
    };
    assert!(ended(&run(&trusted)).stderr.contains("told `127.0.0.1`"));
    let untrusted = "its certificate is not trusted: nobody we trust has signed it; `--ca-cert` adds who to trust";
    is_a_warning(&run(&unknown), "127.0.0.1", untrusted);
    is_a_warning(&run(&asking), "127.0.0.1", "it asks for a client certificate, and ours is for Airflow only");
    assert_eq!((trusted.lines().len(), unknown.lines().len(), asking.lines().len()), (1, 0, 0));
}

#[test]
fn a_webhook_goes_through_the_proxy_for_https_and_the_proxy_sees_its_host_alone() {
    let authority = Authority::new("ours");
    let identity = authority.server("chat.invalid", Lifetime::Now);
    let target = Server::start_tls(identity.server(), |_| Act::Send(answer("200 OK", "text/plain", "ok")));
    let address = target.address;
    let proxy = Server::start(move |_| Act::Tunnel(address));
    let run = to(&format!("https://chat.invalid/services/{SECRET}")).file("ca.pem", &authority.pem());
    let run = run.args(&["--ca-cert", "ca.pem"]).var("HTTPS_PROXY", &format!("http://{}", proxy.address));
    let ended = shown_nothing_of_the_webhook(&run);
    assert!(ended.stderr.contains("told `chat.invalid`"), "{ended:#?}");
    assert_eq!(proxy.lines(), ["CONNECT chat.invalid:443"]);
    assert!(!String::from_utf8_lossy(&proxy.carried()).contains("secret-of"));
    assert_eq!(target.lines(), [format!("POST /services/{SECRET}")]);
}

#[test]
fn a_trial_on_the_sandbox_tells_nobody_outside_this_machine() {
    let playbook = "name: loans\nsteps: [{notify: {webhook: \"{{ env.HOOK }}\", text: x}}]";
    let run = |hook: &str| Run::playbook(playbook).args(&["--sandbox", "--allow-http"]).var("HOOK", hook);
    let words = "a trial on the sandbox tells nobody outside this machine";
    is_a_warning(&run(&format!("https://chat.invalid/{SECRET}")), "chat.invalid", words);
    let server = taking();
    assert!(ended(&run(&hook(&server))).stderr.contains("told `127.0.0.1`"));
}

#[test]
fn who_wants_a_failure_says_so() {
    let playbook = "
        name: loans
        steps:
          - {notify: {webhook: \"{{ env.HOOK }}\", text: x}, expect: failed == 0}
    ";
    let run = Run::playbook(playbook).args(&["--sandbox"]).var("HOOK", &format!("http://127.0.0.1:1/{SECRET}"));
    assert_eq!(shown_nothing_of_the_webhook(&run).code, 1);
}

#[test]
fn nothing_of_a_webhook_is_shown_or_kept_wherever_it_comes_from_and_however_it_is_told() {
    let server = Server::start(|_| Act::Send(answer("500 Internal Server Error", "text/plain", SECRET)));
    let url = hook(&server);
    let literal =
        format!("name: l\nsteps: [{{notify: {{webhook: [\"{url}\"], text: \"{url}\"}}}}, {{assert: 1 == 2}}]");
    let input = "name: l\ninputs: {hook: {}}\nsteps: [{print: \"{{ hook }}\"}, {notify: {webhook: \"{{ hook }}\", text: x}}, {assert: 1 == 2}]";
    let var = format!(
        "name: l\nvars: {{hook: \"{url}\"}}\nsteps: [{{print: \"{{{{ hook }}}}\"}}, {{name: \"{{{{ hook }}}}\", notify: {{webhook: \"{{{{ hook }}}}\", text: x}}, capture: x}}, {{assert: x == 2}}]"
    );
    for (playbook, given) in [(literal.as_str(), None), (input, Some(format!("hook={url}"))), (&var, None)] {
        for output in ["text", "json", "quiet"] {
            let run =
                crate::hostile::bounded::run_on("http://127.0.0.1:9/api/v1", playbook).args(&["--output", output]);
            let run = given.iter().fold(run, |run, given| run.args(&["-e", given]));
            assert_eq!(shown_nothing_of_the_webhook(&run).code, 1);
        }
    }
}

#[test]
fn a_mistake_on_the_line_of_a_webhook_is_told_without_the_line() {
    for (playbook, form) in [
        (
            format!("name: l\nsteps: [{{notify: {{webhook: https://chat.example/{SECRET}, text: x, form: y}}}}]"),
            "human",
        ),
        (
            format!("name: l\nsteps: [{{notify: {{webhook: https://chat.example/{SECRET}, text: \"{{{{ y }}}}\"}}}}]"),
            "json",
        ),
        (
            format!(
                "name: l\nvars: {{x: https://hooks.slack.com/services/{SECRET}, y: \"{{{{ z }}}}\"}}\nsteps: [print: a]"
            ),
            "github",
        ),
    ] {
        let ended = Run::playbook(&playbook).args(&["check", "--message-format", form, "p.yaml"]).end();
        assert_eq!(ended.code, 2, "{ended:#?}");
        assert!(!ended.transcript().contains("T0123"), "{ended:#?}");
    }
}
