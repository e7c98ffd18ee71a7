//! TLS that fails, each in its own way: what is wrong and the way out are said, at once and not three times.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::thread;

use rustls::version::{TLS12, TLS13};

use super::bounded::{NO_DAGS, ended, run_on};
use super::certificates::{Authority, Identity, Lifetime};
use super::server::{Act, Server, json};
use crate::run::{BOTH, Run};

/// A read that would be tried three times.
const TRIED: &str = "name: r\nsteps: [{list_dags: {}, retry: {delay: 1ms}}]";

/// A server with this certificate.
fn serving(identity: &Identity) -> Server {
    Server::start_tls(identity.server(), |_| json("200 OK", NO_DAGS))
}

/// A run on `https://`; the machine trusts nobody but an authority of its own.
fn run(address: SocketAddr, version: &str, playbook: &str) -> Run {
    let run = run_on(&format!("https://{address}/api/{version}"), playbook).args(&["--auth", "token"]);
    run.file("machine.pem", &Authority::new("the machine's").pem()).var("SSL_CERT_FILE", "machine.pem")
}

/// The run fails as one that can't reach its API, with these words, after a single try.
fn is_told_at_once(name: &str, run: &Run, words: &str) {
    let ended = ended(run);
    assert_eq!(ended.code, 3, "{name}: {ended:#?}");
    let expected = format!("can't reach 127.0.0.1:PORT: {words} (GET /api/");
    assert!(ended.sentence().starts_with(&expected), "{name}: {}\n{expected}", ended.sentence());
    assert!(!ended.stderr.contains("try 1 of 3"), "{name}: {ended:#?}");
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_with_the_way_out_and_not_asked_for_again() {
    let ours = Authority::new("ours");
    let made_for = |name, lifetime| serving(&ours.server(name, lifetime));
    let own = "nobody we trust has signed it; `--ca-cert` adds who to trust";
    let table = [
        ("unknown authority", serving(&Authority::new("other").server("127.0.0.1", Lifetime::Now)), own),
        ("self-signed", serving(&Identity::self_signed("127.0.0.1", false)), own),
        (
            "self-signed, of an authority",
            serving(&Identity::self_signed("127.0.0.1", true)),
            "it is an authority's own; `--ca-cert` with this very certificate trusts it",
        ),
        ("expired", made_for("127.0.0.1", Lifetime::Over), "it has expired on 2021-01-01; the server needs a new one"),
        (
            "of the future",
            made_for("127.0.0.1", Lifetime::Later),
            "it is not valid before 2119-01-01; check this machine's clock",
        ),
        (
            "other name",
            made_for("airflow.example", Lifetime::Now),
            "it is for another host name, `airflow.example`; check the URL",
        ),
        ("a client's", serving(&ours.client("127.0.0.1")), "it was not made for servers; the server needs another one"),
    ];
    for (name, server, words) in table {
        for version in BOTH {
            let run =
                run(server.address, version, TRIED).file("ours.pem", &ours.pem()).args(&["--ca-cert", "ours.pem"]);
            is_told_at_once(name, &run, &format!("its certificate is not trusted: {words}"));
        }
        assert_eq!(server.lines(), Vec::<String>::new(), "{name}: nothing is sent to a server that isn't trusted");
    }
}

#[test]
fn a_ca_cert_adds_an_authority_or_a_self_signed_certificate() {
    let ours = Authority::new("ours");
    let own = Identity::self_signed("127.0.0.1", false);
    for (pem, server) in
        [(ours.pem(), serving(&ours.server("127.0.0.1", Lifetime::Now))), (own.certificate.clone(), serving(&own))]
    {
        let run = run(server.address, "v1", TRIED).file("ca.pem", &pem).args(&["--ca-cert", "ca.pem"]);
        let ended = ended(&run);
        assert_eq!((ended.code, server.lines().len()), (0, 1), "{ended:#?}");
    }
}

#[test]
fn a_certificate_that_was_given_itself_is_trusted_for_its_names_and_dates_alone() {
    let of = |name, lifetime| Identity::self_signed_in(name, true, lifetime);
    let signed = Authority::new("another").server("127.0.0.1", Lifetime::Now);
    for identity in [of("127.0.0.1", Lifetime::Now), signed] {
        for version in BOTH {
            let server = serving(&identity);
            let run = run(server.address, version, TRIED).file("ca.pem", &identity.certificate);
            let ended = ended(&run.args(&["--ca-cert", "ca.pem"]));
            assert_eq!(ended.code, 0, "{ended:#?}");
        }
    }
    let given = of("127.0.0.1", Lifetime::Now);
    for (name, identity, words) in [
        ("expired", of("127.0.0.1", Lifetime::Over), "it has expired on 2021-01-01; the server needs a new one"),
        (
            "of the future",
            of("127.0.0.1", Lifetime::Later),
            "it is not valid before 2119-01-01; check this machine's clock",
        ),
        (
            "other name",
            of("airflow.example", Lifetime::Now),
            "it is for another host name, `airflow.example`; check the URL",
        ),
    ] {
        let server = serving(&identity);
        let run = run(server.address, "v1", TRIED).file("ca.pem", &identity.certificate);
        let words = format!("its certificate is not trusted: {words}");
        is_told_at_once(name, &run.args(&["--ca-cert", "ca.pem"]), &words);
        assert_eq!(server.lines(), Vec::<String>::new(), "{name}");
    }
    // Another one with the same name is not the given one.
    let server = serving(&of("127.0.0.1", Lifetime::Now));
    let run = run(server.address, "v1", TRIED).file("ca.pem", &given.certificate).args(&["--ca-cert", "ca.pem"]);
    let words = "it is an authority's own; `--ca-cert` with this very certificate trusts it";
    is_told_at_once("another", &run, &format!("its certificate is not trusted: {words}"));
}

#[test]
fn a_server_that_asks_for_a_client_certificate_gets_it_or_its_refusal_is_told() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let asks = "the server asks for a client certificate; give one with `--client-cert` and `--client-key`";
    let refuses =
        "the server does not accept our client certificate (`--client-cert`): it does not trust who has signed it";
    let writes = "name: w\nsteps: [{trigger_dag: {dag_id: a}, retry: {delay: 1ms}}]";
    let mine = ours.client("me");
    let wrong = other.client("me");
    for protocol in [&TLS12, &TLS13] {
        let config = ours.server("127.0.0.1", Lifetime::Now).server_of(Some(&ours), &[protocol]);
        let server = Server::start_tls(config, |_| json("200 OK", NO_DAGS));
        let run = |playbook| {
            let run = run(server.address, "v1", playbook).file("ca.pem", &ours.pem());
            run.args(&["--ca-cert", "ca.pem"])
        };
        let with = |run: Run, identity: &Identity| {
            let run = run.file("c.pem", &identity.certificate).file("k.pem", &identity.key);
            run.args(&["--client-cert", "c.pem", "--client-key", "k.pem"])
        };
        for playbook in [TRIED, writes] {
            is_told_at_once("without", &run(playbook), asks);
            is_told_at_once("wrong", &with(run(playbook), &wrong), refuses);
        }
        assert_eq!(server.lines(), Vec::<String>::new());
        assert_eq!(ended(&with(run(TRIED), &mine)).code, 0);
    }
    let run = run_on("https://127.0.0.1:9/api/v1", TRIED).file("c.pem", &mine.certificate).file("k.pem", &wrong.key);
    let run = run.file("ca.pem", &ours.pem()).args(&["--ca-cert", "ca.pem"]);
    let ended = ended(&run.args(&["--client-cert", "c.pem", "--client-key", "k.pem"]));
    let told = (ended.code, ended.sentence());
    assert_eq!(told, (2, "the client certificate can't be used: the key is that of another certificate"));
}

