//! What a wait asks besides the run itself: the state of a run while it lasts, the runs that an event made.
//!
//! In: ids and a time limit. Out: neutral answers, or an [`ApiError`]. One method is one request, as everywhere in the client.

use std::time::Duration;

use super::answer::{DagRun, DatasetEvent, Page, SetByHand};
use super::client::Client;
use super::error::ApiError;
use super::model::{ApiVersion, RunState};
use super::{v1, v2};

/// How a run's state is listened to.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// How often the server looks.
    pub every: Duration,
    /// How long to listen after its first word.
    pub lasting: Duration,
    /// The state that is known: another one ends the listening.
    pub known: RunState,
}

impl Client {
    /// Whether this version may have a call that tells a run's state as it changes.
    #[must_use]
    pub fn may_hold_states(&self) -> bool {
        self.known_version() == Some(ApiVersion::V2)
    }

    /// The state of a DAG run, heard for as long as the hold lasts or until it changes; none where the version has no
    /// such call, which Airflow 2 has not. `limit` bounds the time until the first word.
    ///
    /// What is heard may be as old as the request.
    ///
    /// # Errors
    /// As [`ApiError`] says; 3.0 has no such call, and answers 404.
    pub async fn held_state(
        &self,
        (dag_id, dag_run_id): (&str, &str),
        hold: Hold,
        limit: Duration,
    ) -> Result<Option<RunState>, ApiError> {
        let deadline = self.deadline(limit);
        let version = self.version(&deadline).await?;
        let call = match version {
            ApiVersion::V1 => return Ok(None),
            ApiVersion::V2 => v2::watch::held_state(dag_id, dag_run_id, hold.every),
        };
        let (sender, session) = self.parts();
        let shown = session.shown(sender, version, &deadline).await?;
        let whom = (version, shown.header);
        sender
            .listen(&call, whom, (&deadline, hold.lasting), |lines| v2::watch::is_news(lines, hold.known))
            .await
            .map(Some)
    }

    /// The newest runs of a DAG, at most `count`, the newest first.
    ///
    /// # Errors
    /// As [`ApiError`] says; v1 gives an empty page for a DAG that doesn't exist.
    pub async fn newest_runs(&self, dag_id: &str, count: u32, limit: Duration) -> Result<Page<DagRun>, ApiError> {
        let call = |version| {
            let call = match version {
                ApiVersion::V1 => v1::watch::newest_runs(dag_id, count),
                ApiVersion::V2 => v2::watch::newest_runs(dag_id, count),
            };
            call.about(&[dag_id], |runs| runs.items.iter().map(|run| run.dag_id.as_str()).collect())
        };
        self.page(call, limit).await
    }

    /// The states of a run and its tasks that somebody set, the newest first, among the newest `count` rows that Airflow's
    /// audit log has of the run. What was set in bulk is not among them.
    ///
    /// # Errors
    /// As [`ApiError`] says; the audit log takes a right of its own.
    pub async fn set_by_hand(
        &self,
        dag_id: &str,
        dag_run_id: &str,
        count: u32,
        limit: Duration,
    ) -> Result<Page<SetByHand>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::watch::set_by_hand(dag_id, dag_run_id, count),
            ApiVersion::V2 => v2::watch::set_by_hand(dag_id, dag_run_id, count),
        };
        self.page(call, limit).await
    }

    /// The dataset events that a run was made for.
    ///
    /// # Errors
    /// As [`ApiError`] says; v2 answers 500 while the run has no start date.
    pub async fn upstream_events(
        &self,
        dag_id: &str,
        dag_run_id: &str,
        limit: Duration,
    ) -> Result<Page<DatasetEvent>, ApiError> {
        let call = |version| match version {
            ApiVersion::V1 => v1::watch::upstream_events(dag_id, dag_run_id),
            ApiVersion::V2 => v2::watch::upstream_events(dag_id, dag_run_id),
        };
        self.page(call, limit).await
    }
}
