//! The world behind both APIs: DAGs, their runs, datasets and their events.
//!
//! In: a scenario, then what requests do to it, with the moment they do it. Out: what there is. It knows no JSON, no HTTP
//! and no difference between Airflow 2 and 3 but the names of triggered runs.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::amend::Settled;
use super::dates::iso;
use super::holds::Holds;
use super::params::{Unsuitable, check};
use super::scenario::{DagScript, ImportErrorScript, Scenario};
use super::stock::{HealthStatus, Stock, is_over};
use super::timeline::{Progress, TaskProgress, after as later, held_at, progress, tasks};
use crate::airflow::model::{ApiVersion, RunState};

/// All there is.
#[derive(Debug)]
pub(crate) struct World {
    /// When the sandbox started.
    pub(crate) started: Timestamp,
    /// The DAGs, in the order of their ids.
    pub(crate) dags: Vec<Dag>,
    /// The runs, oldest first.
    pub(crate) runs: Vec<Run>,
    /// The datasets, in the order of their numbers.
    pub(crate) datasets: Vec<Dataset>,
    /// The events, oldest first.
    pub(crate) events: Vec<Event>,
    /// The files that could not be loaded at the start.
    import_errors: Vec<ImportErrorScript>,
    /// Variables, connections, pools, health.
    pub(crate) stock: Stock,
    /// When the scheduler dies.
    stops: Option<Timestamp>,
    /// What people did to runs, oldest first.
    pub(crate) log: Vec<Logged>,
}

/// A state that somebody set, as the audit log keeps it.
#[derive(Debug)]
pub(crate) struct Logged {
    /// When.
    pub(crate) at: Timestamp,
    /// The DAG's id.
    pub(crate) dag_id: String,
    /// The run's id.
    pub(crate) run_id: String,
    /// The state.
    pub(crate) state: RunState,
}

/// A DAG as it is now.
#[derive(Debug)]
pub(crate) struct Dag {
    /// What the scenario says of it.
    pub(crate) script: DagScript,
    /// Whether it is paused.
    pub(crate) is_paused: bool,
    /// The datasets that have come since it last started.
    received: BTreeSet<u64>,
}

/// A run of a DAG.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its DAG, with what the scenario says of it.
    pub(crate) dag: DagScript,
    /// What was asked for.
    pub(crate) asked: NewRun,
    /// When it was made.
    pub(crate) queued_at: Timestamp,
    /// Since when it may start; none while its DAG is paused.
    pub(crate) released: Option<Timestamp>,
    /// The state that somebody set by hand.
    pub(crate) settled: Option<Settled>,
    /// How often it was cleared.
    pub(crate) cleared: u32,
    /// When the scheduler dies, and the run goes no further.
    stops: Option<Timestamp>,
    /// How its time was held up while its DAG was paused.
    holds: Holds,
}

/// A run that somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    /// Its id.
    pub(crate) run_id: String,
    /// Its conf.
    pub(crate) conf: Map<String, Value>,
    /// Its note.
    pub(crate) note: Option<String>,
    /// Its logical date; Airflow 3 has runs without.
    pub(crate) logical_date: Option<Timestamp>,
    /// Its data interval.
    pub(crate) interval: Option<(Timestamp, Timestamp)>,
    /// When it may start at the earliest.
    pub(crate) not_before: Timestamp,
    /// Whether a dataset event started it.
    pub(crate) is_by_dataset: bool,
}

/// A dataset.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// Its number.
    pub(crate) id: u64,
    /// Its URI.
    pub(crate) uri: String,
    /// Its name in Airflow 3.
    pub(crate) name: String,
}

/// Something happened to a dataset.
#[derive(Debug)]
pub(crate) struct Event {
    /// Its number.
    pub(crate) id: u64,
    /// The dataset.
    pub(crate) dataset_id: u64,
    /// What the sender said.
    pub(crate) extra: Map<String, Value>,
    /// When it came.
    pub(crate) at: Timestamp,
    /// The runs it started, as DAG id and run id.
    pub(crate) started_runs: Vec<(String, String)>,
}

/// Why a run was not made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The DAG has such an id already.
    DuplicateId,
    /// The DAG has a run with this logical date.
    DuplicateDate(Timestamp),
    /// The conf does not suit the params.
    Conf(Unsuitable),
}

