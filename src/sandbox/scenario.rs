//! The scenario: which DAGs and datasets exist, how runs go, who may come in, what goes wrong.
//!
//! In: YAML. Out: types that the world is built from. Nothing here happens; [`super::world`] plays it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::FaultScript;
use super::lasting::Lasting;
use super::stock::{ConnectionScript, HealthScript, PoolScript, VariableScript};
use crate::diagnostic::{Code, Diagnostic, draw};
use crate::source::SourceFile;
use crate::yaml;
use crate::yaml::schema::{Schema, schema_of};

const BUILTIN: &str = include_str!("builtin.yaml");

/// The JSON Schema of a scenario as it is published; it is what [`schema`] makes.
pub const SCHEMA: &str = include_str!("../../schemas/scenario.schema.json");

static RULES: LazyLock<Schema> = LazyLock::new(|| {
    Schema::new(serde_json::from_str(SCHEMA).expect("a test holds the embedded schema against the types"))
});

/// A world, how it behaves, and what goes wrong in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-name" = "a scenario"))]
pub struct Scenario {
    /// What this scenario is for; shown by the program, used by nobody.
    pub description: String,
    /// Whether waits take real time.
    pub time: Time,
    /// Who may come in, and how.
    pub auth: AuthScript,
    /// The DAGs.
    pub dags: Vec<DagScript>,
    /// Many small DAGs, to make lists longer than a page.
    pub generate_dags: Option<GenerateDags>,
    /// Datasets (Airflow 3: assets) beside those that DAGs are scheduled on.
    pub datasets: Vec<DatasetScript>,
    /// When the scheduler dies (default: it does not): from then on no run goes on.
    pub scheduler_stops_after: Option<Lasting>,
    /// DAG files that can't be loaded.
    pub import_errors: Vec<ImportErrorScript>,
    /// Variables.
    pub variables: Vec<VariableScript>,
    /// Connections.
    pub connections: Vec<ConnectionScript>,
    /// Pools beside `default_pool`.
    pub pools: Vec<PoolScript>,
    /// How the parts of Airflow are (default: well).
    pub health: HealthScript,
    /// What goes wrong, and when.
    pub faults: Vec<FaultScript>,
}

/// Whether waits take real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// A run of a second takes a second.
    #[default]
    Real,
    /// The program runs on a clock that jumps when it is waited on; nothing takes time.
    Virtual,
}

/// Who may come in, and how.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthScript {
    /// The API key; without it a fresh one is made at every start.
    pub key: Option<String>,
    /// Users with a password: basic on Airflow 2, the token exchange on Airflow 3.
    pub users: Vec<User>,
    /// Every credential is refused.
    pub key_rejected: bool,
    /// Whoever comes in may read but not write.
    pub read_only: bool,
    /// Airflow 3 has no `/auth/token`, only the key in the `Token` header.
    pub no_token_exchange: bool,
    /// How long an exchanged token lives; without it 24 hours.
    pub token_life: Option<Lasting>,
}

