//! The identity of a write: made before it is sent, from what a later attempt has again.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The parts that make a write the only one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    /// The playbook's name.
    pub(super) playbook: &'a str,
    /// The place of the step in the playbook: the ids from the root.
    pub(super) place: &'a str,
    /// The run's id.
    pub(super) run_id: &'a str,
    /// How often it was made anew on purpose.
    pub(super) generation: u32,
}

impl Identity<'_> {
    /// The `dag_run_id`: `myaf__<playbook>__<step>__<run id>__<hash>`, at most 200 characters, never `..`.
    pub(super) fn dag_run_id(&self) -> String {
        let playbook = cut(self.playbook);
        let step = cut(self.place.rsplit('/').next().unwrap_or_default());
        format!("myaf__{playbook}__{step}__{}__{}", self.run_id, self.hash())
    }

    /// The mark of a dataset event: `<run id>/<place>/<generation>`.
    pub(super) fn mark(&self) -> String {
        format!("{}/{}/{}", self.run_id, self.place, self.generation)
    }

    /// 16 hexadecimal digits of SHA-256 over the uncut parts.
    fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for part in [self.playbook, self.place, self.run_id, &self.generation.to_string()] {
            hasher.update(part.len().to_string());
            hasher.update(":");
            hasher.update(part);
        }
        hasher.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Lower-case letters, digits, `_` and `-`; at most 40 characters.
fn cut(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    text.chars().map(allowed).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airflow::model::check_dag_run_id;

    const RUN: &str = "20261123t060000z-5f3a9c1e";

    fn identity<'a>(playbook: &'a str, place: &'a str) -> Identity<'a> {
        Identity { playbook, place, run_id: RUN, generation: 0 }
    }

    #[test]
    fn run_ids_are_readable_and_every_airflow_takes_them() {
        let id = identity("Month-end loans", "load").dag_run_id();
        assert!(id.starts_with("myaf__month-end_loans__load__20261123t060000z-5f3a9c1e__"), "{id}");
        let longest = identity(&"Ä..b".repeat(100), &"x".repeat(300)).dag_run_id();
        for id in [id, longest] {
            assert_eq!(check_dag_run_id(&id), Ok(()), "{id}");
        }
    }

    #[test]
    fn what_differs_after_the_cut_still_makes_another_id() {
        let long = "a".repeat(60);
        let other = format!("{long}b");
        assert_ne!(identity(&long, "s").dag_run_id(), identity(&other, "s").dag_run_id());
        assert_ne!(identity("a", "bc").dag_run_id(), identity("ab", "c").dag_run_id());
        assert_eq!(identity("a", "b").dag_run_id(), identity("a", "b").dag_run_id());
        assert_eq!(identity("a", "b").mark(), format!("{RUN}/b/0"));
    }
}
