//! A playbook as its author wrote it.
//!
//! These types make the JSON Schema; the same schema is executed when a playbook is loaded and is the one editors read.
//! Values that may hold templates are kept as they are here; the plan works them out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::playbook::action::{
    AssertConnection, AssertDag, AssertDataset, AssertHealthy, AssertNoImportErrors, AssertPool, Expectations, GetDag,
    GetDagRun, GetTaskLog, GetVariable, GetXcom, ListDagRuns, ListDags, ListDatasetEvents, ListDatasets,
    ListTaskInstances, PostDatasetEvent, TriggerDag, WaitForDagRun, as_asset,
};
use crate::playbook::field::{Expression, Period, RenderedPeriod, Text};
use crate::playbook::neighbours;
use crate::playbook::notify::Notify;
pub use crate::playbook::repeat::{Backoff, PollSetting, Retry, RetryOn, RetrySetting};

/// An operational runbook for Airflow.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "myaf-run playbook", extend(
    "x-name" = "the playbook",
    "x-expected" = "a map with `steps`",
    "x-neighbours" = neighbours::keys(),
    "x-help" = "start with `steps:` and indent the steps below it, each after a `- `"
))]
pub struct Playbook {
    /// The playbook's name. It is part of the identity of what the playbook makes: keep it when you move the file.
    /// Default: the file's name.
    #[schemars(length(min = 1, max = 200), extend("x-template" = false))]
    pub name: Option<String>,
    /// What it is for.
    #[schemars(extend("x-template" = false))]
    pub description: Option<String>,
    /// The time zone of `now()` and `today()`, such as `Europe/Lisbon`. Default UTC.
    #[schemars(extend("x-template" = false))]
    pub timezone: Option<String>,
    /// Values that whoever runs the playbook may give: `-e name=value`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Input>", extend("propertyNames" = name()))]
    pub inputs: Map<String, Value>,
    /// Values worked out once, in order, after the inputs.
    #[serde(default)]
    #[schemars(extend("propertyNames" = name()))]
    pub vars: Map<String, Value>,
    /// What steps do when they don't say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// The target it runs against when none is named on the command line.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_-]*$"), extend("x-template" = false, "x-expected" = "a target's name"))]
    pub target: Option<String>,
    /// What to do when the playbook is running already. By default a second run of it does nothing and ends well.
    pub lock: Option<LockSetting>,
    /// What to do, in order.
    #[schemars(with = "Vec<Step>", length(min = 1), extend("x-expected" = "a list of steps",
        "x-help" = "begin each step with `- `", "x-missing" = NO_STEPS))]
    pub steps: Vec<Value>,
    /// What to do when a step has failed. When no step of this fails, the failure is rescued. `failure` says what it was.
    #[serde(default)]
    #[schemars(with = "Vec<Step>", length(min = 1), extend("x-expected" = "a list of steps",
        "x-help" = "begin each step with `- `"))]
    pub rescue: Vec<Value>,
    /// What to do at the end in any case. `failure` says what went wrong, or is none.
    #[serde(default)]
    #[schemars(with = "Vec<Step>", length(min = 1), extend("x-expected" = "a list of steps",
        "x-help" = "begin each step with `- `"))]
    pub always: Vec<Value>,
    /// What the run gives when all steps have passed: names, each with a value that may hold templates.
    #[serde(default)]
    #[schemars(extend("propertyNames" = name()))]
    pub outputs: Map<String, Value>,
}

/// When the playbook is running already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline, extend("x-short" = "{ key: $ }"))]
pub struct LockSetting {
    /// Runs with different keys do not overlap. May be a template of inputs and vars.
    pub key: Option<Text>,
    /// What a second run does. Default `skip`.
    pub on_overlap: Option<OnOverlap>,
    /// How long `wait` waits. Default 1h.
    pub wait: Option<Period>,
}

/// What a second run does while the first goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OnOverlap {
    /// It runs nothing and ends well.
    #[default]
    Skip,
    /// It waits until the first has ended.
    Wait,
    /// It runs nothing and fails.
    Fail,
}

/// What a name in the playbook must look like.
pub const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// The way out for whoever has no steps yet.
pub(super) const NO_STEPS: &str =
    "write `steps:`, and below it what to do, such as `- list_dags: {}`; each step begins with `- `";
/// What messages say of a name.
const NAME: &str = "a name of letters, digits and `_` that does not start with a digit";

