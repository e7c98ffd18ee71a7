//! The house, seen from outside.

mod between;
mod run;
mod served;
mod stage;

mod actions;
mod cli;
mod docs;
mod doctor;
mod dry;
mod environment;
mod explained;
mod expressions;
mod faults;
mod help;
mod hostile;
mod house;
mod init;
mod invalid_playbooks;
mod journal;
mod masking;
mod nothing_twice;
mod older_airflows;
mod once;
mod order;
mod playbook_schema;
mod ready;
mod retry;
mod sandbox_recordings;
mod schedule;
mod sections;
mod selection;
mod signals;
mod values;
mod wait;
mod what_is_asked;
