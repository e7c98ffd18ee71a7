//! Shows events to people and machines.
