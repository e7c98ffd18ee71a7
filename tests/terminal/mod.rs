//! The program on a terminal, as the person before it sees it, and on streams that are closed, full or gone.
//!
//! A closed or full stream stops the printing, never the run.

mod asked;
mod pipes;
mod screen;
