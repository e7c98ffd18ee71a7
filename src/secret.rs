//! Secrets, and the mask that keeps them from leaving.
