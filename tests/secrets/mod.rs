//! Secrets in every form and every place at which something leaves the program: nothing of one is shown or kept, and what is
//! ours keeps its form whatever is secret.

mod ours;
mod sinks;