/// Somebody with a password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a user"))]
pub struct User {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// One DAG and how its runs go.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a DAG"))]
pub struct DagScript {
    /// Its id.
    pub dag_id: String,
    /// Its name for people, where it isn't the id.
    pub dag_display_name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether it is paused at the start.
    #[serde(default)]
    pub is_paused: bool,
    /// Its file is gone: it can be read, but not triggered.
    #[serde(default)]
    pub is_stale: bool,
    /// Its file no longer loads; the last good version is still there.
    #[serde(default)]
    pub has_import_errors: bool,
    /// The cron expression that the lists show; the sandbox starts no scheduled runs.
    pub schedule: Option<String>,
    /// The URIs of the datasets that start it, all of them together.
    #[serde(default)]
    pub schedule_on: Vec<String>,
    /// What `conf` may hold.
    #[serde(default)]
    pub params: BTreeMap<String, ParamScript>,
    /// How its runs go.
    #[serde(default)]
    pub run: RunScript,
}

/// One param of a DAG, in the words of JSON Schema.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-name" = "a param"))]
pub struct ParamScript {
    /// The value without `conf`.
    pub default: Value,
    /// No default: `conf` must give it.
    pub required: bool,
    /// What it means.
    pub description: Option<String>,
    /// One type or a list of types.
    #[serde(rename = "type")]
    pub kind: Option<Value>,
    /// The values allowed.
    #[serde(rename = "enum")]
    pub one_of: Option<Vec<Value>>,
    /// The smallest number.
    pub minimum: Option<serde_json::Number>,
    /// The largest number.
    pub maximum: Option<serde_json::Number>,
    /// The fewest characters.
    #[serde(rename = "minLength")]
    pub min_length: Option<usize>,
    /// The most characters.
    #[serde(rename = "maxLength")]
    pub max_length: Option<usize>,
}

impl DagScript {
    /// The DAG as its next run sees it, after so many starts.
    pub(crate) fn after_starts(&self, starts: u32) -> Self {
        let mut dag = self.clone();
        for task in &mut dag.run.tasks {
            if task.recovers_after.is_some_and(|needed| starts >= needed) {
                task.outcome = TaskOutcome::Success;
            }
        }
        dag
    }
}

impl ParamScript {
    /// The param as the JSON Schema that Airflow shows.
    pub(crate) fn schema(&self) -> Map<String, Value> {
        let mut schema = Map::new();
        let entries = [
            ("type", self.kind.clone()),
            ("minimum", self.minimum.clone().map(Value::Number)),
            ("maximum", self.maximum.clone().map(Value::Number)),
            ("enum", self.one_of.clone().map(Value::Array)),
            ("minLength", self.min_length.map(Value::from)),
            ("maxLength", self.max_length.map(Value::from)),
        ];
        for (word, value) in entries {
            if let Some(value) = value {
                schema.insert(word.to_owned(), value);
            }
        }
        schema
    }
}

/// How the runs of a DAG go.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunScript {
    /// How long it runs (default: the sum of its tasks, at least 1s).
    pub duration: Option<Lasting>,
    /// How it ends (default: failed if a task fails).
    pub outcome: Option<RunOutcome>,
    /// How long it waits in the queue first (default: not at all).
    pub queued_for: Lasting,
    /// Its tasks, one after the other.
    pub tasks: Vec<TaskScript>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Well.
    Success,
    /// Badly.
    Failed,
}

/// One task of a run.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a task"))]
pub struct TaskScript {
    /// Its id.
    pub task_id: String,
    /// How it ends. One behind a task that failed is not run, unless it is told to fail, too.
    #[serde(default)]
    pub outcome: TaskOutcome,
    /// How long it takes (default: its share of the run).
    pub duration: Option<Lasting>,
    /// Its state while it lasts (default: `running`).
    #[serde(default)]
    pub state: TaskState,
    /// The pool whose slot it takes (default: `default_pool`).
    pub pool: Option<String>,
    /// How often it is tried again after its first try (default: not at all); only shown.
    #[serde(default)]
    pub retries: u32,
    /// Which try ended it (default: the first).
    pub try_number: Option<u32>,
    /// A failed task ends well once its DAG was started, or cleared, so many times before.
    pub recovers_after: Option<u32>,
    /// What it hands over when it ends well, by key; `return_value` is what it returns.
    #[serde(default)]
    pub xcoms: BTreeMap<String, Value>,
    /// What it logs; the last line of a failed task is its exception.
    #[serde(default)]
    pub log: Vec<String>,
}

/// The state of a task that is not at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for a slot of its pool.
    Scheduled,
    /// It waits for a worker.
    Queued,
    /// A worker has it in hand.
    #[default]
    Running,
    /// The triggerer has it in hand.
    Deferred,
    /// It is tried again later.
    UpForRetry,
    /// A sensor that looks again later.
    UpForReschedule,
}

impl TaskState {
    /// Airflow's word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Deferred => "deferred",
            Self::UpForRetry => "up_for_retry",
            Self::UpForReschedule => "up_for_reschedule",
        }
    }

    /// Whether a task in this state goes on though its DAG is paused.
    pub(crate) const fn is_in_hand(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Deferred => true,
            Self::Scheduled | Self::UpForRetry | Self::UpForReschedule => false,
        }
    }
}

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// Well.
    #[default]
    Success,
    /// Badly: what comes after it does not run, unless the run's outcome is `success`.
    Failed,
    /// It decided not to do anything.
    Skipped,
}