/// Says this to everybody who connects, before anything was asked.
fn greeting(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
            // Read to the end, since closing with unread bytes would reset the connection.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    address
}

#[test]
fn what_answers_but_speaks_no_tls_or_breaks_off_is_told() {
    let no_tls = "TLS failed: what answers there does not speak TLS; is it an `http://` URL?";
    for (bytes, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], no_tls),
        (b"SSH-2.0-OpenSSH_9.6\r\n", no_tls),
        (b"", "TLS failed: the connection was closed during the handshake"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "TLS failed: received fatal alert: HandshakeFailure"),
    ] {
        let ended = ended(&run(greeting(bytes), "v2", "name: r\nsteps: [{list_dags: {}, retry: false}]"));
        let expected = format!("can't reach 127.0.0.1:PORT: {words} (GET /api/v2/dags)");
        assert_eq!((ended.code, ended.sentence()), (3, expected.as_str()));
    }
}

#[test]
fn plain_http_to_a_port_of_tls_asks_whether_https_is_meant() {
    let server = serving(&Identity::self_signed("127.0.0.1", false));
    let alert = Server::start(|_| Act::Send(b"\x15\x03\x03\x00\x02\x02\x32".to_vec()));
    for address in [server.address, alert.address, greeting(b"SSH-2.0-OpenSSH_9.6\r\n")] {
        let ended = ended(&run_on(&format!("http://{address}/api/v1"), TRIED));
        let expected = "no answer from 127.0.0.1:PORT: what came back is not an HTTP answer; is it an `https://` URL? (GET /api/v1/dags)";
        assert_eq!((ended.code, ended.sentence()), (1, expected));
    }
}

#[test]
fn a_server_that_stalls_in_the_handshake_is_given_up_in_time() {
    // It listens, and nobody ever accepts.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let playbook = "name: r\nsteps: [{list_dags: {}, retry: false}]";
    let ended = ended(&run(address, "v1", playbook).args(&["--connect-timeout", "200ms"]));
    let expected = "can't reach 127.0.0.1:PORT: no connection within 200ms (GET /api/v1/dags)";
    assert_eq!((ended.code, ended.sentence()), (3, expected));
}

#[test]
fn a_machine_that_trusts_nobody_is_told_before_anything_is_sent() {
    let run = run_on("https://airflow.invalid/api/v1", TRIED).file("empty.pem", "").var("SSL_CERT_FILE", "empty.pem");
    let ended = ended(&run.var("SSL_CERT_DIR", "/nonexistent"));
    let expected = "no trusted root certificates were found on this machine; give them with `--ca-cert`";
    assert_eq!((ended.code, ended.sentence()), (2, expected));
}
