//! Many triggers and waits side by side on the sandbox: processor time and memory against their number.
//!
//! One process runs each of them as a run of its own, with a record of its own, beside the others on one thread; so the cost
//! of a wait is not hidden by that of a program's start. The sandbox is another process, on the machine's clock.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use myaf_run::airflow::auth::{AuthScheme, Credential};
use myaf_run::airflow::base_url::BaseUrl;
use myaf_run::airflow::client::{Client, ClientOptions};
use myaf_run::clock::Clock;
use myaf_run::event::{Event, Sink, SinkError};
use myaf_run::executor::{Interrupt, Limits, Tools, execute};
use myaf_run::http::{HttpOptions, WebhookOptions};
use myaf_run::outcome::StepOutcome;
use myaf_run::plan::{self, Context, Plan, Selection};
use myaf_run::playbook::load;
use myaf_run::record::RunRecord;
use myaf_run::secret::Masker;
use secrecy::SecretString;

use crate::child::usage;
use crate::table::say;

const PROGRAM: &str = env!("CARGO_BIN_EXE_myaf-run");
/// How many waits there are at once.
const NUMBERS: [u32; 3] = [1, 100, 500];
const SCENARIO: &str = "dags: [{dag_id: ok_dag, run: {duration: 20s, tasks: [{task_id: t}]}}]\n";
const PLAYBOOK: &str = "\
name: waits
steps: [{id: load, trigger_dag: {dag_id: ok_dag, wait: {timeout: 10m}}}]
";

/// The sandbox, for as long as this lives.
struct Served {
    child: Child,
    url: String,
    key: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let scenario = folder.join("waits.yaml");
        std::fs::write(&scenario, SCENARIO).expect("it is written");
        let mut command = Command::new(PROGRAM);
        command.args(["sandbox", "--port", "0"]).arg(&scenario).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        let mut value = |name: &str| {
            let line = lines.find_map(|line| line.expect("a line").strip_prefix(name).map(str::to_owned));
            line.expect("the sandbox says it")
        };
        let (url, key) = (value("MY_AIRFLOW_API_URL="), value("MY_AIRFLOW_API_KEY="));
        Self { child, url, key }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says what each number of waits takes, on both APIs.
pub(crate) fn run_all(folder: &Path) {
    let own = std::env::current_exe().expect("this program has a path").display().to_string();
    for version in ["v1", "v2"] {
        for number in NUMBERS {
            let served = Served::start(folder);
            let url = served.url.replace("/api/v2", &format!("/api/{version}"));
            let took = usage(&[&own, "waits", &url, &served.key, &number.to_string()]);
            let (wall, processor) = (took.wall.as_secs_f64(), took.processor.as_secs_f64() * 1000.0);
            let peak = f64::from(took.peak_kib) / 1024.0;
            say(&format!(
                "waits of 20 s side by side, {version}: {number:>3} at once, wall {wall:.1} s, processor {processor:.0} ms, \
                 {peak:.1} MiB"
            ));
        }
    }
}

/// Runs so many triggers with their waits at once.
pub(crate) fn run(url: &str, key: &str, number: &str) -> ExitCode {
    let number: u32 = number.parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clock = Clock::system();
    let client = Client::new(ClientOptions {
        base_url: BaseUrl::parse(url).expect("a URL"),
        version: None,
        credential: Some(Credential::Key(SecretString::from(key.to_owned()))),
        auth: AuthScheme::Auto,
        http: HttpOptions::default(),
        clock: clock.clone(),
        masker: myaf_run::secret::Masker::new(),
    });
    let client = client.expect("a client");
    let local = tokio::task::LocalSet::new();
    let waits: Vec<_> =
        (0..number).map(|number| local.spawn_local(wait(client.clone(), clock.clone(), number))).collect();
    runtime.block_on(local.run_until(async {
        for wait in waits {
            assert!(wait.await.expect("it ends"), "every run is a success");
        }
    }));
    ExitCode::SUCCESS
}

/// One run; whether it passed.
async fn wait(client: Client, clock: Clock, number: u32) -> bool {
    let plan = plan(&client, &clock, number);
    // The sender stays open: nobody interrupts.
    let (_sender, interrupt) = Interrupt::channel();
    let tools = Tools {
        client: &client,
        clock,
        masker: Masker::new(),
        interrupt,
        limits: Limits::default(),
        ui_url: None,
        webhooks: WebhookOptions::default(),
        is_watched: false,
    };
    let mut kept = Kept(RunRecord::default());
    execute(&plan, &tools, &mut kept).await.expect("every event is kept");
    kept.0.count(StepOutcome::Passed) == 1
}

fn plan(client: &Client, clock: &Clock, number: u32) -> Plan {
    let mut loaded = load("waits.yaml", PLAYBOOK.as_bytes().to_vec()).expect("a good playbook");
    let context = Context {
        run_id: &format!("20261122t120000z-{number:08x}"),
        is_id_given: false,
        started_at: clock.now(),
        path: "waits.yaml",
        git_sha: None,
        operator: "bench@here",
        target: "my",
        base_url: &client.base_url().to_string(),
        environment: &std::collections::BTreeMap::new(),
        given: &[],
    };
    let selected = plan::select(&mut loaded, &Selection::default()).expect("every step");
    plan::plan(&loaded, selected, &context).expect("a good plan")
}

struct Kept(RunRecord);

impl Sink for Kept {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        self.0.apply(event);
        Ok(())
    }
}
