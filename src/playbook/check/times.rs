//! Keys whose values are times.

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::check::Checker;
use crate::yaml::{Node, NodeValue};

/// The keys of lists whose values are times.
pub(super) const BOUNDS: [&str; 7] = [
    "logical_date_gte",
    "logical_date_lte",
    "start_date_gte",
    "start_date_lte",
    "end_date_gte",
    "end_date_lte",
    "timestamp_gte",
];
/// A time as Airflow takes it.
const EXAMPLE_TIME: &str = "2026-10-01T00:00:00Z";

impl Checker<'_> {
    /// The values of these keys are times.
    pub(super) fn times(&mut self, arguments: &Node, keys: &[&str]) {
        for node in keys.iter().filter_map(|key| arguments.get(key)) {
            let text = match node.value {
                NodeValue::Number(_) => self.file.slice(node.span),
                _ => node.text().filter(|text| !text.contains("{{") && !text.contains("{%")).unwrap_or(EXAMPLE_TIME),
            };
            if text.parse::<jiff::Timestamp>().is_err() {
                let message = format!("`{text}` is no time with an offset");
                let mistake = Diagnostic::new(Code::WRONG_FORM, self.file, node.span, message);
                let help = format!("write it like `{EXAMPLE_TIME}` or `2026-10-01T00:00:00+01:00`");
                self.report(mistake.with_help(help));
            }
        }
    }
}
