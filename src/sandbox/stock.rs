//! What the Airflow of a scenario keeps beside its DAGs, and how it is: variables, connections, pools, health.
//!
//! In: YAML, as a part of the scenario. Out: the same, with the default pool that every Airflow has. What passes with time
//! passes by the clock, from the start of the sandbox on.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::lasting::Lasting;
use super::scenario::Scenario;

/// A variable.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a variable"))]
pub struct VariableScript {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A connection.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a connection"))]
pub struct ConnectionScript {
    /// Its id.
    pub connection_id: String,
    /// Its type, such as `postgres`.
    pub conn_type: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its host.
    pub host: Option<String>,
    /// Its login.
    pub login: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Its schema.
    pub schema: Option<String>,
}

/// A pool. `default_pool`, with 128 slots, is there without being named.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a pool"))]
pub struct PoolScript {
    /// Its name.
    pub name: String,
    /// How many slots it has; -1 for any number.
    pub slots: i64,
    /// What it is for.
    pub description: Option<String>,
    /// How many of them running tasks hold.
    #[serde(default)]
    pub running_slots: i64,
    /// How long they hold them (default: for ever).
    pub busy_for: Option<Lasting>,
}

/// How the parts of Airflow are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthScript {
    /// The database.
    pub metadatabase: HealthStatus,
    /// The scheduler.
    pub scheduler: HealthStatus,
    /// The triggerer (default: it never ran).
    pub triggerer: Option<HealthStatus>,
    /// The DAG processor (default: part of the scheduler on Airflow 2, healthy on Airflow 3).
    pub dag_processor: Option<HealthStatus>,
    /// How long what is unhealthy stays so (default: for ever).
    pub unhealthy_for: Option<Lasting>,
}

/// How a part of Airflow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// It was heard of lately.
    #[default]
    Healthy,
    /// It was not heard of for too long.
    Unhealthy,
}

impl HealthStatus {
    /// The word in Airflow's answer.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// All that is kept.
#[derive(Debug)]
pub(crate) struct Stock {
    /// The variables, in the order of their keys.
    pub(crate) variables: Vec<VariableScript>,
    /// The connections, in the order of their ids.
    pub(crate) connections: Vec<ConnectionScript>,
    /// The pools, the default pool first.
    pub(crate) pools: Vec<PoolScript>,
    health: HealthScript,
    started: Timestamp,
}

impl Stock {
    /// What a scenario has.
    pub(crate) fn new(scenario: &Scenario, started: Timestamp) -> Self {
        let default_pool = PoolScript {
            name: "default_pool".to_owned(),
            slots: 128,
            description: Some("Default pool".to_owned()),
            running_slots: 0,
            busy_for: None,
        };
        let mut pools = scenario.pools.clone();
        if !pools.iter().any(|pool| pool.name == default_pool.name) {
            pools.insert(0, default_pool);
        }
        let mut variables = scenario.variables.clone();
        variables.sort_by(|one, other| one.key.cmp(&other.key));
        let mut connections = scenario.connections.clone();
        connections.sort_by(|one, other| one.connection_id.cmp(&other.connection_id));
        Self { variables, connections, pools, health: scenario.health.clone(), started }
    }

    /// How many slots of a pool running tasks hold.
    pub(crate) fn running_slots(&self, pool: &PoolScript, now: Timestamp) -> i64 {
        if self.is_over(pool.busy_for, now) { 0 } else { pool.running_slots }
    }

    /// How the parts are: database, scheduler, triggerer, DAG processor.
    pub(crate) fn health(&self, now: Timestamp) -> [Option<HealthStatus>; 4] {
        let HealthScript { metadatabase, scheduler, triggerer, dag_processor, unhealthy_for } = self.health;
        let is_over = self.is_over(unhealthy_for, now);
        [Some(metadatabase), Some(scheduler), triggerer, dag_processor]
            .map(|status| if is_over { status.map(|_| HealthStatus::Healthy) } else { status })
    }

    fn is_over(&self, lasting: Option<Lasting>, now: Timestamp) -> bool {
        is_over(self.started, lasting, now)
    }
}

/// Whether something that lasts so long from the start on is over; without a bound it lasts for ever.
pub(crate) fn is_over(started: Timestamp, lasting: Option<Lasting>, now: Timestamp) -> bool {
    let passed = now.duration_since(started);
    lasting.is_some_and(|lasting| SignedDuration::try_from(lasting.0).is_ok_and(|lasting| passed >= lasting))
}
