//! The house, seen from outside.

mod docs;
mod house;
mod invalid_playbooks;
mod playbook_schema;
mod sandbox_recordings;
