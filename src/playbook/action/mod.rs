//! The keys of each action, as the schema shows them and as the executor reads them once they are rendered. Each family of
//! actions has its file.

mod dags;
mod datasets;
mod expectation;
mod runs;

pub use dags::{AssertDag, ListDags, TagsMatch};
pub use datasets::{Consumers, OnUnknown, PostDatasetEvent};
pub use expectation::{Expectation, Expectations, Explained};
pub use runs::{IfActive, IfDiffers, IfExists, IfFailed, Poll, TriggerDag, Wait, WaitSettings};
