//! The tasks that made a DAG run fail, each with the reason that its log gives.

use serde::{Deserialize, Serialize};

/// The most names of failed tasks that one line has.
const MOST_NAMES: usize = 100;

/// A failed task of a DAG run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTask {
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped task instance; -1 for one that is not mapped.
    pub map_index: i64,
    /// The try that failed, counted from 1.
    pub try_number: i64,
    /// The exception that ended the try, such as `ValueError: boom`, or Airflow's own sentence about its end; none when its log
    /// was not read or says nothing.
    #[serde(default)]
    pub exception: Option<String>,
    /// The exceptions that led to it, the nearest first; for a group of exceptions its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// Where it was raised: the lines of the author's own code, the innermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
    /// The last lines of that try's log, oldest first, without those of the exception.
    pub log: Vec<String>,
    /// Why there is no log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_log: Option<String>,
}

impl FailedTask {
    /// Its id, with the index of a mapped one: `load`, `each[1]`.
    #[must_use]
    pub fn label(&self) -> String {
        if self.map_index < 0 { self.task_id.clone() } else { format!("{}[{}]", self.task_id, self.map_index) }
    }

    /// Whether its log was asked for.
    #[must_use]
    pub const fn is_looked_at(&self) -> bool {
        self.exception.is_some() || self.no_log.is_some() || !self.log.is_empty()
    }

    /// The names of failed tasks for one line, the instances of a mapped one together: `` `load`, `each[0-2,7]` ``.
    #[must_use]
    pub fn names<'a>(tasks: impl IntoIterator<Item = &'a Self>) -> String {
        let mut named: Vec<(&str, Vec<i64>)> = Vec::new();
        for task in tasks {
            match named.iter_mut().rev().find(|(id, indexes)| *id == task.task_id && !indexes.is_empty()) {
                Some((_, indexes)) if task.map_index >= 0 => indexes.push(task.map_index),
                Some(_) | None => {
                    let index = Some(task.map_index).filter(|at| *at >= 0);
                    named.push((&task.task_id, index.into_iter().collect()));
                }
            }
        }
        let more = named.len().saturating_sub(MOST_NAMES);
        let mut shown: Vec<String> =
            named.into_iter().take(MOST_NAMES).map(|(id, indexes)| format!("`{id}{}`", ranges(indexes))).collect();
        shown.extend((more > 0).then(|| format!("and {more} more")));
        shown.join(", ")
    }
}

/// `[0-2,7]`; empty without an index.
fn ranges(mut indexes: Vec<i64>) -> String {
    indexes.sort_unstable();
    indexes.dedup();
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for index in indexes {
        match ranges.last_mut() {
            Some((_, end)) if end.saturating_add(1) == index => *end = index,
            Some(_) | None => ranges.push((index, index)),
        }
    }
    let shown: Vec<String> = ranges.iter().map(|(begin, end)| range(*begin, *end)).collect();
    if shown.is_empty() { String::new() } else { format!("[{}]", shown.join(",")) }
}

fn range(begin: i64, end: i64) -> String {
    if begin == end { begin.to_string() } else { format!("{begin}-{end}") }
}

/// A task of a DAG run that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedTask {
    /// The task's id.
    pub task_id: String,
    /// The index of a mapped task instance; -1 for one that is not mapped.
    pub map_index: i64,
    /// Its state in Airflow's words; none before it is scheduled.
    pub state: Option<String>,
    /// Since when it is in this state, where Airflow says so.
    pub since: Option<String>,
    /// Its try, counted from 1; 0 before the first.
    pub try_number: i64,
    /// How often it is tried again after its first try.
    pub max_tries: i64,
    /// The pool whose slot it takes or waits for.
    pub pool: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(task_id: &str, map_index: i64) -> FailedTask {
        FailedTask { task_id: task_id.to_owned(), map_index, ..FailedTask::default() }
    }

    #[test]
    fn the_instances_of_a_mapped_task_are_named_together() {
        let tasks =
            [task("load", -1), task("each", 7), task("each", 0), task("each", 2), task("each", 1), task("other", 3)];
        assert_eq!(FailedTask::names(&tasks), "`load`, `each[0-2,7]`, `other[3]`");
        assert_eq!(FailedTask::names([]), "");
        let mapped: Vec<FailedTask> = (0..1000).map(|at| task("each", at)).collect();
        assert_eq!(FailedTask::names(&mapped), "`each[0-999]`");
    }

    #[test]
    fn a_line_of_names_has_an_end() {
        let many: Vec<FailedTask> = (0..150).map(|at| task(&format!("t{at}"), -1)).collect();
        let names = FailedTask::names(&many);
        assert!(names.starts_with("`t0`, `t1`, ") && names.ends_with("`t99`, and 50 more"), "{names}");
    }
}
