//! The endpoints that both APIs have, and the paths under `dags` that they share.
//!
//! In: decoded pieces of a path. Out: what is meant. The pieces that differ (`datasets`, `assets`, `health`) are read by
//! each API itself.

use percent_encoding::percent_decode_str;

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The version.
    Version,
    /// The health.
    Health,
    /// The list of DAGs.
    Dags,
    /// One DAG.
    Dag(String),
    /// One DAG with its params.
    Details(String),
    /// The runs of a DAG, or of all (`~`).
    Runs(String),
    /// One run: DAG, run.
    Run(String, String),
    /// The clearing of a run: DAG, run.
    Clear(String, String),
    /// The clearing of tasks of a DAG's run: DAG.
    ClearTasks(String),
    /// The note of a run, which only Airflow 2 has apart: DAG, run.
    Note(String, String),
    /// The task instances of a run: DAG, run.
    Tasks(String, String),
    /// One task instance: DAG, run, task.
    Task(String, String, String),
    /// The state of a run, line by line until it has ended, which only Airflow 3 has: DAG, run.
    Wait(String, String),
    /// The events that a run was made for: DAG, run.
    UpstreamEvents(String, String),
    /// The log of one try: DAG, run, task, try number.
    Log(String, String, String, String),
    /// One of the instances of a mapped task: DAG, run, task, index.
    MappedTask(String, String, String, String),
    /// What a task handed over: DAG, run, task, key.
    XCom(String, String, String, String),
    /// The variables.
    Variables,
    /// One variable.
    Variable(String),
    /// The connections.
    Connections,
    /// One connection.
    Connection(String),
    /// The pools.
    Pools,
    /// One pool.
    Pool(String),
    /// The audit log.
    EventLogs,
    /// The DAG files that can't be loaded.
    ImportErrors,
    /// The list of datasets or assets.
    Datasets,
    /// One of them, by URI or number.
    Dataset(String),
    /// Their events.
    Events,
}

impl Endpoint {
    /// Whether the endpoint has this method.
    pub(crate) fn allows(&self, method: &str) -> bool {
        match self {
            Self::Dag(_) => matches!(method, "GET" | "PATCH"),
            Self::Run(..) => matches!(method, "GET" | "PATCH" | "DELETE"),
            Self::Clear(..) | Self::ClearTasks(_) => method == "POST",
            Self::Note(..) => method == "PATCH",
            Self::Runs(_) | Self::Events => matches!(method, "GET" | "POST"),
            Self::Version
            | Self::Health
            | Self::Dags
            | Self::Details(_)
            | Self::Tasks(..)
            | Self::Task(..)
            | Self::Log(..)
            | Self::Wait(..)
            | Self::UpstreamEvents(..)
            | Self::MappedTask(..)
            | Self::XCom(..)
            | Self::Variables
            | Self::Variable(_)
            | Self::Connections
            | Self::Connection(_)
            | Self::Pools
            | Self::Pool(_)
            | Self::EventLogs
            | Self::ImportErrors
            | Self::Datasets
            | Self::Dataset(_) => method == "GET",
        }
    }

    /// Whether it can be asked without a credential.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::Version | Self::Health)
    }
}

/// The pieces of a path after `root`, decoded; none if it is not under it.
pub(crate) fn pieces(path: &str, root: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(root)?.strip_prefix('/')?;
    Some(rest.split('/').map(|piece| percent_decode_str(piece).decode_utf8_lossy().into_owned()).collect())
}

/// The paths that both APIs have.
pub(crate) fn shared(pieces: &[&str]) -> Option<Endpoint> {
    let own = |piece: &&str| (*piece).to_owned();
    if let ["variables", key] = pieces
        && !key.is_empty()
    {
        return Some(Endpoint::Variable(own(key)));
    }
    if pieces.iter().any(|piece| piece.is_empty() || piece.contains('/')) {
        return None;
    }
    match pieces {
        ["version"] => Some(Endpoint::Version),
        ["importErrors"] => Some(Endpoint::ImportErrors),
        ["eventLogs"] => Some(Endpoint::EventLogs),
        ["variables"] => Some(Endpoint::Variables),
        ["connections"] => Some(Endpoint::Connections),
        ["connections", id] => Some(Endpoint::Connection(own(id))),
        ["pools"] => Some(Endpoint::Pools),
        ["pools", name] => Some(Endpoint::Pool(own(name))),
        ["dags"] => Some(Endpoint::Dags),
        ["dags", dag] => Some(Endpoint::Dag(own(dag))),
        ["dags", dag, "details"] => Some(Endpoint::Details(own(dag))),
        ["dags", dag, "clearTaskInstances"] => Some(Endpoint::ClearTasks(own(dag))),
        ["dags", dag, "dagRuns"] => Some(Endpoint::Runs(own(dag))),
        ["dags", dag, "dagRuns", run] => Some(Endpoint::Run(own(dag), own(run))),
        ["dags", dag, "dagRuns", run, "clear"] => Some(Endpoint::Clear(own(dag), own(run))),
        ["dags", dag, "dagRuns", run, "taskInstances"] => Some(Endpoint::Tasks(own(dag), own(run))),
        ["dags", dag, "dagRuns", run, "taskInstances", task] => Some(Endpoint::Task(own(dag), own(run), own(task))),
        ["dags", dag, "dagRuns", run, "taskInstances", task, "logs", number] => {
            Some(Endpoint::Log(own(dag), own(run), own(task), own(number)))
        }
        ["dags", dag, "dagRuns", run, "taskInstances", task, "xcomEntries", key] => {
            Some(Endpoint::XCom(own(dag), own(run), own(task), own(key)))
        }
        ["dags", dag, "dagRuns", run, "taskInstances", task, index] if index.parse::<u32>().is_ok() => {
            Some(Endpoint::MappedTask(own(dag), own(run), own(task), own(index)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_decoded_one_by_one() {
        let pieces = pieces("/api/v1/dags/a%2Fb/dagRuns/x%2By", "/api/v1").expect("it is under the root");
        assert_eq!(pieces, ["dags", "a/b", "dagRuns", "x+y"]);
        assert_eq!(super::pieces("/other", "/api/v1"), None);
    }

    #[test]
    fn a_slash_inside_an_id_and_an_empty_piece_are_no_route() {
        assert_eq!(shared(&["dags", "a/b"]), None);
        assert_eq!(shared(&["dags", ""]), None);
        assert_eq!(shared(&["dags", "a"]), Some(Endpoint::Dag("a".to_owned())));
    }
}
