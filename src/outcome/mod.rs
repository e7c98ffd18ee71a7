//! What actions give and how steps fail.