impl World {
    /// The world of a scenario at its start.
    pub(crate) fn new(scenario: &Scenario, started: Timestamp) -> Self {
        let dags = scenario.all_dags();
        let mut datasets: Vec<Dataset> = Vec::new();
        let declared = scenario.datasets.iter().map(|dataset| (&dataset.uri, dataset.name.as_ref()));
        for (uri, name) in declared.chain(dags.iter().flat_map(|dag| &dag.schedule_on).map(|uri| (uri, None))) {
            if !datasets.iter().any(|known| known.uri == *uri) {
                let id = datasets.len() as u64 + 1;
                datasets.push(Dataset { id, uri: uri.clone(), name: name.unwrap_or(uri).clone() });
            }
        }
        let dags =
            dags.into_iter().map(|script| Dag { is_paused: script.is_paused, script, received: BTreeSet::new() });
        Self {
            started,
            dags: dags.collect(),
            runs: Vec::new(),
            datasets,
            events: Vec::new(),
            import_errors: scenario.import_errors.clone(),
            stops: scenario.scheduler_stops_after.map(|after| later(started, after.0)),
            stock: Stock::new(scenario, started),
            log: Vec::new(),
        }
    }

    /// The files that can't be loaded.
    pub(crate) fn import_errors(&self, now: Timestamp) -> Vec<&ImportErrorScript> {
        self.import_errors.iter().filter(|error| !is_over(self.started, error.mended_after, now)).collect()
    }

    /// The DAG of this id.
    pub(crate) fn dag(&self, dag_id: &str) -> Option<&Dag> {
        self.dags.iter().find(|dag| dag.script.dag_id == dag_id)
    }

    /// The DAG of this id if runs of it can be asked for.
    pub(crate) fn live_dag(&self, dag_id: &str) -> Option<&Dag> {
        self.dag(dag_id).filter(|dag| !dag.script.is_stale)
    }