/// A value that whoever runs the playbook may give.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline, extend("x-short" = "{ default: $ }"))]
pub struct Input {
    /// The type of the value. Default `string`.
    #[serde(rename = "type")]
    pub kind: Option<InputType>,
    /// The value when none is given; may be a template.
    #[serde(deserialize_with = "present")]
    #[schemars(with = "Value")]
    pub default: Option<Value>,
    /// Whether a value must be there. Default: true when there is neither `default` nor `from_env`.
    pub required: Option<bool>,
    /// The values it may have.
    #[serde(rename = "enum")]
    #[schemars(length(min = 1))]
    pub allowed: Option<Vec<Value>>,
    /// A regular expression that the text must match.
    #[schemars(extend("x-template" = false))]
    pub pattern: Option<String>,
    /// The smallest number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// What it is for.
    #[schemars(extend("x-template" = false))]
    pub description: Option<String>,
    /// Never show the value.
    pub secret: Option<bool>,
    /// The environment variable that gives the value.
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"), extend("x-expected" = "the name of an environment variable"))]
    pub from_env: Option<String>,
}

/// The types of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum InputType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list; `-e` reads it as JSON.
    List,
    /// A map; `-e` reads it as JSON.
    Map,
}

/// What steps do when they don't say otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Defaults {
    /// How requests are repeated.
    pub retry: Option<RetrySetting>,
    /// How long a step may take. Default 10m; waits have their own bound.
    pub timeout: Option<Period>,
    /// How often to look where something is waited for.
    pub poll: Option<PollSetting>,
}

/// One step: exactly one action and what goes with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "x-name" = "a step",
    "x-expected" = "a step, which is a map",
    "x-choice" = "action",
    "x-help" = "a step has an action and its value, such as `- print: hello`",
    "oneOf" = one_action(),
    "x-not-yet" = not_yet()
))]
pub struct Step {
    /// The step's name on the command line, in reports and in the identity of what it makes. Default: made of `name`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"), length(max = 100),
        extend("x-template" = false, "x-expected" = "an id of letters, digits, `_` and `-`"))]
    pub id: Option<String>,
    /// What people read.
    pub name: Option<Text>,
    /// The step is skipped unless this is true.
    pub when: Option<Expression>,
    /// How its requests are repeated.
    pub retry: Option<RetrySetting>,
    /// How long everything the step does may take.
    pub timeout: Option<Period>,
    /// What the result of a reading action must become: it is read again until this is true.
    pub until: Option<Expression>,
    /// How often to look for `until`, and how long.
    pub poll: Option<PollSetting>,
    /// Names for its result, for later steps: one name for the whole result, or names with an expression over it.
    pub capture: Option<Capture>,
    /// What must be true of its result.
    pub expect: Option<Expectations>,
    /// Go on when it fails: the failure is told, and recorded as ignored.
    pub ignore_errors: Option<bool>,
    /// Show and keep nothing of its arguments, its result, its captures and the details of its failure.
    pub no_log: Option<bool>,
    /// Words by which `--tags` and `--skip-tags` choose steps.
    pub tags: Option<Tags>,
    /// List DAGs, every page.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<ListDags>")]
    pub list_dags: Option<Value>,
    /// Fail unless a DAG is there and ready.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertDag>", extend("x-short" = "{ dag_id: $ }"))]
    pub assert_dag: Option<Value>,
    /// Read a DAG, with its params.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<GetDag>", extend("x-short" = "{ dag_id: $ }"))]
    pub get_dag: Option<Value>,
    /// Make a DAG run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TriggerDag>", extend("x-short" = "{ dag_id: $ }"))]
    pub trigger_dag: Option<Value>,
    /// Read a DAG run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<GetDagRun>")]
    pub get_dag_run: Option<Value>,
    /// List the runs of a DAG, the newest first.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<ListDagRuns>", extend("x-short" = "{ dag_id: $ }"))]
    pub list_dag_runs: Option<Value>,
    /// List the task instances of a DAG run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<ListTaskInstances>")]
    pub list_task_instances: Option<Value>,
    /// Read the log of a task instance.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<GetTaskLog>")]
    pub get_task_log: Option<Value>,
    /// Read what a task handed over.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<GetXcom>")]
    pub get_xcom: Option<Value>,
    /// Tell Airflow that a dataset (Airflow 3: asset) has changed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<PostDatasetEvent>", extend("x-short" = "{ dataset_uri: $ }"))]
    pub post_dataset_event: Option<Value>,
    /// Follow a DAG run that is there already to its end.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<WaitForDagRun>", extend("x-short" = "{ dag_id: $ }"))]
    pub wait_for_dag_run: Option<Value>,
    /// `post_dataset_event` in the words of Airflow 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(schema_with = "as_asset::<PostDatasetEvent>", extend("x-short" = "{ uri: $ }"))]
    pub post_asset_event: Option<Value>,
    /// List datasets (Airflow 3: assets), every page.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<ListDatasets>")]
    pub list_datasets: Option<Value>,
    /// `list_datasets` in the words of Airflow 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(schema_with = "as_asset::<ListDatasets>")]
    pub list_assets: Option<Value>,
    /// Fail unless a dataset (Airflow 3: asset) is there.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertDataset>", extend("x-short" = "{ dataset_uri: $ }"))]
    pub assert_dataset: Option<Value>,
    /// `assert_dataset` in the words of Airflow 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(schema_with = "as_asset::<AssertDataset>", extend("x-short" = "{ uri: $ }"))]
    pub assert_asset: Option<Value>,
    /// List the events of a dataset (Airflow 3: asset), the newest first.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<ListDatasetEvents>", extend("x-short" = "{ dataset_uri: $ }"))]
    pub list_dataset_events: Option<Value>,
    /// `list_dataset_events` in the words of Airflow 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(schema_with = "as_asset::<ListDatasetEvents>", extend("x-short" = "{ uri: $ }"))]
    pub list_asset_events: Option<Value>,
    /// Fail unless the parts of Airflow are well.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertHealthy>")]
    pub assert_healthy: Option<Value>,
    /// Fail when a DAG file can't be imported.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertNoImportErrors>", extend("x-short" = "{ filename_pattern: $ }"))]
    pub assert_no_import_errors: Option<Value>,
    /// Read a variable; its value is a secret unless you say otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<GetVariable>", extend("x-short" = "{ key: $ }"))]
    pub get_variable: Option<Value>,
    /// Fail unless a connection is there; nothing secret of it is read.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertConnection>", extend("x-short" = "{ connection_id: $ }"))]
    pub assert_connection: Option<Value>,
    /// Fail unless a pool is there and has room.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<AssertPool>", extend("x-short" = "{ pool_name: $ }"))]
    pub assert_pool: Option<Value>,
    /// Write a text to stdout.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Text>")]
    pub print: Option<Value>,
    /// Fail unless expressions are true.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Expectations>")]
    pub assert: Option<Value>,
    /// Give names their values, for later steps.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<BTreeMap<String, Value>>", extend("minProperties" = 1, "propertyNames" = name()))]
    pub set_vars: Option<Value>,
    /// Let time pass.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<RenderedPeriod>", extend("x-help" = "write `pause: 30s` to let time pass; an action that pauses a DAG is not supported yet"))]
    pub pause: Option<Value>,
    /// Write a text to webhooks: Slack, Teams, or any that takes JSON.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Notify>")]
    pub notify: Option<Value>,
}

