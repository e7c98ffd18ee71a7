//! `myaf-run` beside a bare client, in the same run.
//!
//! In: nothing; `cargo bench` builds the program as it is released. Out: a table of wall time, processor time and peak memory
//! with their ratios. The bare client sends the same bytes over a plain socket and knows neither JSON, TLS nor YAML; what both
//! asked is counted at the server. What an aim is missed by is said, and is no failure: only wrong counts are.

mod bare;
mod case;
mod child;
mod server;
mod table;
mod waits;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bare", address, requests] => bare::run(address, requests),
        ["waits", url, key, number] => waits::run(url, key, number),
        ["measure", command @ ..] => child::measure(command),
        filter => case::run_all(filter),
    }
}