/// Many small DAGs with one tag, `<prefix>_000` and up; every second one is paused.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateDags {
    /// How many.
    pub count: u16,
    /// What their ids start with (default `gen`), their tag, too.
    #[serde(default = "default_prefix")]
    pub prefix: String,
}

fn default_prefix() -> String {
    "gen".to_owned()
}

/// A dataset of Airflow 2, an asset of Airflow 3.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a dataset"))]
pub struct DatasetScript {
    /// Its URI.
    pub uri: String,
    /// Its name in Airflow 3 (default: the URI).
    pub name: Option<String>,
}

/// A DAG file that can't be loaded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an import error"))]
pub struct ImportErrorScript {
    /// The file, relative to the DAG folder.
    pub filename: String,
    /// What Python said.
    pub stack_trace: String,
    /// How long after the start somebody mends the file (default: never).
    pub mended_after: Option<Lasting>,
}

/// The JSON Schema of a scenario, as the types make it.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of::<Scenario>()
}

impl Scenario {
    /// The scenario that ships with the program: a small data team's Airflow.
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    #[must_use]
    pub fn builtin() -> Self {
        let file = SourceFile::new("builtin.yaml", BUILTIN);
        Self::load(&file).map_err(|mistakes| draw(&mistakes, false)).expect("a test reads the embedded scenario")
    }

    /// Reads a scenario.
    ///
    /// # Errors
    /// Every mistake in the file that can be seen, with its place.
    pub fn load(file: &SourceFile) -> Result<Self, Vec<Diagnostic>> {
        let tree = yaml::parse(file)?;
        let mistakes = RULES.check(file, &tree);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        serde_json::from_value(tree.to_json()).map_err(|error| {
            let message = format!("the scenario can't be read: {error}");
            vec![Diagnostic::new(Code::WRONG_FORM, file, tree.span, message)]
        })
    }

    /// Whether waits take real time; the embedding program picks the clock by it.
    #[must_use]
    pub const fn time(&self) -> Time {
        self.time
    }

    /// The DAGs, the generated ones among them, in the order of their ids.
    pub(crate) fn all_dags(&self) -> Vec<DagScript> {
        let mut dags = self.dags.clone();
        if let Some(generate) = &self.generate_dags {
            dags.extend((0..generate.count).map(|number| DagScript {
                dag_id: format!("{}_{number:03}", generate.prefix),
                tags: vec![generate.prefix.clone()],
                is_paused: number % 2 == 1,
                ..DagScript::default()
            }));
        }
        dags.sort_by(|one, other| one.dag_id.cmp(&other.dag_id));
        dags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_scenario_reads_and_holds_what_the_first_playbook_needs() {
        let scenario = Scenario::builtin();
        let ids: Vec<_> = scenario.dags.iter().map(|dag| dag.dag_id.as_str()).collect();
        assert!(ids.contains(&"daily_loan_run"), "{ids:?}");
        assert!(scenario.dags.iter().any(|dag| dag.schedule_on == ["upstream_data"] && !dag.is_paused));
        assert_eq!(scenario.time(), Time::Real);
    }

    #[test]
    fn the_schema_names_every_part_of_a_scenario() {
        let schema = schema_of::<Scenario>().to_string();
        for word in ["lost_answer", "queued_for", "schedule_on", "generate_dags", "\"v2\"", "retry_after", "minLength"]
        {
            assert!(schema.contains(word), "{word}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let file = SourceFile::new("s.yaml", "dags:\n  - dag_id: a\n    colour: red\n");
        let diagnostics = Scenario::load(&file).expect_err("the key is unknown");
        assert!(diagnostics[0].message.contains("colour"), "{}", diagnostics[0].message);
        assert_eq!(file.line_column(diagnostics[0].span.start), (3, 5));
    }

    #[test]
    fn generated_dags_stand_between_the_others_in_order_of_id() {
        let text = "dags: [{dag_id: zz}, {dag_id: aa}]\ngenerate_dags: {count: 2}\n";
        let scenario = Scenario::load(&SourceFile::new("s.yaml", text)).expect("a good scenario");
        let ids: Vec<_> = scenario.all_dags().into_iter().map(|dag| dag.dag_id).collect();
        assert_eq!(ids, ["aa", "gen_000", "gen_001", "zz"]);
    }
}
