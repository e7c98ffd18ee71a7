//! `notify`, seen from the webhook's side: every request whole, and everything that can go wrong on the way.
//!
//! A webhook that can't be told is a warning and never a failure, and of its URL nothing but the host is ever shown or kept.

mod reached;
mod told;

use std::path::Path;

use crate::hostile::bounded::{KEY, ended, run_on};
use crate::hostile::server::{Act, Server, answer};
use crate::run::{Ended, Run};

/// The secret part of every webhook here.
const SECRET: &str = "T0123/B4567/a-secret-of-the-channel";

/// A server that takes everything.
fn taking() -> Server {
    Server::start(|_| Act::Send(answer("200 OK", "text/plain", "ok")))
}

/// The URL of a webhook there.
fn hook(server: &Server) -> String {
    format!("http://{}/services/{SECRET}?sig={SECRET}", server.address)
}

/// A run that tells this webhook; its Airflow is asked nothing.
fn telling(webhook: &str, arguments: &str) -> Run {
    let playbook = format!(
        "name: loans\ninputs: {{hook: {{secret: true, from_env: HOOK}}}}\nsteps:\n  - id: tell\n    notify: {{webhook: \"{{{{ hook }}}}\", {arguments}}}\n"
    );
    run_on("http://127.0.0.1:9/api/v1", &playbook).var("HOOK", webhook)
}

/// Runs it, and looks for the secret in everything that was said and kept.
fn shown_nothing_of_the_webhook(run: &Run) -> Ended {
    let ended = ended(run);
    assert!(!holds_secret(&ended.transcript()), "{ended:#?}");
    for (path, text) in kept(&run.folder().join(".state")) {
        assert!(!holds_secret(&text), "{path}: {text}");
    }
    ended
}

fn holds_secret(text: &str) -> bool {
    [SECRET, "a-secret-of-the-channel", "T0123", KEY].iter().any(|secret| text.contains(secret))
}

/// Every file below a folder, with its text.
fn kept(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.expect("an entry").path()));
    let entries: Vec<_> = entries.map(Iterator::collect).unwrap_or_default();
    let of = |path: &std::path::PathBuf| {
        if path.is_dir() {
            return kept(path);
        }
        let bytes = std::fs::read(path).expect("it can be read");
        vec![(path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned())]
    };
    entries.iter().flat_map(of).collect()
}
