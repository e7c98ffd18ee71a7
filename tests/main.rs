//! The house, seen from outside.

mod docs;
mod house;
mod sandbox_recordings;
