//! Shows a run to people and machines.
//!
//! In: events and their record, masked already. Out: lines and documents; where they go is the command line's business.
//! A reporter knows neither playbook nor plan, and none of them masks, so none can forget to.

pub mod curl;
pub mod history;
pub mod json;
pub mod painted;
pub mod progress;
pub mod quiet;
mod short;
mod step_line;
mod summary;
pub mod text;
mod unsent;
