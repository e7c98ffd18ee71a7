//! The keys of the actions on datasets (Airflow 3: assets).

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::playbook::action::Wait;
use crate::playbook::field::{Count, Object, RenderedPeriod, Text, Words};

/// `post_dataset_event`: tells Airflow that a dataset (Airflow 3: asset) has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct PostDatasetEvent {
    /// The dataset's URI; compared exactly, then with the asset's name.
    #[serde(alias = "uri")]
    #[schemars(extend("minLength" = 1))]
    pub dataset_uri: Text,
    /// Data for the consumers: a map. The key `myaf_run` is ours.
    pub extra: Option<Object>,
    /// One event for each value of this key, whoever asks and however often. The playbook needs a `name` and the step an
    /// `id`.
    #[schemars(extend("minLength" = 1))]
    pub once_per: Option<Text>,
    /// What to do when no DAG would run: `warn` (default), `require` (fail) or `ignore`.
    pub consumers: Option<Consumers>,
    /// When an answer is lost and the event can't be found: `repeat` (default) or `fail`.
    pub on_unknown: Option<OnUnknown>,
    /// Follow the runs that the event causes to their end: `true`, or how to.
    pub wait_for_consumers: Option<Wait>,
}

/// What to do when an event would start no DAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Consumers {
    /// Say so and go on.
    Warn,
    /// Fail before anything is sent.
    Require,
    /// Don't look.
    Ignore,
}

/// What to do when it is not known whether an event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OnUnknown {
    /// Send it again once it was not found for the whole settling time.
    Repeat,
    /// Fail.
    Fail,
}

/// `list_datasets`: every dataset that fits, all pages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct ListDatasets {
    /// Only datasets whose URI holds this text; `%` stands for anything.
    #[schemars(extend("minLength" = 1))]
    pub uri_pattern: Option<Text>,
}

/// `assert_dataset`: the dataset is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertDataset {
    /// The dataset's URI; compared exactly, then with the asset's name.
    #[serde(alias = "uri")]
    #[schemars(extend("minLength" = 1))]
    pub dataset_uri: Text,
    /// Every one of these DAGs must be scheduled on it.
    pub consumers: Option<Words>,
    /// How long to wait until it is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}

/// `list_dataset_events`: the events of a dataset, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ListDatasetEvents {
    /// The dataset's URI; compared exactly, then with the asset's name.
    #[serde(alias = "uri")]
    #[schemars(extend("minLength" = 1))]
    pub dataset_uri: Text,
    /// Only events that were recorded not before this.
    pub timestamp_gte: Option<Text>,
    /// How many events at most. Default 100.
    #[schemars(extend("minimum" = 1))]
    pub limit: Option<Count>,
}

/// The schema of an action under its alias: the same keys, but `uri` is the word for `dataset_uri`.
pub(in crate::playbook) fn as_asset<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let renamed = std::mem::take(properties).into_iter().map(|(key, rule)| (as_asset_key(key), rule));
        *properties = renamed.collect();
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        for key in required.iter_mut().filter(|key| *key == "dataset_uri") {
            *key = "uri".into();
        }
    }
    schema
}

fn as_asset_key(key: String) -> String {
    if key == "dataset_uri" { "uri".to_owned() } else { key }
}
