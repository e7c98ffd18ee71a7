//! The playbooks of the proof, and what each asks of Airflow.

use std::fmt::Write;

/// How many playbooks there are.
pub(crate) const BOOKS: u64 = 8;

/// A playbook with what must be there when it is done.
pub(crate) struct Book {
    pub(crate) text: String,
    /// DAG runs, by DAG.
    pub(crate) dag_runs: [(&'static str, u64); 3],
    /// Events on the dataset `d`.
    pub(crate) events: u64,
}

/// The world that every playbook runs in: DAGs `a` and `w`, the paused one `p`, and a dataset.
pub(crate) const WORLD: &str = "dags: [{dag_id: a}, {dag_id: w, run: {duration: 2s}}, {dag_id: p, is_paused: true}]\n\
                                datasets: [{uri: d}]\n";

/// What a playbook is put together from.
struct Steps {
    text: String,
    number: u64,
    dag_runs: [(&'static str, u64); 3],
    events: u64,
}

impl Steps {
    fn add(&mut self, step: &str) {
        self.number += 1;
        writeln!(self.text, "  - {{id: s{}, {step}}}", self.number).expect("a text");
    }

    /// A trigger, with more keys behind a comma.
    fn trigger(&mut self, dag: &'static str, keys: &str) {
        let number = self.number;
        self.add(&format!("trigger_dag: {{dag_id: {dag}, conf: {{n: {number}}}{keys}}}"));
        let counted = self.dag_runs.iter_mut().find(|(known, _)| *known == dag).expect("a DAG of the world");
        counted.1 += 1;
    }

    fn event(&mut self, keys: &str) {
        let number = self.number;
        self.add(&format!("post_dataset_event: {{dataset_uri: d, extra: {{n: {number}}}, consumers: ignore{keys}}}"));
        self.events += 1;
    }
}

/// One of the playbooks; `seed` makes the keys of `once_per` and the ids of its author its own.
pub(crate) fn book(which: u64, seed: u64, attempts: u32) -> Book {
    let head = format!(
        "name: book{which}\ndefaults: {{retry: {{attempts: {attempts}, delay: 100ms}}, timeout: 1h}}\nsteps:\n"
    );
    let mut steps = Steps { text: head, number: 0, dag_runs: [("a", 0), ("w", 0), ("p", 0)], events: 0 };
    match which % BOOKS {
        0 => {
            steps.add("list_dags: {}, expect: total == 3");
            (0..6).for_each(|_| steps.trigger("a", ""));
        }
        1 => {
            (0..6).for_each(|_| steps.event(""));
            steps.add("print: done");
        }
        2 => (0..4).for_each(|_| {
            steps.trigger("a", "");
            steps.event("");
        }),
        3 => (0..3).for_each(|_| {
            steps.trigger("w", ", wait: {timeout: 30m, unreachable_for: 20m}");
            steps.event("");
        }),
        4 => (0..10).for_each(|at| {
            let captured = format!("trigger_dag: {{dag_id: a, conf: {{n: {at}}}}}, capture: {{r{at}: dag_run_id}}");
            steps.add(&captured);
            steps.dag_runs[0].1 += 1;
            steps.add(&format!("assert: ['\"myaf__book4__s\" in r{at}']"));
        }),
        5 => {
            (0..6).for_each(|at| steps.trigger("a", &format!(", once_per: k{seed}-{at}, if_failed: new")));
            (0..2).for_each(|at| steps.event(&format!(", once_per: k{seed}-{at}")));
        }
        6 => {
            (0..3).for_each(|at| steps.trigger("a", &format!(", dag_run_id: own-{seed}-{at}")));
            (0..2).for_each(|at| steps.trigger("a", &format!(", dag_run_id: use-{seed}-{at}, if_exists: use")));
            steps.trigger("p", ", unpause: true");
            steps.event(", on_unknown: fail");
        }
        _ => (0..10).for_each(|_| {
            steps.trigger("a", "");
            steps.event("");
            steps.add("assert: [1 == 1]");
            steps.trigger("w", ", if_active: trigger");
        }),
    }
    Book { text: steps.text, dag_runs: steps.dag_runs, events: steps.events }
}
