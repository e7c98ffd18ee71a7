//! A checked playbook with everything decided that can be decided before the run.
