//! An imitation of Airflow 2 and 3 for trials and tests.
//!
//! > scenario (YAML) → world (DAGs, runs, events) → play (faults, what is due later) → `v1`, `v2` (what is asked, what is
//! > answered) → server (a loopback port).
//!
//! In: a [`Scenario`] and a clock. Out: a [`Sandbox`] that answers `/api/v1` and `/api/v2` of one and the same world. It
//! shares no shape of an answer with the client; recordings of real Airflows hold both. Runs move by the clock when
//! somebody looks; nothing happens in the background.

mod dates;
mod lasting;
mod python;

mod fault;
mod holds;
mod scenario;
mod stock;

mod amend;
mod params;
mod timeline;
mod world;

mod auth;
mod message;
mod route;
mod select;

mod v1;
mod v2;

mod play;
mod server;

pub use fault::{FaultKind, FaultScript, When};
pub use lasting::{Lasting, NotADuration};
pub use scenario::{
    AuthScript, DagScript, DatasetScript, GenerateDags, ImportErrorScript, ParamScript, RunOutcome, RunScript, SCHEMA,
    Scenario, TaskOutcome, TaskScript, Time, User, schema,
};
pub use server::Sandbox;
pub use stock::{ConnectionScript, HealthScript, HealthStatus, PoolScript, VariableScript};
