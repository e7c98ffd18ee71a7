//! How the figures are shown.

use crate::child::Usage;

/// One case with its figures.
pub(crate) struct Row {
    /// The case.
    pub(crate) name: &'static str,
    /// How many requests each run sends.
    pub(crate) requests: usize,
    /// `myaf-run`.
    pub(crate) ours: Usage,
    /// The bare client.
    pub(crate) bare: Usage,
}

/// The columns.
pub(crate) fn heading() -> String {
    format!(
        "{:<24} {:>8} {:>10} {:>10} {:>6} {:>10} {:>10} {:>9} {:>9}",
        "median of each", "requests", "wall", "bare", "ratio", "processor", "bare", "peak", "bare"
    )
}

impl Row {
    /// A line of figures, and the aims that are missed.
    pub(crate) fn line(&self, triggers: u32, memory_mib: Option<u32>) -> String {
        let (ours, bare) = (&self.ours, &self.bare);
        let ratio = ours.wall.as_secs_f64() / bare.wall.as_secs_f64();
        let mut line = format!(
            "{:<24} {:>8} {:>10} {:>10} {ratio:>6.2} {:>10} {:>10} {:>9} {:>9}",
            self.name,
            self.requests,
            millis(ours.wall),
            millis(bare.wall),
            millis(ours.processor),
            millis(bare.processor),
            mib(ours.peak_kib),
            mib(bare.peak_kib)
        );
        if triggers == 0 && ratio > 2.5 {
            line.push_str("  (aim: 2.5 times)");
        }
        if let Some(most) = memory_mib.filter(|most| ours.peak_kib > most * 1024) {
            line = format!("{line}  (aim: {most} MiB)");
        }
        line
    }
}

/// What each trigger adds: processor time above the bare client, and memory above that of the check. `grown_kib` is
/// without what the first trigger takes.
pub(crate) fn growth(row: &Row, grown_kib: i64, triggers: u32) -> String {
    let above = row.ours.processor.saturating_sub(row.bare.processor);
    let each = above.as_secs_f64() * 1e6 / f64::from(triggers);
    let grown = f64::from(i32::try_from(grown_kib).expect("less than 2 TiB")) / f64::from(triggers);
    format!(
        "  each: {each:.1} µs of processor above the bare client (aim: 30), {grown:.2} KiB above the check (aim: 1)"
    )
}

/// Says a line.
#[expect(clippy::print_stdout, reason = "what a benchmark finds goes to stdout")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

fn millis(time: std::time::Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn mib(kib: u32) -> String {
    format!("{:.1} MiB", f64::from(kib) / 1024.0)
}