    /// The run of this DAG and id.
    pub(crate) fn run(&self, dag_id: &str, run_id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.dag.dag_id == dag_id && run.asked.run_id == run_id)
    }

    /// The DAGs that are scheduled on a dataset.
    pub(crate) fn consumers(&self, uri: &str) -> impl Iterator<Item = &Dag> {
        self.dags.iter().filter(move |dag| dag.script.schedule_on.iter().any(|on| on == uri))
    }

    /// Pauses or unpauses; unpausing lets the waiting runs go.
    pub(crate) fn set_paused(&mut self, dag_id: &str, is_paused: bool, now: Timestamp) {
        if let Some(dag) = self.dags.iter_mut().find(|dag| dag.script.dag_id == dag_id) {
            dag.is_paused = is_paused;
        }
        for run in self.runs.iter_mut().filter(|run| run.dag.dag_id == dag_id) {
            if run.progress(now).state == RunState::Queued {
                run.released = (!is_paused).then(|| run.released.unwrap_or(now));
            } else {
                run.hold(is_paused, now);
            }
        }
    }

    /// The first moment from `now` on that no run of the DAG has for its logical date, nor for the id that `name` makes of
    /// it: on a clock that stands still, too, every trigger without an id makes a run.
    pub(crate) fn free_moment(&self, dag_id: &str, now: Timestamp, name: impl Fn(Timestamp) -> String) -> Timestamp {
        let is_taken = |moment: Timestamp| {
            let id = name(moment);
            let mut runs = self.runs.iter().filter(|run| run.dag.dag_id == dag_id);
            runs.any(|run| run.asked.run_id == id || run.asked.logical_date == Some(moment))
        };
        let mut moment = now;
        while is_taken(moment) {
            moment = moment.saturating_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
        }
        moment
    }

    /// The scheduler's last heartbeat.
    pub(crate) fn heartbeat(&self, now: Timestamp) -> Timestamp {
        self.stops.map_or(now, |stops| stops.min(now))
    }

    /// How the parts are: database, scheduler, triggerer, DAG processor. A scheduler that was not heard of is unhealthy.
    pub(crate) fn health(&self, now: Timestamp) -> [Option<HealthStatus>; 4] {
        let [metadatabase, scheduler, triggerer, dag_processor] = self.stock.health(now);
        let is_alive = is_alive(self.heartbeat(now), now);
        [metadatabase, if is_alive { scheduler } else { Some(HealthStatus::Unhealthy) }, triggerer, dag_processor]
    }

    /// The events that a run was made for.
    pub(crate) fn events_of(&self, dag_id: &str, run_id: &str) -> impl Iterator<Item = &Event> {
        let is_of = move |(dag, run): &(String, String)| dag == dag_id && run == run_id;
        self.events.iter().filter(move |event| event.started_runs.iter().any(is_of))
    }

    /// How often runs of a DAG were started, clearing included.
    pub(crate) fn starts(&self, dag_id: &str) -> u32 {
        self.runs.iter().filter(|run| run.dag.dag_id == dag_id).map(|run| 1 + run.cleared).sum()
    }

    /// Makes a run.
    pub(crate) fn trigger(&mut self, dag_id: &str, asked: NewRun, now: Timestamp) -> Result<(), Refused> {
        for run in self.runs.iter().filter(|run| run.dag.dag_id == dag_id) {
            if let Some(date) = asked.logical_date.filter(|date| run.asked.logical_date == Some(*date)) {
                return Err(Refused::DuplicateDate(date));
            }
            if run.asked.run_id == asked.run_id {
                return Err(Refused::DuplicateId);
            }
        }
        let Some((dag, is_paused)) =
            self.dag(dag_id).map(|dag| (dag.script.after_starts(self.starts(dag_id)), dag.is_paused))
        else {
            return Ok(());
        };
        if !asked.is_by_dataset {
            check(&dag.params, &asked.conf).map_err(Refused::Conf)?;
        }
        self.runs.push(Run {
            dag,
            asked,
            queued_at: now,
            released: (!is_paused).then_some(now),
            settled: None,
            cleared: 0,
            stops: self.stops,
            holds: Holds::default(),
        });
        Ok(())
    }

    /// Records an event and starts the DAGs that waited for it, each with its own run unless it has one in the queue.
    pub(crate) fn post_event(
        &mut self,
        dataset_id: u64,
        extra: Map<String, Value>,
        api: ApiVersion,
        now: Timestamp,
    ) -> &Event {
        let ready = self.ready_consumers(dataset_id, now);
        let started_runs = ready.into_iter().map(|dag_id| self.start_by_dataset(dag_id, api, now)).collect();
        let id = self.events.len() as u64 + 1;
        self.events.push(Event { id, dataset_id, extra, at: now, started_runs });
        self.events.last().expect("it was pushed just now")
    }

    fn ready_consumers(&mut self, dataset_id: u64, now: Timestamp) -> Vec<String> {
        let number = |uri: &String| self.datasets.iter().find(|dataset| dataset.uri == *uri).map(|dataset| dataset.id);
        let is_waiting = |dag_id: &str| {
            self.runs.iter().any(|run| run.dag.dag_id == dag_id && run.progress(now).state == RunState::Queued)
        };
        let mut ready = Vec::new();
        for dag in self.dags.iter_mut().filter(|dag| !dag.is_paused && !dag.script.is_stale) {
            let wanted: BTreeSet<u64> = dag.script.schedule_on.iter().filter_map(number).collect();
            if !wanted.contains(&dataset_id) || is_waiting(&dag.script.dag_id) {
                continue;
            }
            dag.received.insert(dataset_id);
            if wanted.is_subset(&dag.received) {
                dag.received.clear();
                ready.push(dag.script.dag_id.clone());
            }
        }
        ready
    }

    fn start_by_dataset(&mut self, dag_id: String, api: ApiVersion, now: Timestamp) -> (String, String) {
        let tail: String = (0..8).map(|_| fastrand::alphanumeric()).collect();
        let name = |moment: Timestamp| match api {
            ApiVersion::V1 => format!("dataset_triggered__{}", iso(moment, "+00:00")),
            ApiVersion::V2 => format!("asset_triggered__{}_{tail}", iso(moment, "+00:00")),
        };
        let moment = self.free_moment(&dag_id, now, name);
        let asked = NewRun {
            run_id: name(moment),
            conf: Map::new(),
            note: None,
            logical_date: (api == ApiVersion::V1).then_some(moment),
            interval: (api == ApiVersion::V1).then_some((now, now)),
            not_before: now,
            is_by_dataset: true,
        };
        let run_id = asked.run_id.clone();
        // A clash of logical dates is the only way to fail; then the event merges into the run that is there.
        let _ = self.trigger(&dag_id, asked, now);
        (dag_id, run_id)
    }
}

