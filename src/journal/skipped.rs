//! The record of a run that runs nothing, since its playbook is running already.
//!
//! In: a store and the run's id. Out: a writer. The id stays free: what is written is shown under it only when it is whole, is
//! never locked, gives way to a run that begins with this id, and never takes the place of one.

use super::error::JournalError;
use super::folder;
use super::store::Store;
use super::writer::Writer;

impl Store {
    /// Begins the record of a run of which nothing is run.
    ///
    /// # Errors
    /// When the folder can't be written to or is not ours alone, or a run with this id was begun.
    pub fn begin_skipped(&self, run_id: &str) -> Result<Writer, JournalError> {
        let (runs, _) = self.folders();
        folder::make(runs)?;
        match self.read(run_id) {
            Ok(entry) if entry.is_running => return Err(JournalError::Running(run_id.to_owned())),
            Ok(entry) if !entry.journal.is_untouched() => return Err(JournalError::AlreadyThere(run_id.to_owned())),
            Ok(_) | Err(JournalError::NoSuchRun(_)) => {}
            Err(error) => return Err(error),
        }
        let path = self.path(run_id)?;
        let unseen = tempfile::Builder::new().prefix(".skipped-").tempfile_in(runs);
        unseen
            .and_then(|unseen| Writer::unseen(unseen, &path))
            .map_err(|error| JournalError::io(runs, "written", error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::*;
    use crate::event::{Event, EventKind, RunStarted, Sink};

    fn event(seq: u64, kind: EventKind) -> Event {
        Event { v: 1, seq, at: Timestamp::UNIX_EPOCH, kind }
    }

    fn started(held_by: Option<&str>) -> Event {
        let json = serde_json::json!({
            "v": 1, "seq": 1, "at": "1970-01-01T00:00:00Z", "kind": "run_started", "run_id": "it", "playbook": "p",
            "path": "p.yaml", "git_sha": null, "text": "", "text_sha256": "", "started_at": "1970-01-01T00:00:00Z",
            "target": "my", "base_url": "http://h/api/v1", "inputs": {}, "held_by": held_by, "steps": [],
        });
        let started: RunStarted = serde_json::from_value(json).expect("a start");
        event(1, EventKind::RunStarted(Box::new(started)))
    }

    fn skip(writer: &mut Writer) {
        writer.accept(&started(Some("another"))).expect("it is kept");
        writer.accept(&event(2, EventKind::RunFinished { elapsed_ms: 1 })).expect("it is kept");
    }

    fn files(store: &Store) -> Vec<String> {
        let files = fs::read_dir(store.folders().0).expect("a folder").flatten();
        files.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_skipped_run_is_shown_when_it_is_whole_and_gives_way_to_one_that_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        let mut half = store.begin_skipped("it").expect("the id is free");
        half.accept(&started(Some("another"))).expect("it is kept");
        assert!(matches!(store.read("it"), Err(JournalError::NoSuchRun(_))), "half of it is not shown");
        drop(half);
        assert!(files(&store).is_empty(), "and nothing is left of it");
        let mut whole = store.begin_skipped("it").expect("the id is free");
        skip(&mut whole);
        assert_eq!(files(&store), ["it.jsonl"]);
        assert!(store.read("it").is_ok_and(|entry| !entry.is_running && entry.journal.record.held_by.is_some()));
        let mut begun = store.begin("it").expect("the id is free, also while the one that was skipped lives");
        drop(whole);
        begun.accept(&started(None)).expect("it is kept");
        assert!(store.read("it").is_ok_and(|entry| entry.is_running && entry.journal.record.held_by.is_none()));
    }

    #[test]
    fn a_run_that_begins_meanwhile_keeps_its_id() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        let mut skipped = store.begin_skipped("it").expect("the id is free");
        let mut begun = store.begin("it").expect("the id is free");
        begun.accept(&started(None)).expect("it is kept");
        skip(&mut skipped);
        assert!(store.read("it").is_ok_and(|entry| entry.journal.record.held_by.is_none()), "it is not replaced");
        assert!(matches!(store.begin_skipped("it"), Err(JournalError::Running(_))));
        drop(begun);
        assert!(matches!(store.begin_skipped("it"), Err(JournalError::AlreadyThere(_))));
        assert!(matches!(store.begin("it"), Err(JournalError::AlreadyThere(_))));
        assert_eq!(files(&store), ["it.jsonl"], "nothing else is left");
    }
}
