//! The house, seen from outside.

mod sandbox_recordings;
