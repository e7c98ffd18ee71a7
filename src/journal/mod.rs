//! The history of runs: each one a file of events, a JSON object a line, written as they happen.
//!
//! In: events. Out: the same on disk, and read back as records. An event that announces a write is on the disk before the
//! write is sent. A file is locked by the process that runs it, for as long as that lives.
//!
//! ```text
//! <state>/runs/<run id>.jsonl      0700 the folders, 0600 the files
//! <state>/locks/<hash>.lock        one for each playbook, key and Airflow
//! ```

mod error;
mod folder;
mod lock;
mod look;
mod reader;
mod skipped;
mod store;
mod writer;

pub use error::JournalError;
pub use lock::{Lock, Locked};
pub use look::Standing;
pub use reader::Journal;
pub use store::{Entry, Store, is_run_id};
pub use writer::Writer;
