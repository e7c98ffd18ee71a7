//! The house, seen from outside.

mod docs;
mod house;
mod invalid_playbooks;
mod sandbox_recordings;
