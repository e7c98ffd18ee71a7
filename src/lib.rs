//! `myaf-run` runs an operational runbook, a *playbook*, against the Airflow REST API.
//!
//! The house, as the data flows through it:
//!
//! > playbook text → [`yaml`] → tree with spans → schema (shape) → [`playbook`] → check (meaning) → [`plan`] →
//! > [`executor`] → [`event`]s → [`reporter`]s and [`record`] → exit code. [`airflow`] stands under the executor, and under
//! > [`preflight`], which holds a plan against an Airflow before it is executed.
//!
//! # Invariants
//!
//! 1. Only `main.rs` reads argv and the environment or exits; only [`cli`] holds the process's streams.
//! 2. The executor's only output is events, handed to a sink that may refuse; a reporter's only input is events or their
//!    fold. Exit code and reports read one [`record::RunRecord`].
//! 3. An event that announces a write is accepted by the sink before the write is sent; if the sink refuses, the write is
//!    not sent.
//! 4. Nothing leaves unmasked: the executor's emitter masks events, `cli::streams` all else. No reporter masks.
//! 5. Loading reports every mistake it can see; every diagnostic has a place.
//! 6. A failed step is a value, never an `Err`. `Err` means the run could not go on.
//! 7. Tries live inside their step's record.
//! 8. Time passes only through [`clock::Clock`].
//! 9. Sandbox and client share no wire type; [`airflow::model`] holds words, no shape of an answer.
//! 10. What differs between Airflow 2 and 3 is in `airflow/v1`, `airflow/v2`, `sandbox/v1`, `sandbox/v2`, nowhere else.
//! 11. The schema in `schemas/` comes from the Rust types, is executed at run time and is the one editors read.
//! 12. No import runs up, and there is no circle.
//!
//! Which way imports may run is a table in `tests/house`, held by a test.

pub mod clock;
pub mod file;
pub mod json;
pub mod secret;
pub mod source;

pub mod diagnostic;
pub mod yaml;

pub mod airflow;
pub mod http;

pub mod event;
pub mod outcome;
pub mod record;

pub mod journal;

pub mod plan;
pub mod playbook;

pub mod preflight;

pub mod executor;
pub mod reporter;
pub mod sandbox;

pub mod cli;