/// Words that choose a step: one or a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a word or a list of words"))]
pub enum Tags {
    /// One.
    One(Tag),
    /// Several.
    Many(#[schemars(length(min = 1))] Vec<Tag>),
}

/// A word that chooses a step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline, extend("x-template" = false, "x-expected" = "a word of letters, digits, `_`, `-`, `.` and `:`"))]
pub struct Tag(#[schemars(regex(pattern = r"^[A-Za-z0-9_.:-]{1,100}$"))] pub String);

impl Tags {
    /// Every one.
    #[must_use]
    pub fn words(&self) -> &[Tag] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }
}

/// Names for a step's result.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline, extend("x-expected" = "a name, or a map of names with expressions",
    "x-help" = "write `capture: NAME` for the whole result, or `capture: { NAME: FIELD }`"))]
pub enum Capture {
    /// One name for the whole result.
    Whole(
        #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"), extend("x-template" = false, "x-expected" = NAME, "x-name" = true))]
         String,
    ),
    /// Names, each with an expression over the result.
    Fields(
        #[schemars(with = "BTreeMap<String, Expression>",
            extend("minProperties" = 1, "propertyNames" = name()))]
        Map<String, Value>,
    ),
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What keys that are names must look like.
fn name() -> Value {
    serde_json::json!({ "pattern": IDENTIFIER, "x-expected": NAME, "x-name": true, "x-template": false })
}

fn one_action() -> Value {
    crate::outcome::ActionKind::keys().map(|key| serde_json::json!({ "required": [key] })).collect()
}

/// Step keys and actions of the language that this version does not have.
fn not_yet() -> Value {
    const ONE_EACH: &str = "write one step for each item";
    const IN_A_ROW: &str = "write the steps one after the other";
    const IN_THE_UI: &str = "do it in Airflow's web interface meanwhile";
    serde_json::json!({
        "loop": ONE_EACH,
        "max_parallel": ONE_EACH,
        "pause_dag": IN_THE_UI,
        "unpause_dag": "write `unpause: true` in `trigger_dag`",
        "clear_dag_run": "write `if_failed: clear` in a `trigger_dag` with `once_per`",
        "clear_task_instances": IN_THE_UI,
        "set_dag_run_state": IN_THE_UI,
        "set_dag_run_note": "write `note: TEXT` in `trigger_dag`",
        "delete_dag_run": IN_THE_UI,
        "set_variable": IN_THE_UI,
        "backfill": "write a `trigger_dag` with a `logical_date` for each date",
        "request": "`notify` writes a text to a webhook",
        "confirm": "run two playbooks, and look between them",
        "block": "write the steps one after the other; `rescue` and `always` stand beside `steps`",
        "parallel": IN_A_ROW,
        "include": IN_A_ROW
    })
}
