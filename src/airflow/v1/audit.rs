//! What Airflow 2's audit log tells of states that somebody set.
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

/// What a row set: over the API (`api.…`), by a page that calls it (`ui.…`), or in the classic pages. A task logs its own
/// end, too: `failed` without what the form of a page sends.
fn set_by(row: AuditRow) -> Option<SetByHand> {
    let extra: Value = serde_json::from_str(row.extra.as_deref()?).ok()?;
    let said = |key: &str| extra.get(key).and_then(Value::as_str).map(str::to_owned);
    let event = row.event.as_str();
    let event = event.strip_prefix("api.").or_else(|| event.strip_prefix("ui.")).unwrap_or(event);
    let is_of_form = ["confirmed", "origin", "upstream"].iter().any(|key| extra.get(key).is_some());
    let state = match event {
        "update_dag_run_state" => said("state")?,
        "patch_task_instance" | "patch_mapped_task_instance" => said("new_state")?,
        "dagrun_failed" => "failed".to_owned(),
        "dagrun_success" => "success".to_owned(),
        "failed" | "success" if is_of_form => event.to_owned(),
        _ => return None,
    };
    let is_of_run = event.contains("dag_run") || event.starts_with("dagrun_");
    let task_id = row.task_id.filter(|_| !is_of_run);
    Some(SetByHand { when: row.when, by: row.owner.unwrap_or_else(|| "somebody".to_owned()), task_id, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(event: &str, task_id: Option<&str>, extra: Option<&str>) -> Option<(Option<String>, String)> {
        let row = serde_json::json!({"when": "2026-11-28T02:21:40.6+00:00", "event": event, "owner": "admin",
            "task_id": task_id, "extra": extra});
        let row = serde_json::from_value(row).expect("a row");
        set_by(row).map(|set| (set.task_id, set.state))
    }

    #[test]
    fn what_people_set_is_told_from_what_tasks_log() {
        let run = |state: &str| Some((None, state.to_owned()));
        let task = |state: &str| Some((Some("t".to_owned()), state.to_owned()));
        for (event, task_id, extra, expected) in [
            ("api.update_dag_run_state", None, Some(r#"{"state": "failed"}"#), run("failed")),
            ("ui.update_dag_run_state", None, Some(r#"{"state": "success"}"#), run("success")),
            ("dagrun_failed", None, Some(r#"{"confirmed": "true"}"#), run("failed")),
            (
                "api.patch_task_instance",
                Some("t"),
                Some(r#"{"dry_run": false, "new_state": "failed"}"#),
                task("failed"),
            ),
            ("success", Some("t"), Some(r#"{"confirmed": "true", "upstream": "false"}"#), task("success")),
            ("failed", Some("t"), None, None),
            ("failed", Some("t"), Some(r#"{"host_name": "vm"}"#), None),
            ("running", Some("t"), None, None),
            ("api.clear_dag_run", None, Some(r#"{"dry_run": false}"#), None),
            ("api.update_dag_run_state", None, Some("no JSON"), None),
        ] {
            assert_eq!(set(event, task_id, extra), expected, "{event} {extra:?}");
        }
    }
}
