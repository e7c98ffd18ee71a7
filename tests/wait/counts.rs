//! The counts of tasks that somebody who looks on is shown.

use myaf_run::event::{Event, EventKind, TaskCounts};

use crate::run::BOTH;
use crate::stage::{Ran, Stage};
use crate::wait::waiting;

/// When the run was seen, in milliseconds from the start, in which state and with which counts.
fn seen(ran: &Ran) -> Vec<(i64, String, Option<TaskCounts>)> {
    let start = ran.events[0].at.as_millisecond();
    let look = |event: &Event| match &event.kind {
        EventKind::Waiting { state, tasks, .. } => Some((event.at.as_millisecond() - start, state.clone(), *tasks)),
        _ => None,
    };
    ran.events.iter().filter_map(look).collect()
}

#[tokio::test]
async fn they_are_there_from_the_third_second_on_and_old_ones_are_not_shown_at_the_end() {
    let scenario = "{dags: [{dag_id: a, run: {tasks: [{task_id: t, duration: 30s}, {task_id: u, duration: 30s}]}}]}";
    for version in BOTH {
        let ran = Stage::new(version, scenario).await.watched().run(&waiting("true")).await;
        let seen = seen(&ran);
        let first = seen.iter().find(|(_, _, tasks)| tasks.is_some()).expect("tasks were counted");
        assert!(first.0 <= 3000, "{version}: {seen:?}");
        let (_, state, tasks) = seen.last().expect("it was seen");
        assert_eq!((state.as_str(), tasks.is_some()), ("success", false), "{version}: {seen:?}");
    }
}
