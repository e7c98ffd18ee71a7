//! The keys of the actions on datasets (Airflow 3: assets).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Object, Text};

/// `post_dataset_event`: tells Airflow that a dataset (Airflow 3: asset) has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline, extend("x-not-yet" = ["wait_for_consumers"]))]
pub struct PostDatasetEvent {
    /// The dataset's URI; compared exactly, then with the asset's name.
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
