//! The actions, one file each.

mod assert;
mod assert_dag;
mod list_dags;
mod post_dataset_event;
mod print;
mod trigger_dag;
