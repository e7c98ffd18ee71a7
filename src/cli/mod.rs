//! The command line.
//!
//! In: the process's arguments and environment, taken once by `main.rs`. Out: an exit code; what is printed goes through
//! [`streams`], which masks it.

pub mod environment;
pub mod exit_code;
pub mod look;
pub mod streams;
mod webhooks;

pub mod env_file;
pub mod env_syntax;
pub mod target;
pub mod target_error;
pub mod target_names;
pub mod target_request;

pub mod git;
pub mod identity;
pub mod printable;

mod credential;
mod env_secrets;
mod target_search;

mod args;
mod check;
mod command_line;
mod connect;
mod connection_args;
mod curl;
mod demo;
mod doctor;
mod explain;
mod history;
mod init;
mod inputs;
mod invocation;
mod latest;
mod list_steps;
mod live;
mod man;
mod moment;
mod online;
mod outlet;
mod overlap;
mod pages;
mod paint;
mod place;
mod playbooks;
mod problem;
mod resume;
mod run;
mod runs;
mod sandbox;
mod schedule;
mod schema;
mod screen;
pub mod signals;
mod slips;
mod stream;
mod trace;
mod way_on;

pub use run::dispatch;
