//! Playbook text to a tree that knows where everything stands, and the walker that checks a tree against a schema.
