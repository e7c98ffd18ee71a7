//! The sandbox as a process of its own, for runs in another.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::run::Run;

/// The sandbox served by the program itself; it ends with the test.
pub(crate) struct Served {
    child: Child,
    root: String,
    pub(crate) key: String,
    _folder: Run,
}

impl Served {
    /// A sandbox of this scenario, on the machine's clock.
    pub(crate) fn new(scenario: &str) -> Self {
        let folder = Run::new().file("s.yaml", scenario).args(&["sandbox", "--port", "0", "s.yaml"]);
        let mut child =
            folder.command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        let mut value = |name: &str| {
            let line = lines.find_map(|line| line.expect("a line").strip_prefix(name).map(str::to_owned));
            line.expect("the sandbox says it")
        };
        let url = value("MY_AIRFLOW_API_URL=");
        let key = value("MY_AIRFLOW_API_KEY=");
        let root = url.strip_suffix("/api/v2").expect("the URL of Airflow 3").to_owned();
        Self { child, root, key, _folder: folder }
    }

    /// The URL of an API.
    pub(crate) fn url(&self, version: &str) -> String {
        format!("{}/api/{version}", self.root)
    }

    /// The text of an answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    /// The text of an answer to a PATCH with this JSON.
    pub(crate) fn patch(&self, path: &str, body: &str) -> String {
        self.ask("PATCH", path, body)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.root.strip_prefix("http://").expect("http");
        let mut stream = TcpStream::connect(address).expect("the sandbox listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Token {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("text");
        text
    }

    /// Waits until the DAG `a` has a run.
    pub(crate) fn until_there_is_a_run(&self) {
        while !self.get("/api/v1/dags/a/dagRuns").contains("dag_run_id") {
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
