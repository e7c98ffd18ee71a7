//! What was done, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use myaf_run::sandbox::FaultKind;

/// The figures of one run or of many.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Runs that were begun.
    pub(crate) runs: u64,
    /// Attempts beyond the first of each.
    pub(crate) resumed: u64,
    /// Writes that were asked for.
    pub(crate) writes: u64,
    /// Faults that the server says it has made, by method and kind.
    pub(crate) faults: BTreeMap<(String, FaultKind), u64>,
    /// Ends of the process, by where it was.
    pub(crate) ends: BTreeMap<&'static str, u64>,
    /// DAG runs and events more than asked for, with their seeds.
    pub(crate) duplicates: Vec<String>,
    /// DAG runs and events fewer than asked for.
    pub(crate) losses: Vec<String>,
    /// Runs that did not come to their end.
    pub(crate) stuck: Vec<String>,
}

impl Tally {
    /// Whether there is exactly what was asked for.
    pub(crate) fn is_clean(&self) -> bool {
        self.runs > 0 && self.duplicates.is_empty() && self.losses.is_empty() && self.stuck.is_empty()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.resumed += other.resumed;
        self.writes += other.writes;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind.clone()).or_default() += count;
        }
        for (end, count) in &other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.duplicates.extend(other.duplicates.iter().cloned());
        self.losses.extend(other.losses.iter().cloned());
        self.stuck.extend(other.stuck.iter().cloned());
    }

    /// Holds what Airflow has against what was asked for.
    pub(crate) fn compare(&mut self, what: &str, asked: u64, found: u64) {
        if found > asked {
            self.duplicates.push(format!("{what}: {found} and not {asked}"));
        }
        if found < asked {
            self.losses.push(format!("{what}: {found} and not {asked}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} runs, {} writes asked for, {} resumed", self.runs, self.writes, self.resumed)?;
        writeln!(f, "\n{:<16} {:>10} {:>10}", "fault", "on writes", "on reads")?;
        let kinds: std::collections::BTreeSet<FaultKind> = self.faults.keys().map(|(_, kind)| *kind).collect();
        for kind in kinds {
            let count = |is_read: bool| -> u64 {
                let of_kind =
                    self.faults.iter().filter(|((method, of), _)| *of == kind && (method == "GET") == is_read);
                of_kind.map(|(_, count)| count).sum()
            };
            writeln!(f, "{:<16} {:>10} {:>10}", format!("{kind:?}"), count(false), count(true))?;
        }
        writeln!(f, "\n{:<44} {:>6}", "the process ended", "times")?;
        for (end, count) in &self.ends {
            writeln!(f, "{end:<44} {count:>6}")?;
        }
        writeln!(f, "\nduplicates: {}", self.duplicates.len())?;
        writeln!(f, "losses:     {}", self.losses.len())?;
        writeln!(f, "stuck:      {}", self.stuck.len())?;
        for line in self.duplicates.iter().chain(&self.losses).chain(&self.stuck).take(20) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Says a text.
#[expect(clippy::print_stdout, reason = "what a proof finds goes to stdout")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