impl Run {
    /// How far it has come.
    pub(crate) fn progress(&self, now: Timestamp) -> Progress {
        match self.settled {
            Some(settled) => settled.over(self.own_progress(settled.at), now),
            None => self.own_progress(now),
        }
    }

    fn own_progress(&self, now: Timestamp) -> Progress {
        let now = self.stops.map_or(now, |stops| stops.min(now));
        match self.released {
            None => Progress::QUEUED,
            Some(released) => {
                let own = progress(&self.dag.run, released.max(self.asked.not_before), self.holds.own(now));
                Progress { end: own.end.map(|end| self.holds.dated(end)), ..own }
            }
        }
    }

    /// Holds it where the task in hand ends, or lets it go on.
    fn hold(&mut self, is_paused: bool, now: Timestamp) {
        if !is_paused {
            self.holds.release(now);
        } else if self.holds.at.is_none()
            && let Some(start) = self.own_progress(now).start
        {
            self.holds.at = held_at(&self.dag.run, start, self.holds.own(now));
        }
    }

    /// Forgets how it was held up: it starts once more.
    pub(crate) fn forget_holds(&mut self) {
        self.holds = Holds::default();
    }

    /// What a task handed over under a key, and when.
    pub(crate) fn xcom(&self, task_id: &str, key: &str, now: Timestamp) -> Option<(&Value, Timestamp)> {
        let tasks = self.tasks(now);
        let task = tasks.iter().find(|task| task.script.task_id == task_id && task.state == Some("success"))?;
        let script = self.dag.run.tasks.iter().find(|task| task.task_id == task_id)?;
        Some((script.xcoms.get(key)?, task.end?))
    }

    /// How far its tasks have come.
    pub(crate) fn tasks(&self, now: Timestamp) -> Vec<TaskProgress<'_>> {
        let now = self.settled.map_or(now, |settled| settled.at);
        let now = self.stops.map_or(now, |stops| stops.min(now));
        let run = self.own_progress(now);
        let mut tasks = tasks(&self.dag.run, run, self.holds.own(now));
        for task in &mut tasks {
            if !run.state.is_final() && self.holds.at.zip(task.start).is_some_and(|(held, start)| start >= held) {
                (task.state, task.start, task.end, task.try_number) = (None, None, None, 0);
            }
            task.start = task.start.map(|start| self.holds.dated(start));
            task.end = task.end.map(|end| self.holds.dated(end));
            if let Some(settled) = self.settled {
                settled.end_task(task);
            }
            if task.has_run() {
                task.try_number += self.cleared;
            }
        }
        tasks
    }
}

