//! What the credential may not read: it is said, and the rest is checked all the same.
//!
//! In: answers. Out: those that may be used, and at the end a line for each kind of thing that was refused. An Airflow that
//! refuses everything is not checked at all: Airflow 2 answers a wrong key as it answers a missing right.

use crate::airflow::error::{ApiError, ErrorKind};
use crate::preflight::Checking;
use crate::preflight::reads::{Read, Reads};

/// What was refused so far.
#[derive(Debug, Default)]
pub(super) struct Denied {
    kinds: Vec<Kind>,
    first: Option<Box<ApiError>>,
}

/// A kind of thing that may not be read.
#[derive(Debug)]
struct Kind {
    what: &'static str,
    names: Vec<String>,
    /// What the first request of it was answered.
    message: String,
}

impl Denied {
    /// Whether such things are refused, so that none is asked for again; `name` is one of them then.
    pub(super) fn covers(&mut self, what: &'static str, name: &str) -> bool {
        let Some(kind) = self.kinds.iter_mut().find(|kind| kind.what == what) else { return false };
        if !kind.names.iter().any(|known| known == name) {
            kind.names.push(name.to_owned());
        }
        true
    }

    fn keep(&mut self, what: &'static str, name: &str, error: Box<ApiError>) {
        if !self.covers(what, name) {
            self.kinds.push(Kind { what, names: vec![name.to_owned()], message: error.message.clone() });
        }
        self.first.get_or_insert(error);
    }

    /// A line for each kind.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |kind: &Kind| {
            let names: Vec<String> = kind.names.iter().map(|name| format!("`{name}`")).collect();
            format!("not judged: {} ({}): {}", kind.what, names.join(", "), kind.message)
        };
        self.kinds.iter().map(line).collect()
    }

    /// What speaks against the credential as such: something was refused and nothing was answered, not even a list of DAGs.
    pub(super) async fn verdict(&mut self, reads: &Reads<'_>) -> Read<()> {
        match self.first.take() {
            Some(_) if !reads.was_answered() => reads.may_read_dags().await,
            Some(_) | None => Ok(()),
        }
    }
}

impl Checking<'_> {
    /// What may be used of an answer; that it was refused is kept.
    pub(super) fn permitted<T>(&mut self, what: &'static str, name: &str, read: Read<T>) -> Read<Option<T>> {
        match read {
            Ok(there) => Ok(Some(there)),
            Err(error) if error.kind == ErrorKind::Forbidden => {
                self.denied.keep(what, name, error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
