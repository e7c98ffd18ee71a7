//! Writes the events of a run to its file, and makes those durable that something depends on.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use crate::event::{Event, EventKind, Sink, SinkError};

/// The file of a run that goes on; locked until this is dropped.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// The bytes written so far, all of them whole lines.
    length: u64,
}

impl Writer {
    /// A writer at the end of what is whole in the file; what follows that is cut off.
    pub(super) fn new(mut file: File, whole: u64) -> std::io::Result<Self> {
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        file.seek(SeekFrom::Start(whole))?;
        Ok(Self { file, length: whole })
    }

    fn write(&mut self, event: &Event) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // A part of the line may be there; without it the file stays whole. It is cut off by the next reader otherwise.
            let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            return Err(error);
        }
        self.length += line.len() as u64;
        if must_be_durable(&event.kind) { self.file.sync_data() } else { Ok(()) }
    }
}

impl Sink for Writer {
    fn accept(&mut self, event: &Event) -> Result<(), SinkError> {
        self.write(event).map_err(|error| SinkError(error.to_string()))
    }
}

/// Whether something in Airflow depends on the event: it must survive a loss of power, too.
fn must_be_durable(kind: &EventKind) -> bool {
    match kind {
        EventKind::WriteAnnounced(_) | EventKind::WriteSettled { .. } => true,
        EventKind::RunStarted(started) => started.steps.iter().any(|step| step.action.is_write()),
        EventKind::RunResumed(resumed) => resumed.steps.iter().any(|step| step.action.is_write()),
        EventKind::StepStarted { .. }
        | EventKind::TryFailed(_)
        | EventKind::Waiting { .. }
        | EventKind::Warned { .. }
        | EventKind::Printed { .. }
        | EventKind::StepFinished(_)
        | EventKind::OutputsMade(_)
        | EventKind::Interrupted { .. }
        | EventKind::RunFinished { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{RunStarted, StepInfo, WriteAnnounced, WriteFate};
    use crate::outcome::{ActionKind, WriteKind};

    fn started(action: ActionKind) -> EventKind {
        EventKind::RunStarted(Box::new(RunStarted {
            run_id: "r".to_owned(),
            playbook: "p".to_owned(),
            path: "p.yaml".to_owned(),
            git_sha: None,
            text: String::new(),
            text_sha256: String::new(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            target: "my".to_owned(),
            base_url: "http://h/api/v1".to_owned(),
            inputs: serde_json::Map::new(),
            withheld: Vec::new(),
            left_out: 0,
            steps: vec![StepInfo { id: "a".to_owned(), action }],
        }))
    }

    #[test]
    fn a_write_costs_two_waits_for_the_disk_and_what_only_reads_or_prints_none() {
        let announced = WriteAnnounced {
            step: 0,
            write: WriteKind::DagRun,
            identity: "i".to_owned(),
            subject: "d".to_owned(),
            arguments: serde_json::Value::Null,
        };
        let settled = EventKind::WriteSettled { step: 0, identity: "i".to_owned(), fate: WriteFate::Accepted };
        for (kind, waits) in [
            (started(ActionKind::TriggerDag), true),
            (started(ActionKind::ListDags), false),
            (EventKind::WriteAnnounced(Box::new(announced)), true),
            (settled, true),
            (EventKind::StepStarted { step: 0, name: "a".to_owned() }, false),
            (EventKind::Printed { step: 0, text: "t".to_owned() }, false),
            (EventKind::RunFinished { elapsed_ms: 1 }, false),
        ] {
            assert_eq!(must_be_durable(&kind), waits, "{kind:?}");
        }
    }

    #[test]
    fn what_can_not_be_written_leaves_whole_lines() {
        let full = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full");
        let Ok(full) = full else { return };
        let mut writer = Writer { file: full, length: 0 };
        let event =
            Event { v: 1, seq: 1, at: jiff::Timestamp::UNIX_EPOCH, kind: EventKind::RunFinished { elapsed_ms: 1 } };
        assert!(writer.accept(&event).is_err());
        assert_eq!(writer.length, 0);
    }
}
