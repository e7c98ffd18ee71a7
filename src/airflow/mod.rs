//! The Airflow REST API, version 1 and 2, behind one client.
//!
//! In: what the executor wants, in Airflow's words. Out: answers of one shape for both versions, or an [`error::ApiError`]
//! that knows whether a write was accepted. What differs between the versions is in `v1` and `v2` and nowhere else. One
//! method sends one request (and a login when that is due); repeating and assembling pages is the executor's.

pub mod answer;
pub mod auth;
pub mod base_url;
pub mod client;
pub mod error;
pub mod model;
pub mod unsent;
mod url_slip;
pub mod watch;

mod call;
mod log;
mod reads;
mod says;
mod sender;
mod session;
mod v1;
mod v2;
mod verdict;

#[cfg(test)]
mod on_the_wire;
#[cfg(test)]
mod recordings;
