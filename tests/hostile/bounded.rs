//! A run of the real binary that must end by itself within a time, and what it said.

use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::server::Server;
use crate::run::{Ended, Run};

/// What has not ended by then hangs; no measure of speed, so that a busy machine never meets it.
const HANGS: Duration = Duration::from_secs(900);

/// The key that every run here has.
pub(crate) const KEY: &str = "some-key-of-mine";

/// A list of DAGs with none in it.
pub(crate) const NO_DAGS: &str = r#"{"dags": [], "total_entries": 0}"#;

/// A read that is not tried again.
pub(crate) const READ: &str = "name: r\nsteps: [{list_dags: {}, retry: false}]";

/// A write that is not tried again.
pub(crate) const WRITE: &str = "name: w\nsteps: [{trigger_dag: {dag_id: a}, retry: false}]";

/// A run of this playbook on this URL, with a key.
pub(crate) fn run_on(url: &str, playbook: &str) -> Run {
    Run::playbook(playbook).var("MY_AIRFLOW_API_URL", url).var("MY_AIRFLOW_API_KEY", KEY)
}

/// A run of this playbook on a server. The key is shown as it is: a login would be one more request.
pub(crate) fn run_at(server: &Server, version: &str, playbook: &str) -> Run {
    run_on(&server.url(version), playbook).args(&["--auth", "token"])
}

/// Runs it to its end.
pub(crate) fn ended(run: &Run) -> Ended {
    ended_watched(run, |_| ())
}

/// Runs it to its end; `watch` is handed the process's id as soon as there is one.
pub(crate) fn ended_watched(run: &Run, watch: impl FnOnce(u32)) -> Ended {
    let child = run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let id = child.id();
    watch(id);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(Child::wait_with_output(child)));
    let Ok(output) = told.recv_timeout(HANGS) else {
        let _ = std::process::Command::new("/bin/kill").args(["-KILL", &id.to_string()]).status();
        panic!("it did not end within {HANGS:?}");
    };
    let output = output.expect("its output");
    let text = |bytes: Vec<u8>| run.named(&String::from_utf8(bytes).expect("UTF-8"));
    let code = output.status.code().expect("the program ends by itself");
    let ended = Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) };
    ended.has_no_bug();
    assert!(!ended.transcript().contains(KEY), "{ended:#?}");
    ended
}

impl Ended {
    /// The sentence of the first failure.
    pub(crate) fn sentence(&self) -> &str {
        let said = self.stderr.lines().find_map(|line| line.strip_prefix("error: "));
        said.unwrap_or_else(|| panic!("no sentence: {self:#?}"))
    }
}
