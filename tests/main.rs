//! The house, seen from outside.

mod docs;
mod expressions;
mod house;
mod invalid_playbooks;
mod playbook_schema;
mod sandbox_recordings;
