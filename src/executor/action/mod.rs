//! The actions, one file each.

mod active_runs;
mod assert;
mod assert_dag;
mod clear;
mod go_on;
mod list_dags;
mod notify;
mod notify_answer;
mod notify_body;
mod once;
mod post_dataset_event;
mod print;
mod set_vars;
mod trigger_dag;
mod unpause;
mod wait_for_dag_run;

pub(super) use set_vars::vars;
