//! What Airflow 3's audit log tells of states that somebody set.
//!
//! In: rows of `/eventLogs`. Out: those that set the state of a run or of a task. A row that names no run, as that of
//! a bulk change, is not found by its run.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::airflow::answer::SetByHand;
use crate::airflow::call::Rows;

/// A page of the log.
#[derive(Deserialize)]
pub(super) struct AuditLog {
    event_logs: Vec<AuditRow>,
}

#[derive(Deserialize)]
struct AuditRow {
    when: Timestamp,
    event: String,
    owner: Option<String>,
    task_id: Option<String>,
    extra: Option<String>,
}

impl From<AuditLog> for Rows<SetByHand> {
    fn from(wire: AuditLog) -> Self {
        Self { items: wire.event_logs.into_iter().filter_map(set_by).collect(), total_entries: None }
    }
}

/// What a row set: `patch_dag_run`, `patch_task_instance`, by the API or by the pages, which call it. A dry run and a note
/// set no state.
fn set_by(row: AuditRow) -> Option<SetByHand> {
    let extra: Value = serde_json::from_str(row.extra.as_deref()?).ok()?;
    let key = match row.event.as_str() {
        "patch_dag_run" => "state",
        "patch_task_instance" | "patch_task_group_instances" => "new_state",
        _ => return None,
    };
    let state = extra.get(key).and_then(Value::as_str)?.to_owned();
    let task_id = row.task_id.filter(|_| key == "new_state");
    Some(SetByHand { when: row.when, by: row.owner.unwrap_or_else(|| "somebody".to_owned()), task_id, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_set_is_told_from_what_tasks_log() {
        let run = |state: &str| Some((None, state.to_owned()));
        let task = |state: &str| Some((Some("t".to_owned()), state.to_owned()));
        for (event, task_id, extra, expected) in [
            ("patch_dag_run", None, r#"{"state": "failed", "method": "PATCH"}"#, run("failed")),
            ("patch_dag_run", None, r#"{"note": "seen", "method": "PATCH"}"#, None),
            ("patch_task_instance", Some("t"), r#"{"new_state": "success", "method": "PATCH"}"#, task("success")),
            ("failed", Some("t"), r#"{"host_name": "vm"}"#, None),
            ("trigger_dag_run", None, r#"{"method": "POST"}"#, None),
            ("patch_dag_run", None, "no JSON", None),
        ] {
            let row = serde_json::json!({"when": "2026-11-28T02:21:04.7Z", "event": event, "owner": "admin",
                "task_id": task_id, "extra": extra});
            let set = set_by(serde_json::from_value(row).expect("a row"));
            assert_eq!(set.map(|set| (set.task_id, set.state)), expected, "{event} {extra}");
        }
    }
}
