//! What Airflow 3 keeps beside its DAGs, and how it is: variables, connections, pools, health.
//!
//! In: names. Out: calls with the shapes of their answers. Passwords, logins and `extra` of connections are not read, nor
//! are the values of a list of variables.

use jiff::Timestamp;
use serde::Deserialize;

use crate::airflow::answer;
use crate::airflow::call::{Call, PAGE_ROWS, Path, Rows, read_json};

/// What stands for a secret: for the whole value under a key that looks like that of one, for a value under such a key in
/// JSON, and for whatever Airflow knows as a secret from elsewhere. What it stands in is no value.
const HIDDEN: &str = "***";

/// `GET /variables/{variable_key}`; secrets in its value are shown as `***`.
pub(in crate::airflow) fn variable(key: &str) -> Call<answer::Variable> {
    Call::get(Path::of("/variables").id(key), read_json::<Variable, _>)
}

/// `GET /variables`, of which only the keys are read.
pub(in crate::airflow) fn variable_keys(offset: u64) -> Call<Rows<String>> {
    Call::get(Path::of("/variables"), read_json::<Variables, _>).page(offset, PAGE_ROWS)
}

/// `GET /connections/{connection_id}`.
pub(in crate::airflow) fn connection(connection_id: &str) -> Call<answer::Connection> {
    Call::get(Path::of("/connections").id(connection_id), read_json::<Connection, _>)
}

/// `GET /connections`.
pub(in crate::airflow) fn connections(offset: u64) -> Call<Rows<answer::Connection>> {
    Call::get(Path::of("/connections"), read_json::<Connections, _>).page(offset, PAGE_ROWS)
}

/// `GET /pools/{pool_name}`; a pool of any number of slots has -1 free ones.
pub(in crate::airflow) fn pool(name: &str) -> Call<answer::Pool> {
    Call::get(Path::of("/pools").id(name), read_json::<Pool, _>)
}

/// `GET /pools`.
pub(in crate::airflow) fn pools(offset: u64) -> Call<Rows<answer::Pool>> {
    Call::get(Path::of("/pools"), read_json::<Pools, _>).page(offset, PAGE_ROWS)
}

/// `GET /monitor/health`, open to everybody; 200 whatever it says.
pub(in crate::airflow) fn health() -> Call<answer::Health> {
    Call::get(Path::of("/monitor/health"), read_json::<Health, _>)
}

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Variables {
    variables: Vec<Key>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "Airflow's names")]
struct Connection {
    connection_id: String,
    conn_type: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Connections {
    connections: Vec<Connection>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
struct Pool {
    name: String,
    description: Option<String>,
    slots: i64,
    open_slots: i64,
    #[serde(default)]
    occupied_slots: i64,
    #[serde(default)]
    running_slots: i64,
    #[serde(default)]
    queued_slots: i64,
    #[serde(default)]
    scheduled_slots: i64,
    #[serde(default)]
    deferred_slots: i64,
}

#[derive(Deserialize)]
struct Pools {
    pools: Vec<Pool>,
    total_entries: Option<u64>,
}

#[derive(Deserialize)]
struct Health {
    metadatabase: Component,
    scheduler: Component,
    #[serde(default)]
    triggerer: Component,
    #[serde(default)]
    dag_processor: Component,
}

/// Each part has a name of its own for its heartbeat.
#[derive(Default, Deserialize)]
struct Component {
    status: Option<String>,
    #[serde(
        alias = "latest_scheduler_heartbeat",
        alias = "latest_triggerer_heartbeat",
        alias = "latest_dag_processor_heartbeat"
    )]
    latest_heartbeat: Option<Timestamp>,
}

impl From<Variable> for answer::Variable {
    fn from(wire: Variable) -> Self {
        let value = Some(wire.value.unwrap_or_default()).filter(|value| !value.contains(HIDDEN));
        Self { key: wire.key, value, description: wire.description }
    }
}

impl From<Key> for String {
    fn from(wire: Key) -> Self {
        wire.key
    }
}

impl From<Connection> for answer::Connection {
    fn from(wire: Connection) -> Self {
        Self {
            connection_id: wire.connection_id,
            conn_type: wire.conn_type.unwrap_or_default(),
            description: wire.description,
        }
    }
}

impl From<Pool> for answer::Pool {
    fn from(wire: Pool) -> Self {
        Self {
            name: wire.name,
            description: wire.description,
            slots: wire.slots,
            open_slots: wire.open_slots,
            occupied_slots: wire.occupied_slots,
            running_slots: wire.running_slots,
            queued_slots: wire.queued_slots,
            scheduled_slots: wire.scheduled_slots,
            deferred_slots: wire.deferred_slots,
        }
    }
}

impl From<Health> for answer::Health {
    fn from(wire: Health) -> Self {
        Self {
            metadatabase: wire.metadatabase.into(),
            scheduler: wire.scheduler.into(),
            triggerer: deployed(wire.triggerer).into(),
            dag_processor: wire.dag_processor.into(),
        }
    }
}

/// Airflow 3.4 calls a triggerer that nobody started unhealthy, where 3.3 has no status; either has no heartbeat of it. One that
/// is deployed and dead looks the same in 3.4.
fn deployed(triggerer: Component) -> Component {
    let is_known = triggerer.latest_heartbeat.is_some();
    Component { status: triggerer.status.filter(|_| is_known), ..triggerer }
}

impl From<Component> for answer::Component {
    fn from(wire: Component) -> Self {
        Self { status: wire.status, latest_heartbeat: wire.latest_heartbeat }
    }
}

impl From<Variables> for Rows<String> {
    fn from(wire: Variables) -> Self {
        Self::of(wire.variables, wire.total_entries)
    }
}

impl From<Connections> for Rows<answer::Connection> {
    fn from(wire: Connections) -> Self {
        Self::of(wire.connections, wire.total_entries)
    }
}

impl From<Pools> for Rows<answer::Pool> {
    fn from(wire: Pools) -> Self {
        Self::of(wire.pools, wire.total_entries)
    }
}
