//! Runs a plan, step by step, and says everything as events.
