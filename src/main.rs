//! The program: reads argv and the environment, calls the command line, exits.

fn main() {}
