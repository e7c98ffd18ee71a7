//! The identity of a write: made before it is sent, from what a later attempt has again.

use std::borrow::Cow;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The parts that make a write the only one.
#[derive(Debug, Clone)]
pub(super) struct Identity<'a> {
    /// The playbook's name.
    pub(super) playbook: &'a str,
    /// The place of the step in the playbook: the ids from the root.
    pub(super) place: Cow<'a, str>,
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
        hash(&[self.playbook, &self.place, self.run_id, &self.generation.to_string()])
    }
}

/// What makes a write the only one for a key, whoever asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct OncePer<'a> {
    /// The playbook's name.
    pub(super) playbook: &'a str,
    /// The step's id.
    pub(super) step: &'a str,
    /// The key.
    pub(super) key: &'a str,
    /// How often it was made anew on purpose.
    pub(super) generation: u32,
}

impl OncePer<'_> {
    /// The `dag_run_id`: `myaf__<playbook>__<step>__<key cut to 60>__<hash>`.
    pub(super) fn dag_run_id(&self) -> String {
        let (playbook, step, key) = (cut(self.playbook), cut(self.step), cut_to(self.key, 60));
        format!("myaf__{playbook}__{step}__{key}__{}", self.hash())
    }

    /// The mark of a dataset event: `once/<playbook>/<step>/<key>/<hash>`, each cut.
    pub(super) fn mark(&self) -> String {
        let (playbook, step, key) = (cut(self.playbook), cut(self.step), cut_to(self.key, 60));
        format!("once/{playbook}/{step}/{key}/{}", self.hash())
    }

    fn hash(&self) -> String {
        hash(&["once_per", self.playbook, self.step, self.key, &self.generation.to_string()])
    }
}

/// 16 hexadecimal digits of SHA-256 over the parts, each with its length before it.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_string());
        hasher.update(":");
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Lower-case letters, digits, `_` and `-`; at most 40 characters.
fn cut(text: &str) -> String {
    cut_to(text, 40)
}

fn cut_to(text: &str, most: usize) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    text.chars().map(allowed).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airflow::model::check_dag_run_id;

    #[test]
    fn one_key_gives_one_id_whoever_asks_and_the_next_generation_another() {
        let once = OncePer { playbook: "Month-end loans", step: "load", key: "2026-10", generation: 0 };
        let id = once.dag_run_id();
        assert_eq!(check_dag_run_id(&id), Ok(()));
        assert!(id.starts_with("myaf__month-end_loans__load__2026-10__"), "{id}");
        assert_eq!(id, OncePer { ..once }.dag_run_id());
        assert_ne!(id, OncePer { generation: 1, ..once }.dag_run_id());
        assert_ne!(id, OncePer { key: "2026_10", ..once }.dag_run_id());
        let long = "x/".repeat(300);
        let cut = OncePer { key: &long, ..once }.dag_run_id();
        assert!(cut.len() <= 200 && check_dag_run_id(&cut).is_ok(), "{cut}");
        assert_ne!(cut, OncePer { key: &format!("{long}y"), ..once }.dag_run_id());
        assert_ne!(once.mark(), OncePer { step: "tell", ..once }.mark());
    }

    const RUN: &str = "20261123t060000z-5f3a9c1e";

    fn identity<'a>(playbook: &'a str, place: &'a str) -> Identity<'a> {
        Identity { playbook, place: place.into(), run_id: RUN, generation: 0 }
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
