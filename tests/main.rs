//! The house, seen from outside.

mod house;
mod sandbox_recordings;
