//! The keys of the actions on DAGs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Flag, RenderedPeriod, Text, Words};

/// `list_dags`: every DAG that fits, all pages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct ListDags {
    /// Only DAGs with any of these tags.
    pub tags: Option<Words>,
    /// `any` (default): one of the tags is enough. `all`: every tag must be there.
    pub tags_match: Option<TagsMatch>,
    /// Only DAGs whose id holds this text; `%` stands for anything.
    pub dag_id_pattern: Option<Text>,
    /// Only paused DAGs (`true`) or only DAGs that are not (`false`).
    pub paused: Option<Flag>,
    /// Leave out DAGs whose file is gone. Default true.
    pub only_active: Option<Flag>,
}

/// How many of the tags a DAG must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TagsMatch {
    /// One is enough.
    Any,
    /// Every one.
    All,
}

/// `assert_dag`: the DAG is there, its file too, and it has no import error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertDag {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
    /// It must be paused (`true`) or must not be (`false`).
    pub is_paused: Option<Flag>,
    /// It must have every one of these tags.
    pub tags: Option<Words>,
    /// How long to wait until all of this is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}

/// `get_dag`: reads one DAG, with its params.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GetDag {
    /// The DAG's id.
    #[schemars(extend("minLength" = 1))]
    pub dag_id: Text,
}

/// `assert_no_import_errors`: every DAG file can be imported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertNoImportErrors {
    /// Only files whose name holds this text; `%` stands for anything.
    #[schemars(extend("minLength" = 1))]
    pub filename_pattern: Option<Text>,
    /// How long to wait until it is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}
