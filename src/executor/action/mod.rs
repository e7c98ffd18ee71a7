//! The actions, one file each or one for a few that belong together.

mod active_runs;
mod assert;
mod assert_dag;
mod clear;
mod connection;
mod dag_runs;
mod dataset_events;
mod datasets;
mod found_run;
mod get_dag;
mod go_on;
mod health;
mod import_errors;
mod list_dags;
mod notify;
mod notify_answer;
mod notify_body;
mod notify_chat;
mod once;
mod only_event;
mod pool;
mod post_dataset_event;
mod print;
mod set_vars;
mod task_instances;
mod task_log;
mod trigger_dag;
mod unpause;
mod variable;
mod wait_for_dag_run;
mod xcom;

pub(super) use set_vars::vars;