/// Whether a scheduler with this heartbeat counts as alive: Airflow gives it 30 seconds.
fn is_alive(heartbeat: Timestamp, now: Timestamp) -> bool {
    now.duration_since(heartbeat) <= SignedDuration::from_secs(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    fn world(yaml: &str) -> World {
        World::new(&serde_yaml::from_str(yaml).expect("a good scenario"), at(0))
    }

    fn new_run(run_id: &str) -> NewRun {
        let (conf, not_before) = (Map::new(), at(0));
        let run_id = run_id.to_owned();
        NewRun { run_id, conf, note: None, logical_date: None, interval: None, not_before, is_by_dataset: false }
    }

    #[test]
    fn the_same_run_id_is_taken_once() {
        let mut world = world("dags: [{dag_id: a}, {dag_id: b}]");
        assert_eq!(world.trigger("a", new_run("x"), at(0)), Ok(()));
        assert_eq!(world.trigger("a", new_run("x"), at(1)), Err(Refused::DuplicateId));
        assert_eq!(world.trigger("b", new_run("x"), at(1)), Ok(()));
    }

    #[test]
    fn a_run_of_a_paused_dag_stays_queued_until_it_is_unpaused() {
        let mut world = world("dags: [{dag_id: a, is_paused: true}]");
        world.trigger("a", new_run("x"), at(0)).expect("it is made");
        assert_eq!(world.runs[0].progress(at(99_000)).state, RunState::Queued);
        world.set_paused("a", false, at(100_000));
        assert_eq!(world.runs[0].progress(at(100_000)).state, RunState::Running);
        assert_eq!(world.runs[0].progress(at(101_000)).state, RunState::Success);
    }

    #[test]
    fn pausing_holds_back_what_is_queued_but_not_what_runs() {
        let mut world = world("dags: [{dag_id: a, run: {queued_for: 2s}}]");
        world.trigger("a", new_run("early"), at(0)).expect("it is made");
        world.trigger("a", new_run("late"), at(1500)).expect("it is made");
        world.set_paused("a", true, at(2000));
        assert_eq!(world.runs[0].progress(at(9000)).state, RunState::Success);
        assert_eq!(world.runs[1].progress(at(9000)).state, RunState::Queued);
    }

    #[test]
    fn an_event_starts_the_unpaused_consumers_that_have_no_run_in_the_queue() {
        let mut world = world(
            "dags: [{dag_id: awake, schedule_on: [d], run: {queued_for: 1s}},
             {dag_id: asleep, schedule_on: [d], is_paused: true}]",
        );
        let started = |event: &Event| event.started_runs.iter().map(|(dag, _)| dag.clone()).collect::<Vec<_>>();
        assert_eq!(started(world.post_event(1, Map::new(), ApiVersion::V1, at(0))), ["awake"]);
        assert!(started(world.post_event(1, Map::new(), ApiVersion::V1, at(10))).is_empty());
        assert_eq!(started(world.post_event(1, Map::new(), ApiVersion::V1, at(1000))), ["awake"]);
        assert!(world.runs[0].asked.run_id.starts_with("dataset_triggered__1970-01-01T00:00:00+00:00"));
    }

    #[test]
    fn a_cleared_run_runs_once_more_with_higher_try_numbers() {
        let mut world = world("dags: [{dag_id: a, run: {tasks: [{task_id: t}]}}]");
        world.trigger("a", new_run("x"), at(0)).expect("it is made");
        world.clear("a", "x", at(5000));
        assert_eq!(world.runs[0].progress(at(5500)).state, RunState::Running);
        assert_eq!(world.runs[0].tasks(at(6000))[0].try_number, 2);
    }

    #[test]
    fn a_task_may_recover_when_its_run_is_cleared() {
        let mut world = world("dags: [{dag_id: a, run: {tasks: [{task_id: t, outcome: failed, recovers_after: 1}]}}]");
        world.trigger("a", new_run("x"), at(0)).expect("it is made");
        assert_eq!(world.runs[0].progress(at(5000)).state, RunState::Failed);
        world.clear("a", "x", at(5000));
        assert_eq!(world.runs[0].progress(at(9000)).state, RunState::Success);
    }

    #[test]
    fn a_run_set_to_failed_ends_at_once_with_its_tasks() {
        let mut world = world("dags: [{dag_id: a, run: {duration: 9s, tasks: [{task_id: t}, {task_id: u}]}}]");
        world.trigger("a", new_run("x"), at(0)).expect("it is made");
        world.set_state("a", "x", RunState::Failed, at(1000));
        let states: Vec<_> = world.runs[0].tasks(at(2000)).iter().map(|task| task.state).collect();
        assert_eq!(states, [Some("failed"), Some("skipped")]);
        assert_eq!(world.runs[0].progress(at(2000)).end, Some(at(1000)));
    }

    #[test]
    fn a_dag_on_two_datasets_waits_for_both() {
        let mut world = world("dags: [{dag_id: both, schedule_on: [d, e]}]");
        assert!(world.post_event(1, Map::new(), ApiVersion::V2, at(0)).started_runs.is_empty());
        assert_eq!(world.post_event(2, Map::new(), ApiVersion::V2, at(1)).started_runs.len(), 1);
        assert!(world.post_event(2, Map::new(), ApiVersion::V2, at(5000)).started_runs.is_empty());
    }
}
