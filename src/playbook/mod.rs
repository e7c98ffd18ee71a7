//! A playbook as its author wrote it, read and checked.
//!
//! In: bytes. Out: a [`Loaded`] playbook whose shape and meaning are right as far as can be known without running it, or
//! every mistake with its place.

pub mod action;
mod check;
pub mod field;
pub mod input;
mod load;
pub mod model;
mod neighbours;
pub mod notify;
mod repeat;
mod step_id;
pub mod template;

pub use check::{RESERVED, near, unmade};
pub use load::{Loaded, SCHEMA, load, schema};
pub use step_id::{all_steps, step_ids};
