//! A server with prepared answers in the form of Airflow 3.3.2, which counts and keeps what it is asked.
//!
//! Its answers are those of the recordings, with other ids and page sizes; a run is a success at once, so that no time is
//! spent on waiting. It does as little as it can, so that what is
//! measured is the client.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The server, while this lives and after.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: String,
    state: Arc<State>,
}

/// What all connections share.
struct State {
    closes: AtomicBool,
    dags: AtomicUsize,
    asked: Mutex<Asked>,
    dag: String,
    run: String,
    assets: String,
    event: String,
}

/// What was asked since the last time.
#[derive(Default)]
struct Asked {
    counts: BTreeMap<String, usize>,
    requests: Vec<Vec<u8>>,
}

impl Server {
    /// Starts it on a free port of this machine.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(State {
            closes: AtomicBool::new(false),
            dags: AtomicUsize::new(100),
            asked: Mutex::default(),
            dag: recorded("dag_get").to_string(),
            run: recorded("run_get").to_string(),
            assets: recorded("assets").to_string(),
            event: recorded("event_post").to_string(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state }
    }

    /// Sets how many DAGs there are, and whether it closes each connection after its answer.
    pub(crate) fn set(&self, dags: usize, closes: bool) {
        self.state.dags.store(dags, Ordering::Relaxed);
        self.state.closes.store(closes, Ordering::Relaxed);
    }

    /// How often each kind of request came since the last time, and the requests.
    pub(crate) fn take(&self) -> (BTreeMap<String, usize>, Vec<Vec<u8>>) {
        let asked = std::mem::take(&mut *self.state.asked.lock().expect("no thread has failed"));
        (asked.counts, asked.requests)
    }
}

impl State {
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).expect("a socket has this option");
        let mut reader = BufReader::with_capacity(64 * 1024, stream);
        while let Some(request) = read_request(&mut reader) {
            let closes = self.closes.load(Ordering::Relaxed);
            let (kind, body) = self.answer(&request);
            let close = if closes { "connection: close\r\n" } else { "" };
            let head = format!(
                "HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: application/json\r\n{close}content-length: {}\r\n\r\n",
                body.len()
            );
            let mut asked = self.asked.lock().expect("no thread has failed");
            *asked.counts.entry(kind).or_default() += 1;
            asked.requests.push(request);
            drop(asked);
            let answer = [head.as_bytes(), body.as_bytes()].concat();
            if reader.get_mut().write_all(&answer).is_err() || closes {
                return;
            }
        }
    }

    fn answer(&self, request: &[u8]) -> (String, String) {
        let text = String::from_utf8_lossy(request);
        let mut words = text.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default().trim_start_matches("/api/v2/");
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["dags"]) => ("GET dags".to_owned(), self.page(target)),
            ("GET", ["dags", id]) => ("GET dag".to_owned(), self.dag.replace("ok_dag", id)),
            ("POST", ["dags", dag_id, "dagRuns"]) => {
                let id = text.split("\"dag_run_id\":\"").nth(1).and_then(|rest| rest.split('"').next());
                ("POST dagRuns".to_owned(), self.dag_run(dag_id, id.unwrap_or_default(), "success"))
            }
            ("GET", ["dags", dag_id, "dagRuns", id]) => ("GET dagRun".to_owned(), self.dag_run(dag_id, id, "success")),
            ("GET", ["assets"]) => ("GET assets".to_owned(), self.assets.clone()),
            ("POST", ["assets", "events"]) => ("POST assets".to_owned(), self.event.clone()),
            _ => panic!("the benchmark has no answer to {method} {target}"),
        }
    }

    fn page(&self, target: &str) -> String {
        let number = |name: &str| -> Option<usize> {
            let query = target.split_once('?')?.1;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        };
        let total = self.dags.load(Ordering::Relaxed);
        let offset = number("offset").unwrap_or(0).min(total);
        let end = (offset + number("limit").unwrap_or(50)).min(total);
        let rows: Vec<String> = (offset..end).map(|at| self.dag.replace("ok_dag", &format!("dag_{at:05}"))).collect();
        format!("{{\"dags\":[{}],\"total_entries\":{total}}}", rows.join(","))
    }

    fn dag_run(&self, dag_id: &str, id: &str, state: &str) -> String {
        let run = self.run.replace("ok_dag", dag_id).replace("manual__2026-11-22T23:58:17.669588+00:00", id);
        run.replace("\"state\":\"queued\"", &format!("\"state\":\"{state}\""))
    }
}

/// The JSON that a real Airflow 3 answered.
fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/recordings/v2/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the recording is there");
    let mut recording: Value = serde_json::from_str(&text).expect("a recording is JSON");
    let mut body = recording["response"]["json"].take();
    if let Some(fields) = body.as_object_mut().filter(|fields| fields.contains_key("is_paused")) {
        fields.insert("is_paused".to_owned(), json!(false));
    }
    body
}

/// One request with its body; none when the client has gone.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let start = request.len();
        if reader.read_until(b'\n', &mut request).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&request[start..]).trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let start = request.len();
    request.resize(start + length, 0);
    reader.read_exact(&mut request[start..]).ok()?;
    Some(request)
}
