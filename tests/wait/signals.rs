//! What a signal does to a wait.

use myaf_run::event::EventKind;
use myaf_run::outcome::{FailureKind, StepOutcome};

use crate::run::BOTH;
use crate::stage::Stage;
use crate::wait::waiting;

#[tokio::test]
async fn a_signal_while_it_is_asked_why_does_not_hide_that_the_run_failed() {
    for version in BOTH {
        let stage = Stage::new(version, "{dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed}]}}]}").await;
        let seen =
            |kind: &EventKind| matches!(kind, EventKind::Waiting { state, .. } if state == "failed").then_some(15);
        let ran = stage.run_watched(&waiting("true"), &|_| false, &seen).await;
        assert_eq!((ran.kind(), ran.record.signal), (FailureKind::DagRunFailed, Some(15)), "{version}: {ran:#?}");
    }
}

#[tokio::test]
async fn a_signal_ends_the_wait_and_names_the_run() {
    for version in BOTH {
        for signal in [1, 2, 15] {
            let stage = Stage::new(version, "{dags: [{dag_id: a, run: {duration: 2h}}]}").await;
            let seen = |kind: &EventKind| matches!(kind, EventKind::Waiting { .. }).then_some(signal);
            let ran = stage.run_watched(&waiting("true"), &|_| false, &seen).await;
            assert_eq!((ran.outcome(0), ran.record.signal), (Some(StepOutcome::Interrupted), Some(signal)));
            let message = &ran.failure().message;
            assert!(message.starts_with("stopped waiting; the DAG run `myaf__w__load__"), "{message}");
            assert_eq!(stage.runs("a").await.len(), 1);
        }
    }
}
