//! What README shows of runs is what they print, but for ids, ports and times.

use regex_lite::Regex;

use super::{blocks, readme};
use crate::run::{Ended, Run};

const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

/// A text in which what changes from run to run has a name.
fn steady(run: &Run, text: &str) -> String {
    let times = Regex::new(r"\b\d+(\.\d+)?m?s\b").expect("a good pattern");
    times.replace_all(&run.named(text), "TIME").into_owned()
}

/// Each line that was printed stands in one block of README, in its order.
fn is_shown(run: &Run, printed: &str) {
    let printed = steady(run, printed);
    let shown: Vec<String> = blocks(&readme(), "console").iter().map(|block| steady(run, block)).collect();
    assert!(shown.iter().any(|block| block.contains(printed.trim_end())), "no block of README has\n{printed}");
}

fn quickstart(text: &str, args: &[&str]) -> (Run, Ended) {
    let run = Run::new().file("quickstart.yaml", text).args(args).args(&["quickstart.yaml"]);
    let ended = run.end();
    (run, ended)
}

#[test]
fn a_run_that_passes_and_one_that_fails_print_what_readme_shows() {
    let (run, passed) = quickstart(QUICKSTART, &["--sandbox"]);
    let last = passed.stderr.lines().last().expect("lines");
    is_shown(&run, last);
    let broken = QUICKSTART.replace("daily_loan_run", "broken_loan_run");
    let (run, failed) = quickstart(&broken, &["--sandbox"]);
    let (_, below) = failed.stderr.split_once('\n').expect("lines");
    is_shown(&run, below);
    let (run, quiet) = quickstart(&broken, &["--sandbox", "--output", "quiet"]);
    is_shown(&run, &quiet.stderr);
}

#[test]
fn a_check_and_the_commands_that_it_would_send_print_what_readme_shows() {
    let (run, checked) = quickstart(QUICKSTART, &["-C", "--sandbox"]);
    let before_the_result = checked.stderr.split("    its end is not waited for").next().expect("lines");
    is_shown(&run, before_the_result);
    let (run, curl) = quickstart(QUICKSTART, &["-C", "--curl", "--api", "v1", "--sandbox"]);
    is_shown(&run, &curl.stdout);
}
