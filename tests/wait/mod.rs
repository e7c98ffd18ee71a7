//! Waiting for DAG runs: how a wait ends, what it says, and what it costs.

mod bounds;
mod consumers;
mod cost;
mod counts;
mod ends;
mod given_run;
mod paused;
mod rides_out;
mod signals;
mod stopped;
mod unended;

use myaf_run::event::{Event, EventKind};

use crate::run::Run;
use crate::stage::{Ran, Stage};

/// A playbook whose one step triggers `a` and waits for it so.
fn waiting(wait: &str) -> String {
    format!("name: w\nsteps: [{{id: load, trigger_dag: {{dag_id: a, wait: {wait}}}}}]")
}

fn on(scenario: &str, wait: &str) -> Run {
    Run::playbook(&waiting(wait)).scenario(scenario)
}

/// Waits for `a`, whose runs go so, and has something happen to the run at the state it is first seen in.
async fn wait_while(version: &'static str, scenario: &str, wait: &str) -> Ran {
    Stage::new(version, scenario).await.run(&waiting(wait)).await
}

/// The warnings of a run, in order.
fn warnings(ran: &Ran) -> Vec<String> {
    let message = |event: &'_ Event| match &event.kind {
        EventKind::Warned { message, .. } => Some(message.clone()),
        _ => None,
    };
    ran.events.iter().filter_map(message).collect()
}
