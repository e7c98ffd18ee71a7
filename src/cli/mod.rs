//! The command line.

pub mod env_syntax;
pub mod environment;
pub mod exit_code;
pub mod printable;
pub mod streams;
