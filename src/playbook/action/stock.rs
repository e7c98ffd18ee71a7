//! The keys of the actions on variables, connections, pools and the health of Airflow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::playbook::field::{Count, Flag, RenderedPeriod, Text};

/// `get_variable`: the value of a variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GetVariable {
    /// The variable's key.
    #[schemars(extend("minLength" = 1))]
    pub key: Text,
    /// The value when the variable is not there. Without it, that is a failure.
    pub default: Option<Text>,
    /// Whether the value is a secret, and so is shown and kept nowhere. Default true.
    pub secret: Option<Flag>,
}

/// `assert_connection`: the connection is there. Nothing secret of it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertConnection {
    /// The connection's id.
    #[schemars(extend("minLength" = 1))]
    pub connection_id: Text,
    /// It must be of this type, such as `postgres`.
    #[schemars(extend("minLength" = 1))]
    pub conn_type: Option<Text>,
    /// How long to wait until it is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}

/// `assert_pool`: the pool is there, and has room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertPool {
    /// The pool's name.
    #[schemars(extend("minLength" = 1))]
    pub pool_name: Text,
    /// It must have so many slots.
    pub min_slots: Option<Count>,
    /// So many of its slots must be free.
    pub min_open_slots: Option<Count>,
    /// How long to wait until it is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}

/// `assert_healthy`: the parts of Airflow are well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct AssertHealthy {
    /// Which parts must be healthy. Default: database and scheduler, and of the others those that have run.
    #[schemars(length(min = 1))]
    pub components: Option<Vec<ComponentWord>>,
    /// How long to wait until it is so. Without it, it must be so at once.
    pub within: Option<RenderedPeriod>,
}

/// A part of Airflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ComponentWord {
    /// The database.
    Metadatabase,
    /// What starts runs and tasks.
    Scheduler,
    /// What waits for deferred tasks.
    Triggerer,
    /// What reads DAG files.
    DagProcessor,
}

impl ComponentWord {
    /// Every one, in the order of messages.
    pub const ALL: [Self; 4] = [Self::Metadatabase, Self::Scheduler, Self::Triggerer, Self::DagProcessor];

    /// The word in Airflow's answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metadatabase => "metadatabase",
            Self::Scheduler => "scheduler",
            Self::Triggerer => "triggerer",
            Self::DagProcessor => "dag_processor",
        }
    }
}
