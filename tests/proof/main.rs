//! The proof of the promise that nothing is done twice and nothing is lost.
//!
//! ```text
//! cargo test --test proof                     the short form, a part of `cargo test`
//! cargo test --release --test proof -- whole  2,000 runs and 300 kills and more
//! cargo test --test proof -- seed 17          one run again, event by event
//! ```
//!
//! In: seeds. Each makes a playbook, faults and ends of the process, and the run is resumed until it is done. Out: a table of
//! the faults that the server counted, and how many DAG runs and events there are too many or too few. Any is a failure.

#![recursion_limit = "256"]

mod book;
mod faulty;
mod killed;
mod proxy;
mod tally;
#[expect(dead_code, reason = "the other tests read headers, too")]
#[path = "../sandbox_recordings/wire.rs"]
mod wire;

use std::process::ExitCode;

use tally::Tally;

/// How much is proven.
#[derive(Clone, Copy)]
struct Extent {
    runs: u64,
    kills_each: u64,
}

const SHORT: Extent = Extent { runs: 160, kills_each: 5 };
const WHOLE: Extent = Extent { runs: 2400, kills_each: 52 };

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut tally = Tally::default();
    match words.as_slice() {
        ["seed", seed] => tally.add(&faulty::one(seed.parse().expect("a number"), true)),
        words => {
            let extent = if words.contains(&"whole") { WHOLE } else { SHORT };
            faulty::many(extent.runs, &mut tally);
            killed::many(extent.kills_each, &mut tally);
        }
    }
    tally::say(&tally.to_string());
    if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
