//! A playbook as its author wrote it, read and checked.
