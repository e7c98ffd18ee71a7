//! The keys of each action, as the schema shows them and as the executor reads them once they are rendered. Each family of
//! actions has its file.

mod dags;
mod datasets;
mod expectation;
mod run_reads;
mod runs;
mod stock;
mod tasks;

pub use dags::{AssertDag, AssertNoImportErrors, GetDag, ListDags, TagsMatch};
pub(super) use datasets::as_asset;
pub use datasets::{AssertDataset, Consumers, ListDatasetEvents, ListDatasets, OnUnknown, PostDatasetEvent};
pub use expectation::{Expectation, Expectations, Explained};
pub use run_reads::{GetDagRun, ListDagRuns, RunStates, RunWord};
pub use runs::{
    IfActive, IfDiffers, IfExists, IfFailed, Poll, TriggerDag, Wait, WaitForDagRun, WaitSettings, WaitTasks,
};
pub use stock::{AssertConnection, AssertHealthy, AssertPool, ComponentWord, GetVariable};
pub use tasks::{GetTaskLog, GetXcom, ListTaskInstances, TaskStates, TaskWord};
