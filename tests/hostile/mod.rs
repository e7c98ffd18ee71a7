//! Files, servers and networks made to hang the program or to swallow the machine: each ends soon, by itself, in bounded
//! memory, with words about what is wrong.
//!
//! For files the kernel holds the bounds: 200 MiB of addresses, so no more of it can ever be in memory, and seconds of processor
//! time, which pass no faster on a busy machine.

mod airflow;
mod answers;
mod auth;
pub(crate) mod bounded;
pub(crate) mod certificates;
mod env_files;
mod files;
mod floods;
mod histories;
mod injection;
mod journal;
pub(crate) mod limits;
mod others;
mod proxy;
mod sandbox;
pub(crate) mod server;
mod socks;
mod templates;
mod tls;

use crate::run::Run;
use limits::{Told, limited};

/// The longest of what is said about any file.
const MOST_SAID: usize = 100 * 1024;

/// Runs the program on `p.yaml` with bounded time and memory.
fn bounded(text: &str, args: &[&str]) -> Told {
    let run = Run::new().with_bytes("p.yaml", text.as_bytes()).args(args);
    let told = limited(&run.command());
    assert!(told.stdout.len() < MOST_SAID && told.stderr.len() < MOST_SAID, "{} bytes", told.stderr.len());
    told
}
