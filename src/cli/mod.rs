//! The command line.

pub mod env_file;
pub mod env_syntax;
pub mod environment;
pub mod exit_code;
pub mod git;
pub mod identity;
pub mod printable;
pub mod streams;
pub mod target;
pub mod target_error;
pub mod target_names;

mod credential;
mod target_search;
